import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AudioTapServer } from '../../../src/adapters/freeswitch/audio-tap-server.ts';
import { silentLog } from '../../../src/kernel/log.ts';

let server: AudioTapServer;
let heard: number[][];

beforeEach(async () => {
  heard = [];
  server = new AudioTapServer({
    listenAddress: '127.0.0.1',
    listenPort: 0,
    log: silentLog,
    requestMaxMs: 300,
    connectionsMax: 3,
  });
  await server.listen();
});
afterEach(() => server.close());

function expectTap(): NonNullable<ReturnType<AudioTapServer['expect']>> {
  const tap = server.expect((samples) => void heard.push([...samples]));
  if (!tap) throw new Error('the server does not listen');
  return tap;
}

/** The socket once it is open, or why it was refused. */
function connect(url: string, protocol = 'audio.drachtio.org'): Promise<WebSocket | string> {
  const socket = new WebSocket(url, protocol);
  return new Promise((resolve) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', (error) => resolve(error.message));
  });
}

async function opened(url: string): Promise<WebSocket> {
  const socket = await connect(url);
  if (typeof socket === 'string') throw new Error(socket);
  return socket;
}

const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', resolve));

it('gives the listener the samples of its own stream, and nothing of text or an odd last byte', async () => {
  const tap = expectTap();
  const socket = await opened(tap.url);
  socket.send('{"event":"metadata"}');
  socket.send(Buffer.from([1, 0, 0xff, 0xff, 7]));
  const isClosed = closed(socket);
  await expect.poll(() => heard.length).toBe(1);
  expect(heard).toEqual([[1, -1]]);
  tap.close();
  await isClosed;
  expect(server.tapCount).toBe(0);
});

it('refuses an address that nobody made, one that is in use, and one that was closed', async () => {
  const tap = expectTap();
  expect(await connect(tap.url.replace(/[^/]+$/, 'guessed'))).toContain('401');
  await opened(tap.url);
  expect(await connect(tap.url)).toContain('401');
  tap.close();
  expect(await connect(tap.url)).toContain('401');
  expect(heard).toEqual([]);
});

it('cuts off a stream whose message is longer than any audio', async () => {
  const socket = await opened(expectTap().url);
  const isClosed = closed(socket);
  socket.send(Buffer.alloc(70_000));
  expect(await isClosed).toBe(1009);
  expect(heard).toEqual([]);
});

/** A connection that says `text`; what it has been told when it is closed. */
function said(text: string): Promise<string> {
  const socket = connectTcp(Number(new URL(expectTap().url).port), '127.0.0.1');
  if (text !== '') socket.write(text);
  return new Promise((resolve) => {
    let all = '';
    socket.on('data', (data) => (all += data.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(all));
  });
}

it.each([
  ['nothing', '', /^(?:HTTP\/1.1 408 |$)/],
  ['half a request', 'GET /tap/x HTTP/1.1\r\nHost: a\r\n', /^HTTP\/1.1 408 /],
  ['no HTTP', '\u0000\u0001\u0002\r\n\r\n', /^HTTP\/1.1 400 /],
  ['a plain request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1.1 426 /],
  ['headers without end', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(20_000)}`, /^HTTP\/1.1 431 /],
])('closes the connection of whoever says %s', async (_what, text, answer) => {
  expect(await said(text)).toMatch(answer);
});

it('takes so many connections and no more, and others when those have gone', async () => {
  const taps = Array.from({ length: 4 }, expectTap);
  const [first] = await Promise.all(taps.slice(0, 3).map(({ url }) => opened(url)));
  const fourth = taps[3]?.url ?? '';
  expect(await connect(fourth)).toMatch(/hang up|ECONNRESET/);
  const isClosed = closed(first!);
  taps[0]?.close();
  await isClosed;
  await expect.poll(() => connect(fourth)).toBeInstanceOf(WebSocket);
});

it('closes with connections that say nothing, and with streams', async () => {
  const told = said('');
  const isClosed = closed(await opened(expectTap().url));
  await server.close();
  await Promise.all([told, isClosed]);
  expect(await connect('ws://127.0.0.1:1/tap')).toContain('ECONNREFUSED');
});
