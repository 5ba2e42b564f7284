import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AudioLibrary } from '../../../../src/embedded/media-server/audio-library.ts';
import { Channel } from '../../../../src/embedded/media-server/channel.ts';
import type { ChannelHost } from '../../../../src/embedded/media-server/channel.ts';
import {
  collectDigits,
  parseDigitCollection,
} from '../../../../src/embedded/media-server/digit-collection.ts';
import { EventSource } from '../../../../src/embedded/media-server/event-source.ts';
import type { MediaLink } from '../../../../src/embedded/media-server/media-link.ts';
import type { MediaOrder } from '../../../../src/embedded/rtp/media-orders.ts';

/** A media thread that plays every file for ever until it is stopped, and silence of 250 ms to its end. */
class FakeMedia {
  readonly #played = new Map<number, (samples: number) => void>();
  #count = 0;
  playCount = 0;

  nextId(): number {
    return ++this.#count;
  }

  whenPlayed(play: number): Promise<number> {
    return new Promise((resolve) => this.#played.set(play, resolve));
  }

  forgetPlay(play: number): void {
    this.#played.get(play)?.(0);
  }

  order(order: MediaOrder): void {
    if (order.type === 'stop-play') this.#played.get(order.play)?.(800);
    if (order.type !== 'play') return;
    this.playCount++;
    const [segment] = order.segments;
    if (segment?.kind === 'silence')
      setTimeout(() => this.#played.get(order.play)?.(2_000), segment.durationMs);
  }
}

interface Outcome {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly playCount: number;
  readonly elapsedMs: number;
}

/** Runs a collection with keys pressed at these milliseconds. */
async function run(argument: string, keys: readonly (readonly [number, string])[]): Promise<Outcome> {
  const media = new FakeMedia();
  const channelHost: ChannelHost = {
    events: new EventSource('127.0.0.1', () => undefined),
    queuedApplicationsMax: 1,
    variablesMax: 100,
    application: () => undefined,
    applicationFailed: () => undefined,
    release: () => undefined,
  };
  const identity = { uuid: 'u', name: 'n', callerNumber: '1', destination: '2', networkAddress: '127.0.0.1' };
  const channel = new Channel(identity, channelHost);
  const plan = parseDigitCollection(argument);
  if (plan === undefined) throw new Error('no plan');
  for (const [atMs, digit] of keys) {
    setTimeout(() => channel.receiveDigit({ digit, durationSamples: 800 }, 'RTP'), atMs);
  }
  const host = { media: media as unknown as MediaLink, library: new AudioLibrary([], 1) };
  const startMs = Date.now();
  const done = collectDigits(host, channel, plan, new AbortController().signal);
  const state = { isDone: false };
  void done.finally(() => (state.isDone = true));
  while (!state.isDone) await vi.advanceTimersByTimeAsync(50);
  return {
    variables: Object.fromEntries(channel.variables),
    playCount: media.playCount,
    elapsedMs: Date.now() - startMs,
  };
}

const PROMPT = 'tone_stream://%(1000,0,440)';

describe('play_and_get_digits', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is ended by enough digits, the first of which ends the prompt', async () => {
    const { variables } = await run(`3 3 1 5000 # ${PROMPT} silence_stream://250 d \\d+ 2000`, [
      [100, '1'],
      [600, '2'],
      [900, '3'],
    ]);
    expect(variables).toMatchObject({ d: '123', read_result: 'success' });
    expect(variables['read_terminator_used']).toBeUndefined();
  });

  it('is ended by a terminator, which is not among the digits', async () => {
    const { variables } = await run(`1 9 1 5000 # ${PROMPT} silence_stream://250 d \\d+ 2000`, [
      [100, '4'],
      [200, '#'],
    ]);
    expect(variables).toMatchObject({ d: '4', read_terminator_used: '#' });
  });

  it('takes fewer than the most when the time between digits runs out', async () => {
    const { variables, elapsedMs } = await run(`1 9 1 8000 # ${PROMPT} silence_stream://250 d \\d+ 2000`, [
      [100, '7'],
    ]);
    expect(variables).toMatchObject({ d: '7', read_result: 'timeout' });
    expect(elapsedMs).toBeLessThan(2_300);
  });

  it('plays the invalid file after each try without a digit, then gives up', async () => {
    const { variables, playCount } = await run(
      '1 1 2 1000 # silence_stream://100 silence_stream://250 d \\d+',
      [],
    );
    expect(variables['d']).toBeUndefined();
    expect(variables['read_result']).toBe('failure');
    expect(playCount).toBe(4);
  });

  it('refuses what the pattern does not meet, says so, and asks again', async () => {
    const { variables } = await run('2 2 2 3000 # silence_stream://100 silence_stream://250 d ^1\\d$ 1000', [
      [150, '9'],
      [200, '9'],
      [700, '1'],
      [800, '5'],
    ]);
    expect(variables).toMatchObject({ d: '15', d_invalid: '99' });
  });

  it('keeps what was keyed while the invalid file played for the next try', async () => {
    const { variables } = await run('1 1 2 1000 # silence_stream://100 silence_stream://500 d ^1$ 1000', [
      [150, '9'],
      [300, '1'],
    ]);
    expect(variables['d']).toBe('1');
  });

  it('accepts a terminator alone when no digit is required', async () => {
    const { variables, playCount } = await run(`0 4 3 4000 # ${PROMPT} silence_stream://250 d \\d+ 1000`, [
      [100, '#'],
    ]);
    expect(variables).toMatchObject({ read_terminator_used: '#', read_result: 'success' });
    expect(playCount).toBe(1);
  });

  it('never meets a pattern that cannot be compiled', async () => {
    const { variables } = await run('1 1 1 1000 # silence_stream://50 silence_stream://50 d [ 1000', [
      [100, '1'],
    ]);
    expect(variables['d']).toBeUndefined();
    expect(variables['d_invalid']).toBe('1');
  });
});
