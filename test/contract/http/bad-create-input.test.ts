import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GesCounter, gesCounter } from '../../fakes/ges-counter.ts';
import { hostileTexts, hostileValues } from '../../integration/http/fuzz/hostile.ts';
import { type JsonSchema, type JsonSchemaObject, resolveReference, schemaFaults } from './json-schema.ts';
import { type ApiDocument, operationsOf } from './openapi-document.ts';

/** The three ways to ask for a callback, each with a body that is taken. */
const creations = [
  {
    name: 'native',
    path: '/api/v1/callbacks',
    url: '/api/v1/callbacks',
    valid: { virtualQueue: 'support', customerNumber: '+12025550123' },
    takesOthers: false,
    told: (body: Told) => body.error?.faults?.map(({ path, message }) => `${path} ${message}`).join('; '),
  },
  {
    name: 'v3',
    path: '/engagement/v3/callbacks/create',
    url: '/engagement/v3/callbacks/create',
    valid: { serviceName: 'support', phoneNumber: '+12025550123' },
    takesOthers: false,
    told: (body: Told) => body.status?.message,
  },
  {
    name: 'GMS',
    path: '/genesys/1/service/callback/{serviceName}',
    url: '/genesys/1/service/callback/support',
    valid: { _customer_number: '+12025550123' },
    // What has no leading underscore travels with the callback; the rest is named in `_ignored_options`.
    takesOthers: true,
    told: (body: Told) => body.message,
  },
] as const;

/** The places where the three shapes of errors say what is wrong. */
interface Told {
  readonly error?: { readonly faults?: readonly { readonly path: string; readonly message: string }[] };
  readonly status?: { readonly message: string };
  readonly message?: string;
}

/** Some of them: the fuzzer sends them all. */
const texts = hostileTexts.filter((_text, index) => index % 7 === 0);
const values = hostileValues.filter((_value, index) => index % 2 === 0);
const TEST_MAX_MS = 60_000;

/** One wrong body: which field is wrong, and how. */
interface WrongBody {
  readonly field: string;
  readonly why: string;
  readonly body: object;
}

let counter: GesCounter;
let document: ApiDocument;
beforeAll(async () => {
  counter = await gesCounter({}, { keepOpen: true });
  document = (await counter.fixture.ask('GET', '/api/openapi.json')).json();
});
afterAll(() => counter.fixture.server.close());

describe.each(creations)('a body of the $name creation', ({ path, url, valid, takesOthers, told }) => {
  it(
    'that the documented schema excludes is refused with field and rule, and nothing is stored',
    async () => {
      const schema = bodySchema(path);
      const wrong = [...wrongBodies(schema, valid), ...(takesOthers ? [] : unknownFields(valid))];
      // Fewer would mean that the document says nothing of its fields.
      expect(wrong.length).toBeGreaterThan(Object.keys(schema.properties ?? {}).length * 2);
      const before = counter.house.store.callbacks.size;
      const mistakes: unknown[] = [];
      for (const { field, why, body } of wrong) {
        const answer = await post(url, JSON.stringify(body));
        const words = told(answer.json()) ?? '';
        const names = words.includes(field.slice(0, 40));
        // A rule says more than the field's name.
        const says = words.replace(field, '').trim().length > 5;
        if (answer.statusCode !== 400 || !names || !says) {
          mistakes.push([field, why, answer.statusCode, answer.body.slice(0, 300)]);
        }
        if (counter.house.store.callbacks.size !== before) throw new Error(`${field} ${why} was stored`);
      }
      expect(mistakes).toEqual([]);
    },
    TEST_MAX_MS,
  );

  it(
    'that is hostile where any text may be is taken as text or refused, never an error of ours',
    async () => {
      const { properties = {} } = bodySchema(path);
      const mistakes: unknown[] = [];
      for (const field of Object.keys(properties)) {
        for (const text of texts) {
          const before = counter.house.store.callbacks.size;
          const answer = await post(url, JSON.stringify({ ...valid, [field]: text }));
          const stored = counter.house.store.callbacks.size - before;
          const expected = answer.statusCode < 300 ? 1 : 0;
          if (answer.statusCode >= 500 || stored !== expected) {
            mistakes.push([field, text.slice(0, 40), answer.statusCode, stored]);
          }
        }
      }
      expect(mistakes).toEqual([]);
    },
    TEST_MAX_MS,
  );
});

it('a body that is no object, or no JSON, is refused by all three, and nothing is stored', async () => {
  const before = counter.house.store.callbacks.size;
  for (const { url } of creations) {
    for (const text of [
      '',
      '[]',
      'null',
      '5',
      '"x"',
      '{',
      '{"a":1}}',
      '['.repeat(5000),
      '{"__proto__":{}}',
    ]) {
      const answer = await post(url, text);
      expect([url, text.slice(0, 20), answer.statusCode]).toEqual([url, text.slice(0, 20), 400]);
    }
  }
  expect(counter.house.store.callbacks.size).toBe(before);
});

function post(url: string, text: string): ReturnType<GesCounter['fixture']['ask']> {
  // So that the limits by address and key do not answer instead.
  counter.house.clock.advance(20);
  const headers = {
    'x-api-key': counter.fixture.tokens.Developer,
    'content-type': 'application/json',
  };
  return counter.fixture.ask('POST', url, { text, headers });
}

function bodySchema(path: string): JsonSchemaObject {
  const operation = operationsOf(document).find((each) => each.path === path && each.method === 'POST');
  const schema = operation?.requestBody?.content['application/json']?.schema;
  const found = typeof schema === 'object' && schema.$ref ? resolveReference(schema.$ref, document) : schema;
  if (typeof found !== 'object') throw new Error(`${path} has no schema`);
  return found;
}

/** Every field missing, of the wrong type, too long, out of range, hostile: whatever its schema excludes. */
function wrongBodies({ properties = {}, required = [] }: JsonSchemaObject, valid: object): WrongBody[] {
  return Object.entries(properties).flatMap(([field, schema]) => {
    const without = Object.fromEntries(Object.entries(valid).filter(([name]) => name !== field));
    const missing = required.includes(field) ? [{ field, why: 'is missing', body: without }] : [];
    const excluded = [...values, ...texts, ...overLong(schema)].filter(
      (value) => schemaFaults(schema, asSent(value), document).length > 0,
    );
    const wrong = excluded.map((value) => ({
      field,
      why: `is ${JSON.stringify(value)?.slice(0, 60)}`,
      body: { ...valid, [field]: value },
    }));
    return [...missing, ...wrong];
  });
}

function asSent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}

/** One character more than there may be, in the schema itself or in one of its alternatives. */
function overLong(schema: JsonSchema): string[] {
  if (typeof schema !== 'object') return [];
  const own = schema.maxLength === undefined ? [] : ['x'.repeat(schema.maxLength + 1)];
  return [...own, ...(schema.anyOf ?? []).flatMap(overLong)];
}

function unknownFields(valid: object): WrongBody[] {
  return ['unknown', 'customer_number', 'constructor', 'isAdmin', 'Virtualqueue'].map((field) => ({
    field,
    why: 'is unknown',
    body: { ...valid, [field]: 'x' },
  }));
}
