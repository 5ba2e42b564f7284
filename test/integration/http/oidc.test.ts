import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OpenIdProvider } from '../../fakes/openid-provider.ts';
import { closeFixtures, newFixture, type Fixture } from '../../unit/http/http-fixture.ts';
import { hostileTexts } from './fuzz/hostile.ts';

closeFixtures();
const API = '/api/v1';
const PUBLIC_URL = 'https://desk.example';

let provider: OpenIdProvider;
let fixture: Fixture;
let nowMs: () => number = () => 0;

async function open(
  settings: { groupClaim?: string; agentClaim?: string; secureCookies?: boolean } = {},
): Promise<void> {
  fixture = await newFixture({
    secureCookies: settings.secureCookies ?? false,
    oidc: {
      issuer: provider.issuer,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      publicUrl: PUBLIC_URL,
      scopes: 'openid profile',
      nameClaim: 'preferred_username',
      roleClaim: 'roles',
      roleMap: [
        ['desk-admin', 'Administrator'],
        ['desk-watch', 'Monitor'],
      ],
      groupClaim: settings.groupClaim,
      agentClaim: settings.agentClaim,
    },
  });
  nowMs = () => fixture.clock.nowMs();
}

beforeEach(async () => {
  provider = await OpenIdProvider.start(() => Math.floor(nowMs() / 1000));
  await open();
});
afterEach(() => provider.close());

const cookieOf = (header: unknown, name: string): string | undefined =>
  [header]
    .flat()
    .map(String)
    .find((cookie) => cookie.startsWith(`${name}=`))
    ?.split(';')[0];

/** A browser that begins a log-in here and logs in there. */
async function depart(returnTo = '/console/'): Promise<{ cookie: string; back: URL }> {
  const answer = await fixture.ask('GET', `${API}/oidc/login?returnTo=${encodeURIComponent(returnTo)}`);
  expect(answer.statusCode).toBe(302);
  const cookie = cookieOf(answer.headers['set-cookie'], 'turnkeeper_oidc') ?? '';
  return { cookie, back: await provider.visit(String(answer.headers.location)) };
}

const comeBack = (back: URL, cookie: string): ReturnType<Fixture['ask']> =>
  fixture.ask('GET', `${back.pathname}${back.search}`, { headers: { cookie } });

async function logIn(): ReturnType<Fixture['ask']> {
  const { cookie, back } = await depart();
  return await comeBack(back, cookie);
}

async function me(answer: Awaited<ReturnType<Fixture['ask']>>): Promise<Record<string, unknown>> {
  const cookie = cookieOf(answer.headers['set-cookie'], 'turnkeeper_session') ?? '';
  return (await fixture.ask('GET', `${API}/me`, { headers: { cookie } })).json();
}

describe('a log-in at an OpenID provider', () => {
  it('ends with a session cookie, at the page it began from', async () => {
    const { cookie, back } = await depart('/console/errors?x=1');
    expect(back.origin + back.pathname).toBe(`${PUBLIC_URL}${API}/oidc/callback`);
    const answer = await comeBack(back, cookie);
    expect([answer.statusCode, answer.headers.location]).toEqual([302, '/console/errors?x=1']);
    expect(String(answer.headers['set-cookie'])).toMatch(/turnkeeper_session=ts_.*HttpOnly; SameSite=Strict/);
    expect(await me(answer)).toMatchObject({ kind: 'user', name: 'anna', role: 'Administrator' });
    expect(fixture.audit.entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['login.oidc', 'user:anna'],
    ]);
    expect((await fixture.ask('GET', `${API}/login-methods`)).json()).toEqual({ password: true, oidc: true });
  });

  it('is bound over TLS by cookies that no other host of the domain can set', async () => {
    await open({ secureCookies: true });
    const left = await fixture.ask('GET', `${API}/oidc/login`);
    const cookie = cookieOf(left.headers['set-cookie'], '__Host-turnkeeper_oidc') ?? '';
    expect(String(left.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; .*Secure$/);
    const back = await provider.visit(String(left.headers.location));
    const tossed = await comeBack(back, cookie.replace('__Host-', ''));
    expect([tossed.statusCode, tossed.json().error.code]).toEqual([403, 'OIDC_LOGIN_REFUSED']);
    const answer = await comeBack(back, cookie);
    expect(answer.statusCode).toBe(302);
    expect(String(answer.headers['set-cookie'])).toContain('__Host-turnkeeper_session=ts_');
  });

  it('is the same user each time by subject, with the role of the day', async () => {
    await logIn();
    provider.person = { sub: 'subject-1', preferred_username: 'anna.new', roles: 'desk-watch' };
    expect(await me(await logIn())).toMatchObject({ name: 'anna', role: 'Monitor' });
    expect([...fixture.access.users.keys()]).not.toContain('anna.new');
  });

  it('cannot become somebody who is here already by choosing the name', async () => {
    provider.person = { sub: 'stranger', preferred_username: 'alice', roles: ['desk-admin'] };
    const answer = await logIn();
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'OIDC_LOGIN_REFUSED']);
    expect(fixture.access.users.get('alice')?.role).toBe('Agent');
  });

  it('gives no password to guess', async () => {
    await logIn();
    for (const password of ['x', '$scrypt$']) {
      const answer = await fixture.ask('POST', `${API}/login`, { body: { name: 'anna', password } });
      expect(answer.statusCode).toBe(401);
    }
  });

  it('takes access groups and agent from their claims, and no one without a group', async () => {
    await open({ groupClaim: 'lob.groups', agentClaim: 'agent' });
    await fixture.access.insertAccessGroup({ name: 'sales', queues: ['s'], createdAtMs: 1, updatedAtMs: 1 });
    const person = { sub: 's2', preferred_username: 'ben@x.example', roles: ['desk-watch'] };
    provider.person = person;
    expect((await logIn()).statusCode).toBe(403);
    provider.person = { ...person, agent: 'bob', lob: { groups: ['sales', 'a b'] } };
    expect(await me(await logIn())).toMatchObject({
      name: 'ben_x.example',
      agentId: 'bob',
      accessGroups: ['sales'],
      queues: ['s'],
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['no role', { roles: ['something-else'] }],
    ['no subject', { sub: undefined }],
    ['the nonce of another log-in', { nonce: 'other' }],
    ['another audience', { aud: 'somebody-else' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an end in the past', { exp: 1 }],
    ['several audiences and no authorized party', { aud: ['turnkeeper', 'somebody-else'] }],
    ['another authorized party', { azp: 'somebody-else' }],
  ])('is refused with %s', async (_what, claims) => {
    provider.faults.claims = (good) => ({ ...good, ...claims });
    const answer = await logIn();
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'OIDC_LOGIN_REFUSED']);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(fixture.audit.entries.at(-1)?.action).toBe('login.failed');
  });

  it('is refused when the signature is not by a published key', async () => {
    provider.faults.foreignKey = true;
    expect((await logIn()).statusCode).toBe(403);
  });

  it('is refused to a disabled user', async () => {
    await logIn();
    const anna = fixture.access.users.get('anna');
    if (anna) await fixture.access.updateUser({ ...anna, enabled: false });
    expect((await logIn()).statusCode).toBe(403);
  });

  it('is bound to the browser, the state, ten minutes and one use of the code', async () => {
    const { cookie, back } = await depart();
    const other = await depart();
    expect((await comeBack(back, '')).statusCode).toBe(403);
    expect((await comeBack(back, other.cookie)).statusCode).toBe(403);
    expect((await comeBack(back, `${cookie.slice(0, -4)}AAAA`)).statusCode).toBe(403);
    expect((await comeBack(back, cookie)).statusCode).toBe(302);
    expect((await comeBack(back, cookie)).statusCode).toBe(403);
    fixture.clock.advance(10 * 60_000);
    expect((await comeBack(other.back, other.cookie)).statusCode).toBe(403);
  });

  it('leads nowhere else', async () => {
    for (const returnTo of ['https://evil.example', '//evil.example', '/\\evil.example', 'console']) {
      const url = `${API}/oidc/login?returnTo=${encodeURIComponent(returnTo)}`;
      expect([returnTo, (await fixture.ask('GET', url)).statusCode]).toEqual([returnTo, 400]);
    }
  });

  it('tells a provider that is broken, gone or another from a refusal', async () => {
    provider.faults.tokenStatus = 502;
    const broken = await logIn();
    expect([broken.statusCode, broken.json().error.code]).toEqual([503, 'OIDC_PROVIDER_FAILED']);
    await open();
    provider.faults.issuer = 'https://evil.example';
    const another = await fixture.ask('GET', `${API}/oidc/login`);
    expect([another.statusCode, another.json().error.code]).toEqual([503, 'OIDC_PROVIDER_FAILED']);
    expect(another.body).not.toContain('evil');
    const cause = [...fixture.errors.records.values()].at(-1)?.cause;
    expect(cause).toContain('evil.example');
  });

  it('keeps codes and states out of the error records', async () => {
    const { back } = await depart();
    await comeBack(back, '');
    const records = JSON.stringify([...fixture.errors.records.values()]);
    expect(records).toContain('code=[removed]');
    expect(records).not.toContain(back.searchParams.get('code') ?? '-');
    expect(records).not.toContain(back.searchParams.get('state') ?? '-');
  });

  it('is refused, and nothing breaks, whatever stands in the place of what the provider sends back', async () => {
    const { cookie, back } = await depart();
    const names = ['code', 'state', 'iss', 'error', 'error_description', 'scope', 'session_state'];
    let askedCount = 0;
    for (const [at, text] of hostileTexts.entries()) {
      const urls = [at, at + 1, at + 3].map((place) => {
        const url = new URL(back);
        url.searchParams.set(names[place % names.length] ?? '', text);
        return url.pathname + url.search;
      });
      for (const query of [{ returnTo: text }, { [text]: '1' }])
        urls.push(`${API}/oidc/login?${new URLSearchParams(query).toString()}`);
      for (const url of urls) {
        const isBack = url.startsWith(back.pathname);
        // Another browser's cookie: the one of this log-in stays good.
        const headers = { cookie: isBack ? cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) : '' };
        const { statusCode, body } = await fixture.ask('GET', url, {
          headers,
          // Refused log-ins are counted by address.
          address: `198.51.100.${askedCount % 250}`,
        });
        const allowed = isBack ? [400, 403, 414, 431] : [302, 400, 414, 431];
        expect([url.slice(0, 200), allowed.includes(statusCode), statusCode]).toEqual([
          url.slice(0, 200),
          true,
          statusCode,
        ]);
        expect(body).not.toMatch(/\n\s+at /);
        askedCount++;
      }
    }
    expect(askedCount).toBeGreaterThan(200);
    expect((await comeBack(back, cookie)).statusCode).toBe(302);
  });
});
