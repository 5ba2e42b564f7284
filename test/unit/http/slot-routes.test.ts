import { describe, expect, it } from 'vitest';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';

closeFixtures();
const QUEUE = '/api/v1/queues/billing';
const monitor = { role: 'Monitor' } as const;

const slot = {
  start: '2026-01-05T09:30:00.000Z',
  end: '2026-01-05T09:45:00.000Z',
  capacity: 5,
  freeCount: 2,
};

describe('GET /queues/{name}/availability', () => {
  it('lists free slots with the zone they are aligned to', async () => {
    const { ask, application, clock } = await newFixture();
    const answer = await ask('GET', `${QUEUE}/availability`, monitor);
    expect(answer.json()).toEqual({ timeZone: 'Europe/Berlin', slotDurationMin: 15, slots: [slot] });
    const fromMs = clock.nowMs();
    expect(application.questions).toEqual([{ fromMs, toMs: fromMs + 86_400_000, max: 100, withFull: false }]);
  });

  it('takes a range, or a time to be near', async () => {
    const { ask, application } = await newFixture();
    const range = 'from=2026-01-05T10:00:00%2B01:00&to=2026-01-06T10:00:00%2B01:00&max=7&full=true';
    await ask('GET', `${QUEUE}/availability?${range}`, monitor);
    await ask('GET', `${QUEUE}/availability?around=2026-01-05T09:00:00Z&max=3`, monitor);
    const fromMs = Date.UTC(2026, 0, 5, 9);
    expect(application.questions).toEqual([
      { fromMs, toMs: fromMs + 86_400_000, max: 7, withFull: true },
      { aroundMs: fromMs, max: 3 },
    ]);
  });

  it.each([
    ['to=tomorrow', 'to'],
    ['max=0', 'max'],
    ['max=1001', 'max'],
    ['full=yes', 'full'],
    ['near=2026-01-05T09:00:00Z', 'near'],
    ['around=2026-01-05T09:00:00Z&from=2026-01-05T09:00:00Z', 'around'],
    ['from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:01Z', 'to'],
  ])('refuses %s, naming %s', async (query, path) => {
    const { ask } = await newFixture();
    const answer = await ask('GET', `${QUEUE}/availability?${query}`, monitor);
    expect(answer.statusCode).toBe(400);
    expect(JSON.stringify(answer.json().error.faults)).toContain(path);
  });

  it('does not know other queues', async () => {
    const { ask } = await newFixture();
    expect((await ask('GET', '/api/v1/queues/none/availability', monitor)).statusCode).toBe(404);
    expect((await ask('GET', '/api/v1/queues/none/open-for', monitor)).statusCode).toBe(404);
  });
});

describe('GET /queues/{name}/open-for', () => {
  it('tells what is offered and why not', async () => {
    const { ask } = await newFixture();
    expect((await ask('GET', `${QUEUE}/open-for`, monitor)).json()).toEqual({
      open: true,
      openForSec: 600,
      immediateOfferHoursOpenForSec: -1,
      immediate: { allowed: false, reason: 'blackout' },
      scheduled: { allowed: true, reason: null },
    });
    const later = await ask('GET', `${QUEUE}/open-for?at=2026-01-05T09:00:00Z`, monitor);
    expect(later.json().openForSec).toBeNull();
    expect((await ask('GET', `${QUEUE}/open-for?at=noon`, monitor)).statusCode).toBe(400);
  });
});

describe('GET /capacity-rules', () => {
  const rules = async (query = ''): Promise<unknown> => {
    const { ask } = await newFixture();
    return (await ask('GET', `/api/v1/capacity-rules${query}`, { role: 'Developer' })).json().items;
  };

  it('lists the rules with the queues that they are assigned to', async () => {
    expect(await rules()).toEqual([
      {
        name: 'march',
        statement: { days: { mon: { '09:00': 8, '09:30': 10 } }, duration: 30 },
        exceptions: [],
        queues: ['billing'],
      },
      {
        name: 'spare',
        statement: { days: { tue: { '10:00': 4 } }, duration: 60 },
        exceptions: [],
        queues: [],
      },
    ]);
  });

  it('shows them in cells of another length', async () => {
    expect(await rules('?duration=60')).toMatchObject([
      { statement: { days: { mon: { '09:00': 8 } }, duration: 60 } },
      { statement: { days: { tue: { '10:00': 4 } }, duration: 60 } },
    ]);
    expect(await rules('?duration=30')).toMatchObject([
      { statement: { days: { mon: { '09:00': 8, '09:30': 10 } }, duration: 30 } },
      { statement: { days: { tue: { '10:00': 4, '10:30': 4 } }, duration: 30 } },
    ]);
  });
});

describe('a callback that cannot be booked', () => {
  it('is told the nearest free slots', async () => {
    const { ask, application } = await newFixture();
    const startMs = Date.UTC(2026, 0, 5, 9, 30);
    const free = [{ startMs, endMs: startMs + 900_000, capacity: 5, freeCount: 2 }];
    application.refuseNext = { kind: 'slot-full', reason: 'full', free };
    const answer = await ask('POST', '/api/v1/callbacks', { role: 'Developer', body: validRequest });
    expect(answer.statusCode).toBe(429);
    expect(answer.json().error).toMatchObject({ code: 'SLOT_FULL', reason: 'full', free: [slot] });
  });

  it('is told that the queue takes none now', async () => {
    const { ask, application } = await newFixture();
    application.refuseNext = { kind: 'not-bookable', what: 'immediate', reason: 'closed' };
    const answer = await ask('POST', '/api/v1/callbacks', { role: 'Developer', body: validRequest });
    expect(answer.statusCode).toBe(409);
    expect(answer.json().error).toMatchObject({
      code: 'NOT_BOOKABLE',
      what: 'immediate',
      reason: 'closed',
    });
  });
});
