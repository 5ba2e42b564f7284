/** A JSON Schema of the dialect of OpenAPI 3.1 (draft 2020-12), or a boolean one. */
export type JsonSchema = boolean | JsonSchemaObject;

/** The keywords that the document of the API uses; {@link findSchemaFaults} refuses any other. */
export interface JsonSchemaObject {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/** What is looked at when a value is checked; `root` holds the targets of references. */
interface Place {
  readonly root: object;
  readonly path: string;
  readonly depth: number;
}

/** Deeper than any schema of ours; a reference that leads to itself ends here. */
const DEPTH_MAX = 64;
const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];
const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/,
  email: /^[^@\s]+@[^@\s]+$/,
  uri: /^[a-z][a-z0-9+.-]*:/i,
};

/** What is wrong with `value`: one line a fault, `path: rule`; empty when it fits. */
export function schemaFaults(schema: JsonSchema, value: unknown, root: object): string[] {
  return faultsAt(schema, value, { root, path: '$', depth: 0 });
}

/** The schema that `#/…` leads to. @throws Error when nothing is there. */
export function resolveReference(reference: string, root: object): JsonSchema {
  const keys = reference.split('/').slice(1);
  let at: unknown = root;
  for (const key of keys) {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  if (!reference.startsWith('#/') || at === undefined) throw new Error(`${reference} leads nowhere`);
  return at as JsonSchema;
}

function faultsAt(schema: JsonSchema, value: unknown, place: Place): string[] {
  if (typeof schema === 'boolean') return schema ? [] : [`${place.path}: nothing may be here`];
  if (place.depth > DEPTH_MAX) return [`${place.path}: the schema is too deep`];
  const deeper = { ...place, depth: place.depth + 1 };
  const { $ref } = schema;
  const referred = $ref === undefined ? [] : faultsAt(resolveReference($ref, place.root), value, deeper);
  const kind = typeFault(schema, value);
  if (kind !== undefined) return [...referred, `${place.path}: ${kind}`];
  return [...referred, ...textFaults(schema, value, place), ...memberFaults(schema, value, deeper)].concat(
    itemFaults(schema, value, deeper),
    choiceFaults(schema, value, deeper),
  );
}

/** `type`, `enum` and `const`. */
function typeFault(schema: JsonSchemaObject, value: unknown): string | undefined {
  const { type, enum: values } = schema;
  if (type !== undefined && ![type].flat().some((name) => isOfType(name, value))) {
    return `is ${typeNameOf(value)}, not ${[type].flat().join(' or ')}`;
  }
  if (values && !values.some((known) => isSame(known, value))) return 'is none of the listed values';
  if ('const' in schema && !isSame(schema.const, value)) return `is not ${JSON.stringify(schema.const)}`;
  return undefined;
}

function isOfType(name: string, value: unknown): boolean {
  if (name === 'integer') return Number.isInteger(value);
  return name === typeNameOf(value);
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Strings and numbers. Lengths count code points. */
function textFaults(schema: JsonSchemaObject, value: unknown, { path }: Place): string[] {
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = schema;
    const fits = value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
    return fits ? [] : [`${path}: ${value} is out of range`];
  }
  if (typeof value !== 'string') return [];
  const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
  const length = Array.from(value).length;
  const faults: string[] = [];
  if (length < minLength || length > maxLength) faults.push(`${path}: has ${length} characters`);
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    faults.push(`${path}: does not match ${pattern}`);
  }
  if (format !== undefined && FORMATS[format]?.test(value) === false) faults.push(`${path}: is no ${format}`);
  return faults;
}

function memberFaults(schema: JsonSchemaObject, value: unknown, place: Place): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const { properties = {}, required = [], additionalProperties = true, propertyNames = true } = schema;
  const { minProperties = 0, maxProperties = Infinity } = schema;
  const names = Object.keys(value);
  const faults = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${place.path}: lacks ${name}`);
  if (names.length < minProperties || names.length > maxProperties) {
    faults.push(`${place.path}: has ${names.length} members`);
  }
  for (const name of names) {
    const inner = { ...place, path: `${place.path}.${name}` };
    const member = Object.hasOwn(properties, name) ? properties[name] : undefined;
    faults.push(...faultsAt(propertyNames, name, inner));
    faults.push(...faultsAt(member ?? additionalProperties, (value as Record<string, unknown>)[name], inner));
  }
  return faults;
}

function itemFaults(schema: JsonSchemaObject, value: unknown, place: Place): string[] {
  if (!Array.isArray(value)) return [];
  const { items = true, prefixItems = [], minItems = 0, maxItems = Infinity } = schema;
  const faults = value.flatMap((item, index) =>
    faultsAt(prefixItems[index] ?? items, item, { ...place, path: `${place.path}[${index}]` }),
  );
  const fits = value.length >= minItems && value.length <= maxItems;
  return fits ? faults : [...faults, `${place.path}: has ${value.length} items`];
}

function choiceFaults(schema: JsonSchemaObject, value: unknown, place: Place): string[] {
  const { anyOf, oneOf, allOf = [], not } = schema;
  const faults = allOf.flatMap((part) => faultsAt(part, value, place));
  const tried = (anyOf ?? oneOf)?.map((part) => faultsAt(part, value, place));
  const fitCount = tried?.filter((found) => found.length === 0).length ?? 1;
  if (fitCount === 0) faults.push(`${place.path}: fits no alternative (${tried?.flat().join(', ')})`);
  if (oneOf && fitCount > 1) faults.push(`${place.path}: fits ${fitCount} alternatives instead of one`);
  if (not !== undefined && faultsAt(not, value, place).length === 0)
    faults.push(`${place.path}: is excluded`);
  return faults;
}

const KEYWORDS = new Set(
  `$ref type enum const properties required additionalProperties propertyNames minProperties maxProperties
  items prefixItems minItems maxItems minLength maxLength pattern format minimum maximum exclusiveMinimum
  exclusiveMaximum anyOf oneOf allOf not description default examples example title deprecated`.split(/\s+/),
);

/** What is wrong with a schema itself: one line a fault; references must lead somewhere in `root`. */
export function findSchemaFaults(schema: unknown, root: object, path = '$'): string[] {
  if (typeof schema === 'boolean') return [];
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return [`${path}: no schema`];
  const own = schema as JsonSchemaObject;
  const faults = Object.keys(own)
    .filter((name) => !KEYWORDS.has(name) && !name.startsWith('x-'))
    .map((name) => `${path}: ${name} is no keyword`);
  for (const name of [own.type ?? []].flat()) {
    if (!TYPES.includes(name)) faults.push(`${path}: ${name} is no type`);
  }
  try {
    if (own.pattern !== undefined) RegExp(own.pattern, 'u');
    if (own.$ref !== undefined) resolveReference(own.$ref, root);
  } catch (error) {
    faults.push(`${path}: ${String(error)}`);
  }
  for (const name of own.required ?? []) {
    const known = own.properties === undefined || Object.hasOwn(own.properties, name);
    if (!known) faults.push(`${path}: requires ${name}, which it does not describe`);
  }
  return [
    ...faults,
    ...partsOf(own).flatMap(([name, part]) => findSchemaFaults(part, root, `${path}.${name}`)),
  ];
}

/** The schemas inside a schema, each with its place. */
function partsOf(schema: JsonSchemaObject): [string, unknown][] {
  const single = ['additionalProperties', 'propertyNames', 'items', 'not'] as const;
  const lists = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const;
  return [
    ...Object.entries(schema.properties ?? {}),
    ...single.filter((name) => name in schema).map((name): [string, unknown] => [name, schema[name]]),
    ...lists.flatMap((name) =>
      (schema[name] ?? []).map((part, index): [string, unknown] => [`${name}[${index}]`, part]),
    ),
  ];
}
