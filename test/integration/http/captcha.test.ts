import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CaptchaKeys, captchaKeysSchema } from '../../../src/screening/captcha-keys.ts';
import { type GesCounter, gesCounter } from '../../fakes/ges-counter.ts';
import { closeFixtures } from '../../unit/http/http-fixture.ts';

closeFixtures();

const SECRET = 'the-secret';
const SECOND_SECRET = 'of-another-widget';
const create = { serviceName: 'support', phoneNumber: '+12025550123' };

/**
 * A checking service after reCAPTCHA's documentation: a token can be checked once, its secret must be right.
 */
class CheckingService {
  /** What each token is worth; others are unknown. */
  readonly tokens = new Map<string, Record<string, unknown>>();
  readonly asked: Record<string, string>[] = [];
  /** Instead of an answer. */
  instead: ((response: ServerResponse) => void) | undefined;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/siteverify`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += String(part);
    const form = Object.fromEntries(new URLSearchParams(text));
    this.asked.push(form);
    if (this.instead) return this.instead(response);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(this.#verdict(form)));
  }

  #verdict({ secret, response: token = '' }: Record<string, string>): object {
    if (secret !== SECRET && secret !== SECOND_SECRET)
      return { success: false, 'error-codes': ['invalid-input-secret'] };
    const worth = this.tokens.get(token);
    if (!worth || (worth['secret'] ?? SECRET) !== secret) {
      return { success: false, 'error-codes': ['invalid-input-response'] };
    }
    if (worth['used']) return { success: false, 'error-codes': ['timeout-or-duplicate'] };
    this.tokens.set(token, { used: true });
    return { success: true, challenge_ts: '2026-01-05T09:59:58Z', hostname: 'shop.example', ...worth };
  }
}

let service: CheckingService;
let counter: GesCounter;
beforeEach(async () => {
  service = new CheckingService();
  await service.open();
  counter = await gesCounter();
});
afterEach(() => service.close());

function keySet(changes: Partial<CaptchaKeys> = {}): CaptchaKeys {
  const { fixture } = counter;
  const entry = {
    name: `set${fixture.captchaKeys.length}`,
    kind: 'v2-checkbox',
    siteKey: `site${fixture.captchaKeys.length}`,
    secret: SECRET,
    verifyUrl: service.url,
    timeoutMs: 10_000,
    ...changes,
  };
  const keys = { ...captchaKeysSchema.parse(entry), secret: entry.secret };
  fixture.captchaKeys.push(keys);
  return keys;
}

/** A create with this token: HTTP status, code and message. */
async function made(captchaToken?: string): Promise<[number, number, string]> {
  const answer = await counter.post('/callbacks/create', { ...create, captchaToken });
  const { status } = answer.json();
  return [answer.statusCode, status.code, status.message];
}

describe('CAPTCHA', () => {
  it('is not asked for while no key set is enabled', async () => {
    keySet({ enabled: false });
    expect((await made())[0]).toBe(200);
    expect((await made('anything'))[0]).toBe(200);
    expect(service.asked).toEqual([]);
  });

  it('lets a solved one in once, and nothing is stored for the others', async () => {
    keySet();
    service.tokens.set('solved', {});
    expect(await made()).toEqual([400, 40_005, expect.stringContaining('captchaToken is required')]);
    expect((await made('made-up')).slice(0, 2)).toEqual([400, 40_005]);
    expect(counter.house.store.callbacks.size).toBe(0);
    expect((await made('solved'))[0]).toBe(200);
    expect(await made('solved')).toEqual([400, 40_005, expect.stringContaining('used before')]);
    expect(counter.house.store.callbacks.size).toBe(1);
    expect(service.asked[0]).toEqual({ secret: SECRET, response: 'made-up', remoteip: '192.0.2.9' });
  });

  it('is not used up by a request that is not valid', async () => {
    keySet();
    service.tokens.set('solved', {});
    const answer = await counter.post('/callbacks/create', {
      ...create,
      priority: -1,
      captchaToken: 'solved',
    });
    expect(answer.json().status.code).toBe(40_001);
    expect((await made('solved'))[0]).toBe(200);
  });

  it('guards every callback operation, in the body and in the query, and call-in where the keys say so', async () => {
    const id = await counter.book();
    keySet();
    const { get, post } = counter;
    const desiredTime = '2026-01-05T12:00:00Z';
    const posts = [
      ['retrieve', { id }],
      ['cancel', { id }],
      ['reschedule', { id, desiredTime }],
      ['recreate', { id }],
      ['query', {}],
      ['bulk-cancel', { ids: [id] }],
    ] as const;
    for (const [path, body] of posts) {
      expect((await post(`/callbacks/${path}`, body)).json().status.code).toBe(40_005);
      service.tokens.set(path, {});
      const solved = await post(`/callbacks/${path}`, { ...body, captchaToken: path });
      expect([path, solved.json().status.code === 40_005]).toEqual([path, false]);
    }
    for (const path of ['availability', 'open-for', 'queue-status', 'queues']) {
      expect((await get(`/callbacks/${path}/support`)).json().status.code).toBe(40_005);
      service.tokens.set(path, {});
      expect((await get(`/callbacks/${path}/support?captchaToken=${path}`)).statusCode).toBe(200);
    }
    const callIn = { groupName: 'nobody' };
    const askedForNumber = async (more = {}): Promise<unknown> =>
      (await post('/call-in/requests/create', { ...callIn, ...more })).json().status.code;
    expect(await askedForNumber()).toBe(40_002);
    keySet({ callIn: true });
    expect(await askedForNumber()).toBe(40_005);
    service.tokens.set('call-in', {});
    expect(await askedForNumber({ captchaToken: 'call-in' })).toBe(40_002);
    expect((await get('/estimated-wait-time?virtual-queues=support')).statusCode).toBe(200);
    const kept = JSON.stringify([...counter.fixture.errors.records.values()]);
    expect(kept).not.toContain(SECRET);
  });

  it.each([
    ['a score below the threshold', { score: 0.4, action: 'book' }, 'score'],
    ['no score', { action: 'book' }, 'score'],
    ['another action', { score: 0.9, action: 'login' }, 'action'],
    ['another site', { score: 0.9, action: 'book', hostname: 'evil.example' }, 'site'],
  ])('refuses a v3 token with %s', async (_, worth, words) => {
    keySet({ kind: 'v3', scoreMin: 0.5, action: 'book', hostNames: ['shop.example'] });
    service.tokens.set('token', worth);
    expect(await made('token')).toEqual([400, 40_005, expect.stringContaining(words)]);
  });

  it('takes a v3 token at the threshold, and a v2 token whatever its kind', async () => {
    keySet({ kind: 'v3', scoreMin: 0.5, action: 'book', hostNames: ['shop.example'] });
    service.tokens.set('token', { score: 0.5, action: 'book' });
    expect((await made('token'))[0]).toBe(200);
    counter.fixture.captchaKeys.splice(0);
    keySet({ kind: 'v2-invisible' });
    service.tokens.set('other', {});
    expect((await made('other'))[0]).toBe(200);
  });

  it('takes the token of any enabled key set', async () => {
    keySet();
    keySet({ secret: SECOND_SECRET });
    service.tokens.set('of the second', { secret: SECOND_SECRET });
    expect((await made('of the second'))[0]).toBe(200);
    expect(service.asked.map(({ secret }) => secret)).toEqual([SECRET, SECOND_SECRET]);
    expect((await made('of none')).slice(0, 2)).toEqual([400, 40_005]);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['fails', (response) => response.writeHead(503).end()],
    ['is another page', (response) => response.end('<html>')],
    ['sends something else', (response) => response.end('{"ok":true}')],
    ['sends without end', (response) => response.end('x'.repeat(100_000))],
    ['leads elsewhere', (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['hangs up', (response) => response.destroy()],
    ['says nothing', () => undefined],
  ])('refuses while the checking service %s, and lets in where that is wanted', async (_, instead) => {
    const timeoutMs = 300;
    keySet({ timeoutMs });
    service.instead = instead;
    const answer = await counter.post('/callbacks/create', { ...create, captchaToken: 'token' });
    expect([answer.statusCode, answer.json().status.code]).toEqual([500, 50_001]);
    expect(answer.headers['retry-after']).toBe('5');
    expect(counter.house.store.callbacks.size).toBe(0);
    counter.fixture.captchaKeys.splice(0);
    keySet({ timeoutMs, whenUnavailable: 'accept' });
    expect((await made('token'))[0]).toBe(200);
  });

  it('refuses everything while its keys are wrong, and says so in the test of the credentials', async () => {
    const { fixture } = counter;
    keySet({ secret: 'another' });
    expect((await made('token')).slice(0, 2)).toEqual([500, 50_001]);
    const role = 'Developer';
    const tried = await fixture.ask('POST', '/api/v1/captcha/set0/test', { role });
    expect(tried.json()).toEqual({
      result: 'keys-wrong',
      why: null,
      codes: ['invalid-input-secret'],
      score: null,
    });
  });
});

describe('the test of CAPTCHA credentials', () => {
  it('tries the secret alone, or the whole way with a token', async () => {
    const { fixture } = counter;
    keySet({ kind: 'v3' });
    const role = 'Developer';
    const url = '/api/v1/captcha/set0/test';
    expect((await fixture.ask('POST', url, { role })).json()).toMatchObject({ result: 'accepted' });
    service.tokens.set('good', { score: 0.8 });
    service.tokens.set('bad', { score: 0.1 });
    const by = async (token: string): Promise<unknown> =>
      (await fixture.ask('POST', url, { role, body: { token } })).json();
    expect(await by('good')).toEqual({ result: 'accepted', why: null, codes: [], score: 0.8 });
    expect(await by('bad')).toEqual({ result: 'refused', why: 'score', codes: [], score: 0.1 });
    expect(await by('unknown')).toMatchObject({ result: 'refused', why: 'token' });
    service.instead = (response) => response.destroy();
    expect(await by('good')).toMatchObject({ result: 'unavailable', why: 'other side closed' });
    expect((await fixture.ask('POST', '/api/v1/captcha/none/test', { role })).statusCode).toBe(404);
    expect((await fixture.ask('POST', url, { role: 'Supervisor' })).statusCode).toBe(403);
  });

  it('shows key sets without their secrets', async () => {
    keySet({ kind: 'v3', action: 'book' });
    const answer = await counter.fixture.ask('GET', '/api/v1/captcha', { role: 'Developer' });
    expect(answer.body).not.toContain(SECRET);
    expect(answer.json().items).toMatchObject([
      { name: 'set0', kind: 'v3', siteKey: 'site0', action: 'book', secretLength: SECRET.length },
    ]);
  });

  it('answers the early way of checking a token', async () => {
    keySet();
    service.tokens.set('solved', {});
    const verify = (siteKey: string, captchaToken: string) =>
      counter.post('/captcha/verify', { siteKey, captchaToken });
    expect((await verify('site0', 'solved')).json().data).toEqual({ success: true });
    expect((await verify('site0', 'solved')).json().data).toEqual({ success: false });
    expect((await verify('nowhere', 'solved')).json().status).toMatchObject({ code: 40_001 });
  });
});
