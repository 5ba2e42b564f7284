import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newApiKey, secretDigest } from '../../../src/adapters/http/credential.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { closeFixtures, type Fixture, newFixture } from '../../unit/http/http-fixture.ts';
import { Dice } from './fuzz/dice.ts';
import { hostileTexts } from './fuzz/hostile.ts';
import { closePayload, frame, Opcode, RawFeed } from './fuzz/raw-feed.ts';
import { Screen } from './screen.ts';

closeFixtures();

/** `FEED_FUZZ_SEED=7 FEED_FUZZ_SCREENS=5000` runs other or more sessions. */
const seed = Number(process.env['FEED_FUZZ_SEED'] ?? 20_261_121);
const screenCount = Number(process.env['FEED_FUZZ_SCREENS'] ?? 150);
const TEST_MAX_MS = 3_600_000;

/** docs/workspace.md and RFC 6455 §7.4.1. */
const DOCUMENTED_CODES = [1002, 1007, 1008, 1009];
/** What these clients say themselves is given back (RFC 6455 §5.5.1), as is any code of applications. */
const OWN_CODES = [1000, 1001, 1005, 1011];
const isFairEnd = (code: number): boolean =>
  code === 0 || code >= 3000 || [...DOCUMENTED_CODES, ...OWN_CODES].includes(code);
const PING = '{"type":"ping"}';
const isPong = (text: string): boolean => text === '{"type":"pong"}';

let fixture: Fixture;
let url: string;
let port: number;
const screens: Screen[] = [];

beforeEach(async () => {
  fixture = await newFixture(
    {
      addressRate: { perMinuteMax: 1e9, burstMax: 1e9 },
      principalRate: { perMinuteMax: 1e9, burstMax: 1e9 },
    },
    {},
  );
  ({ url, port } = await fixture.server.listen());
});
afterEach(() => {
  for (const screen of screens.splice(0)) screen.drop();
});

const asAgent = (): string => `authorization: Bearer ${fixture.tokens.Agent}`;
const raw = (early?: Buffer): Promise<RawFeed> => RawFeed.open(port, [asAgent()], early);

/** A screen of alice that behaves. */
async function bystander(): Promise<Screen> {
  const screen = new Screen(url, {}, { headers: { authorization: `Bearer ${fixture.tokens.Agent}` } });
  screens.push(screen);
  await screen.ofType('reset');
  return screen;
}

let happeningCount = 0;

/** Something happens to alice, and these screens hear of it. */
async function stillHear(...hearing: readonly Screen[]): Promise<void> {
  fixture.house.registry.want('alice', 'NOT_READY', 'test', `reason ${++happeningCount}`);
  const { seq: newest } = fixture.house.workspace.feeds.of('alice');
  await Promise.all(hearing.map((screen) => screen.message(({ seq }) => seq === newest, `event ${newest}`)));
}

const listenerCount = (): number => fixture.house.workspace.feeds.of('alice').listenerCount;

/** Resolves when the server has so many connections, and as many screens as listen. */
async function connectionsAre(count: number): Promise<void> {
  const { server } = fixture.server.fastify;
  for (;;) {
    const left = await new Promise<number>((resolve) => {
      server.getConnections((_error, found) => resolve(found));
    });
    // `ws` tells of the end some turns of the loop after the connection is gone.
    if (left === count && listenerCount() === count) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a frame', () => {
  const long = Buffer.alloc(1025, 0x20);
  it.each<[string, readonly Buffer[], number]>([
    ['an unknown command', [frame('{"type":"hold"}')], 1008],
    ['malformed JSON', [frame('{"type":"ping"')], 1008],
    ['JSON of another type', [frame('[]')], 1008],
    ['null', [frame('null')], 1008],
    ['nothing', [frame('')], 1008],
    ['a ping with more in it', [frame('{"type":"ping","type":"ping"}')], 1008],
    ['a member of every object', [frame('{"__proto__":{"type":"ping"}}')], 1008],
    ['a ping in binary', [frame(PING, { opcode: Opcode.binary })], 1008],
    ['a NUL', [frame(`${PING}\0`)], 1008],
    ['a text that is too long', [frame(long)], 1009],
    ['a text that says to be too long', [frame('', { statedLength: 1n << 62n })], 1009],
    ['a length with its highest bit set', [frame('', { statedLength: 1n << 63n })], 1009],
    [
      'fragments that are too long together',
      [
        frame(long.subarray(600), { isLast: false }),
        frame(long.subarray(400), { opcode: Opcode.continuation }),
      ],
      1009,
    ],
    ['a continuation of nothing', [frame('x', { opcode: Opcode.continuation })], 1002],
    ['a text within a text', [frame('{', { isLast: false }), frame(PING)], 1002],
    ['a fragmented ping frame', [frame('', { opcode: Opcode.ping, isLast: false })], 1002],
    ['a ping frame that is too long', [frame(long.subarray(0, 126), { opcode: Opcode.ping })], 1002],
    ['a frame without mask', [frame(PING, { isMasked: false })], 1002],
    ['a reserved bit', [frame(PING, { reserved: 4 })], 1002],
    ['a reserved opcode', [frame(PING, { opcode: 3 })], 1002],
    ['a reserved control opcode', [frame('', { opcode: 11 })], 1002],
    ['text that is no UTF-8', [frame(Buffer.from([0xc0, 0xaf]))], 1007],
    ['half a surrogate pair', [frame(Buffer.from([0xed, 0xa0, 0x80]))], 1007],
    ['a close frame', [frame(closePayload(1000, 'bye'), { opcode: Opcode.close })], 1000],
    ['a close frame without code', [frame('', { opcode: Opcode.close })], 1005],
    ['a close frame of one byte', [frame('x', { opcode: Opcode.close })], 1002],
    [
      'a close frame with a code that none may send',
      [frame(closePayload(1006), { opcode: Opcode.close })],
      1002,
    ],
    [
      'a close reason that is no UTF-8',
      [frame(closePayload(1000, Buffer.from([0xff])), { opcode: Opcode.close })],
      1007,
    ],
  ])(
    'with %s ends the connection with the documented code and nobody else’s',
    async (_name, frames, code) => {
      const other = await bystander();
      const feed = await raw();
      await feed.hears((text) => text.includes('"reset"'), 'the snapshot');
      feed.send(...frames);
      expect(await feed.ended).toMatchObject({ code });
      await stillHear(other);
      await connectionsAre(1);
    },
  );

  it('of a ping is answered: in fragments, with ping frames between them, and in one packet with the handshake', async () => {
    const parts = [
      frame('{"type":', { isLast: false }),
      frame('are you there', { opcode: Opcode.ping }),
      frame('', { opcode: Opcode.continuation, isLast: false }),
      frame('"ping"}', { opcode: Opcode.continuation }),
    ];
    const feed = await raw(Buffer.concat(parts));
    await feed.hears(isPong, 'a pong');
    expect(feed.heard.items).toContain(`opcode 10 ${Buffer.from('are you there').toString('hex')}`);
    feed.socket.destroy();
  });
});

describe('a peer that goes on', () => {
  it('after it was told to go keeps neither its place nor a timer', async () => {
    const timers = fixture.clock.pendingCount;
    const feed = await raw();
    feed.isRude = true;
    await feed.hears((text) => text.includes('"reset"'), 'the snapshot');
    feed.send(frame('no ping'), ...Array.from({ length: 5000 }, () => frame('no ping either')));
    await feed.hears((text) => text.startsWith(`opcode ${Opcode.close} `), 'the close frame');
    expect(listenerCount()).toBe(0);
    // One that ends the connection, and those of the handshake's request; not one for each frame.
    expect(fixture.clock.pendingCount).toBeLessThan(timers + 10);
    fixture.clock.advance(2000);
    await connectionsAre(0);
    feed.socket.destroy();
  });

  it('after a fault of the protocol keeps no place, either', async () => {
    const feed = await raw();
    feed.isRude = true;
    await feed.hears((text) => text.includes('"reset"'), 'the snapshot');
    feed.send(frame(PING, { isMasked: false }));
    await feed.hears((text) => text.startsWith(`opcode ${Opcode.close} `), 'the close frame');
    expect(listenerCount()).toBe(0);
    fixture.clock.advance(2000);
    await connectionsAre(0);
    feed.socket.destroy();
  });

  it.each([
    ['ping', Opcode.ping],
    ['pong', Opcode.pong],
  ])('with %s frames without end is sent away', async (_name, opcode) => {
    const other = await bystander();
    const feed = await raw();
    await feed.hears((text) => text.includes('"reset"'), 'the snapshot');
    feed.socket.pause();
    feed.send(...Array.from({ length: 20_000 }, () => frame('x'.repeat(100), { opcode })));
    await stillHear(other);
    feed.socket.resume();
    // A peer that reads late may lose the close frame to the reset that follows it (RFC 6455 §7.1.1).
    expect([0, 1008]).toContain((await feed.ended).code);
    expect(listenerCount()).toBe(1);
  });

  it('with empty fragments without end is sent away', async () => {
    const feed = await raw();
    await feed.hears((text) => text.includes('"reset"'), 'the snapshot');
    const part = frame('', { opcode: Opcode.continuation, isLast: false });
    feed.send(frame('', { isLast: false }), ...Array.from({ length: 20_000 }, () => part));
    expect([0, 1008]).toContain((await feed.ended).code);
    await connectionsAre(0);
  });
});

describe('a handshake', () => {
  const keyWithScope = async (scope: 'ges' | 'native:readQueues'): Promise<string> => {
    const ids = new IdSource(fixture.clock, new SeededRandom(5));
    const wanted = { name: 'x', role: 'Administrator', createdBy: 'test', expiresAtMs: null } as const;
    const { secret, key } = newApiKey(ids, fixture.clock, { ...wanted, scopes: [scope] });
    await fixture.access.insertApiKey(key);
    return secret;
  };
  const expiredSession = async (): Promise<string> => {
    const token = `ts_${'e'.repeat(43)}`;
    const nowMs = fixture.clock.nowMs();
    const times = { createdAtMs: nowMs - 10, expiresAtMs: nowMs - 1, lastUsedAtMs: nowMs - 2 };
    await fixture.access.insertSession({ tokenHash: secretDigest(token), userName: 'alice', ...times });
    return token;
  };

  it.each<[string, () => Promise<string> | string, number]>([
    ['no credentials', () => 'x-nothing: 1', 401],
    ['a made-up session', () => `authorization: Bearer ts_${'x'.repeat(43)}`, 401],
    ['a session cookie cut short', () => 'cookie: turnkeeper_session=ts_a', 401],
    ['an expired session', async () => `authorization: Bearer ${await expiredSession()}`, 401],
    ['a key for another API', async () => `x-api-key: ${await keyWithScope('ges')}`, 403],
    ['a key for another part', async () => `x-api-key: ${await keyWithScope('native:readQueues')}`, 403],
    ['a role without a workspace', () => `x-api-key: ${fixture.tokens.Monitor}`, 403],
  ])('with %s is refused before any frame is read', async (_name, line, status) => {
    const feed = await RawFeed.open(port, [await line()], frame(PING));
    expect(await feed.hears(() => true, 'an answer')).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    await feed.ended;
    await connectionsAre(0);
  });

  it('under any cursor begins with a snapshot or is refused as a bad request', async () => {
    const cursors = [...hostileTexts, 'feed_0:-1', 'a:b:c', ':1e3', ':0x1', '%', `x:${'9'.repeat(15)}`];
    for (const since of cursors) {
      const screen = new Screen(
        url,
        { since: since.replace(/[\uD800-\uDFFF]/g, '?') },
        { headers: { authorization: `Bearer ${fixture.tokens.Agent}` } },
      );
      const answer = await Promise.race([screen.ofType('reset'), screen.refused]);
      const isFair =
        'body' in answer ? [400, 431].includes(Number(answer.status)) : answer['type'] === 'reset';
      expect([since.slice(0, 40), isFair]).toEqual([since.slice(0, 40), true]);
      screen.drop();
      await screen.closed;
    }
    await connectionsAre(0);
  });
});

describe('sessions of random frames', () => {
  it(
    'end with documented codes or go on, keep nothing, and delay nobody',
    async () => {
      const dice = new Dice(seed);
      const others = await Promise.all([bystander(), bystander()]);
      const timers = fixture.clock.pendingCount;
      const undocumented: unknown[] = [];
      for (let left = screenCount; left > 0; left -= 8) {
        const fought = Array.from({ length: Math.min(8, left) }, () => framesOf(dice));
        await Promise.all(
          fought.map(async ({ frames, ending }) => {
            const feed = await raw();
            feed.send(...frames);
            if (ending === 'reset') feed.socket.resetAndDestroy();
            else feed.socket.end();
            const { code } = await feed.ended;
            // 0: it was we who ended it.
            if (!isFairEnd(code)) undocumented.push([code, frames.map(String)]);
          }),
        );
        await stillHear(...others);
      }
      expect(undocumented).toEqual([]);
      await connectionsAre(others.length);
      fixture.clock.advance(3000);
      expect(fixture.clock.pendingCount).toBeLessThanOrEqual(timers);
      for (const { messages } of others) {
        const seqs = messages.items.flatMap(({ seq }) => seq ?? []);
        expect(seqs).toEqual(seqs.map((_seq, at) => seqs[0]! + at));
      }
    },
    TEST_MAX_MS,
  );
});

/** One to six frames, most of them pings with something wrong. */
function framesOf(dice: Dice): { frames: Buffer[]; ending: 'reset' | 'end' } {
  const opcodes = [...Object.values(Opcode), 3, 11, 15];
  const frames = Array.from({ length: 1 + dice.int(6) }, () => {
    const payload = dice.weighted<() => Buffer | string>([
      [6, () => PING],
      [3, () => dice.pick(hostileTexts)],
      [2, () => Buffer.from(Array.from({ length: dice.int(130) }, () => dice.int(256)))],
      [
        1,
        () =>
          closePayload(
            dice.pick([1000, 1001, 1004, 1011, 2999, 3000, 4999, 5000, 0]),
            dice.pick(hostileTexts),
          ),
      ],
      [1, () => 'y'.repeat(dice.int(3000))],
    ])();
    const whole = frame(payload, {
      opcode: dice.chance(0.6) ? Opcode.text : dice.pick(opcodes),
      isLast: dice.chance(0.85),
      isMasked: dice.chance(0.97),
      reserved: dice.chance(0.95) ? 0 : dice.int(8),
      ...(dice.chance(0.03) && { statedLength: BigInt(dice.int(70_000)) }),
    });
    return dice.chance(0.05) ? whole.subarray(0, dice.int(whole.length)) : whole;
  });
  return { frames, ending: dice.chance(0.3) ? 'reset' : 'end' };
}

describe('many screens', () => {
  it('of one agent are sixteen however fast they come, and one that goes makes room', async () => {
    const feeds = await Promise.all(Array.from({ length: 40 }, () => raw()));
    const ended = feeds.map(({ ended: end }) => end);
    const turnedAway = await Promise.all(
      Array.from({ length: 24 }, async () => {
        const [at, end] = await Promise.race(ended.map(async (each, index) => [index, await each] as const));
        ended[at] = new Promise(() => undefined);
        return end.code;
      }),
    );
    expect(turnedAway).toEqual(Array.from({ length: 24 }, () => 4429));
    expect(listenerCount()).toBe(16);
    for (const { socket } of feeds) socket.destroy();
    await connectionsAre(0);
    await bystander();
  });
});
