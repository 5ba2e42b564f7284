import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Fixture, newFixture } from '../../unit/http/http-fixture.ts';
import { type ApiDocument, type ApiOperation, operationsOf } from './openapi-document.ts';

/** What a Postman collection of format 2.1 must have, as its published schema says, and what ours has beside. */
const pair = z.strictObject({
  key: z.string().min(1),
  value: z.string(),
  description: z.string().optional(),
  disabled: z.literal(true).optional(),
});
const requestSchema = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  description: z.string().min(1),
  header: z.array(pair),
  url: z.strictObject({
    raw: z.string().startsWith('{{baseUrl}}/'),
    host: z.tuple([z.literal('{{baseUrl}}')]),
    path: z.array(z.string().min(1)),
    query: z.array(pair).optional(),
    variable: z.array(pair).optional(),
  }),
  auth: z.strictObject({ type: z.literal('noauth') }).optional(),
  body: z
    .strictObject({
      mode: z.literal('raw'),
      raw: z.string().min(1),
      options: z.strictObject({ raw: z.strictObject({ language: z.enum(['json', 'text']) }) }),
    })
    .optional(),
});
const itemSchema = z.strictObject({
  name: z.string().min(1),
  request: requestSchema,
  response: z.array(
    z.strictObject({
      name: z.string().min(1),
      originalRequest: requestSchema,
      code: z.int().min(100).max(599),
      header: z.array(pair),
      body: z.string(),
      _postman_previewlanguage: z.string(),
    }),
  ),
});
const collectionSchema = z.strictObject({
  info: z.strictObject({
    name: z.literal('Turnkeeper 1.2.3'),
    description: z.string(),
    schema: z.literal('https://schema.getpostman.com/json/collection/v2.1.0/collection.json'),
  }),
  auth: z.strictObject({
    type: z.literal('apikey'),
    apikey: z.array(z.strictObject({ key: z.string(), value: z.string(), type: z.literal('string') })),
  }),
  variable: z.array(z.strictObject({ key: z.string(), value: z.string(), type: z.literal('string') })),
  event: z.tuple([
    z.strictObject({
      listen: z.literal('test'),
      script: z.strictObject({ type: z.literal('text/javascript'), exec: z.array(z.string()) }),
    }),
  ]),
  item: z.array(z.strictObject({ name: z.string().min(1), item: z.array(itemSchema).min(1) })),
});

let fixture: Fixture;
let operations: ApiOperation[];
let collection: z.infer<typeof collectionSchema>;
let text: string;

beforeAll(async () => {
  fixture = await newFixture({}, { keepOpen: true });
  const document: ApiDocument = (await fixture.ask('GET', '/api/openapi.json')).json();
  operations = operationsOf(document);
  text = (await fixture.ask('GET', '/api/postman.json', { headers: { host: 'desk.example:8443' } })).body;
  collection = collectionSchema.parse(JSON.parse(text));
});
afterAll(() => fixture.server.close());

const items = (): z.infer<typeof itemSchema>[] => collection.item.flatMap(({ item }) => item);

describe('the Postman collection', () => {
  it('has every operation once, in the folder of its tag', () => {
    const inCollection = collection.item.flatMap(({ name, item }) =>
      item.map(({ request }) => `${name}: ${request.method} /${request.url.path.join('/')}`),
    );
    const inDocument = operations.map(
      ({ tags, method, path }) => `${tags?.[0]}: ${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    );
    expect(inCollection.toSorted()).toEqual(inDocument.toSorted());
    const folders = collection.item.map(({ name }) => name);
    expect(new Set(folders).size).toBe(folders.length);
  });

  it('sends to the server it came from, with the key of a variable', () => {
    expect(collection.variable.slice(0, 3)).toEqual([
      { key: 'baseUrl', value: 'http://desk.example:8443', type: 'string' },
      { key: 'apiKey', value: '', type: 'string' },
      { key: 'queue', value: 'support', type: 'string' },
    ]);
    expect(collection.auth.apikey.map(({ key, value }) => [key, value])).toEqual([
      ['key', 'x-api-key'],
      ['value', '{{apiKey}}'],
      ['in', 'header'],
    ]);
    const open = items().filter(({ request }) => request.auth?.type === 'noauth');
    const publicCount = operations.filter(({ security }) => security?.length === 0).length;
    expect([open.length, open.length > 0]).toEqual([publicCount, true]);
  });

  it('names every variable part of an address, with a value', () => {
    for (const { request } of items()) {
      const { path, variable = [] } = request.url;
      const parts = path.filter((part) => part.startsWith(':')).map((part) => part.slice(1));
      expect(variable.map(({ key }) => key)).toEqual(parts);
      for (const { value } of variable) expect(value).not.toBe('');
    }
  });

  it('writes a parameter of members as servers read it, a part for each', () => {
    const list = items().find(({ request }) => request.description.endsWith('Operation: getCallbacks'));
    const parts = list?.request.url.query?.filter(({ key }) => key.startsWith('userData'));
    expect(parts).toMatchObject([{ key: 'userData[orderNumber]', value: 'A-1047', disabled: true }]);
  });

  it('brings the body of every operation that takes one, and its answers', () => {
    const bodies = items().filter(({ request }) => request.body !== undefined);
    expect(bodies.length).toBe(operations.filter(({ requestBody }) => requestBody !== undefined).length);
    for (const { request } of bodies) {
      const { raw, options } = request.body!;
      const body: unknown = options.raw.language === 'json' ? JSON.parse(raw) : {};
      expect(typeof body).toBe('object');
      expect(request.header.some(({ key }) => key === 'content-type')).toBe(true);
    }
    const answered = items().filter(({ response }) => response.length > 0);
    expect(answered.length).toBeGreaterThan(operations.length * 0.9);
  });

  it('names what is another thing on every server by variables that it has', () => {
    const used = new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name));
    expect(used).toEqual(new Set(collection.variable.map(({ key }) => key)));
    const requests = JSON.stringify(items().map(({ request }) => request));
    expect(requests).not.toMatch(/_0006gqn4vmv00example|"support"/);
  });

  it('remembers the ids of answers for the next requests', async () => {
    const variables = new Map<string, string>();
    const script = collection.event[0].script.exec.join('\n');
    const after = ({ statusCode, body, headers }: Awaited<ReturnType<Fixture['ask']>>): void => {
      const pm = {
        response: { code: statusCode, text: () => body, headers: { get: (name: string) => headers[name] } },
        collectionVariables: { set: (name: string, value: string) => variables.set(name, value) },
      };
      runInNewContext(script, { pm });
    };
    const made = await fixture.ask('POST', '/api/v1/api-keys', {
      headers: { 'x-api-key': fixture.tokens.Administrator, 'content-type': 'application/json' },
      text: JSON.stringify({ name: 'shop', role: 'Developer' }),
    });
    after(made);
    expect([...variables]).toEqual([['keyId', made.json().id]]);
    const wrong = await fixture.ask('GET', '/api/v1/callbacks/callback_0006gqn4vmv00example', {
      headers: { 'x-api-key': fixture.tokens.Administrator },
    });
    after(wrong);
    expect(variables.get('corrId')).toBe(wrong.headers['x-correlation-id']);
    expect(variables.size).toBe(2);
  });

  it('is the same each time', async () => {
    const again = await fixture.ask('GET', '/api/postman.json', { headers: { host: 'desk.example:8443' } });
    expect(again.body).toBe(text);
    expect(again.headers['content-type']).toContain('application/json');
  });
});
