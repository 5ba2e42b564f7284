import { beforeEach, describe, expect, it } from 'vitest';
import { DialogWatch, takesOptions } from '../../../src/adapters/drachtio/dialog-watch.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from '../../../src/adapters/drachtio/drachtio-srf.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

const EVERY_MS = 30_000;

let clock: SimulatedClock;
let watch: DialogWatch;
let goneCount: number;
let asked: ((err: unknown, res?: SrfResponse) => void)[];

beforeEach(() => {
  clock = new SimulatedClock();
  goneCount = 0;
  asked = [];
  const dialog = {
    request: (_options: unknown, callback: (err: unknown, res?: SrfResponse) => void) => {
      asked.push(callback);
    },
  } as unknown as SrfDialog;
  watch = new DialogWatch(dialog, clock, EVERY_MS, () => goneCount++);
});

/** The next question is answered so; `lost`: it could not be sent. */
function answer(status: number | 'lost'): void {
  const before = asked.length;
  clock.advance(EVERY_MS);
  expect(asked).toHaveLength(before + 1);
  if (status === 'lost') asked.at(-1)?.(new Error('not connected'));
  else asked.at(-1)?.(undefined, { status } as SrfResponse);
}

describe('a phone is asked', () => {
  const dialog = (type: 'uas' | 'uac', invite: string | undefined, answer: string | undefined) => ({
    type,
    req: { get: () => invite } as unknown as SrfRequest,
    res: { get: () => answer } as unknown as SrfResponse,
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

describe('a phone in a call', () => {
  it('is gone when it has answered once and then is silent', () => {
    answer(200);
    answer(405);
    expect(goneCount).toBe(0);
    answer(408);
    expect(goneCount).toBe(1);
    clock.advance(10 * EVERY_MS);
    expect(asked).toHaveLength(3);
  });

  it('that never answers such questions is not judged by its silence', () => {
    for (let i = 0; i < 5; i++) answer(408);
    expect(goneCount).toBe(0);
  });

  it('is gone at once when it knows nothing of the call', () => {
    answer(481);
    expect(goneCount).toBe(1);
  });

  it('is gone when it cannot be reached twice in a row, not for one refusal or a lost SIP server', () => {
    for (const status of [200, 503, 200, 503, 'lost', 503] as const) answer(status);
    expect(goneCount).toBe(0);
    answer(503);
    expect(goneCount).toBe(1);
  });

  it('is asked one thing at a time, and nothing after the call', () => {
    clock.advance(3 * EVERY_MS);
    expect(asked).toHaveLength(1);
    watch.close();
    asked[0]?.(undefined, { status: 481 } as SrfResponse);
    clock.advance(3 * EVERY_MS);
    expect([asked.length, goneCount]).toEqual([1, 0]);
  });
});
