import { beforeAll, describe, expect, test } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { Conversation, repositoryFlows } from './conversation.ts';

let library: FlowLibrary;
beforeAll(async () => {
  library = await repositoryFlows();
});

function call(facts: Partial<Conversation['host']['current']> = {}): Conversation {
  const conversation = new Conversation(library.require('inbound'), library.audioMs);
  conversation.host.current = { ...conversation.host.current, ...facts };
  return conversation.start();
}

const BOOKED = { kind: 'booked', callbackId: 'callback_1', number: '+12125550147' };

describe('a caller who takes the callback', () => {
  test('keeps the presented number and hears that it is booked', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '1');
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
    expect(caller.host.asked).toEqual([
      'enter', 'offer made', 'offer accepted', 'screen 2125550147', 'book +12125550147',
    ]); // prettier-ignore
    expect(caller.heard.slice(-2)).toEqual(['booked', 'goodbye']);
    expect(caller.leg.termination?.reason).toBe('local-hangup');
  });

  test('hears position and wait before the offer, and the number read back digit by digit', async () => {
    const caller = call({ ewtSec: 600 });
    await caller.hear('offer');
    expect(caller.heard).toEqual([
      'greeting', 'please-hold', 'you-are-number', 'num-4', 'in-line',
      'wait-is-about', 'num-10', 'minutes', 'offer', 'offer-now', 'offer-stay',
    ]); // prettier-ignore
    caller.leg.press('1');
    await caller.hear('number-on-screen');
    expect(caller.leg.playingIds).toEqual([
      'number-on-screen',
      ...'2125550147'.split('').map((digit) => `digit-${digit}`),
      'press-1-keep-2-other',
    ]);
  });

  test('keys another number, which is screened and read back', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '2');
    await caller.press('key-number', '3125550188#');
    await caller.press('number-you-keyed', '1');
    expect(await caller.end()).toEqual({ ...BOOKED, number: '+13125550188', legEnded: true });
    expect(caller.host.asked).toContain('screen 3125550188');
  });

  test('is asked for a number when none was presented', async () => {
    const { ani: _, ...withoutAni } = call().host.current;
    const caller = new Conversation(library.require('inbound'), library.audioMs);
    caller.host.current = withoutAni;
    caller.start();
    await caller.press('offer', '1');
    await caller.press('key-number', '3125550188#');
    await caller.press('number-you-keyed', '1');
    expect(await caller.end()).toMatchObject({ kind: 'booked', number: '+13125550188' });
  });

  test('is asked for a number when the presented one cannot be called', async () => {
    const caller = call({ ani: '9005550100' });
    await caller.press('offer', '1');
    await caller.hear('key-number');
    expect(caller.heard).not.toContain('number-on-screen');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('types everything ahead and is booked without hearing the menus out', async () => {
    const caller = call();
    await caller.press('offer', '123125550188#1');
    expect(await caller.end()).toMatchObject({ kind: 'booked', number: '+13125550188' });
    expect(caller.heard).not.toContain('key-number');
  });

  test('is booked when hanging up on the confirming key', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.hear('number-on-screen');
    caller.leg.press('1');
    caller.leg.end();
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
  });

  test('is booked when hanging up while the booking is being made', async () => {
    const caller = call();
    let finish: () => void = () => undefined;
    caller.host.booking = () =>
      new Promise((resolve) => {
        finish = () => resolve({ kind: 'booked', callbackId: 'callback_1' });
      });
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '1');
    caller.leg.end();
    await caller.pass(200);
    expect(caller.outcome).toBeUndefined();
    finish();
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
  });

  test('is booked when hanging up during the goodbye', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '1');
    await caller.hear('booked');
    caller.leg.end();
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
  });

  test('stays booked when an agent claims the call after the booking', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '1');
    await caller.hear('booked');
    caller.host.takeByAgent();
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
  });

  test.each([
    ['refused', () => Promise.resolve({ kind: 'refused', reason: 'watermark' } as const)],
    ['failing', () => Promise.reject(new Error('disk full'))],
  ])('keeps the place on hold when the booking is %s, and is not offered again', async (_, booking) => {
    const caller = call();
    caller.host.booking = booking;
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '1');
    await caller.hear('booking-failed');
    await caller.pass(700_000);
    expect(caller.heard.filter((id) => id === 'offer')).toHaveLength(1);
    expect(caller.leg.playingIds).toContain('hold-1');
    caller.host.takeByAgent();
    expect(await caller.end()).toEqual({ kind: 'agent-taken', state: 'line' });
  });
});

describe('a caller who keys numbers badly', () => {
  test.each([
    ['too short', '12345#', 'too-few-digits'],
    ['only the pound key', '#', 'too-few-digits'],
    ['too long', '1234567890123456#', 'too-many-digits'],
    ['not a number', '1234567#', 'number-not-valid'],
    ['not permitted', '9005550100#', 'number-not-permitted'],
    ['silent', '', 'nothing-heard'],
  ])('hears why when it is %s, has three tries, then keeps the place on hold', async (_, keyed, said) => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '2');
    for (let tryCount = 1; tryCount <= 3; tryCount++) {
      await caller.press('key-number', keyed);
      await caller.hear(said);
    }
    await caller.hear('offer-withdrawn');
    await caller.hear('hold-1');
    await caller.pass(700_000);
    expect(caller.heard.filter((id) => id === 'offer')).toHaveLength(1);
    expect(caller.host.asked.filter((entry) => entry === 'enter')).toHaveLength(1);
    caller.leg.end();
    expect(await caller.end()).toEqual({ kind: 'hung-up', state: 'line', inLine: true });
  });

  test('starts again with the star key', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '2');
    await caller.press('key-number', '999*3125550188#');
    await caller.press('number-you-keyed', '1');
    expect(await caller.end()).toMatchObject({ kind: 'booked', number: '+13125550188' });
  });

  test('needs no pound key when pausing after the last digit', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '2');
    await caller.press('key-number', '3125550188');
    await caller.press('number-you-keyed', '1');
    expect(await caller.end()).toMatchObject({ number: '+13125550188' });
  });

  test('may correct the number read back, within the three tries', async () => {
    const caller = call();
    await caller.press('offer', '1');
    await caller.press('number-on-screen', '2');
    for (let tryCount = 1; tryCount <= 3; tryCount++) {
      await caller.press('key-number', '3125550188#');
      await caller.press('number-you-keyed', '2');
    }
    await caller.hear('offer-withdrawn');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('presses wrong keys at the confirmation until the offer is withdrawn', async () => {
    const caller = call();
    await caller.press('offer', '1');
    for (let tryCount = 1; tryCount <= 3; tryCount++) {
      await caller.press('number-on-screen', '7');
      await caller.hear('not-understood');
    }
    await caller.hear('offer-withdrawn');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up' });
  });
});

describe('a caller who waits', () => {
  test('declines by silence and is offered again only after five minutes', async () => {
    const caller = call();
    await caller.hear('offer');
    const firstAtMs = caller.clock.nowMs();
    await caller.hear('staying');
    await caller.hear('offer');
    expect(caller.clock.nowMs() - firstAtMs).toBeGreaterThanOrEqual(300_000);
    expect(caller.clock.nowMs() - firstAtMs).toBeLessThan(345_000);
    expect(caller.host.asked).toEqual(['enter', 'offer made', 'offer declined', 'offer made']);
    caller.leg.end();
    await caller.end();
  });

  test('hears position and wait again at the interval, with the facts of that moment', async () => {
    const caller = call({ ewtSec: 60 });
    await caller.hear('you-are-number');
    expect(caller.leg.playingIds).toContain('minute-1');
    await caller.hear('hold-1');
    const musicAtMs = caller.clock.nowMs();
    caller.host.change({ position: 2, ewtSec: 30 });
    await caller.hear('you-are-number');
    expect(caller.clock.nowMs() - musicAtMs).toBe(30_000);
    expect(caller.leg.playingIds).toEqual([
      'you-are-number',
      'num-2',
      'in-line',
      'wait-is-about',
      'under-a-minute',
    ]);
    // The music goes on with the part after the one broken into: 30 s are two parts of 14.4 s and a bit.
    await caller.hear('hold-4');
    expect(caller.leg.playingIds[0]).toBe('hold-4');
    caller.leg.end();
    await caller.end();
  });

  test('is offered a callback the moment the wait rises above the threshold', async () => {
    const caller = call({ ewtSec: 120 });
    await caller.hear('hold-1');
    await caller.pass(5000);
    caller.host.change({ ewtSec: 121 });
    await caller.pass(0);
    expect(caller.leg.playingIds).toEqual(['offer', 'offer-now', 'offer-stay']);
    caller.leg.end();
    await caller.end();
  });

  test.each([
    ['the wait is at the threshold', { ewtSec: 120 }],
    ['offers are not allowed', { offerAllowed: false }],
  ])('is offered nothing while %s', async (_, facts) => {
    const caller = call(facts);
    await caller.pass(60_000);
    expect(caller.heard).not.toContain('offer');
    caller.leg.end();
    await caller.end();
  });

  test('is told no wait while it is unknown, and is offered a callback: it may be long', async () => {
    const caller = new Conversation(library.require('inbound'), library.audioMs);
    const { ewtSec: _, ...facts } = caller.host.current;
    caller.host.current = facts;
    caller.start();
    await caller.hear('in-line');
    await caller.hear('offer');
    expect(caller.heard).not.toContain('wait-is-about');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('cannot accept by keys pressed to the music before the offer', async () => {
    const caller = call({ ewtSec: 60 });
    await caller.hear('hold-1');
    caller.leg.press('1111');
    await caller.pass(1000);
    caller.host.change({ ewtSec: 900 });
    await caller.hear('offer');
    await caller.hear('staying');
    expect(caller.host.asked).toContain('offer declined');
    caller.leg.end();
    await caller.end();
  });

  test('declines with a wrong key', async () => {
    const caller = call();
    await caller.press('offer', '5');
    await caller.hear('staying');
    caller.leg.end();
    expect(await caller.end()).toEqual({ kind: 'hung-up', state: 'staying', inLine: true });
  });

  test('is told when the line is full', async () => {
    const caller = call();
    caller.host.entry = { kind: 'full' };
    expect(await caller.end()).toEqual({ kind: 'finished', result: 'full', legEnded: true });
    expect(caller.heard).toEqual(['greeting', 'line-full', 'goodbye']);
  });
});

test('a caller outside the hours hears so and takes no place', async () => {
  const caller = call({ open: false });
  expect(await caller.end()).toEqual({ kind: 'finished', result: 'closed', legEnded: true });
  expect(caller.heard).toEqual(['greeting', 'closed', 'goodbye']);
  expect(caller.host.asked).toEqual([]);
});

describe('a caller with a pending callback', () => {
  test.each([
    ['keeps it with 1', '1', 'done', 'pending-kept', 'kept-callback'],
    ['keeps it by silence', '', 'done', 'pending-kept', 'kept-callback'],
    ['cancels it with 3', '3', 'done', 'cancelled', 'cancelled'],
    ['is too late to cancel', '3', 'too-late', 'pending-too-late', 'kept-callback'],
    ['is too late to take the place', '2', 'too-late', 'pending-too-late', 'kept-callback'],
  ] as const)('%s', async (_, key, answer, said, result) => {
    const caller = call({ pendingCallback: true });
    caller.host.pendingAnswer = answer;
    await caller.press('pending-menu', key);
    expect(await caller.end()).toEqual({ kind: 'finished', result, legEnded: true });
    expect(caller.heard).toContain(said);
  });

  test('takes the place on this call with 2', async () => {
    const caller = call({ pendingCallback: true });
    await caller.press('pending-menu', '2');
    await caller.hear('please-hold');
    expect(caller.host.asked).toEqual(['pending take-place', 'enter']);
    caller.host.takeByAgent();
    expect(await caller.end()).toEqual({ kind: 'agent-taken', state: 'line' });
  });
});
