import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { may, type RouteAccess } from '../../../src/adapters/http/access-rules.ts';
import { Role } from '../../../src/adapters/http/access-store.ts';
import { newApiKey, secretDigest } from '../../../src/adapters/http/credential.ts';
import type { RouteEntry } from '../../../src/adapters/http/http-dependencies.ts';
import type { CallbackView } from '../../../src/application/application.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { aCallback } from '../../fakes/callbacks.ts';
import { type Fixture, newFixture } from './http-fixture.ts';

const NUMBER = '+12025550123';
const ID = 'callback_0000000000';
const TRACES = /billing|2025550123|callback_0000000000/;
/** An id that was asked for and found nothing is no trace; skills have names of their own. */
const NO_TRACE = /"skills":\{[^}]*\}|"id":"callback_0000000000","(?:outcome":"not-found|ok":false)/g;
/** What the guard says; a 403 of a handler has a reason of its own. */
const REFUSAL = /may not do this|the key lacks the scope|an API key is needed/;
const PATH_SCOPES = ['native', 'ges', 'gms'] as const;
const rate = { perMinuteMax: 1e9, burstMax: 1e9 };

let fixture: Fixture;
let routes: readonly RouteEntry[];
/** Credentials of Supervisor, Developer and Administrator keys in the group of `billing`, or in another. */
const keys = new Map<string, string>();

beforeAll(async () => {
  fixture = await newFixture(
    { addressRate: rate, principalRate: rate, loginAddressRate: rate },
    { keepOpen: true },
  );
  const { access, clock } = fixture;
  const times = { createdAtMs: 1, updatedAtMs: 1 };
  await access.insertAccessGroup({ name: 'own', queues: ['billing', 'billing_*'], ...times });
  await access.insertAccessGroup({ name: 'foreign', queues: ['sales*'], ...times });
  const ids = new IdSource(clock, new SeededRandom(77));
  for (const role of Object.values(Role)) {
    for (const accessGroups of [[], ['own'], ['foreign']]) {
      const scopes = PATH_SCOPES;
      const wanted = { name: role, role, scopes, accessGroups, createdBy: 'test', expiresAtMs: null };
      const { secret, key } = newApiKey(ids, clock, wanted);
      await access.insertApiKey(key);
      keys.set(`${role} ${accessGroups[0] ?? 'all'}`, secret);
    }
  }
  await fixture.server.fastify.ready();
  // A logout ends the session that the others need.
  const last = ({ url }: RouteEntry): number => (url.endsWith('/logout') ? 1 : 0);
  routes = fixture.server.routes.toSorted((a, b) => last(a) - last(b));
});
afterAll(() => fixture.server.close());

/** The route's address with what exists: the queue `billing`, its callback, the agent alice. */
function addressOf({ url, access }: RouteEntry): string {
  return url.replace(/:(\w+)|\*/g, (_whole, name?: string) => {
    if (url.includes('/api-keys/')) return 'key_00000000';
    if (url.includes('/agents/') || url.includes('/workspace/')) return 'alice';
    if (url.includes('/errors/')) return 'corr_00000000';
    if (url.includes('/access-groups/') || url.includes('/users/')) return 'nobody';
    if (url.includes('/number-rules/')) return 'europe';
    if (name === 'id' || name === 'callbackId') return access === 'traceCalls' ? 'none' : ID;
    return 'billing';
  });
}

/** Something for every way in which a body may name a queue, a callback or a number. */
const bodies: readonly object[] = [
  {},
  { virtualQueue: 'billing', customerNumber: NUMBER },
  { serviceName: 'billing', phoneNumber: NUMBER },
  { id: ID },
  { ids: [ID] },
  { desiredAt: '2026-01-05T12:00:00Z' },
  { id: ID, desiredTime: '2026-01-05T12:00:00Z' },
  { number: '1', queue: 'billing' },
  { subject: { kind: 'callback', callbackId: ID } },
  { phoneNumber: NUMBER },
];

function putCallback(): void {
  const { application } = fixture;
  application.callbacks.clear();
  const nowMs = fixture.clock.nowMs();
  const callback = { ...aCallback(), id: ID, virtualQueue: 'billing', customerNumber: NUMBER };
  const times = { createdAtMs: nowMs, placeAtMs: nowMs, desiredAtMs: nowMs };
  const view: CallbackView = { ...callback, ...times, attempts: [], events: [], position: 1 };
  application.callbacks.set(ID, view);
}

function headersOf(credential: string | undefined): Record<string, string> {
  if (credential === undefined) return {};
  return credential.startsWith('tk_')
    ? { 'x-api-key': credential }
    : { authorization: `Bearer ${credential}` };
}

async function send(
  route: RouteEntry,
  credential: string | undefined,
  body?: object,
): Promise<{ status: number; text: string }> {
  const answer = await fixture.ask(route.method as 'GET', addressOf(route), {
    headers: headersOf(credential),
    ...(route.method === 'GET' || body === undefined ? {} : { body }),
  });
  return { status: answer.statusCode, text: answer.body };
}

/** Keys and sessions of an administrator that were good once, by why they are not. */
async function spentCredentials(): Promise<[string, string][]> {
  const { access, clock } = fixture;
  const ids = new IdSource(clock, new SeededRandom(79));
  const nowMs = clock.nowMs();
  const admin = { name: 'was', role: Role.administrator, createdBy: 'test', scopes: PATH_SCOPES };
  const keyWith = async (change: object, expiresAtMs: number | null = null): Promise<string> => {
    const { secret, key } = newApiKey(ids, clock, { ...admin, expiresAtMs });
    await access.insertApiKey({ ...key, ...change });
    return secret;
  };
  const rotated = newApiKey(ids, clock, { ...admin, expiresAtMs: null });
  const previous = { keyHash: 'of the next', previousHash: rotated.key.keyHash, previousUntilMs: nowMs };
  await access.insertApiKey({ ...rotated.key, ...previous });
  const user = { role: Role.administrator, passwordHash: '', agentId: null, accessGroups: [] };
  const times = { createdAtMs: 1, updatedAtMs: 1 };
  await access.insertUser({ name: 'here', enabled: true, ...user, ...times });
  await access.insertUser({ name: 'disabled', enabled: false, ...user, ...times });
  const sessionOf = async (letter: string, userName: string, change: object): Promise<string> => {
    const token = `ts_${letter.repeat(43)}`;
    const session = { tokenHash: secretDigest(token), userName, createdAtMs: nowMs };
    const good = { expiresAtMs: nowMs + 3_600_000, lastUsedAtMs: nowMs };
    await access.insertSession({ ...session, ...good, ...change });
    return token;
  };
  return [
    ['a key that nobody made', `tk_${'z'.repeat(43)}`],
    ['a session that nobody began', `ts_${'z'.repeat(43)}`],
    ['an expired key', await keyWith({}, nowMs)],
    ['a rotated key whose grace is over', rotated.secret],
    ['an expired session', await sessionOf('p', 'here', { expiresAtMs: nowMs })],
    ['an idle session', await sessionOf('q', 'here', { lastUsedAtMs: nowMs - 21 * 60_000 })],
    ['the session of a disabled user', await sessionOf('r', 'disabled', {})],
    ['the session of a deleted user', await sessionOf('s', 'gone', {})],
  ];
}

const tellsOf = ({ status, text }: { status: number; text: string }): boolean =>
  status < 300 && TRACES.test(text.replace(NO_TRACE, ''));

const named = ({ method, url }: RouteEntry): string => `${method} ${url}`;

describe('every route of the table', () => {
  it('asks for credentials unless it is public, and the table is not empty', async () => {
    expect(routes.length).toBeGreaterThan(50);
    const answered = await Promise.all(
      routes
        .filter(({ access }) => access !== 'public')
        .map(async (route) => [named(route), (await send(route, undefined)).status]),
    );
    expect(answered.filter(([, status]) => status !== 401)).toEqual([]);
  });

  it('answers HEAD without credentials as GET: it tells of nothing, either', async () => {
    const reading = routes.filter(({ access, method }) => access !== 'public' && method === 'GET');
    for (const route of reading) {
      const answer = await fixture.server.fastify.inject({ method: 'HEAD', url: addressOf(route) });
      expect([named(route), answer.statusCode]).toEqual([named(route), 401]);
    }
  });

  it('takes no credential that is not good any more, of whatever role', async () => {
    for (const [name, credential] of await spentCredentials()) {
      for (const route of routes.filter(({ access }) => access !== 'public')) {
        const { status } = await send(route, credential, {});
        expect([name, named(route), status]).toEqual([name, named(route), 401]);
      }
    }
  });

  it('takes the session cookie from no page of another origin, and never where keys are asked for', async () => {
    const cookie = `turnkeeper_session=${fixture.tokens.Agent}`;
    for (const { access, method, url } of routes.filter((route) => route.access !== 'public')) {
      const address = addressOf({ access, method, url });
      const answer = await fixture.ask(method as 'GET', address, {
        headers: { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      });
      const isKeysOnly = access === 'ges' || access === 'gms';
      expect([method, url, answer.statusCode]).toEqual([method, url, isKeysOnly ? 401 : 403]);
    }
  });

  it('answers each role as the rules say: refused without the permission, never refused with it', async () => {
    const wrong: unknown[] = [];
    for (const route of routes) {
      if (route.access === 'public') continue;
      for (const role of Object.values(Role)) {
        const asSession = role === Role.agent;
        const credential = asSession ? fixture.tokens.Agent : keys.get(`${role} all`);
        const rights = { role, scopes: asSession ? null : PATH_SCOPES, queues: null };
        const expected = may(rights, route.access);
        const { status, text } = await send(route, credential);
        const refused = status === 401 || (status === 403 && REFUSAL.test(text));
        if (refused === expected) wrong.push([named(route), role, status, text]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('answers a key without the scope 403, whatever its role', async () => {
    const ids = new IdSource(fixture.clock, new SeededRandom(78));
    const secretOf = async (scopes: readonly ('native' | 'ges' | 'gms')[]): Promise<string> => {
      const wanted = { name: 'x', role: Role.administrator, createdBy: 'test', expiresAtMs: null, scopes };
      const { secret, key } = newApiKey(ids, fixture.clock, wanted);
      await fixture.access.insertApiKey(key);
      return secret;
    };
    const family = (access: RouteAccess): 'native' | 'ges' | 'gms' =>
      access === 'ges' || access === 'gms' ? access : 'native';
    const lacking = {
      native: await secretOf(['ges', 'gms']),
      ges: await secretOf(['native', 'gms']),
      gms: await secretOf(['native', 'ges']),
    };
    for (const route of routes) {
      if (route.access === 'public') continue;
      const { status } = await send(route, lacking[family(route.access)]);
      expect([named(route), status]).toEqual([named(route), 403]);
    }
  });
});

describe('own and foreign queues', () => {
  it('show to members of a group what is theirs as to everybody, and nothing of another queue', async () => {
    const shown: string[] = [];
    const wrong: unknown[] = [];
    for (const route of routes) {
      // Everybody reads the errors of their own requests, which name the queue here: queue-access.test.ts.
      if (route.access === 'public' || route.access === 'readErrors') continue;
      for (const body of route.method === 'GET' ? [{}] : bodies) {
        const all = { scopes: PATH_SCOPES, queues: null };
        const roles = [Role.supervisor, Role.developer].filter((role) =>
          may({ role, ...all }, route.access as RouteAccess),
        );
        for (const role of roles.slice(0, 1)) {
          const answers = [];
          for (const group of ['all', 'own', 'foreign']) {
            putCallback();
            answers.push(await send(route, keys.get(`${role} ${group}`), body));
            const kept = fixture.application.callbacks.get(ID);
            const changed = kept?.state !== aCallback().state || fixture.application.callbacks.size !== 1;
            if (group === 'foreign' && changed) wrong.push([named(route), role, body, 'changed']);
          }
          const [anybody, own, foreign] = answers;
          const tells = (answer: typeof own): boolean => answer !== undefined && tellsOf(answer);
          if (!tells(anybody)) continue;
          shown.push(named(route));
          if (!tells(own)) wrong.push([named(route), role, body, 'own', own]);
          if (tells(foreign)) wrong.push([named(route), role, body, 'foreign', foreign]);
        }
      }
    }
    expect(wrong).toEqual([]);
    // What the differences are seen at: fewer would mean that the requests miss their targets.
    expect(new Set(shown).size).toBeGreaterThan(15);
    expect(shown).toContain('POST /api/v1/callbacks/:id/cancel');
    expect(shown).toContain('GET /metrics');
  }, 60_000);

  it('hold for a person as for a key', async () => {
    const nowMs = fixture.clock.nowMs();
    const token = `ts_${'m'.repeat(43)}`;
    const user = { name: 'mo', role: Role.monitor, passwordHash: '', agentId: null, enabled: true };
    const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
    await fixture.access.insertUser({ ...user, accessGroups: ['foreign'], ...times });
    const session = { tokenHash: secretDigest(token), userName: 'mo', createdAtMs: nowMs };
    await fixture.access.insertSession({ ...session, expiresAtMs: nowMs + 3_600_000, lastUsedAtMs: nowMs });
    for (const route of routes.filter(({ access, method }) => access !== 'public' && method === 'GET')) {
      putCallback();
      const { status, text } = await send(route, token);
      expect([named(route), tellsOf({ status, text })]).toEqual([named(route), false]);
    }
  });
});
