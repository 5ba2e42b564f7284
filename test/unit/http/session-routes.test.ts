import { describe, expect, it } from 'vitest';
import { ensureAdministrator } from '../../../src/adapters/http/first-administrator.ts';
import { hashPassword, verifyPassword } from '../../../src/adapters/http/password-hash.ts';
import { aUser } from './cheap-password.ts';
import { closeFixtures, newFixture } from './http-fixture.ts';
import type { Fixture } from './http-fixture.ts';

closeFixtures();
const API = '/api/v1';

async function withAdministrator(
  ...args: Parameters<typeof newFixture>
): Promise<{ fixture: Fixture; password: string; login: Fixture['ask'] }> {
  const fixture = await newFixture(...args);
  fixture.access.users.clear();
  const password = 'correct horse battery';
  await fixture.access.insertUser(aUser(password));
  return {
    fixture,
    password,
    login: (method, url, ask) => fixture.ask(method, url, { body: { name: 'admin', password }, ...ask }),
  };
}

describe('passwords', () => {
  it('are hashed with scrypt in PHC format, salted, and verified', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await hashPassword('correct horse')).not.toBe(hash);
    expect(await verifyPassword('correct horse', hash)).toBe(true);
    expect(await verifyPassword('correct horsf', hash)).toBe(false);
  });

  it.each([
    '',
    'plain',
    '$scrypt$ln=30,r=8,p=3$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
    '$scrypt$ln=15,r=8,p=3$$',
  ])('are refused against the damaged hash %j', async (hash) => {
    expect(await verifyPassword('x', hash)).toBe(false);
  });
});

describe('the first administrator', () => {
  it('is made once, with a password that works', async () => {
    const fixture = await newFixture();
    fixture.access.users.clear();
    const password = (await ensureAdministrator(fixture.access, fixture.clock))?.password ?? '';
    expect(password).toMatch(/^[\w-]{20}$/);
    expect(await ensureAdministrator(fixture.access, fixture.clock)).toBeUndefined();
    const answer = await fixture.ask('POST', `${API}/login`, { body: { name: 'admin', password } });
    expect(answer.json()).toMatchObject({ name: 'admin', role: 'Administrator' });
    expect(JSON.stringify([...fixture.access.users.values()])).not.toContain(password);
  });
});

describe('sessions', () => {
  it('begin with a login and end with a logout', async () => {
    const { fixture, login } = await withAdministrator();
    const { token, expiresAt } = (await login('POST', `${API}/login`)).json();
    expect(expiresAt).toBe('2026-01-05T21:00:00.000Z');
    const headers = { authorization: `Bearer ${token}` };
    const me = await fixture.ask('GET', `${API}/me`, { headers });
    expect(me.json()).toMatchObject({
      kind: 'user',
      name: 'admin',
      permissions: expect.arrayContaining(['configure']),
    });
    expect([...fixture.access.sessions.keys()].join()).not.toContain(token);
    expect((await fixture.ask('POST', `${API}/logout`, { headers })).json()).toEqual({ loggedOut: true });
    expect((await fixture.ask('GET', `${API}/me`, { headers })).statusCode).toBe(401);
  });

  it('end by time, and when the user is disabled', async () => {
    const { fixture, login } = await withAdministrator();
    const tokens = [];
    for (let i = 0; i < 2; i++) tokens.push((await login('POST', `${API}/login`)).json().token);
    const headers = { authorization: `Bearer ${tokens[0]}` };
    const admin = fixture.access.users.get('admin');
    if (admin) fixture.access.users.set('admin', { ...admin, enabled: false });
    expect((await fixture.ask('GET', `${API}/me`, { headers })).statusCode).toBe(401);
    expect((await login('POST', `${API}/login`)).statusCode).toBe(401);
    if (admin) fixture.access.users.set('admin', admin);
    expect((await fixture.ask('GET', `${API}/me`, { headers })).statusCode).toBe(200);
    fixture.clock.advance(12 * 3_600_000);
    expect((await fixture.ask('GET', `${API}/me`, { headers })).statusCode).toBe(401);
  });

  it('may live in a cookie that scripts cannot read and other sites cannot use', async () => {
    const { fixture, password } = await withAdministrator({ secureCookies: true });
    const body = { name: 'admin', password, cookie: true };
    const answer = await fixture.ask('POST', `${API}/login`, { body });
    expect(answer.json().token).toBeNull();
    const [pair = '', ...flags] = String(answer.headers['set-cookie']).split('; ');
    expect(flags).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict', 'Max-Age=43200', 'Secure']);
    expect(pair).toMatch(/^__Host-turnkeeper_session=ts_/);
    // Another host of the domain can set a cookie for this one, but none of that name.
    const tossed = { cookie: pair.replace('__Host-', '') };
    expect((await fixture.ask('GET', `${API}/me`, { headers: tossed })).statusCode).toBe(401);
    const post = async (headers: Record<string, string>): Promise<number> =>
      (await fixture.ask('PATCH', `${API}/users/nobody`, { body: {}, headers: { cookie: pair, ...headers } }))
        .statusCode;
    expect(await post({})).toBe(404);
    expect(await post({ 'sec-fetch-site': 'same-origin' })).toBe(404);
    expect(await post({ host: 'pbx.test', origin: 'https://pbx.test' })).toBe(404);
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await post({ host: 'pbx.test', origin: 'https://evil.test' })).toBe(403);
    expect(await post({ host: 'pbx.test', origin: 'null' })).toBe(403);
  });

  it('have a cookie for TLS alone where a trusted proxy says that the browser came by it', async () => {
    const cookieOf = async (trustedProxies: string[], headers: Record<string, string>): Promise<string> => {
      const { fixture, password } = await withAdministrator({ trustedProxies });
      const body = { name: 'admin', password, cookie: true };
      return String((await fixture.ask('POST', `${API}/login`, { body, headers })).headers['set-cookie']);
    };
    const overTls = { 'x-forwarded-proto': 'https' };
    expect(await cookieOf(['192.0.2.0/24'], overTls)).toMatch(/^__Host-.*; Secure$/);
    expect(await cookieOf(['192.0.2.0/24'], { 'x-forwarded-proto': 'wss' })).toMatch(/; Secure$/);
    expect(await cookieOf(['192.0.2.0/24'], {})).not.toContain('Secure');
    expect(await cookieOf([], overTls)).not.toContain('Secure');
  });

  it('do not begin with a password that is changed while it is being checked', async () => {
    const { fixture, login } = await withAdministrator();
    const { access } = fixture;
    const asked = access.insertSession.bind(access);
    // Between the check and the session: its other sessions are ended, and this one comes after.
    access.insertSession = async (session) => {
      const admin = await access.findUser('admin');
      if (admin) await access.updateUser({ ...admin, passwordHash: await hashPassword('another one') });
      await access.deleteSessionsOf('admin');
      await asked(session);
    };
    expect((await login('POST', `${API}/login`)).statusCode).toBe(401);
    expect([...access.sessions.values()].filter(({ userName }) => userName === 'admin')).toEqual([]);
  });

  it('refuse a wrong password and an unknown name with the same words', async () => {
    const { fixture } = await withAdministrator();
    const answers = [];
    for (const name of ['admin', 'nobody']) {
      answers.push(await fixture.ask('POST', `${API}/login`, { body: { name, password: 'wrong' } }));
    }
    expect(answers.map((answer) => answer.statusCode)).toEqual([401, 401]);
    const messages = answers.map((answer) => answer.json().error.message);
    expect(messages[0]).toBe(messages[1]);
  });

  it('cannot be guessed at speed from one address', async () => {
    const { fixture } = await withAdministrator({ loginAddressRate: { perMinuteMax: 1, burstMax: 2 } });
    const attempt = async (address: string, name: string): Promise<number> =>
      (await fixture.ask('POST', `${API}/login`, { body: { name, password: 'x' }, address })).statusCode;
    expect(await attempt('192.0.2.1', 'admin')).toBe(401);
    expect(await attempt('192.0.2.1', 'admin')).toBe(401);
    expect(await attempt('192.0.2.1', 'other')).toBe(429);
    expect(await attempt('192.0.2.2', 'admin')).toBe(401);
    fixture.clock.advance(60_000);
    expect(await attempt('192.0.2.1', 'admin')).toBe(401);
  });

  it('a new password undoes nothing that an administrator changed meanwhile', async () => {
    const { fixture, password, login } = await withAdministrator();
    const { token } = (await login('POST', `${API}/login`, {})).json();
    const user = fixture.access.users.get('admin');
    const find = fixture.access.findUser.bind(fixture.access);
    let readCount = 0;
    // Demoted while the new password is hashed: between the two times that the user is read.
    fixture.access.findUser = async (name) => {
      readCount++;
      const found = await find(name);
      if (readCount === 2 && user) fixture.access.users.set('admin', { ...user, role: 'Monitor' });
      return found;
    };
    const body = { currentPassword: password, newPassword: 'long-enough-1' };
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fixture.ask('PUT', `${API}/me/password`, { headers, body });
    expect(answer.statusCode).toBe(200);
    expect(fixture.access.users.get('admin')?.role).toBe('Monitor');
  });

  it('end when the password is changed, which needs the old one', async () => {
    const { fixture, password, login } = await withAdministrator();
    const { token } = (await login('POST', `${API}/login`)).json();
    const headers = { authorization: `Bearer ${token}` };
    const change = (currentPassword: string, newPassword: string): ReturnType<Fixture['ask']> =>
      fixture.ask('PUT', `${API}/me/password`, { headers, body: { currentPassword, newPassword } });
    expect((await change('wrong', 'long-enough-1')).statusCode).toBe(401);
    expect((await change(password, 'short')).statusCode).toBe(400);
    expect((await change(password, 'long-enough-1')).statusCode).toBe(200);
    expect((await fixture.ask('GET', `${API}/me`, { headers })).statusCode).toBe(401);
    expect((await login('POST', `${API}/login`)).statusCode).toBe(401);
    const again = await fixture.ask('POST', `${API}/login`, {
      body: { name: 'admin', password: 'long-enough-1' },
    });
    expect(again.statusCode).toBe(200);
  });
});

describe('API keys', () => {
  it('are shown once, work, expire and can be deleted', async () => {
    const fixture = await newFixture();
    const { ask, clock, access } = fixture;
    const body = { name: 'web site', role: 'Developer', expiresAt: '2026-01-05T10:00:00Z' };
    const made = await ask('POST', `${API}/api-keys`, { role: 'Administrator', body });
    expect(made.statusCode).toBe(201);
    const { id, key } = made.json();
    expect(key).toMatch(/^tk_[\w-]{43}$/);
    expect(JSON.stringify([...access.keys.values()])).not.toContain(key);
    expect((await ask('GET', `${API}/api-keys`, { role: 'Developer' })).body).not.toContain(key);
    const use = async (): Promise<number> =>
      (await ask('GET', `${API}/queues`, { headers: { 'x-api-key': key } })).statusCode;
    expect(await use()).toBe(200);
    expect(access.keys.get(id)?.lastUsedAtMs).toBe(clock.nowMs());
    clock.advance(3_600_000);
    expect(await use()).toBe(401);
    expect((await ask('DELETE', `${API}/api-keys/${id}`, { role: 'Developer' })).statusCode).toBe(200);
    expect((await ask('DELETE', `${API}/api-keys/${id}`, { role: 'Developer' })).statusCode).toBe(404);
  });

  it('never give more than their maker has', async () => {
    const { ask, access } = await newFixture();
    const body = { name: 'k', role: 'Administrator' };
    expect((await ask('POST', `${API}/api-keys`, { role: 'Developer', body })).statusCode).toBe(403);
    const administrators = [...access.keys.values()].filter((key) => key.role === 'Administrator');
    expect(administrators).toHaveLength(1);
    const url = `${API}/api-keys/${administrators[0]?.id}`;
    expect((await ask('DELETE', url, { role: 'Developer' })).statusCode).toBe(403);
  });
});

describe('users', () => {
  it('are added, changed and deleted by an administrator, who cannot lock themselves out', async () => {
    const { fixture, login } = await withAdministrator();
    const headers = { authorization: `Bearer ${(await login('POST', `${API}/login`)).json().token}` };
    const body = { name: 'sue', role: 'Supervisor', password: 'long-enough-1' };
    const made = await fixture.ask('POST', `${API}/users`, { headers, body });
    expect(made.statusCode).toBe(201);
    expect(made.body).not.toMatch(/scrypt|long-enough/);
    expect((await fixture.ask('POST', `${API}/users`, { headers, body })).statusCode).toBe(409);
    const sue = await fixture.ask('PATCH', `${API}/users/sue`, {
      headers,
      body: { role: 'Agent', agentId: 'bob' },
    });
    expect(sue.json()).toMatchObject({ role: 'Agent', agentId: 'bob' });
    expect((await fixture.ask('GET', `${API}/users`, { headers })).json().items).toHaveLength(2);
    for (const change of [{ enabled: false }, { role: 'Monitor' }]) {
      expect((await fixture.ask('PATCH', `${API}/users/admin`, { headers, body: change })).statusCode).toBe(
        403,
      );
    }
    expect((await fixture.ask('DELETE', `${API}/users/admin`, { headers })).statusCode).toBe(403);
    expect((await fixture.ask('DELETE', `${API}/users/sue`, { headers })).statusCode).toBe(200);
    expect((await fixture.ask('DELETE', `${API}/users/sue`, { headers })).statusCode).toBe(404);
  });

  it('change their own password with the current one only, administrators, too', async () => {
    const { fixture, login } = await withAdministrator();
    const headers = { authorization: `Bearer ${(await login('POST', `${API}/login`)).json().token}` };
    const body = { password: 'long-enough-2' };
    expect((await fixture.ask('PATCH', `${API}/users/admin`, { headers, body })).statusCode).toBe(403);
    expect((await login('POST', `${API}/login`)).statusCode).toBe(200);
  });

  it('keep one administrator, also when a key changes them', async () => {
    const { fixture } = await withAdministrator();
    const role = 'Administrator';
    const path = `${API}/users/admin`;
    const refused = [
      await fixture.ask('DELETE', path, { role }),
      await fixture.ask('PATCH', path, { role, body: { enabled: false } }),
      await fixture.ask('PATCH', path, { role, body: { role: 'Monitor' } }),
    ];
    expect(refused.map((answer) => answer.json().error.code)).toEqual(['IN_USE', 'IN_USE', 'IN_USE']);
    const body = { name: 'sue', role, password: 'long-enough-1' };
    expect((await fixture.ask('POST', `${API}/users`, { role, body })).statusCode).toBe(201);
    expect((await fixture.ask('DELETE', path, { role })).statusCode).toBe(200);
    const off = { role, body: { enabled: false } } as const;
    expect((await fixture.ask('PATCH', `${API}/users/sue`, off)).statusCode).toBe(409);
  });

  it('are not protected by a key that has the name of one', async () => {
    const { fixture, login } = await withAdministrator();
    const headers = { authorization: `Bearer ${(await login('POST', `${API}/login`)).json().token}` };
    const body = { name: 'sue', role: 'Supervisor', password: 'long-enough-1' };
    await fixture.ask('POST', `${API}/users`, { headers, body });
    const key = await fixture.ask('POST', `${API}/api-keys`, {
      headers,
      body: { name: 'sue', role: 'Administrator' },
    });
    const asKey = { 'x-api-key': String(key.json().key) };
    expect((await fixture.ask('DELETE', `${API}/users/sue`, { headers: asKey })).statusCode).toBe(200);
  });
});
