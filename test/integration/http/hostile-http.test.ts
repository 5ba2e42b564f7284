import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, newFixture, validRequest } from '../../unit/http/http-fixture.ts';

const rate = { perMinuteMax: 1e9, burstMax: 1e9 };
const WAIT_MS = 10_000;

let fixture: Fixture;
let port: number;
let url: string;
/** The connection that the server got last. */
let newest: Socket | undefined;

beforeAll(async () => {
  fixture = await newFixture({ addressRate: rate, principalRate: rate }, { keepOpen: true });
  ({ port, url } = await fixture.server.listen());
  fixture.server.fastify.server.on('connection', (socket: Socket) => (newest = socket));
});
afterAll(() => fixture.server.close());

/** One connection: what was sent in one piece, and what came back until the server closed or fell silent. */
class Line {
  readonly socket: Socket;
  #heard = '';
  #waiting: (() => void)[] = [];
  isClosed = false;

  constructor() {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (part: string) => {
      this.#heard += part;
      this.#wake();
    });
    this.socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  get statuses(): number[] {
    return [...this.#heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  get heard(): string {
    return this.#heard;
  }

  send(text: string): this {
    this.socket.write(Buffer.from(text, 'latin1'));
    return this;
  }

  /** Resolves when the server has answered so often, or has closed. */
  async answers(count: number): Promise<number[]> {
    const timer = setTimeout(() => this.socket.destroy(), WAIT_MS);
    while (!this.isClosed && this.statuses.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    clearTimeout(timer);
    return this.statuses;
  }

  async closes(): Promise<number[]> {
    return this.answers(Infinity);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

const LIVE = 'GET /api/v1/health HTTP/1.1\r\nhost: a\r\n';
const headers = (lines: string): string => `POST /api/v1/callbacks HTTP/1.1\r\nhost: a\r\n${lines}\r\n\r\n`;
/** What a proxy in front took for a body, and we must not take for a request. */
const hidden = (): string =>
  `POST /api/v1/callbacks HTTP/1.1\r\nhost: a\r\nx-api-key: ${fixture.tokens.Developer}\r\n` +
  `content-type: application/json\r\ncontent-length: ${JSON.stringify(validRequest).length}\r\n\r\n` +
  JSON.stringify(validRequest);

describe('where a request ends', () => {
  // RFC 9112 §6.3, §7.1, §11.2: each shape has been read in two ways by two servers.
  it.each<[string, string]>([
    ['a length beside chunks', 'content-length: 4\r\ntransfer-encoding: chunked'],
    ['chunks beside a length', 'transfer-encoding: chunked\r\ncontent-length: 4'],
    ['two lengths', 'content-length: 0\r\ncontent-length: 4'],
    ['a list of lengths', 'content-length: 0, 4'],
    ['a length with a sign', 'content-length: +4'],
    ['a negative length', 'content-length: -1'],
    ['a length in hexadecimal', 'content-length: 0x4'],
    ['a length with a space', 'content-length: 1 4'],
    ['a length beyond any number', `content-length: ${'9'.repeat(30)}`],
    ['an unknown coding', 'transfer-encoding: xchunked'],
    ['chunks that are not last', 'transfer-encoding: chunked, identity'],
    ['two codings', 'transfer-encoding: chunked\r\ntransfer-encoding: identity'],
    ['a space before the colon', 'transfer-encoding : chunked'],
    ['a space before the length’s colon', 'content-length : 4'],
    ['a folded line', 'transfer-encoding:\r\n chunked'],
    ['a bare carriage return', 'x: a\rtransfer-encoding: chunked'],
    ['a NUL in a value', 'x: a\0b'],
    ['a name with a space', 'x y: 1'],
    ['no name', ': 1'],
  ])('is not guessed: %s is refused, and what follows is no request', async (_name, lines) => {
    const before = fixture.application.callbacks.size;
    const line = new Line().send(`${headers(lines)}${hidden()}`);
    const statuses = await line.closes();
    expect(statuses).toEqual([400]);
    expect(line.heard).toMatch(/connection: close/i);
    expect(fixture.application.callbacks.size).toBe(before);
  });

  it.each<[string, string]>([
    ['a negative chunk', '-1\r\n'],
    ['a chunk beyond any number', `${'f'.repeat(17)}\r\n`],
    ['a chunk in C’s notation', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk that is longer than it says', '3\r\nabcdef\r\n0\r\n\r\n'],
    ['a chunk ended by a bare line feed', '3\nabc\n0\n\n'],
    ['a chunk without a length', '\r\nabc\r\n'],
    ['a chunk with endless extensions', `3;${'x'.repeat(40_000)}\r\nabc\r\n0\r\n\r\n`],
  ])('is not guessed: %s is refused', async (_name, body) => {
    const before = fixture.application.callbacks.size;
    const lines = `transfer-encoding: chunked\r\ncontent-type: application/json\r\nx-api-key: ${fixture.tokens.Developer}`;
    const statuses = await new Line().send(`${headers(lines)}${body}${hidden()}`).closes();
    expect(statuses.every((status) => status >= 400 && status < 500)).toBe(true);
    expect(statuses.length).toBeLessThanOrEqual(1);
    expect(fixture.application.callbacks.size).toBe(before);
  });

  it('is where its length says, also of a GET', async () => {
    const line = new Line().send(`${LIVE}content-length: 3\r\n\r\nabc${LIVE}connection: close\r\n\r\n`);
    expect(await line.closes()).toEqual([200, 200]);
  });

  it('is found however the bytes come', async () => {
    const body = JSON.stringify(validRequest);
    const chunks = body.replaceAll(/./g, '1\r\n$&\r\n');
    const lines = `transfer-encoding: chunked\r\ncontent-type: application/json\r\nx-api-key: ${fixture.tokens.Developer}`;
    const line = new Line();
    for (const byte of `${headers(lines)}${chunks}0\r\n\r\n`) line.send(byte);
    expect(await line.answers(1)).toEqual([201]);
    line.socket.destroy();
  });

  it('counts a body that grows chunk by chunk: no more is read than may be', async () => {
    const lines = `transfer-encoding: chunked\r\ncontent-type: application/json\r\nx-api-key: ${fixture.tokens.Developer}`;
    const line = new Line().send(headers(lines));
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    for (let sent = 0; sent < 200 && !line.isClosed && line.statuses.length === 0; sent++) {
      line.send(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await line.answers(1)).toEqual([413]);
    line.socket.destroy();
  });
});

describe('many requests on one connection', () => {
  it('are answered one by one and in their order', async () => {
    const line = new Line();
    const paths = Array.from({ length: 60 }, (_, at) => (at % 3 === 0 ? '/api/v1/health' : `/nothing-${at}`));
    line.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
    expect(await line.answers(60)).toEqual(paths.map((path) => (path.endsWith('health') ? 200 : 404)));
    const ids = [...line.heard.matchAll(/x-correlation-id: (\S+)/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(60);
    line.socket.destroy();
  });

  it('whose answers nobody reads are not worked off in advance', async () => {
    const line = new Line();
    line.socket.pause();
    line.send(`GET /api/openapi.json HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(100));
    await once(fixture.server.fastify.server, 'request');
    const connection = newest;
    // Some turns of the loop, in which a server that does not wait would have made all hundred.
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(connection?.writableLength ?? 0).toBeLessThan(20 * 1024 * 1024);
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
    line.socket.destroy();
  });
});

describe('clients that take their time', () => {
  it.each<[string, string, string]>([
    ['nothing at all', '', ''],
    ['headers byte by byte', 'GET / HTTP/1.1\r\n', 'x'],
    [
      'a body byte by byte',
      headers('content-type: application/json\r\ncontent-length: 4000').replace(
        '/api/v1/callbacks',
        '/api/v1/login',
      ),
      'x',
    ],
  ])('and send %s are sent away, while others are served', async (_name, start, drip) => {
    const { server } = fixture.server.fastify;
    const { headersTimeout, requestTimeout } = server;
    server.headersTimeout = 200;
    server.requestTimeout = 400;
    const line = new Line();
    await once(line.socket, 'connect');
    line.send(start);
    const timer = setInterval(() => line.send(drip), 50);
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
    const statuses = await line.closes();
    clearInterval(timer);
    server.headersTimeout = headersTimeout;
    server.requestTimeout = requestTimeout;
    expect(statuses).toEqual([408]);
  });

  it('and say nothing in hundreds leave room for others and are counted', async () => {
    const idle = Array.from({ length: 500 }, () => connect({ port, host: '127.0.0.1' }));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
    const closed = idle.map((socket) => once(socket.resume(), 'close'));
    for (const socket of idle) socket.end();
    await Promise.all(closed);
  });
});

describe('an address', () => {
  it.each([
    '/api/v1/callbacks?queue=%',
    '/api/v1/callbacks?queue=%zz',
    '/api/v1/callbacks?queue=%00',
    '/api/v1/callbacks?queue=%ff',
    '/api/v1/callbacks?queue=%ed%a0%80',
    '/api/v1/callbacks?queue=%E0%A4%A',
    '/api/v1/callbacks?queue=billing&queue=sales',
    '/api/v1/callbacks?limit=1&limit=2',
    '/api/v1/callbacks?limit[]=1',
    '/api/v1/callbacks?__proto__=1',
    '/api/v1/callbacks?__proto__[queue]=billing',
    '/api/v1/callbacks?constructor=1&constructor[prototype][x]=1',
    '/api/v1/callbacks?hasOwnProperty=1',
    '/api/v1/callbacks?&&&=&==&',
    `/api/v1/callbacks?${'a=1&'.repeat(3000)}`,
    '/api/v1/callbacks?queue=a%0d%0ax-injected:%20yes',
    '/api/v1/callbacks/%00',
    '/api/v1/callbacks/%',
    '/api/v1/callbacks/%ff%fe',
    '/api/v1/callbacks/..%2f..%2fconfig',
    '/api/v1/callbacks/%252e%252e/config',
    '/api/v1/queues/constructor',
    '/api/v1/queues/__proto__/settings',
    '/api/v1/agents/toString',
    '/api/v1/number-rules/constructor/test',
    '//evil.example/%2e%2e',
    'http://evil.example/api/v1/callbacks',
    '/api/v1/callbacks#fragment',
    '/api/v1/callbacks;jsessionid=1',
    '*',
    '/\\..\\..\\windows',
    '/é',
  ])('like %s is answered in the documented shape', async (target) => {
    const line = new Line().send(
      `GET ${target} HTTP/1.1\r\nhost: a\r\nx-api-key: ${fixture.tokens.Administrator}\r\nconnection: close\r\n\r\n`,
    );
    const [status = 0] = await line.closes();
    expect(status).toBeGreaterThanOrEqual(200);
    expect(status).toBeLessThan(500);
    expect(line.heard).not.toMatch(/\r\nx-injected/i);
    if (status < 400) return;
    const body = JSON.parse(line.heard.slice(line.heard.indexOf('{'))) as {
      error: { correlationId: string };
    };
    expect(line.heard).toContain(`x-correlation-id: ${body.error.correlationId}`);
  });
});

describe('a body', () => {
  const post = async (body: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${url}/api/v1/callbacks`, {
      method: 'POST',
      headers: { 'x-api-key': fixture.tokens.Administrator, 'content-type': 'application/json' },
      body,
    });
    return { status: answer.status, text: await answer.text() };
  };
  const withData = (data: string): string =>
    JSON.stringify(validRequest).replace(/\}$/, `,"userData":${data}}`);

  it.each([
    '{"__proto__":{"polluted":"yes"}}',
    '{"__proto__":"x"}',
    '{"constructor":{"prototype":{"polluted":"yes"}}}',
    '{"constructor":"x","toString":"y","hasOwnProperty":"z"}',
    '{"a":"\\u0000"}',
    '{"a\\r\\nx-injected: yes":"b\\r\\nx-injected: yes"}',
    '{"a":"\\ud800"}',
    '{"\\udfff":"b"}',
    '{"a":"e\\u0301","\\u00e9":"1","e\\u0301":"2"}',
    '{"a":"\\u202e\\ufeff\\u2028"}',
    '{"a":1e999}',
    '{"a":"x","a":"y"}',
  ])('with the data %s is taken as it is or refused, and changes nothing else', async (data) => {
    const { status, text } = await post(withData(data));
    expect([201, 400]).toContain(status);
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    if (status !== 201) return;
    const { id } = JSON.parse(text) as { id: string };
    const shown = await fixture.ask('GET', `/api/v1/callbacks/${id}`, { role: 'Administrator' });
    expect(shown.statusCode).toBe(200);
    const kept = JSON.parse(data.replace(/\\ud800|\\udfff/g, '?')) as Record<string, unknown>;
    const read = JSON.parse(shown.body.replace(/\\ud800|\\udfff/g, '?')) as { userData: object };
    expect(Object.keys(read.userData).toSorted()).toEqual(Object.keys(kept).toSorted());
  });
});
