import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { DigestAuthenticator, digestSecret, readDigestCredentials } from '../../../src/telephony/digest.ts';
import type { DigestCredentials } from '../../../src/telephony/digest.ts';

const REQUEST = { method: 'REGISTER', realm: 'r', sourceAddress: '192.0.2.1' };
const SECRET = digestSecret('alice', 'r', 'pw');

function hash(name: string, text: string): string {
  return createHash(name).update(text).digest('hex');
}

function nonceOf(authenticator: DigestAuthenticator, address = '192.0.2.1'): string {
  return /nonce="([^"]+)"/.exec(authenticator.challenges('r', address, false)[0] ?? '')?.[1] ?? '';
}

function credentials(
  nonce: string,
  options: { password?: string; nc?: string; algorithm?: 'MD5' | 'SHA-256'; qop?: boolean } = {},
): DigestCredentials {
  const algorithm = options.algorithm ?? 'MD5';
  const name = algorithm === 'MD5' ? 'md5' : 'sha256';
  const ha1 = hash(name, `alice:r:${options.password ?? 'pw'}`);
  const ha2 = hash(name, 'REGISTER:sip:r');
  const base = { username: 'alice', realm: 'r', nonce, uri: 'sip:r', algorithm };
  if (options.qop === false) return { ...base, response: hash(name, `${ha1}:${nonce}:${ha2}`) };
  const nc = options.nc ?? '00000001';
  return {
    ...base,
    qop: 'auth',
    nc,
    cnonce: 'c',
    response: hash(name, `${ha1}:${nonce}:${nc}:c:auth:${ha2}`),
  };
}

describe('digest authentication', () => {
  it.each(['MD5', 'SHA-256'] as const)('accepts the right password with %s', (algorithm) => {
    const authenticator = new DigestAuthenticator(new SimulatedClock());
    expect(authenticator.check(credentials(nonceOf(authenticator), { algorithm }), REQUEST, SECRET)).toBe(
      'ok',
    );
  });

  it('accepts an old client without qop, once per nonce', () => {
    const authenticator = new DigestAuthenticator(new SimulatedClock());
    const old = credentials(nonceOf(authenticator), { qop: false });
    expect(authenticator.check(old, REQUEST, SECRET)).toBe('ok');
    expect(authenticator.check(old, REQUEST, SECRET)).toBe('stale');
  });

  it('refuses a wrong password, an unknown user and another realm', () => {
    const authenticator = new DigestAuthenticator(new SimulatedClock());
    const nonce = nonceOf(authenticator);
    expect(authenticator.check(credentials(nonce, { password: 'no' }), REQUEST, SECRET)).toBe('wrong');
    expect(authenticator.check(credentials(nonce), REQUEST, undefined)).toBe('wrong');
    expect(authenticator.check({ ...credentials(nonce), realm: 'x' }, REQUEST, SECRET)).toBe('wrong');
  });

  it('refuses the made-up secret of a user that does not exist', () => {
    const authenticator = new DigestAuthenticator(new SimulatedClock());
    const nonce = nonceOf(authenticator);
    const ha2 = hash('md5', 'REGISTER:sip:r');
    const response = hash('md5', `${'0'.repeat(32)}:${nonce}:00000001:c:auth:${ha2}`);
    expect(authenticator.check({ ...credentials(nonce), response }, REQUEST, undefined)).toBe('wrong');
  });

  it('takes a replay for stale, and a rising count for good', () => {
    const authenticator = new DigestAuthenticator(new SimulatedClock());
    const nonce = nonceOf(authenticator);
    const check = (nc: string): string => authenticator.check(credentials(nonce, { nc }), REQUEST, SECRET);
    expect([check('00000001'), check('00000001'), check('00000003'), check('00000002')]).toEqual([
      'ok',
      'stale',
      'ok',
      'stale',
    ]);
  });

  it('takes an old nonce, a foreign one and one of another source for stale', () => {
    const clock = new SimulatedClock();
    const authenticator = new DigestAuthenticator(clock);
    const old = nonceOf(authenticator);
    clock.advance(300_001);
    const check = (nonce: string): string => authenticator.check(credentials(nonce), REQUEST, SECRET);
    expect(check(old)).toBe('stale');
    expect(check(nonceOf(new DigestAuthenticator(clock)))).toBe('stale');
    expect(check(nonceOf(authenticator, '192.0.2.9'))).toBe('stale');
    expect(check('short')).toBe('stale');
    expect(check(nonceOf(authenticator))).toBe('ok');
  });

  it('remembers a bounded number of nonces, and a forgotten one cannot be replayed', () => {
    const clock = new SimulatedClock();
    const authenticator = new DigestAuthenticator(clock, ['MD5'], 100);
    const first = credentials(nonceOf(authenticator));
    expect(authenticator.check(first, REQUEST, SECRET)).toBe('ok');
    clock.advance(1);
    for (let i = 0; i < 101; i++) authenticator.check(credentials(nonceOf(authenticator)), REQUEST, SECRET);
    expect(authenticator.check(first, REQUEST, SECRET)).toBe('stale');
    clock.advance(1);
    expect(authenticator.check(credentials(nonceOf(authenticator)), REQUEST, SECRET)).toBe('ok');
  });
});

describe('an Authorization header', () => {
  it('is read with quoted and unquoted values', () => {
    const header =
      'DIGEST username="al\\"ice",realm="r" , nonce="n", uri="sip:a@b;x=1", response=abc, algorithm=sha-256, ' +
      'qop="auth", nc=00000001, cnonce="c,d"';
    expect(readDigestCredentials(header)).toEqual({
      username: 'al"ice',
      realm: 'r',
      nonce: 'n',
      uri: 'sip:a@b;x=1',
      response: 'abc',
      algorithm: 'SHA-256',
      qop: 'auth',
      nc: '00000001',
      cnonce: 'c,d',
    });
  });

  it.each([
    undefined,
    '',
    'Basic abc',
    'Digest',
    'Digest username="a"',
    'Digest username="a", realm="r", nonce="n", uri="u", response="x", algorithm=MD5-sess',
    'Digest username="a", realm="r", nonce="n", uri="u", response="x", qop=auth-int, nc=1, cnonce="c"',
    'Digest username="a", realm="r", nonce="n", uri="u", response="x", qop=auth',
    `Digest username="${'a'.repeat(5000)}"`,
  ])('%j is none', (header) => {
    expect(readDigestCredentials(header)).toBeUndefined();
  });
});
