import { beforeEach, describe, expect, it } from 'vitest';
import { addressBlock } from '../../../src/adapters/http/address-block.ts';
import { defaultLoginLocks, LoginGuard } from '../../../src/adapters/http/login-guard.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { aUser } from './cheap-password.ts';
import { closeFixtures, newFixture, type Fixture } from './http-fixture.ts';

closeFixtures();

describe('failed log-ins', () => {
  let clock: SimulatedClock;
  let guard: LoginGuard;
  beforeEach(() => {
    clock = new SimulatedClock();
    guard = new LoginGuard(clock, defaultLoginLocks);
  });

  const attempt = (name: string, address: string, familiar = false): number =>
    guard.begin({ name, address, familiar });

  it('lock a name at an address after five, longer each time, a quarter of an hour at most', () => {
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) expect(attempt('sue', '192.0.2.1')).toBe(0);
    for (let i = 0; i < 7; i++) {
      expect(attempt('sue', '192.0.2.1')).toBe(0);
      const waitSec = attempt('sue', '192.0.2.1');
      waits.push(waitSec);
      clock.advance(waitSec * 1000);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900]);
    expect(attempt('sue', '192.0.2.2')).toBe(0);
  });

  it('are forgotten after a success and after an hour', () => {
    for (let i = 0; i < 5; i++) attempt('sue', '192.0.2.1');
    guard.succeeded({ name: 'sue', address: '192.0.2.1', familiar: false });
    for (let i = 0; i < 6; i++) expect(attempt('sue', '192.0.2.1')).toBe(0);
    expect(attempt('sue', '192.0.2.1')).toBe(30);
    clock.advance(3_600_001);
    for (let i = 0; i < 6; i++) expect(attempt('sue', '192.0.2.1')).toBe(0);
    expect(attempt('sue', '192.0.2.1')).toBe(30);
  });

  it('of many names lock the address they come from', () => {
    for (let i = 0; i < 21; i++) expect(attempt(`user${i}`, '192.0.2.1')).toBe(0);
    expect(attempt('sue', '192.0.2.1')).toBe(60);
    expect(attempt('sue', '192.0.2.2')).toBe(0);
  });

  it('by strangers never lock out a user at an address they are known at', () => {
    for (let i = 0; i < 600; i++) {
      const waitSec = attempt('sue', `198.51.${i >> 8}.${i & 255}`);
      expect(waitSec).toBeLessThanOrEqual(120);
      clock.advance(waitSec * 1000);
    }
    attempt('sue', '203.0.113.1');
    expect(attempt('sue', '203.0.113.2')).toBeGreaterThan(0);
    expect(attempt('sue', '192.0.2.1', true)).toBe(0);
  });

  it('are counted before the password is looked at, and not when it never was', () => {
    const login = { name: 'sue', address: '192.0.2.1', familiar: false };
    for (let i = 0; i < 20; i++) {
      expect(guard.begin(login)).toBe(0);
      guard.undecided(login);
    }
    const together = Array.from({ length: 10 }, () => guard.begin(login));
    expect(together.filter((waitSec) => waitSec === 0)).toHaveLength(6);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['nonsense', 'nonsense'],
  ])('%s counts as %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });
});

describe('POST /login', () => {
  const url = '/api/v1/login';
  let fixture: Fixture;
  const password = 'correct horse';
  beforeEach(async () => {
    fixture = await newFixture({ loginAddressRate: { perMinuteMax: 6000, burstMax: 100 } });
    await fixture.access.insertUser(aUser(password));
  });

  const login = (word: string, address = '192.0.2.1'): ReturnType<Fixture['ask']> =>
    fixture.ask('POST', url, { body: { name: 'admin', password: word }, address });

  it('answers LOGIN_LOCKED with Retry-After, also to the right password, and lets in afterwards', async () => {
    for (let i = 0; i < 6; i++) expect((await login('wrong')).statusCode).toBe(401);
    const locked = await login(password);
    expect([locked.statusCode, locked.json().error.code]).toEqual([429, 'LOGIN_LOCKED']);
    expect(locked.headers['retry-after']).toBe('30');
    expect((await login(password, '192.0.2.2')).statusCode).toBe(200);
    fixture.clock.advance(30_000);
    expect((await login(password)).statusCode).toBe(200);
    const actions = (await fixture.access.isFamiliar('admin', '192.0.2.1', 0)) && fixture.audit.entries;
    expect(actions && actions.map(({ action }) => action)).toEqual([
      ...Array.from({ length: 6 }, () => 'login.failed'),
      'login',
      'login',
    ]);
  });

  it('counts wrong current passwords of a session, too', async () => {
    const headers = { authorization: `Bearer ${(await login(password)).json().token}` };
    const change = async (currentPassword: string): Promise<number> => {
      const body = { currentPassword, newPassword: 'long-enough-1' };
      return (await fixture.ask('PUT', '/api/v1/me/password', { headers, body, address: '192.0.2.1' }))
        .statusCode;
    };
    for (let i = 0; i < 6; i++) expect(await change('wrong')).toBe(401);
    expect(await change(password)).toBe(429);
    expect(fixture.audit.entries.filter(({ action }) => action === 'password.changed')).toEqual([]);
  });

  it('takes no log-in for a cookie from a page of another origin', async () => {
    const body = { name: 'admin', password, cookie: true };
    const headers = { 'sec-fetch-site': 'cross-site' };
    const answer = await fixture.ask('POST', url, { body, headers });
    expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([403, undefined]);
  });
});

describe('a session', () => {
  const MINUTE_MS = 60_000;
  let fixture: Fixture;
  let headers: Record<string, string>;
  beforeEach(async () => {
    fixture = await newFixture();
    const body = { name: 'admin', password: 'correct horse' };
    await fixture.access.insertUser(aUser(body.password));
    const { token } = (await fixture.ask('POST', '/api/v1/login', { body })).json();
    headers = { authorization: `Bearer ${token}` };
  });

  const use = async (more: Record<string, string> = {}): Promise<number> =>
    (await fixture.ask('GET', '/api/v1/me', { headers: { ...headers, ...more } })).statusCode;

  it('ends 20 minutes after its last use, not before', async () => {
    for (let i = 0; i < 5; i++) {
      fixture.clock.advance(20 * MINUTE_MS - 1);
      expect(await use()).toBe(200);
    }
    fixture.clock.advance(20 * MINUTE_MS);
    expect(await use()).toBe(401);
  });

  it('is not kept alive by what a page asks by itself', async () => {
    for (let i = 0; i < 19; i++) {
      fixture.clock.advance(MINUTE_MS);
      expect(await use({ 'x-background': 'true' })).toBe(200);
    }
    fixture.clock.advance(MINUTE_MS);
    expect(await use({ 'x-background': 'true' })).toBe(401);
  });

  it('ends after twelve hours however much it is used', async () => {
    for (let i = 0; i < 47; i++) {
      fixture.clock.advance(15 * MINUTE_MS);
      expect(await use()).toBe(200);
    }
    fixture.clock.advance(15 * MINUTE_MS);
    expect(await use()).toBe(401);
  });

  it('sees a change of its rights with the next request', async () => {
    expect(await use()).toBe(200);
    const body = { name: 'mo', password: 'long-enough-1' };
    await fixture.access.insertUser(aUser(body.password, { name: 'mo', role: 'Monitor' }));
    const logged = await fixture.ask('POST', '/api/v1/login', { body });
    const other = { authorization: `Bearer ${logged.json().token}` };
    const list = (): ReturnType<Fixture['ask']> => fixture.ask('GET', '/api/v1/queues', { headers: other });
    expect((await list()).statusCode).toBe(200);
    await fixture.ask('PATCH', '/api/v1/users/mo', { headers, body: { enabled: false } });
    expect((await list()).statusCode).toBe(401);
  });
});
