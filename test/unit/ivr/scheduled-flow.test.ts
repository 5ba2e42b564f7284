import { beforeAll, describe, expect, test } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { Conversation, repositoryFlows } from './conversation.ts';

let library: FlowLibrary;
beforeAll(async () => {
  library = await repositoryFlows();
});

/** It is Monday, 2 March 2026, 09:00 in New York. */
function call(facts: Partial<Conversation['host']['current']> = {}, language = 'en'): Conversation {
  const conversation = new Conversation(library.require('inbound'), library.audioMs);
  conversation.host.current = { ...conversation.host.current, scheduledAllowed: true, ...facts };
  return conversation.start(language);
}

const BOOKED = { kind: 'booked', callbackId: 'callback_1', number: '+12125550147', legEnded: true };

describe('a caller who chooses a time', () => {
  test('is offered both, takes tomorrow at half past three, and is booked for it', async () => {
    const caller = call();
    await caller.hear('offer');
    expect(caller.leg.playingIds).toEqual(['offer', 'offer-now', 'offer-time', 'offer-stay']);
    caller.leg.press('2');
    await caller.press('ask-day', '2');
    await caller.hear('key-time');
    expect(caller.leg.playingIds).toEqual(['key-time', 'zone-is', 'zone-eastern']);
    caller.leg.press('0330');
    await caller.press('ask-half', '2');
    await caller.hear('nearest-slot');
    expect(caller.leg.playingIds).toEqual([
      'nearest-slot', 'tomorrow', 'at-time', 'num-3', 'num-30', 'pm', 'slot-menu',
    ]); // prettier-ignore
    caller.leg.press('1');
    await caller.press('number-on-screen', '1');
    expect(await caller.end()).toEqual(BOOKED);
    expect(caller.host.asked).toEqual([
      'enter', 'offer made', 'offer accepted', 'propose 2026-03-03T20:30:00.000Z',
      'screen 2125550147', 'book +12125550147', 'in slot',
    ]); // prettier-ignore
    expect(caller.heard.slice(-7)).toEqual([
      'booked-slot', 'tomorrow', 'at-time', 'num-3', 'num-30', 'pm', 'goodbye',
    ]); // prettier-ignore
  });

  test('keys another day and a time that needs no half of the day', async () => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '3');
    await caller.press('key-day', '0317');
    await caller.press('key-time', '1545');
    await caller.hear('nearest-slot');
    expect(caller.leg.playingIds).toEqual([
      'nearest-slot', 'weekday-2', 'month-3', 'ord-17', 'at-time', 'num-3', 'num-45', 'pm', 'slot-menu',
    ]); // prettier-ignore
    // New York has changed its clock by then.
    expect(caller.host.asked).toContain('propose 2026-03-17T19:45:00.000Z');
    caller.leg.end();
    await caller.end();
  });

  test('hears German with a clock of 24 hours and is asked for no half of the day', async () => {
    const caller = call({ twelveHourClock: false, timeZone: 'Europe/Berlin' }, 'de');
    await caller.press('offer', '2');
    await caller.press('ask-day', '3');
    await caller.press('key-day', '0303');
    await caller.hear('key-time');
    expect(caller.leg.playingIds).toEqual(['key-time', 'zone-is', 'zone-central-european']);
    caller.leg.press('0905');
    await caller.hear('nearest-slot');
    expect(caller.leg.playingIds).toEqual([
      'nearest-slot', 'tomorrow', 'at-time', 'num-9', 'uhr', 'num-5', 'slot-menu',
    ]); // prettier-ignore
    expect(caller.heard).not.toContain('ask-half');
    caller.leg.end();
    await caller.end();
  });

  test.each([
    ['1200', '1', '2026-03-03T05:00:00.000Z'],
    ['1200', '2', '2026-03-03T17:00:00.000Z'],
    ['0100', '1', '2026-03-03T06:00:00.000Z'],
    ['1159', '2', '2026-03-04T04:59:00.000Z'],
  ])('keys %s and half %s: %s', async (keyed, half, wished) => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '2');
    await caller.press('key-time', keyed);
    await caller.press('ask-half', half);
    await caller.hear('nearest-slot');
    expect(caller.host.asked).toContain(`propose ${wished}`);
    caller.leg.end();
    await caller.end();
  });

  test('hears the next free time with 2 and chooses another day with 3', async () => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '1');
    await caller.press('key-time', '1400');
    await caller.press('nearest-slot', '2');
    await caller.hear('nearest-slot');
    expect(caller.leg.playingIds).toContain('num-15');
    caller.leg.press('3');
    await caller.press('ask-day', '2');
    await caller.press('key-time', '1400');
    await caller.press('nearest-slot', '1');
    await caller.press('number-on-screen', '1');
    expect(await caller.end()).toEqual(BOOKED);
    expect(caller.host.asked.filter((entry) => /propose|next/.test(entry))).toEqual([
      'propose 2026-03-02T19:00:00.000Z',
      'next 2026-03-02T19:00:00.000Z',
      'propose 2026-03-03T19:00:00.000Z',
    ]);
  });

  test('types everything ahead and is booked without hearing the menus out', async () => {
    const caller = call();
    await caller.press('offer', '230317154511');
    expect(await caller.end()).toEqual(BOOKED);
    expect(caller.heard).not.toContain('ask-day');
    expect(caller.host.asked).toContain('propose 2026-03-17T19:45:00.000Z');
  });

  test('is booked when hanging up on the key that confirms the number', async () => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '1');
    await caller.press('key-time', '1400');
    await caller.press('nearest-slot', '1');
    await caller.hear('number-on-screen');
    caller.leg.press('1');
    caller.leg.end();
    expect(await caller.end()).toEqual(BOOKED);
    expect(caller.host.asked).toContain('in slot');
  });

  test('books nothing when hanging up on the accepted time', async () => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '1');
    await caller.press('key-time', '1400');
    await caller.hear('nearest-slot');
    caller.leg.press('1');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
    expect(caller.host.asked.join()).not.toContain('book');
  });

  test('is taken by an agent in the middle of it', async () => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '1');
    await caller.hear('key-time');
    caller.host.takeByAgent();
    expect(await caller.end()).toEqual({ kind: 'agent-taken', state: 'key-time' });
  });
});

describe('a caller who chooses badly', () => {
  test.each([
    ['no such day', '0231', 'day-not-valid'],
    ['month 13', '1301', 'day-not-valid'],
    ['too far', '0601', 'day-too-far'],
    ['yesterday, which is a year away', '0301', 'day-too-far'],
    ['too few digits', '03', 'day-not-valid'],
  ])('hears why a day is not taken: %s', async (_, keyed, said) => {
    const caller = call();
    await caller.press('offer', '2');
    for (let tryCount = 1; tryCount <= 4; tryCount++) {
      await caller.press('ask-day', '3');
      await caller.press('key-day', keyed);
      await caller.hear(said);
    }
    await caller.hear('keep-place');
    await caller.hear('hold-1');
    await caller.pass(700_000);
    expect(caller.heard.filter((id) => id === 'offer')).toHaveLength(1);
    caller.leg.end();
    expect(await caller.end()).toEqual({ kind: 'hung-up', state: 'line', inLine: true });
  });

  test.each(['2400', '0960', '2561', '12'])('hears that %s is no time of day', async (keyed) => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.press('ask-day', '1');
    await caller.press('key-time', keyed);
    await caller.hear('time-not-valid');
    await caller.press('key-time', '1400');
    await caller.hear('nearest-slot');
    expect(caller.host.asked).toContain('propose 2026-03-02T19:00:00.000Z');
    caller.leg.end();
    await caller.end();
  });

  test('keeps the place when nothing is free', async () => {
    const caller = call();
    caller.host.slotsLeft = 0;
    await caller.press('offer', '2');
    await caller.press('ask-day', '1');
    await caller.press('key-time', '1400');
    await caller.hear('no-slot');
    await caller.hear('keep-place');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('keeps the place after silence', async () => {
    const caller = call();
    await caller.press('offer', '2');
    await caller.hear('keep-place');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });
});

describe('what is offered', () => {
  test.each([
    ['only a time', { immediateAllowed: false }, ['offer', 'offer-time', 'offer-stay'], '1'],
    ['only now', { scheduledAllowed: false }, ['offer', 'offer-now', 'offer-stay'], '2'],
  ])('is %s, and the other key means staying', async (_, facts, prompts, otherKey) => {
    const caller = call(facts);
    await caller.hear('offer');
    expect(caller.leg.playingIds).toEqual(prompts);
    caller.leg.press(otherKey);
    await caller.hear('staying');
    caller.leg.end();
    await caller.end();
  });
});

describe('a caller outside the hours', () => {
  const closed = { open: false, immediateAllowed: false };

  test('is offered a time only, and is booked without a place in line', async () => {
    const caller = call(closed);
    await caller.press('closed-offer', '2');
    await caller.press('ask-day', '2');
    await caller.press('key-time', '1400');
    await caller.press('nearest-slot', '1');
    await caller.press('number-on-screen', '1');
    expect(await caller.end()).toEqual(BOOKED);
    expect(caller.host.asked).not.toContain('enter');
    expect(caller.heard).not.toContain('offer');
  });

  test.each([
    ['says nothing', ''],
    ['presses something else', '1'],
  ])('who %s hears goodbye', async (_, keys) => {
    const caller = call(closed);
    await caller.hear('closed-offer');
    caller.leg.press(keys);
    expect(await caller.end()).toEqual({ kind: 'finished', result: 'closed', legEnded: true });
    expect(caller.heard.slice(-2)).toEqual(['unbooked', 'goodbye']);
  });

  test.each([
    ['no time is found', async (caller: Conversation) => void (caller.host.slotsLeft = 0)],
    [
      'the booking fails',
      async (caller: Conversation) =>
        void (caller.host.booking = () => Promise.resolve({ kind: 'refused', reason: 'slot-full' })),
    ],
  ])('hears goodbye and never enters the line when %s', async (_, prepare) => {
    const caller = call(closed);
    await prepare(caller);
    await caller.press('closed-offer', '2');
    await caller.press('ask-day', '2');
    await caller.press('key-time', '1400');
    if (caller.host.slotsLeft > 0) {
      await caller.press('nearest-slot', '1');
      await caller.press('number-on-screen', '1');
    }
    expect(await caller.end()).toEqual({ kind: 'finished', result: 'closed', legEnded: true });
    expect(caller.host.asked).not.toContain('enter');
  });

  test('is asked for a number when none was presented, and withdrawn after three bad ones', async () => {
    const caller = call({ ...closed, ani: '9005550100' });
    await caller.press('closed-offer', '2');
    await caller.press('ask-day', '2');
    await caller.press('key-time', '1400');
    await caller.press('nearest-slot', '1');
    for (let tryCount = 1; tryCount <= 3; tryCount++) await caller.press('key-number', '1234567#');
    expect(await caller.end()).toEqual({ kind: 'finished', result: 'closed', legEnded: true });
  });
});
