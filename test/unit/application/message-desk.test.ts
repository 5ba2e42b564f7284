import { beforeEach, describe, expect, it } from 'vitest';
import { LineOverflow } from '../../../src/application/line-overflow.ts';
import { MessageDesk } from '../../../src/application/message-desk.ts';
import type { ServiceDirectory } from '../../../src/application/service-directory.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import type { MessageTaken } from '../../../src/ivr/flow-host.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { FakeLeg } from '../../fakes/fake-leg.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const NUMBER = '+15551230000';
/** 20 ms of sound, and of silence. */
const LOUD = new Int16Array(160).fill(8000);
const QUIET = new Int16Array(160);

let house: House;
let leg: FakeLeg;
let finish: AbortController;
let taken: MessageTaken | undefined;
/** Resolves when the tone has been heard. */
let sounded: Promise<void> = Promise.resolve();

/** A message is being taken. */
async function taking(changes: Partial<QueueSettings> = {}): Promise<void> {
  house = new House({ voicemailEnabled: true, ...changes });
  house.open();
  leg = new FakeLeg(house.clock);
  finish = new AbortController();
  taken = undefined;
  const desk = new MessageDesk({
    ...house.engine,
    recordings: house.recordings,
    directory: { businessHours: () => undefined } as unknown as ServiceDirectory,
    ids: new IdSource(house.clock, new SeededRandom(2)),
    clock: house.clock,
    log: silentLog,
  });
  void desk
    .take({
      leg,
      callId: 'call_1',
      settings: house.settings,
      number: NUMBER,
      dialled: '5000',
      language: 'en',
      place: { atMs: house.clock.nowMs() - 60_000, priority: 7 },
      tone: () => sounded,
      finish: finish.signal,
    })
    .then((outcome) => {
      taken = outcome;
    });
  await settle();
}

/** The caller sends this for so long. */
async function says(samples: Int16Array, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 20) {
    house.clock.advance(20);
    leg.controls.speak(samples);
  }
  await settle();
}

const only = () => [...house.recordings.recordings.entries()][0]!;

describe('a message', () => {
  it('is recorded from the tone on, whose time does not count as the message', async () => {
    let end: () => void = () => undefined;
    sounded = new Promise((resolve) => {
      end = resolve;
    });
    await taking({ voicemailMinSec: 2 });
    expect(only()[1].state).toBe('recording');
    await says(LOUD, 1500);
    end();
    await says(LOUD, 1500);
    finish.abort();
    await settle();
    expect(taken).toEqual({ kind: 'empty' });
    sounded = Promise.resolve();
  });

  it('becomes a callback at the old place with the recording in its data', async () => {
    await taking();
    await says(LOUD, 3000);
    finish.abort();
    await settle();
    const [id, recording] = only();
    expect(taken).toMatchObject({ kind: 'booked' });
    const callback = [...house.store.callbacks.values()][0];
    expect(callback).toMatchObject({
      state: 'QUEUED',
      customerNumber: NUMBER,
      placeAtMs: house.clock.nowMs() - 63_000,
      priority: 7,
      userData: { _message: id },
    });
    expect(recording).toMatchObject({ state: 'finished', kind: 'voicemail', callbackId: callback?.id });
    expect(house.clock.pendingCount).toBe(1); // the callback's own due time
  });

  it('ends with silence after words, and is none without a word', async () => {
    await taking({ voicemailSilenceSec: 3 });
    await says(LOUD, 1500);
    await says(QUIET, 2500);
    expect(taken).toBeUndefined();
    await says(QUIET, 800);
    expect(taken).toMatchObject({ kind: 'booked' });
    await taking({ voicemailSilenceSec: 3 });
    await says(QUIET, 3500);
    expect(taken).toEqual({ kind: 'empty' });
    expect(only()[1].state).toBe('failed');
    expect(house.store.callbacks.size).toBe(0);
  });

  it('ends with the longest time, and with the call', async () => {
    await taking({ voicemailMaxSec: 5 });
    await says(LOUD, 5100);
    expect(taken).toMatchObject({ kind: 'booked' });
    await taking();
    await says(LOUD, 3000);
    leg.end();
    await settle();
    expect(taken).toMatchObject({ kind: 'booked' });
  });

  it('counts by its length where nobody can listen', async () => {
    await taking();
    house.clock.advance(30_000);
    finish.abort();
    await settle();
    expect(taken).toMatchObject({ kind: 'booked' });
    await taking({ voicemailMinSec: 2 });
    house.clock.advance(1900);
    finish.abort();
    await settle();
    expect(taken).toEqual({ kind: 'empty' });
  });

  it('is kept with the pending callback when the number may have no further one', async () => {
    await taking({ duplicateCheck: 'STRICT' });
    const pending = await house.book(NUMBER);
    await says(LOUD, 3000);
    finish.abort();
    await settle();
    expect(taken).toEqual({ kind: 'kept' });
    expect(only()[1]).toMatchObject({ state: 'finished', callbackId: pending.id });
    expect(house.store.callbacks.size).toBe(1);
  });

  it('cannot be left when nothing can be recorded', async () => {
    await taking();
    finish.abort();
    await settle();
    house.recordings.refusal = new Error('full');
    const desk = new MessageDesk({
      ...house.engine,
      recordings: house.recordings,
      directory: { businessHours: () => undefined } as unknown as ServiceDirectory,
      ids: new IdSource(house.clock, new SeededRandom(3)),
      clock: house.clock,
      log: silentLog,
    });
    const outcome = await desk.take({
      leg: new FakeLeg(house.clock),
      callId: 'call_2',
      settings: house.settings,
      number: NUMBER,
      dialled: '5000',
      language: 'en',
      place: { atMs: 0, priority: 0 },
      tone: () => Promise.resolve(),
      finish: new AbortController().signal,
    });
    expect(outcome).toEqual({ kind: 'failed' });
    expect(house.store.callbacks.size).toBe(0);
  });
});

describe('overflow', () => {
  const first = aQueue({ name: 'first', overflowAfterSec: 30, overflowQueue: 'second' });
  const second = aQueue({ name: 'second', maxQueued: 2, overflowQueue: 'first', overflowAfterSec: 10 });
  let isOpen: boolean;
  let length: number;
  let dueCount: number;
  let overflow: LineOverflow;

  beforeEach(() => {
    house = new House();
    isOpen = true;
    length = 0;
    dueCount = 0;
    overflow = new LineOverflow({
      directory: {
        queue: (name: string) => [first, second].find((queue) => queue.name === name),
        isOpen: () => isOpen,
      } as unknown as ServiceDirectory,
      router: { queue: () => ({ length }) as never },
      clock: house.clock,
      onDue: () => {
        dueCount++;
      },
    });
    overflow.joined(first);
  });

  it('is due when the caller has waited so long, and tells so once', () => {
    house.clock.advance(29_999);
    expect(overflow.isDue(first)).toBe(false);
    house.clock.advance(1);
    expect(overflow.isDue(first)).toBe(true);
    expect(dueCount).toBe(1);
    expect(overflow.target(first)).toEqual({ kind: 'queue', settings: second });
    overflow.left();
    expect(overflow.isDue(first)).toBe(false);
  });

  it('leads nowhere when the other line is closed or full, unless messages are taken', () => {
    house.clock.advance(30_000);
    isOpen = false;
    expect(overflow.isDue(first)).toBe(false);
    isOpen = true;
    length = 2;
    expect(overflow.isDue(first)).toBe(false);
    expect(overflow.target({ ...first, voicemailEnabled: true })).toEqual({ kind: 'voicemail' });
  });

  it('counts anew in the other line, and never leads back', () => {
    house.clock.advance(30_000);
    overflow.joined(second);
    expect(overflow.isDue(second)).toBe(false);
    house.clock.advance(10_000);
    expect(overflow.target(second)).toBeUndefined();
    expect(overflow.isDue(second)).toBe(false);
    overflow.left();
    expect(house.clock.pendingCount).toBe(0);
  });
});
