import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions } from 'ws';
import { settle } from '../../fakes/fake-telephony.ts';
import { closeFixtures, type Fixture, newFixture } from '../../unit/http/http-fixture.ts';
import { type FeedMessage, Screen } from './screen.ts';

closeFixtures();

let fixture: Fixture;
let url: string;
const screens: Screen[] = [];

beforeEach(async () => {
  fixture = await newFixture();
  ({ url } = await fixture.server.listen());
});
afterEach(() => {
  for (const screen of screens.splice(0)) screen.drop();
});

/** A screen of the agent alice. */
function opened(query: Readonly<Record<string, string>> = {}, options: ClientOptions = {}): Screen {
  const headers = { authorization: `Bearer ${fixture.tokens.Agent}`, ...options.headers };
  const screen = new Screen(url, query, { ...options, headers });
  screens.push(screen);
  return screen;
}

/** The agent's reason for not being ready is changed: one event. */
function happens(name: string): void {
  fixture.house.registry.want('alice', 'NOT_READY', 'test', name);
}

/** `n` events, told apart by their numbers. */
function happenings(count: number): void {
  for (let at = 0; at < count; at++) happens(`reason ${at}`);
}

/** An event of a case whose datum `at` is this. */
function dataAre(at: string): (message: FeedMessage) => boolean {
  return (message) =>
    (message['case'] as { customerData?: { at?: string } } | undefined)?.customerData?.at === at;
}

function seqs(messages: readonly FeedMessage[]): number[] {
  return messages.flatMap(({ seq }) => seq ?? []);
}

describe('a screen', () => {
  it('begins with a snapshot and gets every event after it, once and in order', async () => {
    const screen = opened();
    const reset = await screen.ofType('reset');
    expect(reset).toMatchObject({
      reason: 'new',
      snapshot: { agent: { id: 'alice' }, cases: [], calls: [] },
    });
    happenings(120);
    await screen.message(({ seq }) => seq === 120, 'event 120');
    expect(seqs(screen.messages.items)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
    expect(screen.messages.items.at(-1)).toMatchObject({ type: 'agent-state', agent: { id: 'alice' } });
  });

  it('that lost its connection gets what it missed and nothing twice', async () => {
    const screen = opened();
    await screen.ofType('reset');
    happenings(3);
    await screen.message(({ seq }) => seq === 3, 'event 3');
    screen.drop();
    happenings(4);
    const again = opened({ since: screen.cursor });
    await again.message(({ seq }) => seq === 7, 'event 7');
    expect(again.messages.items[0]).toEqual({ type: 'hello', cursor: screen.cursor, resumed: true });
    expect(seqs(again.messages.items)).toEqual([4, 5, 6, 7]);
  });

  it('that begins from a snapshot over HTTP misses nothing in between', async () => {
    const snapshot = await fixture.ask('GET', '/api/v1/workspace', { role: 'Agent' });
    happenings(2);
    const screen = opened({ since: snapshot.json().cursor });
    await screen.message(({ seq }) => seq === 2, 'event 2');
    expect(screen.messages.items.map(({ type }) => type)).toEqual(['hello', 'agent-state', 'agent-state']);
  });

  it.each(['feed_0:0', 'nonsense', ':::', 'feed_0:99999999999999999999', '-1'])(
    'that asks for what is kept no longer (%s) gets a snapshot',
    async (since) => {
      expect(await opened({ since }).ofType('reset')).toMatchObject({ reason: 'gone' });
    },
  );

  it('that was away for more events than are kept gets a snapshot', async () => {
    const screen = opened();
    await screen.ofType('reset');
    screen.drop();
    happenings(501);
    const again = opened({ since: screen.cursor });
    const reset = await again.ofType('reset');
    expect(reset).toMatchObject({ reason: 'gone', cursor: expect.stringMatching(/:501$/) });
  });

  it('that asks for events of the future gets a snapshot', async () => {
    const screen = opened();
    const { cursor = '' } = await screen.ofType('reset');
    const future = `${cursor.split(':')[0]}:7`;
    expect(await opened({ since: future }).ofType('reset')).toMatchObject({ reason: 'gone', cursor });
  });

  it('gets what happens while its snapshot is made', async () => {
    const { house } = fixture;
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const casesOf = house.cases.casesOf.bind(house.cases);
    house.cases.casesOf = async (...question) => {
      await gate;
      return casesOf(...question);
    };
    const screen = opened();
    await once(screen.socket, 'open');
    happenings(2);
    go();
    await screen.message(({ seq }) => seq === 2, 'event 2');
    expect(screen.messages.items.map(({ type }) => type)).toEqual(['reset', 'agent-state', 'agent-state']);
    expect(screen.messages.items[0]?.cursor).toMatch(/:0$/);
  });

  it('reads nothing and costs nobody anything: it gets a snapshot when it reads again', async () => {
    const slow = opened();
    const quick = opened();
    await Promise.all([slow.ofType('reset'), quick.ofType('reset')]);
    slow.socket.pause();
    const callback = await fixture.house.callback({ id: 'callback_00000001' });
    await fixture.house.talks('alice', callback.id);
    const wish = { agentId: 'alice', subjectId: callback.id, actor: { kind: 'agent', id: 'alice' } } as const;
    // Long notes, so that the connection's own buffers are full long before the feed's.
    for (let at = 0; at < 40; at++) {
      await fixture.house.cases.note(wish, { id: `note_${at}`, text: 'x'.repeat(2000) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let at = 0; at < 300; at++) {
      await fixture.house.cases.data(wish, { at: String(at) });
      // The quick one is given time to read.
      await quick.message(dataAre(String(at)), `change ${at}`);
    }
    const last = await quick.message(dataAre('299'), 'the last change');
    slow.socket.resume();
    await slow.message(({ reason }) => reason === 'slow', 'a second snapshot');
    const cursors = slow.messages.items.flatMap(({ cursor }) => Number(cursor?.split(':')[1] ?? []));
    expect(cursors).toEqual([...cursors].sort((a, b) => a - b));
    happens('Lunch');
    await slow.message(
      ({ seq = 0, type }) => type === 'agent-state' && seq > (last.seq ?? 0),
      'the newest event',
    );
    const snapshot = slow.messages.items.findLast(({ type }) => type === 'reset')?.snapshot;
    expect(snapshot).toMatchObject({ cases: [{ customerData: { at: '299' } }] });
  });
});

describe('several screens of one agent', () => {
  it('all get everything, and one that closes takes nothing from the others', async () => {
    const [first, second] = [opened(), opened()];
    await Promise.all([first.ofType('reset'), second.ofType('reset')]);
    happenings(2);
    await Promise.all([first, second].map((screen) => screen.message(({ seq }) => seq === 2, 'event 2')));
    first.drop();
    await first.closed;
    happenings(2);
    await second.message(({ seq }) => seq === 4, 'event 4');
    expect(seqs(second.messages.items)).toEqual([1, 2, 3, 4]);
  });

  it('are so many and no more', async () => {
    const many = Array.from({ length: 16 }, () => opened());
    await Promise.all(many.map((screen) => screen.ofType('reset')));
    expect(await opened().closed).toEqual({ code: 4429, reason: 'too many screens' });
    many[0]!.drop();
    await many[0]!.closed;
    await settle();
    await opened().ofType('reset');
  });

  it('leave the agent’s calls alone when the last of them is closed', async () => {
    const { house } = fixture;
    const screen = opened();
    await screen.ofType('reset');
    const callback = await house.callback({ id: 'callback_00000001' });
    await house.talks('alice', callback.id);
    house.calls.begin(callback.id, ['alice']);
    screen.drop();
    await screen.closed;
    expect(house.registry.status('alice').state).toBe('ON_CALL');
    expect(house.calls.asked).toEqual([]);
    const again = opened({ since: screen.cursor });
    await again.message(({ type }) => type === 'call', 'the call');
  });
});

describe('who may open a screen', () => {
  const refusedWith = async (screen: Screen): Promise<[number, string]> => {
    const { status, body } = await screen.refused;
    return [status, (JSON.parse(body) as { error: { code: string } }).error.code];
  };

  it('nobody without credentials, and nobody for another agent', async () => {
    const none = new Screen(url, {}, {});
    screens.push(none);
    expect(await refusedWith(none)).toEqual([401, 'UNAUTHENTICATED']);
    expect(await refusedWith(opened({ agent: 'bob' }))).toEqual([404, 'NOT_FOUND']);
    expect(await refusedWith(opened({ nonsense: '1' }))).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('a supervisor for an agent who is named', async () => {
    const { house, tokens } = fixture;
    const headers = { authorization: `Bearer ${tokens.Supervisor}` };
    const screen = opened({ agent: 'bob' }, { headers });
    expect(await screen.ofType('reset')).toMatchObject({ snapshot: { agent: { id: 'bob' } } });
    house.registry.want('bob', 'READY', 'test');
    await screen.ofType('agent-state');
    expect(await refusedWith(opened({}, { headers }))).toEqual([403, 'FORBIDDEN']);
    const monitor = { authorization: `Bearer ${tokens.Monitor}` };
    expect(await refusedWith(opened({ agent: 'bob' }, { headers: monitor }))).toEqual([403, 'FORBIDDEN']);
  });

  it('a page of the server itself with the session cookie, but no page of another origin', async () => {
    const cookie = `turnkeeper_session=${fixture.tokens.Agent}`;
    const own = new Screen(url, {}, { headers: { cookie }, origin: url });
    const foreign = new Screen(url, {}, { headers: { cookie }, origin: 'https://evil.example' });
    screens.push(own, foreign);
    await own.ofType('reset');
    expect(await refusedWith(foreign)).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
  });

  it('nobody any more once they have been signed out', async () => {
    const screen = opened();
    await screen.ofType('reset');
    await fixture.access.deleteSessionsOf('alice');
    for (let count = 1; count <= 2; count++) {
      fixture.clock.advance(20_000);
      await once(screen.socket, 'ping');
      // Behind the pong that answers it: what is answered tells that the pong was read.
      screen.socket.send('{"type":"ping"}');
      await screen.messages.wait(
        (messages) => messages.filter(({ type }) => type === 'pong')[count - 1],
        `pong ${count}`,
        10_000,
      );
    }
    fixture.clock.advance(20_000);
    expect(await screen.closed).toEqual({ code: 4401, reason: 'signed out' });
  });

  it('as an ordinary request nobody: the address speaks WebSocket', async () => {
    const headers = { authorization: `Bearer ${fixture.tokens.Agent}` };
    const answer = await fetch(`${url}/api/v1/workspace/events`, { headers });
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      426,
      'UPGRADE_REQUIRED',
    ]);
  });
});

describe('a hostile or broken peer', () => {
  it('is answered a ping, and closed for anything else it says', async () => {
    const screen = opened();
    await screen.ofType('reset');
    screen.socket.send('{"type":"ping"}');
    await screen.ofType('pong');
    screen.socket.send('{"type":"hold"}');
    expect(await screen.closed).toMatchObject({ code: 1008 });
  });

  it('is closed for a flood of pings, and for a message that is too long', async () => {
    const flood = opened();
    const long = opened();
    await Promise.all([flood.ofType('reset'), long.ofType('reset')]);
    for (let at = 0; at < 25; at++) flood.socket.send('{"type":"ping"}');
    long.socket.send('x'.repeat(2000));
    expect(await flood.closed).toMatchObject({ code: 1008 });
    expect(await long.closed).toMatchObject({ code: 1009 });
    happens('Lunch');
    expect(fixture.house.workspace.feeds.of('alice').listenerCount).toBe(0);
  });

  it('that does not answer pings is taken for dead', async () => {
    const screen = opened({}, { autoPong: false });
    await screen.ofType('reset');
    fixture.clock.advance(20_000);
    await once(screen.socket, 'ping');
    fixture.clock.advance(20_000);
    expect((await screen.closed).code).toBe(1006);
    expect(fixture.house.workspace.feeds.of('alice').listenerCount).toBe(0);
  });

  it('that asks for another protocol gets its request answered as if it had not', async () => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    const body = JSON.stringify({ virtualQueue: 'billing', customerNumber: '+12025550123' });
    socket.write(
      'POST /api/v1/callbacks HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, HTTP2-Settings\r\n' +
        `upgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\nx-api-key: ${fixture.tokens.Developer}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
    await once(socket, 'ready');
    socket.write(
      `${body.slice(10)}GET /api/v1/health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    );
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toHaveLength(2);
  });

  it('that was refused and stays is not kept', async () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    socket
      .resume()
      .write(
        'GET /api/v1/workspace/events HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n' +
          'upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
    await once(socket, 'end');
    const left = await new Promise<number>((resolve) => {
      fixture.server.fastify.server.getConnections((_error, count) => resolve(count));
    });
    socket.destroy();
    expect(left).toBe(0);
  });

  it('that resets the connection in the middle of a handshake harms nobody', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const findSession = fixture.access.findSession.bind(fixture.access);
    fixture.access.findSession = async (hash) => {
      await gate;
      return findSession(hash);
    };
    const gone = new Promise<void>((resolve) => {
      fixture.server.fastify.server.once('connection', (theirs) => theirs.once('close', () => resolve()));
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      'GET /api/v1/workspace/events HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n' +
        `upgrade: websocket\r\nauthorization: Bearer ${fixture.tokens.Agent}\r\n` +
        'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await once(fixture.server.fastify.server, 'upgrade');
    socket.resetAndDestroy();
    await gone;
    go();
    expect(await opened().ofType('reset')).toMatchObject({ reason: 'new' });
  });

  it.each([
    ['no key', 'sec-websocket-version: 13\r\n'],
    ['another version', 'sec-websocket-version: 7\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'],
  ])('whose handshake has %s is refused, and the server goes on', async (_name, lines) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.write(
      `GET /api/v1/workspace/events HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n` +
        `upgrade: websocket\r\nauthorization: Bearer ${fixture.tokens.Agent}\r\n${lines}\r\n`,
    );
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    await opened().ofType('reset');
  });
});

describe('the server’s end', () => {
  it('tells every screen to come again', async () => {
    const screen = opened();
    await screen.ofType('reset');
    const closing = fixture.server.close();
    expect(await screen.closed).toEqual({ code: 1001, reason: 'the server stops' });
    await closing;
  });
});
