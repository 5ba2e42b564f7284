import { EXAMPLE_ID_TAIL, ExampleMaker } from './api-examples.ts';
import { bodyExamples } from './api-body-examples.ts';
import { httpLimits } from './http-config.ts';

/** A JSON Schema as the document has it, as far as it is looked at. */
export interface ApiSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, ApiSchema>>;
  readonly required?: readonly string[];
  readonly items?: ApiSchema;
  readonly anyOf?: readonly ApiSchema[];
  readonly oneOf?: readonly ApiSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A body in one media type. */
export interface ApiMedia {
  readonly schema?: ApiSchema;
  example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** An answer, or where it stands among the components. */
export interface ApiAnswer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, ApiMedia>>;
}

/** A parameter of an operation. */
export interface ApiParameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: ApiSchema;
  /** `deepObject`: `name[member]=value`, a part for each member. */
  style?: unknown;
  explode?: unknown;
  example?: unknown;
}

/** One operation. */
export interface ApiOperation {
  operationId?: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly ApiParameter[];
  readonly requestBody?: { required?: boolean; readonly content: Readonly<Record<string, ApiMedia>> };
  responses: Record<string, ApiAnswer>;
}

/** The OpenAPI document as the routes give it. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, ApiSchema>>;
    readonly responses?: Readonly<Record<string, ApiAnswer>>;
  };
}

/** The APIs, by how their addresses begin; the rest is the native one. */
const families = [
  { prefix: '/engagement/v3', name: 'ges' },
  { prefix: '/genesys/1', name: 'gms1' },
  { prefix: '/genesys/2', name: 'gms2' },
  { prefix: '/api/v1', name: '' },
] as const;

/** Error statuses that follow from what an operation is; others stand in its `default`. */
const errorStatuses = {
  '400': 'The request is not valid; the error names the fields and the rules',
  '401': 'No valid credentials',
  '403': 'The role, the scope or the origin does not allow it',
  '404': 'There is no such thing, or none that may be read',
  '413': `The body is larger than it may be (${httpLimits.bodyBytesMax / 1024} KiB unless less is said)`,
  '415': 'The content type is not taken here',
  '429': 'Too many requests; `Retry-After` tells when to come again',
} as const;
type ErrorStatus = keyof typeof errorStatuses;

/**
 * Adds to the document what routes do not say themselves: an id for every operation, the error statuses that
 * follow from what it is, and examples of bodies, answers and parameters.
 */
export function completeDocument<Document extends object>(given: Document): Document {
  const document = structuredClone(given) as unknown as ApiDocument;
  makePatternsPortable(document);
  const examples = new ExampleMaker(document.components?.schemas ?? {});
  const responses: Record<string, ApiAnswer> = {};
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      operation.operationId = operationIdOf(method, path);
      for (const parameter of operation.parameters ?? []) liftStyle(parameter);
      addExamples(operation, examples);
      addErrors(operation, path, responses);
    }
  }
  return { ...document, components: { ...document.components, responses } } as unknown as Document;
}

/** How a parameter is written belongs beside its schema; our routes can only tell it there. */
function liftStyle(parameter: ApiParameter): void {
  const told = parameter.schema as { style?: unknown; explode?: unknown };
  if (told.style === undefined) return;
  parameter.style = told.style;
  parameter.explode = told.explode;
  delete told.style;
  delete told.explode;
}

/**
 * Validators in other languages know no `\p{C}` (JSON Schema 2020-12 §6.4 recommends to do without). What
 * stands for it excludes less: control characters, but not the invisible ones.
 */
function makePatternsPortable(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const schema = node as { pattern?: unknown };
  if (typeof schema.pattern === 'string') {
    schema.pattern = schema.pattern.replace(/\\p\{Cc?\}/g, String.raw`\x00-\x1f\x7f-\x9f`);
  }
  for (const member of Object.values(node)) makePatternsPortable(member);
}

/** `POST /api/v1/callbacks/{id}/cancel` → `postCallbacksByIdCancel`. */
function operationIdOf(method: string, path: string): string {
  const family = families.find(({ prefix }) => path.startsWith(prefix));
  const rest = path.slice(family?.prefix.length ?? 0);
  const words = rest
    .replace(/\{(\w+)\}/g, (_whole, name: string) => `by-${name}`)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  const name = [method, ...words].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return `${family?.name ?? ''}${family?.name ? name : name.charAt(0).toLowerCase() + name.slice(1)}`;
}

function addExamples(operation: ApiOperation, examples: ExampleMaker): void {
  const { operationId = '', parameters = [], requestBody, responses } = operation;
  for (const parameter of parameters) {
    const isShown = parameter.in === 'path' || parameter.required === true;
    if (isShown) parameter.example = parameterExample(operation, parameter, examples);
  }
  if (requestBody && Object.values(requestBody.content).every(takesNothing)) requestBody.required = false;
  for (const [type, media] of Object.entries(requestBody?.content ?? {})) {
    if (media.examples !== undefined || media.example !== undefined) continue;
    media.example = bodyExamples[operationId] ?? examples.of(media.schema, type, false);
  }
  for (const [status, { content = {} }] of Object.entries(responses)) {
    for (const [type, media] of Object.entries(content)) {
      if (media.example !== undefined || media.examples !== undefined) continue;
      if (status === 'default' && isNative(media)) media.example = errorExample;
      else if (type === 'application/json') media.example = examples.of(media.schema, type, true);
      else if (textExamples[type] !== undefined) media.example = textExamples[type];
    }
  }
}

/** A body that may be null may be left out. */
function takesNothing({ schema }: ApiMedia): boolean {
  return schema?.anyOf?.some(({ type }) => type === 'null') === true;
}

/** Names and ids in addresses are those of what the address is of. */
function parameterExample(
  { tags = [], operationId = '' }: ApiOperation,
  { name, schema }: ApiParameter,
  examples: ExampleMaker,
): unknown {
  const [tag = ''] = tags;
  if (name === 'id' && tag === 'Agents') return '1001';
  if (name === 'id' && /^gms1[A-Z][a-z]+Storage/.test(operationId)) return `storage_${EXAMPLE_ID_TAIL}`;
  const named = name === 'name' ? nameByTag[tag] : pathExamples[name];
  return named ?? examples.of(schema, name, true);
}

const pathExamples: Readonly<Record<string, string>> = { key: 'orderNumber', ttl: '3600' };
const nameByTag: Readonly<Record<string, string>> = {
  'Call-in': 'support-app',
  'Access groups': 'support-line',
  Users: 'maria',
  Credentials: 'example',
};

function isNative({ schema }: ApiMedia): boolean {
  return schema?.$ref === '#/components/schemas/Error';
}

const errorExample = {
  error: {
    code: 'VALIDATION_FAILED',
    message: "the request's body is not valid",
    correlationId: 'corr_0006gqn4vmv00example',
    faults: [{ path: 'customerNumber', message: 'Invalid input: expected string, received undefined' }],
  },
};

const textExamples: Readonly<Record<string, string>> = {
  'text/plain': '# TYPE turnkeeper_calls gauge\nturnkeeper_calls{kind="inbound"} 3\n',
  'application/yaml': 'queues:\n  - name: support\n    skillExpression: Skill("Support") >= 1\n',
};

function namesCallback(requestBody: ApiOperation['requestBody']): boolean {
  const { properties = {} } = requestBody?.content['application/json']?.schema ?? {};
  return 'id' in properties || 'callbackServiceId' in properties;
}

/** The error statuses of an operation; an answer that its family has given before is referred to. */
function addErrors(operation: ApiOperation, path: string, responses: Record<string, ApiAnswer>): void {
  const { parameters = [], requestBody, security = [] } = operation;
  const family = families.find(({ prefix }) => path.startsWith(prefix))?.name ?? '';
  const takesInput = parameters.length > 0 || requestBody !== undefined;
  const names: Readonly<Record<ErrorStatus, boolean>> = {
    '400': takesInput || family === 'ges',
    '401': security.length > 0,
    '403': security.length > 0,
    // The v3 API tells a queue in the path that is not there as 400, and has ids in its bodies.
    '404':
      family === 'ges' ? namesCallback(requestBody) : parameters.some(({ in: where }) => where === 'path'),
    // The v3 API tells them as 400.
    '413': requestBody !== undefined && family !== 'ges',
    '415': requestBody !== undefined && family !== 'ges',
    '429': true,
  };
  const errors = operation.responses['default'];
  for (const status of Object.keys(errorStatuses) as ErrorStatus[]) {
    if (!names[status] || !errors?.content || operation.responses[status]) continue;
    const name = `${family.replace(/\d$/, '') || 'native'}${status}`;
    responses[name] ??= { description: errorStatuses[status], content: errors.content };
    operation.responses[status] = { $ref: `#/components/responses/${name}` };
  }
}
