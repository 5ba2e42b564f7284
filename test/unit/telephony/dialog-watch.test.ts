import { beforeEach, describe, expect, it } from 'vitest';
import { DialogWatch, takesOptions } from '../../../src/adapters/drachtio/dialog-watch.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from '../../../src/adapters/drachtio/drachtio-srf.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

const EVERY_MS = 30_000;

let clock: SimulatedClock;
let watch: DialogWatch;
let goneCount: number;
let asked: ((err: unknown, res?: SrfResponse) => void)[];
/** What the media server tells of the phone; undefined: it does not answer. */
let packetCount: number | undefined;
/** Packets that each further look finds. */
let flow: number;
let isHeld: boolean;

function watched(allow: string): void {
  clock = new SimulatedClock();
  goneCount = 0;
  asked = [];
  packetCount = 0;
  flow = 0;
  isHeld = false;
  const dialog = {
    type: 'uas',
    req: { get: () => allow },
    request: (_options: unknown, callback: (err: unknown, res?: SrfResponse) => void) => {
      asked.push(callback);
    },
  } as unknown as SrfDialog;
  watch = new DialogWatch({
    dialog,
    clock,
    intervalMs: EVERY_MS,
    packetCount: () => {
      if (packetCount !== undefined) packetCount += flow;
      return Promise.resolve(packetCount);
    },
    isHeld: () => isHeld,
    gone: () => goneCount++,
  });
}

/** Time passes, and whatever waits for the media server hears of it. */
async function pass(ms: number): Promise<void> {
  const told = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  await told();
  for (let left = ms; left > 0; left -= 500) {
    clock.advance(Math.min(500, left));
    await told();
  }
}

/** The last question is answered so; `lost`: it could not be sent. */
async function answer(status: number | 'lost'): Promise<void> {
  if (status === 'lost') asked.at(-1)?.(new Error('not connected'));
  else asked.at(-1)?.(undefined, { status } as SrfResponse);
  await pass(500);
}

/** The next question, which comes in time, is answered so. */
async function next(status: number | 'lost'): Promise<void> {
  const before = asked.length;
  await pass(EVERY_MS);
  expect(asked).toHaveLength(before + 1);
  await answer(status);
}

describe('a phone is asked regularly', () => {
  const dialog = (type: 'uas' | 'uac', invite: string | undefined, response: string | undefined) => ({
    type,
    req: { get: () => invite } as unknown as SrfRequest,
    res: { get: () => response } as unknown as SrfResponse,
  });

  it('when its own INVITE or answer allows OPTIONS', () => {
    expect(takesOptions(dialog('uas', 'INVITE, Options', undefined))).toBe(true);
    expect(takesOptions(dialog('uac', undefined, 'INVITE,OPTIONS,BYE'))).toBe(true);
  });

  it('not when it says nothing, or only we allow it', () => {
    expect(takesOptions(dialog('uas', undefined, 'OPTIONS'))).toBe(false);
    expect(takesOptions(dialog('uac', 'OPTIONS', 'INVITE, X-OPTIONS'))).toBe(false);
  });
});

describe('a phone that allows OPTIONS', () => {
  beforeEach(() => watched('INVITE, ACK, BYE, OPTIONS'));

  it('is gone when it has answered once and then is silent', async () => {
    await next(200);
    await next(405);
    expect(goneCount).toBe(0);
    await next(408);
    expect(goneCount).toBe(1);
    await pass(10 * EVERY_MS);
    expect(asked).toHaveLength(3);
  });

  it('is there when it talks, whatever it does with questions', async () => {
    await next(200);
    flow = 25;
    await next(408);
    expect(goneCount).toBe(0);
    flow = 0;
    await next(408);
    expect(goneCount).toBe(1);
  });

  it('that never answers such questions is not judged by that alone', async () => {
    await next(408);
    await pass(20 * EVERY_MS);
    expect([asked.length, goneCount]).toEqual([1, 0]);
  });

  it('that never answers such questions is gone when its media have stopped too', async () => {
    packetCount = 900;
    flow = 25;
    await next(408);
    await pass(4 * EVERY_MS);
    expect(asked).toHaveLength(1);
    flow = 0;
    await pass(1.5 * EVERY_MS);
    await answer(408);
    expect([asked.length, goneCount]).toEqual([2, 1]);
  });

  it('is gone at once when it knows nothing of the call', async () => {
    await next(481);
    expect(goneCount).toBe(1);
  });

  it('is gone when it cannot be reached twice in a row, not for one refusal or a lost SIP server', async () => {
    for (const status of [200, 503, 200, 503, 'lost', 503] as const) await next(status);
    expect(goneCount).toBe(0);
    await next(503);
    expect(goneCount).toBe(1);
  });

  it('need not be waited for as long as the SIP server would', async () => {
    await next(200);
    await pass(EVERY_MS);
    expect(asked).toHaveLength(2);
    await pass(EVERY_MS + 500);
    expect(goneCount).toBe(1);
  });

  it('whose answer comes too late is asked one thing at a time all the same', async () => {
    await next(200);
    flow = 25;
    await pass(2 * EVERY_MS + 500);
    const late = asked.at(-1);
    await pass(EVERY_MS);
    expect(asked).toHaveLength(3);
    late?.(undefined, { status: 481 } as SrfResponse);
    await answer(200);
    await pass(EVERY_MS - 1000);
    expect([asked.length, goneCount]).toEqual([3, 0]);
  });

  it('is asked nothing after the call', async () => {
    await pass(EVERY_MS);
    watch.close();
    await answer(481);
    await pass(3 * EVERY_MS);
    expect([asked.length, goneCount]).toEqual([1, 0]);
  });
});

describe('a phone that says nothing of OPTIONS', () => {
  beforeEach(() => watched('INVITE, ACK, BYE'));

  it('is never asked when it has never sent a packet', async () => {
    await pass(100 * EVERY_MS);
    expect([asked.length, goneCount]).toEqual([0, 0]);
  });

  it('is not asked while it talks, or while the media server does not tell', async () => {
    flow = 1500;
    await pass(5 * EVERY_MS);
    packetCount = undefined;
    await pass(5 * EVERY_MS);
    expect(asked).toHaveLength(0);
  });

  it('is asked when its media stop, and is gone when it does not answer', async () => {
    flow = 1500;
    await pass(EVERY_MS);
    flow = 0;
    await pass(0.5 * EVERY_MS);
    expect(asked).toHaveLength(0);
    await pass(EVERY_MS);
    expect(asked).toHaveLength(1);
    await answer(408);
    expect(goneCount).toBe(1);
  });

  it('that answers, however, stays, and is asked again less often', async () => {
    packetCount = 10;
    await pass(1.5 * EVERY_MS);
    await answer(405);
    await pass(3.5 * EVERY_MS);
    expect(asked).toHaveLength(1);
    await pass(EVERY_MS);
    expect(asked).toHaveLength(2);
    await answer(408);
    expect(goneCount).toBe(1);
  });

  it('that talks again while it is asked stays', async () => {
    packetCount = 10;
    await pass(1.5 * EVERY_MS);
    flow = 25;
    await answer(408);
    expect(goneCount).toBe(0);
    await pass(3 * EVERY_MS);
    expect(asked).toHaveLength(1);
  });

  it('may be silent ten times as long on hold, and is missed then too', async () => {
    packetCount = 10;
    isHeld = true;
    await pass(10 * EVERY_MS);
    expect(asked).toHaveLength(0);
    await pass(EVERY_MS);
    expect(asked).toHaveLength(1);
    await answer(408);
    expect(goneCount).toBe(1);
  });

  it('has the whole time again after it has taken the call back', async () => {
    packetCount = 10;
    isHeld = true;
    await pass(9 * EVERY_MS);
    isHeld = false;
    await pass(EVERY_MS);
    expect(asked).toHaveLength(0);
    await pass(EVERY_MS);
    expect(asked).toHaveLength(1);
  });

  it('that cannot be reached is gone at the second failure', async () => {
    packetCount = 10;
    await pass(1.5 * EVERY_MS);
    await answer(503);
    expect(goneCount).toBe(0);
    await pass(EVERY_MS);
    await answer(503);
    expect([asked.length, goneCount]).toEqual([2, 1]);
  });
});
