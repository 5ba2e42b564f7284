import type { ApiSchema } from './api-document.ts';

/** Deeper than any schema of ours: one that refers to itself ends here. */
const DEPTH_MAX = 8;
const INSTANT = '2026-01-05T09:30:00.000Z';
/** The last part of every id in examples. */
export const EXAMPLE_ID_TAIL = '0006gqn4vmv00example';
/** The virtual queue in examples: one that the demonstration has. */
export const EXAMPLE_QUEUE = 'support';

/** Values that a reader understands, by the name of the member or parameter; the rest follows the schema. */
const valueByName: Readonly<Record<string, unknown>> = {
  virtualQueue: EXAMPLE_QUEUE,
  queue: EXAMPLE_QUEUE,
  queueName: EXAMPLE_QUEUE,
  serviceName: EXAMPLE_QUEUE,
  'virtual-queues': EXAMPLE_QUEUE,
  _id: `callback_${EXAMPLE_ID_TAIL}`,
  gms_user: 'shop',
  customId: 'basket',
  estimator: 'urs2',
  customerNumber: '+12025550123',
  phoneNumber: '+12025550123',
  fromNumber: '+12025550123',
  toNumber: '+12025550199',
  dialledNumber: '5000',
  number: '+12025550123',
  name: EXAMPLE_QUEUE,
  agentId: '1001',
  agent: '1001',
  sipUser: '1001',
  language: 'en',
  timeZone: 'Europe/Berlin',
  role: 'Developer',
  userData: { orderNumber: 'A-1047' },
  customerData: { orderNumber: 'A-1047' },
  data: { orderNumber: 'A-1047' },
  details: { channel: 'WEB', offerType: 'ASAP' },
  skills: { Support: 5 },
  scopes: ['native', 'ges'],
  origins: ['https://shop.example'],
  origin: 'https://shop.example',
  queues: [EXAMPLE_QUEUE],
  accessGroups: ['support-line'],
  permissions: ['readCallbacks'],
  password: 'correct horse battery staple',
  currentPassword: 'correct horse battery staple',
  newPassword: 'another horse another staple',
  key: 'tk_shown-once',
  token: 'ts_shown-once',
  code: 'VALIDATION_FAILED',
  message: 'the request is not valid',
  correlationId: `corr_${EXAMPLE_ID_TAIL}`,
  nextCursor: null,
  reason: null,
  subState: null,
  text: 'Asked for an invoice by post',
  note: 'Asked for an invoice by post',
  digits: '1',
  fileName: 'turnkeeper.yaml',
  address: '192.0.2.9',
  url: 'https://crm.example/hook',
  country: 'US',
  groupName: 'support-app',
  _resource_group: 'support-app',
  attemptCount: 1,
  version: 3,
  limit: 50,
};

/** Makes examples of schemas; `components` are those of the document. */
export class ExampleMaker {
  readonly #components: Readonly<Record<string, ApiSchema>>;

  constructor(components: Readonly<Record<string, ApiSchema>>) {
    this.#components = components;
  }

  /**
   * A value that fits the schema and reads as in life.
   * @param full every member; otherwise those that must be there.
   */
  of(schema: ApiSchema | undefined, name: string, full: boolean, depth = 0): unknown {
    if (schema === undefined || depth > DEPTH_MAX) return {};
    const said = schema.examples?.[0] ?? schema.example ?? schema.const;
    if (said !== undefined) return said;
    if (schema.$ref !== undefined) {
      const target = schema.$ref.replace('#/components/schemas/', '');
      return this.of(this.#components[target], name, full, depth + 1);
    }
    const choices = schema.anyOf ?? schema.oneOf;
    const known = valueByName[name];
    if (known !== undefined && fits(known, schema, choices)) return known;
    if (schema.enum) return schema.enum[0];
    if (choices) return this.of(choices[0], name, full, depth + 1);
    if (schema.default !== undefined) return schema.default;
    return this.#plain(schema, name, full, depth);
  }

  #plain(schema: ApiSchema, name: string, full: boolean, depth: number): unknown {
    switch ([schema.type].flat()[0] ?? 'null') {
      case 'string':
        return textOf(schema, name);
      case 'integer':
      case 'number':
        return Math.min(Math.max(schema.minimum ?? 0, 1), schema.maximum ?? 1);
      case 'boolean':
        return true;
      case 'array':
        return schema.maxItems === 0 ? [] : [this.of(schema.items, name, full, depth + 1)];
      case 'object':
        return this.#object(schema, full, depth);
      default:
        return null;
    }
  }

  #object({ properties = {}, required = [] }: ApiSchema, full: boolean, depth: number): object {
    const shown = Object.entries(properties).filter(([name]) => full || required.includes(name));
    return Object.fromEntries(shown.map(([name, member]) => [name, this.of(member, name, full, depth + 1)]));
  }
}

function textOf({ format, pattern, minLength = 0 }: ApiSchema, name: string): string {
  const kind = /^\^\(?(?:\?:)?([a-z]+)(?:\|[a-z]+)*\)?_\[0-9a-z\]/.exec(pattern ?? '')?.[1];
  if (kind !== undefined) return `${kind}_${EXAMPLE_ID_TAIL}`;
  const isTime = /(?:At|Time|Since)$|^(?:at|from|to|start|end|since)$/.test(name);
  if (format === 'date-time' || (isTime && pattern === undefined)) return INSTANT;
  if (/(?:^id|Id)$/.test(name) && pattern === undefined) return `callback_${EXAMPLE_ID_TAIL}`;
  return 'example'.padEnd(minLength, '-');
}

/** As far as it can be told without a validator: the type, the listed values and the pattern. */
function fits(value: unknown, schema: ApiSchema, choices: readonly ApiSchema[] | undefined): boolean {
  if (choices) return choices.some((choice) => fits(value, choice, choice.anyOf ?? choice.oneOf));
  if (schema.enum) return schema.enum.includes(value);
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const types = [schema.type ?? 'any'].flat();
  const isOfType = types.includes(kind) || (kind === 'number' && types.includes('integer'));
  if (!isOfType) return false;
  if (typeof value === 'string') {
    const { pattern, minLength = 0, format } = schema;
    return format !== 'date-time' && value.length >= minLength && new RegExp(pattern ?? '').test(value);
  }
  if (Array.isArray(value)) return value.every((item) => fits(item, schema.items ?? {}, schema.items?.anyOf));
  return kind !== 'object' || schema.properties === undefined;
}
