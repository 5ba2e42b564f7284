import { beforeAll, expect, test } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { Conversation, repositoryFlows } from './conversation.ts';

const KEYS = [
  '1',
  '1',
  '1',
  '2',
  '3',
  '0315',
  '1430',
  '0930',
  '9',
  '0',
  '#',
  '*',
  'A',
  '3125550188#',
  '1234567#',
  '9005550100#',
  '12#',
];
const ACTIONS_MAX = 60;

let library: FlowLibrary;
beforeAll(async () => {
  library = await repositoryFlows();
});

/** Presses, waits, changes the line, and in the end hangs up or is taken, all by chance. */
async function behave(caller: Conversation, random: SeededRandom): Promise<void> {
  for (let action = 0; action < ACTIONS_MAX && !caller.outcome; action++) {
    const chance = random.next();
    if (chance < 0.55) caller.leg.press(KEYS[Math.floor(random.next() * KEYS.length)] ?? '1');
    else if (chance < 0.6) caller.host.change({ ewtSec: Math.floor(random.next() * 900), position: 2 });
    else if (chance < 0.62) caller.leg.end();
    else if (chance < 0.64) caller.host.takeByAgent();
    else if (chance < 0.65)
      caller.host.booking = () => Promise.resolve({ kind: 'refused', reason: 'duplicate' });
    await caller.pass(random.next() < 0.2 ? 0 : Math.floor(random.next() * 6000));
  }
  caller.leg.end();
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'whatever caller %i does, there is one outcome, at most one booking, and nothing left behind',
  async (seed) => {
    const random = new SeededRandom(seed);
    const name = random.next() < 0.8 ? 'inbound' : 'outbound-confirm';
    const caller = new Conversation(library.require(name), library.audioMs);
    const scheduledAllowed = random.next() < 0.5;
    caller.host.current = { ...caller.host.current, scheduledAllowed, open: random.next() < 0.8 };
    caller.start();
    await behave(caller, random);
    const outcome = await caller.end();
    const bookings = caller.host.asked.filter((entry) => entry.startsWith('book'));
    const entries = caller.host.asked.filter((entry) => entry === 'enter');
    expect(entries.length).toBeLessThanOrEqual(1);
    expect(outcome.kind).not.toBe('failed');
    const isBooked = outcome.kind === 'booked';
    expect(bookings.length).toBeLessThanOrEqual(1);
    expect(bookings.length).toBeGreaterThanOrEqual(isBooked ? 1 : 0);
    // Every number booked had been accepted by screening just before.
    const accepted = bookings.map((entry) => caller.host.asked.includes(entry.replace('book +1', 'screen ')));
    expect(accepted).toEqual(bookings.map(() => true));
  },
);
