import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { digestSecret } from '../../../src/telephony/digest.ts';
import { Registrar } from '../../../src/telephony/registrar.ts';
import type { RegisterRequest, RegisterResponse } from '../../../src/telephony/register-request.ts';
import { MemoryRegistrationStore } from '../../../src/telephony/registration.ts';
import type { TelephonyDirectory } from '../../../src/telephony/telephony-directory.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const PASSWORDS = new Map([
  ['alice', 'pw-a'],
  ['bob', 'pw-b'],
]);

let clock: SimulatedClock;
let store: MemoryRegistrationStore;
let registrar: Registrar;
let counts: Map<string, number>;
let users: Map<string, string>;

function makeRegistrar(): Registrar {
  const directory: TelephonyDirectory = {
    realm: 'r',
    trunks: () => [],
    trunkPassword: () => undefined,
    agentBySipUser: (user) => {
      const password = users.get(user);
      return password === undefined
        ? undefined
        : { agentId: `agent-${user}`, ha1: digestSecret(user, 'r', password) };
    },
  };
  const counters = {
    increment: (name: string, label = ''): void => {
      counts.set(`${name}:${label}`, (counts.get(`${name}:${label}`) ?? 0) + 1);
    },
  };
  return new Registrar({ directory, store, clock, log: silentLog, counters });
}

beforeEach(() => {
  clock = new SimulatedClock();
  store = new MemoryRegistrationStore();
  counts = new Map();
  users = new Map(PASSWORDS);
  registrar = makeRegistrar();
});

let cseq = 0;
function request(more: Partial<RegisterRequest> = {}): RegisterRequest {
  return {
    aorUser: 'alice',
    callId: 'call-1',
    cseq: ++cseq,
    contact: '<sip:alice@192.0.2.1:5060>',
    source: { address: '192.0.2.1', port: 5060, transport: 'udp' },
    ...more,
  };
}

function withPassword(
  plain: RegisterRequest,
  password: string,
  response: RegisterResponse,
  user = plain.aorUser,
) {
  const challenge = [response.headers['WWW-Authenticate'] ?? ''].flat()[0] ?? '';
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const digest = md5(`${md5(`${user}:r:${password}`)}:${nonce}:00000001:c:auth:${md5('REGISTER:sip:r')}`);
  const authorization =
    `Digest username="${user}", realm="r", nonce="${nonce}", uri="sip:r", response="${digest}", ` +
    'algorithm=MD5, qop=auth, nc=00000001, cnonce="c"';
  return { ...plain, cseq: ++cseq, authorization };
}

async function register(more: Partial<RegisterRequest> = {}, password = 'pw-a'): Promise<RegisterResponse> {
  const plain = request(more);
  return registrar.register(withPassword(plain, password, await registrar.register(plain)));
}

const contactsOf = (response: RegisterResponse): readonly string[] =>
  [response.headers['Contact'] ?? []].flat();

describe('a registration', () => {
  it('is challenged first, then kept, answered with its contacts and stored', async () => {
    const challenged = await registrar.register(request());
    expect(challenged.status).toBe(401);
    expect(challenged.headers['WWW-Authenticate']).toEqual([expect.stringContaining('algorithm=MD5')]);
    const response = await register({ expires: '120' });
    expect(response.status).toBe(200);
    expect(contactsOf(response)).toEqual(['<sip:alice@192.0.2.1:5060>;expires=120']);
    expect(await store.all()).toHaveLength(1);
    expect(registrar.isReachable('agent-alice')).toBe(true);
  });

  it('lasts at most the longest time, also when none is asked for', async () => {
    expect(contactsOf(await register({ expires: '90000' }))[0]).toContain('expires=3600');
    expect(contactsOf(await register())[0]).toContain('expires=3600');
    expect(contactsOf(await register({ expires: 'soon' }))[0]).toContain('expires=3600');
  });

  it('shorter than the least time is refused with that time', async () => {
    const response = await register({ expires: '59' });
    expect(response).toMatchObject({ status: 423, headers: { 'Min-Expires': '60' } });
    expect((await register({ expires: '60' })).status).toBe(200);
  });

  it('prefers the expires of a contact over the header', async () => {
    const response = await register({ contact: '<sip:a@192.0.2.1>;expires=100;q=0.5', expires: '200' });
    expect(contactsOf(response)).toEqual(['<sip:a@192.0.2.1>;expires=100;q=0.5']);
  });

  it('ends by expires 0, by a star, and by time', async () => {
    await register();
    await register({ contact: '<sip:alice@192.0.2.1:5060>;expires=0' });
    expect(registrar.isReachable('agent-alice')).toBe(false);
    await register();
    await register({ contact: '*', expires: '0' });
    expect(await store.all()).toHaveLength(0);
    await register({ expires: '60' });
    clock.advance(60_000);
    expect(registrar.isReachable('agent-alice')).toBe(false);
    await registrar.sweep();
    expect(await store.all()).toHaveLength(0);
  });

  it('with a star and any time is malformed, as is a contact that is no SIP URI', async () => {
    expect((await register({ contact: '*' })).status).toBe(400);
    expect((await register({ contact: '*', expires: '60' })).status).toBe(400);
    expect((await register({ contact: '<mailto:a@b>' })).status).toBe(400);
    expect((await register({ contact: '<sip:a@b' })).status).toBe(400);
    expect((await register({ contact: 'tel:+15551234' })).status).toBe(400);
  });

  it('without a contact only asks', async () => {
    await register();
    const plain = request();
    const { contact: _, ...query } = withPassword(plain, 'pw-a', await registrar.register(plain));
    expect(contactsOf(await registrar.register(query))).toHaveLength(1);
  });

  it('out of order within its Call-ID is refused and changes nothing', async () => {
    const late = request();
    await register();
    const response = await registrar.register({
      ...withPassword(late, 'pw-a', await registrar.register(late)),
      cseq: late.cseq,
      contact: '<sip:alice@192.0.2.1:5060>;expires=0',
    });
    expect(response.status).toBe(500);
    expect(registrar.isReachable('agent-alice')).toBe(true);
    const restarted = await register({ callId: 'call-2', contact: '<sip:alice@192.0.2.1:5060>;expires=0' });
    expect(restarted.status).toBe(200);
  });

  it('may have ten contacts, best first, and an eleventh is refused', async () => {
    for (let i = 0; i < 10; i++) await register({ contact: `<sip:a@192.0.2.1:${6000 + i}>;q=0.${i}` });
    expect((await register({ contact: '<sip:a@192.0.2.1:7000>' })).status).toBe(403);
    const ports = registrar.contacts('agent-alice').map(({ contactUri }) => contactUri.slice(-4));
    expect(ports).toHaveLength(10);
    expect(ports[0]).toBe('6009');
    expect((await register({ contact: '<sip:a@192.0.2.1:6003>;expires=0' })).status).toBe(200);
    expect((await register({ contact: '<sip:a@192.0.2.1:7000>' })).status).toBe(200);
  });

  it('of the same phone after a restart replaces its old contact', async () => {
    await register({ contact: '<sip:a@192.0.2.1:6000>;+sip.instance="<urn:uuid:1>"' });
    await register({ contact: '<sip:a@192.0.2.1:6001>;+sip.instance="<urn:uuid:1>"' });
    expect(registrar.contacts('agent-alice').map(({ contactUri }) => contactUri)).toEqual([
      'sip:a@192.0.2.1:6001',
    ]);
  });

  it('survives a restart, unless it has expired or the agent is gone', async () => {
    await register();
    await register({ aorUser: 'bob', contact: '<sip:bob@192.0.2.2>' }, 'pw-b');
    users.delete('bob');
    registrar = makeRegistrar();
    await registrar.load();
    expect(registrar.bindings().map(({ agentId }) => agentId)).toEqual(['agent-alice']);
    clock.advance(3_600_000);
    registrar = makeRegistrar();
    await registrar.load();
    expect(registrar.bindings()).toEqual([]);
    expect(await store.all()).toEqual([]);
  });

  it('goes when the agent is taken out of the directory', async () => {
    await register();
    users.delete('alice');
    await registrar.sweep();
    expect(registrar.bindings()).toEqual([]);
  });

  it('holds though the store fails', async () => {
    store.put = () => Promise.reject(new Error('disk full'));
    expect((await register()).status).toBe(200);
    expect(counts.get('registration_store_failures:')).toBe(1);
  });
});

describe('a registration with the wrong identity', () => {
  it('is refused alike for a wrong password, an unknown user and another user', async () => {
    expect(await register({}, 'guess')).toEqual({ status: 403, headers: {} });
    expect(await register({ aorUser: 'nobody' }, 'guess')).toEqual({ status: 403, headers: {} });
    const plain = request({ aorUser: 'bob' });
    const asAlice = withPassword(plain, 'pw-a', await registrar.register(plain), 'alice');
    expect(await registrar.register(asAlice)).toEqual({ status: 403, headers: {} });
  });

  it('is asked again with stale=true when only the nonce is old', async () => {
    const plain = request();
    const challenge = await registrar.register(plain);
    clock.advance(301_000);
    const response = await registrar.register(withPassword(plain, 'pw-a', challenge));
    expect(response.status).toBe(401);
    expect([response.headers['WWW-Authenticate']].flat()[0]).toContain('stale=true');
  });

  it('is turned away after twenty failures from one source, for a minute, but not a registered phone', async () => {
    await register();
    const stranger = { address: '192.0.2.1', port: 999, transport: 'udp' as const };
    for (let i = 0; i < 20; i++) await register({ source: stranger }, 'guess');
    expect((await register({ source: stranger })).status).toBe(403);
    expect(counts.get('registrations_refused:throttled')).toBe(1);
    expect((await register()).status).toBe(200);
    expect((await register({ source: { ...stranger, address: '192.0.2.7' } })).status).toBe(200);
    clock.advance(60_000);
    expect((await register({ source: stranger })).status).toBe(200);
  });
});

describe('reachability', () => {
  it('is told when the first contact comes and the last goes', async () => {
    const seen: string[] = [];
    const stop = registrar.onReachability((agentId, reachable) => seen.push(`${agentId} ${reachable}`));
    await register({ contact: '<sip:a@192.0.2.1:1>' });
    await register({ contact: '<sip:a@192.0.2.1:2>' });
    await register({ contact: '*', expires: '0' });
    expect(seen).toEqual(['agent-alice true', 'agent-alice false']);
    stop();
    await register();
    expect(seen).toHaveLength(2);
  });

  it('is lost by three keep-alives in a row without answer, and won back by one', async () => {
    await register();
    const [binding] = registrar.bindings();
    if (!binding) throw new Error('no binding');
    for (let i = 0; i < 2; i++) registrar.keepAlive(binding, false);
    expect(registrar.isReachable('agent-alice')).toBe(true);
    registrar.keepAlive(binding, false);
    expect(registrar.isReachable('agent-alice')).toBe(false);
    expect(registrar.bindings()).toHaveLength(1);
    registrar.keepAlive(binding, true);
    expect(registrar.isReachable('agent-alice')).toBe(true);
  });

  it('is lost at once with the contact that has vanished from a call, until it answers or registers', async () => {
    const contact = 'sip:a@192.0.2.1:1';
    await register({ contact: `<${contact}>` });
    registrar.vanished('agent-alice', 'sip:another@192.0.2.1:1');
    expect(registrar.isReachable('agent-alice')).toBe(true);
    registrar.vanished('agent-alice', contact);
    expect(registrar.isReachable('agent-alice')).toBe(false);
    const [binding] = registrar.bindings();
    if (binding) registrar.keepAlive(binding, true);
    expect(registrar.isReachable('agent-alice')).toBe(true);
    registrar.vanished('agent-alice', contact);
    await register({ contact: `<${contact}>` });
    expect(registrar.isReachable('agent-alice')).toBe(true);
  });

  it('is not brought back by the late answer of a contact that is gone', async () => {
    await register();
    const [binding] = registrar.bindings();
    await register({ contact: '*', expires: '0' });
    if (binding) registrar.keepAlive(binding, true);
    expect(registrar.isReachable('agent-alice')).toBe(false);
  });
});
