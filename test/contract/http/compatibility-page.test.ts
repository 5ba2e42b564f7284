import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { gesCodes } from '../../../src/adapters/http/ges/ges-answers.ts';
import { closeFixtures, newFixture } from '../../unit/http/http-fixture.ts';

closeFixtures();

const page = readFileSync('docs/genesys-compatibility.md', 'utf8');

/** Cells of the first two columns of every row of the section with this heading. */
function rowsOf(heading: string): [string, string][] {
  const section = page.split(/^(?=#{1,3} )/m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`there is no section ${heading}`);
  const cells = (line: string): string[] => line.split('|').map((cell) => cell.trim());
  const rows = section.split('\n').filter((line) => /^\| (?!-)/.test(line));
  return rows.slice(1).map((line) => [cells(line)[1] ?? '', cells(line)[2] ?? '']);
}

/** Addresses without the names of their parameters. */
const shape = (path: string): string => path.replace(/\?.*$/, '').replace(/\{\w+\}|:\w+/g, '*');

/**
 * `GET, POST /a/{b}, /c; DELETE /d` as method and address each. A path after a comma has the methods of the
 * one before; one that does not begin like the others replaces the last part of the one before.
 */
function operationsIn(cell: string, prefix: string, begins: RegExp): string[] {
  const operations: string[] = [];
  let methods: string[] = [];
  let [last, isComplete] = ['', true];
  for (const token of cell.replaceAll(' and ', ', ').split(/[,;]\s*/)) {
    const read = /^(GET|POST|PUT|PATCH|DELETE)?\s*(\/\S*)?$/.exec(token.trim());
    if (!read) continue;
    const [, method, path] = read;
    if (method !== undefined) {
      methods = isComplete ? [method] : [...methods, method];
      isComplete = false;
    }
    if (path === undefined) continue;
    last = begins.test(path) ? path : last.replace(/\/[^/]*$/, path);
    operations.push(...methods.map((each) => `${each} ${prefix}${shape(last)}`));
    isComplete = true;
  }
  return operations;
}

/** What the page says of the operations of both APIs. */
function operationsOfPage(): { there: Set<string>; missing: Set<string> } {
  const [there, missing] = [new Set(['POST /engagement/v3/callbacks/create']), new Set<string>()];
  const ges = [
    ...rowsOf('## Other operations'),
    ...rowsOf('## Ours, in the same style').map(([cell]) => [cell, 'ours']),
  ];
  const all = [
    ...ges.map(([cell = '', here = '']) => ({ found: operationsIn(cell, '/engagement/v3', /^\//), here })),
    ...rowsOf('## GMS: operations').map(([cell, here]) => ({
      found: operationsIn(cell, '/genesys', /^\/[12]\//),
      here,
    })),
  ];
  for (const { found, here } of all) {
    expect(['yes', 'partly', 'ours', 'no']).toContain(here);
    for (const operation of found) (here === 'no' ? missing : there).add(operation);
  }
  return { there, missing };
}

describe('docs/genesys-compatibility.md', () => {
  let served: Set<string>;
  let createFields: string[];
  beforeAll(async () => {
    const { server, ask } = await newFixture({}, { keepOpen: true });
    await server.fastify.ready();
    const own = server.routes.filter(
      ({ url }) => /^\/(?:engagement|genesys)\//.test(url) && !url.endsWith('*'),
    );
    served = new Set(own.map(({ method, url }) => `${method} ${shape(url)}`));
    const { paths } = (await ask('GET', '/api/openapi.json')).json();
    const { schema } = paths['/engagement/v3/callbacks/create'].post.requestBody.content['application/json'];
    createFields = Object.keys(schema.properties);
    await server.close();
  });

  it('names every operation that is served, and no other', () => {
    const { there, missing } = operationsOfPage();
    expect([...there].filter((operation) => !served.has(operation))).toEqual([]);
    expect([...served].filter((operation) => !there.has(operation))).toEqual([]);
    expect([...missing].filter((operation) => served.has(operation))).toEqual([]);
    expect(there.size).toBeGreaterThan(40);
  });

  it('names every field of a creation, and those that are not taken', () => {
    const rows = rowsOf('## POST /callbacks/create');
    const named = (isThere: boolean): string[] =>
      rows
        .filter(([, here]) => (here !== 'no') === isThere)
        .flatMap(([cell]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
    expect(new Set(named(true))).toEqual(new Set(createFields));
    expect(named(false).filter((name) => createFields.includes(name))).toEqual([]);
  });

  it('names every code with its HTTP status', () => {
    const told = rowsOf('## Codes').map(([status, code]) => `${status} ${code}`);
    const used = Object.values(gesCodes).map(({ status, code }) => `${status} ${code}`);
    expect(new Set(told)).toEqual(new Set(['200 0', ...used]));
  });
});
