import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteEntry } from '../../../src/adapters/http/http-dependencies.ts';
import { type Fixture, newFixture } from '../../unit/http/http-fixture.ts';
import { findSchemaFaults, type JsonSchema, schemaFaults } from './json-schema.ts';
import {
  answerFaults,
  type ApiDocument,
  type ApiMedia,
  type ApiOperation,
  examplesOf,
  operationsOf,
} from './openapi-document.ts';

const rate = { perMinuteMax: 1e9, burstMax: 1e9 };
/** Public and not for programs: the pages and the document itself, and what answers where nothing is. */
const UNDOCUMENTED = /^\/api\/(?:docs|openapi\.json|postman\.json)|\/\*$/;
/** What has been logged out or is none of JSON. */
const NOT_ASKED = /\/log(?:in|out)$|\/config$|\/numbers$/;
/** They are sent by browsers and leave for somewhere else. */
const LEAVES = /oidc/;
/** The v3 API says 400 where something that is named is not there; the examples name what is not here. */
const NAMES_WHAT_IS_NOT_THERE = /"code":40002|siteKey \S+ is not configured/;

let fixture: Fixture;
let document: ApiDocument;
let operations: ApiOperation[];
let routes: readonly RouteEntry[];

beforeAll(async () => {
  fixture = await newFixture(
    { addressRate: rate, principalRate: rate, loginAddressRate: rate },
    { keepOpen: true },
  );
  document = (await fixture.ask('GET', '/api/openapi.json')).json();
  operations = operationsOf(document);
  ({ routes } = fixture.server);
});
afterAll(() => fixture.server.close());

const named = ({ method, path }: ApiOperation): string => `${method} ${path}`;

function schemasOf(operation: ApiOperation): [string, JsonSchema | undefined][] {
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  const answers = Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, media]): [string, ApiMedia] => [`${status} ${type}`, media]),
  );
  return [
    ...(operation.parameters ?? []).map(({ name, schema }): [string, JsonSchema] => [name, schema]),
    ...[...bodies, ...answers].map(([name, { schema }]): [string, JsonSchema | undefined] => [name, schema]),
  ];
}

describe('the OpenAPI 3.1 document', () => {
  it('is well formed: schemas of known keywords, references that lead somewhere, known security', () => {
    expect(document.openapi).toBe('3.1.0');
    const schemes = Object.keys(document.components.securitySchemes);
    const faults = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      findSchemaFaults(schema, document, name),
    );
    for (const operation of operations) {
      for (const [name, schema] of schemasOf(operation)) {
        const place = `${named(operation)} ${name}`;
        if (schema !== undefined) faults.push(...findSchemaFaults(schema, document, place));
      }
      for (const scheme of (operation.security ?? []).flatMap((way) => Object.keys(way))) {
        if (!schemes.includes(scheme)) faults.push(`${named(operation)}: no scheme ${scheme}`);
      }
    }
    expect(faults).toEqual([]);
  });

  it('has patterns that validators in other languages read: no Unicode properties, no look-around', () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":"((?:[^"\\\\]|\\\\.)*)"/g)].map(
      ([, pattern = '']) => JSON.parse(`"${pattern}"`) as string,
    );
    expect(patterns.length).toBeGreaterThan(20);
    expect(patterns.filter((pattern) => /\\p\{|\(\?[=!<]/.test(pattern))).toEqual([]);
  });

  it('gives every operation an id of its own, a tag, a summary, its security and its errors', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(
      ids.filter((id, index) => !/^[a-z][A-Za-z0-9]+$/.test(id ?? '') || ids.indexOf(id) !== index),
    ).toEqual([]);
    expect(ids).toEqual(expect.arrayContaining(['postCallbacks', 'gesPostCallbacksCreate', 'gms2GetEwt']));
    for (const operation of operations) {
      const { tags, summary, security, parameters = [], responses } = operation;
      expect([named(operation), tags?.length, typeof summary]).toEqual([named(operation), 1, 'string']);
      expect([named(operation), Array.isArray(security)]).toEqual([named(operation), true]);
      const expected = ['default', '429'];
      if (security?.length) expected.push('401', '403');
      const isV3 = operation.path.startsWith('/engagement/v3/');
      if (!isV3 && parameters.some((parameter) => parameter.in === 'path')) expected.push('404');
      if (operation.requestBody) expected.push('400');
      const missing = expected.filter((status) => responses[status]?.content === undefined);
      expect([named(operation), missing]).toEqual([named(operation), []]);
    }
  });

  it('describes every route, and nothing that is no route', () => {
    const documented = operations.map(named).sort();
    const served = routes
      .filter(({ url }) => !UNDOCUMENTED.test(url))
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
    expect(served.toSorted()).toEqual(documented);
  });

  it('states the security that the route has', () => {
    for (const { method, url, access } of routes.filter((route) => !UNDOCUMENTED.test(route.url))) {
      const path = url.replace(/:(\w+)/g, '{$1}');
      const operation = operations.find((each) => each.method === method && each.path === path);
      expect([path, operation?.security?.length === 0]).toEqual([path, access === 'public']);
    }
  });
});

describe('the examples', () => {
  it('of bodies are there, and their schemas take them', () => {
    const faults = operations.flatMap((operation) =>
      Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, media]) => {
        const found = examplesOf(media);
        if (found.length === 0) return [`${named(operation)} ${type}: none`];
        return found.flatMap((example) => faultsOf(media, example, named(operation)));
      }),
    );
    expect(faults).toEqual([]);
  });

  it('of answers are there wherever the answer is JSON, and their schemas take them', () => {
    const faults = operations.flatMap((operation) =>
      Object.entries(operation.responses).flatMap(([status, { content = {} }]) => {
        const media = content['application/json'];
        if (!media || status === '101') return [];
        const found = examplesOf(media);
        const place = `${named(operation)} ${status}`;
        if (found.length === 0) return [`${place}: none`];
        return found.flatMap((example) => faultsOf(media, example, place));
      }),
    );
    expect(faults).toEqual([]);
  });

  it('of parameters that are needed are there, and their schemas take them', () => {
    const faults = operations.flatMap((operation) =>
      (operation.parameters ?? [])
        .filter(({ required, example }) => required === true || example !== undefined)
        .flatMap(({ schema, example, name }) =>
          schemaFaults(schema, example, document).map((fault) => `${named(operation)} ${name} ${fault}`),
        ),
    );
    expect(faults).toEqual([]);
  });
});

it('customer data in the query of the list are told as members, and taken as they are told', async () => {
  const list = operations.find(({ operationId }) => operationId === 'getCallbacks');
  const found = list?.parameters?.find(({ name }) => name === 'userData');
  expect(found).toMatchObject({
    in: 'query',
    required: false,
    style: 'deepObject',
    explode: true,
    example: { orderNumber: 'A-1047' },
  });
  expect(found?.schema).not.toHaveProperty('style');
  const headers = { 'x-api-key': fixture.tokens.Administrator };
  const taken = await fixture.ask('GET', '/api/v1/callbacks?userData%5BorderNumber%5D=A-1047', { headers });
  expect([taken.statusCode, taken.json()]).toEqual([200, { items: [], nextCursor: null }]);
});

function faultsOf(media: ApiMedia, example: unknown, place: string): string[] {
  if (media.schema === undefined) return [];
  return schemaFaults(media.schema, example, document).map((fault) => `${place} ${fault}`);
}

describe('every operation', () => {
  it('is reached at its address, takes its example and answers as documented', async () => {
    const wrong: unknown[] = [];
    const succeeded: string[] = [];
    // A log-out ends the session of the others.
    const ordered = operations.filter(({ path }) => !LEAVES.test(path)).toSorted(byLogout);
    for (const operation of ordered) {
      const answer = await send(operation);
      const { statusCode: status, body: text } = answer;
      const contentType = answer.headers['content-type']?.toString();
      const faults = answerFaults(operation, { status, contentType, text }, document);
      const missed = status === 405 || /ROUTE_NOT_FOUND|40402|nothing at this address/.test(text);
      if (status === 500 || missed || faults.length > 0) wrong.push([named(operation), status, faults, text]);
      const mistaken = (status === 400 || status === 415) && !NAMES_WHAT_IS_NOT_THERE.test(text);
      if (mistaken) wrong.push([named(operation), 'its example is refused', text]);
      if (status < 400) succeeded.push(named(operation));
    }
    expect(wrong).toEqual([]);
    // The rest names things that are not there.
    expect(succeeded.length).toBeGreaterThan(70);
  }, 60_000);
});

describe('a body that the document does not ask for', () => {
  it('may be left out, and one that it asks for may not', async () => {
    const optional = operations.filter(({ requestBody }) => requestBody?.required === false);
    expect(optional.map(named)).toContain('POST /engagement/v3/statistics/operations/get-statistic-ex');
    expect(optional.length).toBeGreaterThan(8);
    const wrong: unknown[] = [];
    for (const operation of operations.filter(
      ({ path, requestBody }) => requestBody && !NOT_ASKED.test(path),
    )) {
      const { statusCode, body } = await send(operation, false);
      const isRefused = statusCode === 400 && /must be|expected object|must name|is required/.test(body);
      const isOptional = optional.includes(operation);
      if ((isRefused && isOptional) || (statusCode < 300 && !isOptional)) {
        wrong.push([named(operation), statusCode, body]);
      }
    }
    expect(wrong).toEqual([]);
  });
});

const byLogout = (a: ApiOperation, b: ApiOperation): number =>
  Number(a.path.endsWith('/logout')) - Number(b.path.endsWith('/logout'));

/** The request of the documented example, by the administrator, or the agent where only an agent may. */
async function send(operation: ApiOperation, withBody = true): ReturnType<Fixture['ask']> {
  const { method, path, parameters = [], requestBody } = operation;
  const needed = (place: string): [string, string][] =>
    parameters
      .filter((parameter) => parameter.in === place && parameter.required === true)
      .map(({ name, example }) => [name, String(example)]);
  const search = new URLSearchParams(needed('query')).toString();
  const address = path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const found = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name);
    return encodeURIComponent(String(found?.example));
  });
  const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const [sent] = withBody ? examplesOf(media) : [];
  const isAgents = path.includes('/workspace');
  return await fixture.ask(method as 'GET', asHere(search === '' ? address : `${address}?${search}`), {
    headers: {
      ...Object.fromEntries(needed('header')),
      ...(isAgents
        ? { authorization: `Bearer ${fixture.tokens.Agent}` }
        : { 'x-api-key': fixture.tokens.Administrator }),
      ...(type === undefined || !withBody ? {} : { 'content-type': type }),
    },
    ...(sent === undefined ? {} : { text: asHere(typeof sent === 'string' ? sent : JSON.stringify(sent)) }),
  });
}

/** The virtual queue of the examples has another name in this fixture. */
function asHere(text: string): string {
  return text.replace(/\bsupport\b(?!-)/g, 'billing');
}
