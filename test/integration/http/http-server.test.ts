import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { closeFixtures, newFixture, validRequest } from '../../unit/http/http-fixture.ts';
import type { Fixture } from '../../unit/http/http-fixture.ts';

closeFixtures();

async function listening(): Promise<{ fixture: Fixture; url: string; port: number }> {
  const fixture = await newFixture({}, { serverClock: new SystemClock() });
  const { url, port } = await fixture.server.listen();
  return { fixture, url, port };
}

/** Sends bytes as they are and returns everything that comes back until the server closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  // The server may close while we still send: what it had answered counts.
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('the HTTP server over real sockets', () => {
  it('makes, shows, lists and cancels a callback for a program with an API key', async () => {
    const { fixture, url } = await listening();
    const headers = {
      authorization: `Bearer ${fixture.tokens.Developer}`,
      'content-type': 'application/json',
    };
    const made = await fetch(`${url}/api/v1/callbacks`, {
      method: 'POST',
      headers,
      body: JSON.stringify(validRequest),
    });
    expect(made.status).toBe(201);
    const location = made.headers.get('location') ?? '';
    const shown = await fetch(url + location, { headers });
    expect(await shown.json()).toMatchObject({ state: 'QUEUED', position: 1 });
    const list = (await (await fetch(`${url}/api/v1/callbacks`, { headers })).json()) as { items: unknown[] };
    expect(list.items).toHaveLength(1);
    const { authorization } = headers;
    const cancelled = await fetch(`${url}${location}/cancel`, { method: 'POST', headers: { authorization } });
    expect(await cancelled.json()).toMatchObject({ state: 'COMPLETED' });
    const unknown = await fetch(`${url}/api/v1/callbacks`, { method: 'DELETE', headers: { authorization } });
    expect([unknown.status, unknown.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  it('makes one callback when 40 requests with one Idempotency-Key arrive together', async () => {
    const { fixture, url } = await listening();
    const headers = {
      'x-api-key': fixture.tokens.Developer,
      'content-type': 'application/json',
      'idempotency-key': 'storm-1',
    };
    const body = JSON.stringify(validRequest);
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const answer = await fetch(`${url}/api/v1/callbacks`, { method: 'POST', headers, body });
        await answer.text();
        return answer.status;
      }),
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.every((status) => [200, 201, 409].includes(status))).toBe(true);
    expect(fixture.application.callbacks.size).toBe(1);
  });

  it.each([
    ['what is no HTTP', 'GARBAGE\r\n\r\n', 400, 'BAD_REQUEST'],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      400,
      'BAD_REQUEST',
    ],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'BAD_REQUEST',
    ],
  ])('answers %s with the envelope, closes, and is alive afterwards', async (_name, text, status, code) => {
    const { fixture, url, port } = await listening();
    const answer = await raw(port, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
      error: { code: string; correlationId: string };
    };
    expect(body.error.code).toBe(code);
    expect(answer).toContain(`x-correlation-id: ${body.error.correlationId}`);
    expect(fixture.errors.records.has(body.error.correlationId)).toBe(true);
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
  });

  it('gives clients that send too slowly a limited time', async () => {
    const { fixture } = await listening();
    const { server } = fixture.server.fastify;
    expect(server.headersTimeout).toBe(10_000);
    expect(server.requestTimeout).toBe(30_000);
    expect(server.maxConnections).toBe(2000);
    expect(server.maxHeadersCount).toBe(64);
  });

  it('closes connections that say nothing, finishes a request in progress and leaves the port free', async () => {
    const { fixture, url, port } = await listening();
    const idle = connect(port, '127.0.0.1');
    await once(idle, 'connect');
    let open: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => {
      fixture.application.createCallback = async () => {
        resolve();
        await new Promise<void>((done) => (open = done));
        return { ok: false, refusal: { kind: 'queue-full', max: 1 } };
      };
    });
    const running = fetch(`${url}/api/v1/callbacks`, {
      method: 'POST',
      headers: { 'x-api-key': fixture.tokens.Developer, 'content-type': 'application/json' },
      body: JSON.stringify(validRequest),
    });
    await entered;
    const closed = fixture.server.close();
    const idleClosed = once(idle, 'close');
    idle.resume();
    open();
    expect((await running).status).toBe(503);
    await Promise.all([closed, idleClosed]);
    await expect(fetch(`${url}/api/v1/health`)).rejects.toThrow('fetch failed');
  });
});
