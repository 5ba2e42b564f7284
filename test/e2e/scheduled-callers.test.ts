import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import { type Lane, type LaneCallback, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Day, time and half of the day as keyed for an instant; the lanes' zone is UTC, English has 12 hours. */
function keysFor(atMs: number): string {
  const [date, hours, minutes] = [10, 13, 16].map((end, at) =>
    new Date(atMs).toISOString().slice([0, 11, 14][at], end),
  );
  const day = date === new Date().toISOString().slice(0, 10) ? '1' : '2';
  const hour = Number(hours);
  const half = hour >= 1 && hour <= 12 ? (hour === 12 ? '2' : '1') : '';
  return `${day}${hours}${minutes}${half}`;
}

/** Chooses a time with keys that sipp sends, accepts the slot proposed and the number presented. */
async function chooses(lane: Lane, caller: SippPhone): Promise<LaneCallback> {
  await caller.sendSippKeys();
  await lane.hears(caller, 'ask-day');
  await caller.sendSippKeys();
  await lane.hears(caller, 'slot');
  await caller.sendSippKeys();
  await lane.hears(caller, 'confirm-presented');
  await caller.sendSippKeys();
  await lane.hears(caller, 'booked');
  await caller.media.soundHeard();
  await caller.hangUp();
  await lane.callEnded(caller);
  const [booked, ...others] = await lane.callbacks();
  expect(others).toEqual([]);
  return booked!;
}

interface SlotAnswer {
  readonly timeZone: string;
  readonly slots: readonly { readonly start: string; readonly freeCount: number }[];
}

scene(
  'S2: a caller on hold keys a day and a time, accepts the nearest free slot, and is called then',
  async (lane) => {
    const wishMs = Date.now() + 20 * MINUTE_MS;
    const customer = await lane.customer({ sippKeys: ['1'] });
    const caller = await lane.caller({ sippKeys: ['2', keysFor(wishMs), '1', '1'] });
    await caller.answered();
    await lane.hears(caller, 'offer');
    const booked = await chooses(lane, caller);
    expect(booked.customerNumber).toBe(lane.number);
    const desiredAtMs = Date.parse(booked.desiredAt);
    expect(desiredAtMs % (5 * MINUTE_MS)).toBe(0);
    expect(Math.abs(desiredAtMs - wishMs)).toBeLessThanOrEqual(5 * MINUTE_MS);
    // The place is taken: with one a slot it is no longer offered.
    const around = encodeURIComponent(new Date(desiredAtMs).toISOString());
    const path = `/queues/${lane.queue}/availability?around=${around}&max=1`;
    const { slots, timeZone } = await lane.product.api<SlotAnswer>('GET', path);
    expect(timeZone).toBe('Etc/UTC');
    expect(Date.parse(slots[0]!.start)).not.toBe(desiredAtMs);
    expect(customer.invitesReceived).toHaveLength(0);

    const agent = await lane.agent();
    await lane.ready();
    await customer.answered();
    await lane.asked(booked.id);
    await customer.sendSippKeys();
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
    await lane.callbackIs(booked.id, { state: 'PROCESSING', attemptCount: 1 });
    expect(customer.invitesReceived).toHaveLength(1);
  },
  // An hour ahead of its time: it joins the line at once.
  { settings: { slotDurationMin: 5, slotCapacity: 1, readyForAsapLeadSec: 3600 } },
);

scene(
  'S3: a caller outside the hours is offered a time only, and the nearest slot is when the queue opens',
  async (lane) => {
    const tomorrowMs = Date.now() + 24 * HOUR_MS;
    const caller = await lane.caller({ sippKeys: ['2', keysFor(tomorrowMs), '1', '1'] });
    await caller.answered();
    await lane.hears(caller, 'closed-offer');
    expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
    const booked = await chooses(lane, caller);
    expect(booked).toMatchObject({ state: 'SCHEDULED', customerNumber: lane.number, attemptCount: 0 });
    const opensOn = new Date(Date.now() + 48 * HOUR_MS).toISOString().slice(0, 10);
    expect(booked.desiredAt).toBe(`${opensOn}T00:00:00.000Z`);
  },
  { settings: { businessHours: 'after-tomorrow' } },
);

scene(
  'S4: a time asked for over the API is refused when full, with the nearest free slots',
  async (lane) => {
    const atMs = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + 24 * HOUR_MS;
    const desiredAt = new Date(atMs).toISOString();
    const ask = (): Promise<string> => lane.create({ desiredAt });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, ask));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(5);
    expect(String(refused[0]?.reason)).toContain('SLOT_FULL');
    const next = new Date(atMs + 15 * MINUTE_MS).toISOString();
    expect(String(refused[0]?.reason)).toContain(next);
  },
  { settings: { slotCapacity: 3 } },
);
