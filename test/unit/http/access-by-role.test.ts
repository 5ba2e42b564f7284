import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Role } from '../../../src/adapters/http/access-store.ts';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';
import type { Ask, Fixture } from './http-fixture.ts';

closeFixtures();

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const all = Object.values(Role);
const password = 'long-enough-1';
const yaml: Ask = { text: 'queues: []', headers: { 'content-type': 'application/yaml' } };
const agentState: Ask = { body: { state: 'READY' } };

/**
 * Routes, a request each takes, and who may make it, as the product's roles say: a second opinion on the rules.
 * The matrix of every route by the rules themselves is authorisation-matrix.test.ts.
 */
const table: readonly [Method, string, Ask, readonly Role[]][] = [
  ['GET', '/api/v1/me', {}, all],
  ['POST', '/api/v1/logout', {}, all],
  ['GET', '/api/v1/callbacks', {}, ['Administrator', 'Supervisor', 'Monitor', 'Developer']],
  ['POST', '/api/v1/callbacks', { body: validRequest }, ['Administrator', 'Supervisor', 'Developer']],
  ['GET', '/api/v1/callbacks/callback_00000000', {}, all],
  ['POST', '/api/v1/callbacks/callback_00000000/cancel', {}, ['Administrator', 'Supervisor', 'Developer']],
  [
    'POST',
    '/api/v1/callbacks/callback_00000000/reschedule',
    { body: { desiredAt: '2026-01-05T12:00:00Z' } },
    ['Administrator', 'Supervisor', 'Developer', 'Agent'],
  ],
  ['POST', '/api/v1/callbacks/callback_00000000/recreate', {}, ['Administrator', 'Supervisor', 'Developer']],
  [
    'POST',
    '/api/v1/callbacks/cancel',
    { body: { ids: ['callback_00000000'] } },
    ['Administrator', 'Supervisor', 'Developer'],
  ],
  ['GET', '/api/v1/agents', {}, ['Administrator', 'Supervisor', 'Monitor']],
  ['GET', '/api/v1/agents/alice', {}, ['Administrator', 'Supervisor', 'Monitor', 'Agent']],
  ['GET', '/api/v1/agents/bob', {}, ['Administrator', 'Supervisor', 'Monitor']],
  ['PUT', '/api/v1/agents/alice/state', agentState, ['Administrator', 'Supervisor', 'Agent']],
  ['PUT', '/api/v1/agents/bob/state', agentState, ['Administrator', 'Supervisor']],
  ['GET', '/api/v1/queues', {}, all],
  ['GET', '/api/v1/recordings', {}, ['Administrator', 'Supervisor', 'Agent']],
  ['GET', '/api/v1/recordings/recording_00000000', {}, ['Administrator', 'Supervisor', 'Agent']],
  ['GET', '/api/v1/recordings/recording_00000000/audio', {}, ['Administrator', 'Supervisor', 'Agent']],
  ['DELETE', '/api/v1/recordings/recording_00000000', {}, ['Administrator']],
  ['GET', '/api/v1/queues/billing', {}, all],
  ['GET', '/api/v1/queues/billing/availability', {}, all],
  ['GET', '/api/v1/queues/billing/estimators', {}, all],
  ['GET', '/api/v1/queues/billing/open-for', {}, all],
  [
    'GET',
    '/api/v1/callbacks/callback_00000000/replay',
    {},
    ['Administrator', 'Supervisor', 'Monitor', 'Developer'],
  ],
  ['GET', '/api/v1/queues/billing/settings', {}, ['Administrator', 'Supervisor', 'Developer']],
  ['GET', '/api/v1/number-rules', {}, ['Administrator', 'Supervisor', 'Developer']],
  ['GET', '/api/v1/capacity-rules', {}, ['Administrator', 'Supervisor', 'Developer']],
  [
    'POST',
    '/api/v1/number-rules/europe/test',
    { body: { number: '1' } },
    ['Administrator', 'Supervisor', 'Developer'],
  ],
  ['GET', '/api/v1/config', {}, ['Administrator']],
  ['POST', '/api/v1/config?dryRun=true', yaml, ['Administrator']],
  ['GET', '/api/v1/api-keys', {}, ['Administrator', 'Developer']],
  ['POST', '/api/v1/api-keys', { body: { name: 'k', role: 'Developer' } }, ['Administrator', 'Developer']],
  ['POST', '/api/v1/api-keys', { body: { name: 'k', role: 'Supervisor' } }, ['Administrator']],
  ['DELETE', '/api/v1/api-keys/key_00000000', {}, ['Administrator', 'Developer']],
  ['GET', '/api/v1/users', {}, ['Administrator']],
  ['POST', '/api/v1/users', { body: { name: 'u', role: 'Monitor', password } }, ['Administrator']],
  ['PATCH', '/api/v1/users/nobody', { body: { enabled: true } }, ['Administrator']],
  ['DELETE', '/api/v1/users/nobody', {}, ['Administrator']],
  ['GET', '/api/v1/api-keys/key_00000000', {}, ['Administrator', 'Developer']],
  ['PATCH', '/api/v1/api-keys/key_00000000', { body: {} }, ['Administrator', 'Developer']],
  ['POST', '/api/v1/api-keys/key_00000000/rotate', { body: {} }, ['Administrator', 'Developer']],
  ['POST', '/api/v1/api-keys/validate', { body: { apiKey: 'x' } }, ['Administrator', 'Developer']],
  ['GET', '/api/v1/cors-origins', {}, ['Administrator', 'Developer']],
  ['GET', '/api/v1/access-groups', {}, ['Administrator']],
  ['PUT', '/api/v1/access-groups/nobody', { body: { queues: [] } }, ['Administrator']],
  ['DELETE', '/api/v1/access-groups/nobody', {}, ['Administrator']],
  ['GET', '/api/v1/audit', {}, ['Administrator']],
  ['GET', '/api/v1/errors', {}, ['Administrator', 'Developer']],
  ['GET', '/api/v1/errors/corr_00000000', {}, ['Administrator', 'Developer']],
  ['GET', '/api/v1/traces', {}, ['Administrator', 'Developer']],
  [
    'POST',
    '/api/v1/traces',
    { body: { subject: { kind: 'call', callId: 'call_1' } } },
    ['Administrator', 'Developer'],
  ],
  ['GET', '/api/v1/traces/none', {}, ['Administrator', 'Developer']],
  ['GET', '/metrics', {}, ['Administrator', 'Supervisor', 'Monitor', 'Developer']],
];

let shared: Fixture;
beforeAll(async () => {
  shared = await newFixture({}, { keepOpen: true });
});
afterAll(() => shared.server.close());

describe('access by role', () => {
  it.each(table)('%s %s is for its roles only', async (method, url, ask, allowed) => {
    // Building a server takes longer than all its requests here; only a logout leaves it changed.
    const fixture = url.endsWith('/logout') ? await newFixture() : shared;
    for (const role of all) {
      const answer = await fixture.ask(method, url, { ...ask, role });
      const isRefused = answer.statusCode === 403 || answer.statusCode === 401;
      expect([role, isRefused]).toEqual([role, !allowed.includes(role)]);
      expect([200, 201, 403, 404]).toContain(answer.statusCode);
    }
  });

  it('refuses every route without valid credentials', async () => {
    const fixture = shared;
    for (const [method, url, ask] of table) {
      for (const headers of [
        {},
        { authorization: 'Bearer tk_wrong' },
        { authorization: `Bearer tk_${'b'.repeat(43)}` },
        { authorization: 'Basic YWRtaW46YWRtaW4=' },
        { 'x-api-key': fixture.tokens.Agent },
        { cookie: 'turnkeeper_session=ts_nothing' },
      ]) {
        const answer = await fixture.ask(method, url, { ...ask, headers: { ...ask.headers, ...headers } });
        expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(answer.json().error.code).toBe('UNAUTHENTICATED');
      }
    }
  });
});
