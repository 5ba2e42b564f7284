import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { statusByCode } from '../../../src/adapters/http/http-errors.ts';
import { closeFixtures, newFixture } from './http-fixture.ts';

closeFixtures();

const operationSchema = z.looseObject({
  tags: z.array(z.string()).length(1),
  summary: z.string().min(3),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  'x-roles': z.array(z.string()).optional(),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema: z.object() }))
    .optional(),
  responses: z.looseObject({
    default: z.object({
      description: z.string(),
      content: z.object({
        'application/json': z.object({ schema: z.looseObject({}) }),
      }),
    }),
  }),
});
const documentSchema = z.looseObject({
  openapi: z.literal('3.1.0'),
  info: z.object({ title: z.literal('Turnkeeper'), version: z.literal('1.2.3'), description: z.string() }),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), operationSchema),
  ),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});

describe('the OpenAPI document', () => {
  it('describes every operation with summary, parameters, answers and the error envelope', async () => {
    const { ask } = await newFixture();
    const answer = await ask('GET', '/api/openapi.json');
    expect(answer.statusCode).toBe(200);
    const document = documentSchema.parse(answer.json());
    expect(Object.keys(document.paths).length).toBeGreaterThanOrEqual(20);
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { parameters = [], responses } of Object.values(operations)) {
        const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
        expect([path, inPath]).toEqual([path, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)]);
        const succeeds = Object.keys(responses).some((status) => /^(?:20[01]|101)$/.test(status));
        expect([path, succeeds]).toEqual([path, true]);
      }
    }
  });

  it('has a target for every reference, and no part that nothing refers to', async () => {
    const { ask } = await newFixture();
    const { body } = await ask('GET', '/api/openapi.json');
    const { components } = documentSchema.parse(JSON.parse(body));
    const referred = [...body.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(new Set(referred)).toEqual(new Set(Object.keys(components.schemas)));
    expect(Object.keys(components.schemas)).toEqual(
      expect.arrayContaining(['Callback', 'CallbackDetail', 'Agent', 'Queue', 'Error', 'ApiKey', 'User']),
    );
    expect(body).toContain('Masked for roles that may not see numbers');
  });
});

describe('docs/errors.md', () => {
  it('lists every code of the HTTP adapter, each once and with its status', () => {
    const rows = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| ([A-Z][A-Z0-9_]+) \|(.*)$/gm)];
    for (const [code, status] of Object.entries(statusByCode)) {
      const listed = rows.filter(([, entry]) => entry === code);
      expect([code, listed.length]).toEqual([code, 1]);
      expect(listed[0]?.[2]).toMatch(new RegExp(`\\((?:HTTP )?${status}\\)`));
    }
  });

  it('has no code in the table that no route uses', () => {
    const folder = 'src/adapters/http';
    const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'http-errors.ts')
      .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
      .join('\n');
    for (const code of Object.keys(statusByCode)) expect(source).toContain(`'${code}'`);
  });
});

describe('the page of the API', () => {
  it('loads nothing from elsewhere and runs under a strict policy', async () => {
    const { ask } = await newFixture();
    for (const url of ['/api/docs', '/api/docs/docs.js', '/api/docs/docs.css']) {
      const answer = await ask('GET', url);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).not.toMatch(/https?:\/\/|innerHTML|eval\(/);
      const policy = String(answer.headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
    }
    const refused = await ask('GET', '/api/v1/callbacks');
    expect(refused.statusCode).toBe(401);
    expect(refused.headers).toMatchObject({
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
    });
    expect(refused.headers['strict-transport-security']).toBeUndefined();
    const page = (await ask('GET', '/api/docs')).body;
    expect(page).not.toMatch(/<script>|<style>| style=| on\w+=/);
  });
});
