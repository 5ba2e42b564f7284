import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type GesCounter, gesCounter } from '../../fakes/ges-counter.ts';
import type { CallInDesk } from '../../../src/application/call-in-desk.ts';

/**
 * What the public JavaScript client for the v3 API (engagement-client-js 9.0.84) puts on the wire, written
 * down while it ran, and what its models read of the answers. Its sentence in `cbOfferType` is reworded.
 */

/** With every request; it keeps and returns cookies. */
const usual = {
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate',
  'content-type': 'application/json',
  cookie: 'a=b',
  'user-agent': 'node-superagent/3.7.0',
};
const prototypeDefaults = {
  cbOfferType: 'Immediate unless there is a desired time, and scheduled if there is one.',
  language: 'en-US',
};
const status = z.strictObject({
  code: z.number(),
  message: z.string().min(1),
  corrId: z.string().startsWith('corr_'),
});
const success = <Data extends z.ZodType>(data: Data) =>
  z.strictObject({ status: status.extend({ code: z.literal(0), message: z.literal('Successful') }), data });
/** The client reads a time with its "T" replaced by a space, as a Date. */
const time = z.string().refine((text) => !Number.isNaN(new Date(text.replace(/T/i, ' ')).getTime()));

const slots = z.strictObject({
  slots: z
    .array(z.strictObject({ utcTime: time, localTime: time, capacity: z.number(), total: z.number() }))
    .min(1),
  durationMin: z.number(),
  timezone: z.string(),
});
const waits = z.array(
  z.strictObject({
    virtualQueue: z.string(),
    estimatedWaitTime: z.number(),
    message: z.string().optional(),
    resultCode: z.number(),
  }),
);
const callIn = z.strictObject({
  id: z.string(),
  toPhoneNumber: z.string(),
  groupName: z.string(),
  expirationTime: z.number(),
  // Read by parseFloat: a leading 0 would be lost.
  accessCode: z.string().regex(/^[1-9]\d{3,11}$/),
  fromPhoneNumber: z.string(),
  callbackServiceId: z.string().optional(),
});
const desk: CallInDesk = {
  request: ({ groupName, fromNumber = null }) =>
    Promise.resolve({
      ok: true,
      grant: {
        id: 'callin_1',
        groupName,
        toNumber: '+12025550199',
        accessCode: '481905',
        expiresAtMs: 1_767_605_430_000,
        fromNumber,
        callbackId: null,
      },
    }),
};

let counter: GesCounter;
let id: string;
beforeAll(async () => {
  counter = await gesCounter({}, { desk, keepOpen: true });
  id = await counter.book({ phoneNumber: '+12025550100' });
});
afterAll(() => counter.fixture.server.close());

type Exchange = readonly [string, 'GET' | 'POST', string, unknown, z.ZodType];
const AVAILABILITY =
  '/callbacks/availability/support?start=2026-01-05T11%3A30%3A00.000Z&numberOfDays=2' +
  '&timezone=Europe%2FBerlin&maxTimeSlots=3&reportBusy=true';

const exchanges: readonly Exchange[] = [
  [
    'create with what its model fills in by itself',
    'POST',
    '/callbacks/create',
    { serviceName: 'support', phoneNumber: '+12025550123', ...prototypeDefaults },
    success(z.strictObject({ id: z.string() })),
  ],
  [
    'create with everything that matters',
    'POST',
    '/callbacks/create',
    {
      serviceName: 'support',
      phoneNumber: '+12025550123',
      desiredTime: '2026-01-05T12:30:00.000Z',
      priority: 5,
      userData: { a: 1 },
      pushTargets: [{ channel: 'FCM', target: 't' }],
      alwaysCheckCapacity: true,
      ...prototypeDefaults,
    },
    success(z.strictObject({ id: z.string() })),
  ],
  ['availability', 'GET', AVAILABILITY, undefined, success(slots)],
  [
    'open-for',
    'GET',
    '/callbacks/open-for/support?start=2026-01-05T11%3A30%3A00.000Z',
    undefined,
    success(z.strictObject({ openFor: z.number() })),
  ],
  [
    'queue status',
    'GET',
    '/callbacks/queue-status/support',
    undefined,
    success(
      z.strictObject({
        ewt: z.number(),
        offerImmediateCallback: z.boolean(),
        offerScheduledCallback: z.boolean(),
      }),
    ),
  ],
  [
    'queue status with a parameter against caches, at a base path that ends in a slash',
    'GET',
    '//callbacks/queue-status/support?_=1767605400000',
    undefined,
    success(z.looseObject({ ewt: z.number() })),
  ],
  [
    'estimated wait',
    'GET',
    '/estimated-wait-time?virtual-queues=support%2Csupport_VQ_CB&mode=mode1&include-calls-on-hold=false',
    undefined,
    success(waits.length(2)),
  ],
  [
    'call-in',
    'POST',
    '/call-in/requests/create',
    { groupName: 'g', fromPhoneNumber: '+12025550123', userData: { a: 'b' } },
    success(callIn),
  ],
];

describe('the public client', () => {
  it.each(exchanges)('understands the answer to %s', async (_, method, path, body, shape) => {
    const answer = method === 'GET' ? await counter.get(path, usual) : await counter.post(path, body, usual);
    expect(shape.safeParse(answer.json()).error?.issues ?? []).toEqual([]);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('understands a callback shown and cancelled', async () => {
    const shown = await counter.post('/callbacks/retrieve', { id }, usual);
    const shape = success(
      z.strictObject({
        id: z.literal(id),
        desiredTime: time,
        callbackState: z.literal('QUEUED'),
        phoneNumber: z.literal('+12025550100'),
        positionInQueue: z.literal(1),
        estimatedWaitTime: z.number(),
      }),
    );
    expect(shape.safeParse(shown.json()).error?.issues ?? []).toEqual([]);
    const cancelled = await counter.post('/callbacks/cancel', { id }, usual);
    expect(success(z.strictObject({ id: z.literal(id) })).safeParse(cancelled.json()).success).toBe(true);
  });

  it('gets figures for an empty body under a content type of JSON', async () => {
    const headers = { ...usual, 'cache-control': 'max-age=15', 'content-length': '0' };
    const answer = await counter.post('/statistics/operations/get-statistic-ex', undefined, headers);
    const shape = success(
      z.strictObject({ statistics: z.array(z.looseObject({ value: z.number() })).min(1) }),
    );
    expect(shape.safeParse(answer.json()).error?.issues ?? []).toEqual([]);
  });

  it('finds a queue by the name that it has elsewhere', async () => {
    const name = 'Sales EU/West: billing & returns';
    const { get, post } = await gesCounter({ name });
    const made = { serviceName: name, phoneNumber: '+12025550123', ...prototypeDefaults };
    expect((await post('/callbacks/create', made, usual)).statusCode).toBe(200);
    const encoded = 'Sales%20EU%2FWest%3A%20billing%20%26%20returns';
    for (const path of ['availability', 'open-for', 'queue-status']) {
      expect((await get(`/callbacks/${path}/${encoded}`, usual)).statusCode).toBe(200);
    }
    const answer = await get(`/estimated-wait-time?virtual-queues=${encoded}%2C${encoded}_VQ_CB`, usual);
    expect(success(waits.length(2)).safeParse(answer.json()).error?.issues ?? []).toEqual([]);
  });

  it('decodes what it encodes in a path', async () => {
    const answer = await counter.get('/callbacks/queue-status/a%2Fb%20c', usual);
    expect([answer.statusCode, answer.json().status.code]).toEqual([400, 40_002]);
  });

  it.each([
    ['POST', '/callbacks/create', { serviceName: 'support' }, 400, 40_001],
    ['POST', '/callbacks/retrieve', { id: 'x' }, 404, 40_401],
    ['POST', '/callbacks/cancel', { id: 'x' }, 404, 40_401],
    ['GET', '/callbacks/availability/nowhere', undefined, 400, 40_002],
    ['GET', '/callbacks/open-for/nowhere', undefined, 400, 40_002],
    ['GET', '/estimated-wait-time?virtual-queues=nowhere', undefined, 400, 40_002],
  ] as const)('reads the error of %s %s', async (method, path, body, httpStatus, code) => {
    const answer = method === 'GET' ? await counter.get(path, usual) : await counter.post(path, body, usual);
    expect(z.strictObject({ status }).safeParse(answer.json()).error?.issues ?? []).toEqual([]);
    expect([answer.statusCode, answer.json().status.code]).toEqual([httpStatus, code]);
  });

  it('reads proposed slots as texts by start', async () => {
    const wanted = {
      serviceName: 'support',
      phoneNumber: '+12025550124',
      desiredTime: '2026-01-05T14:00:00.000Z',
      alwaysCheckCapacity: true,
      ...prototypeDefaults,
    };
    await counter.post('/callbacks/create', wanted, usual);
    const answer = await counter.post('/callbacks/create', wanted, usual);
    const shape = z.strictObject({
      status,
      data: z.strictObject({ slots: z.record(time, z.number().int().min(1)) }),
    });
    expect(shape.safeParse(answer.json()).error?.issues ?? []).toEqual([]);
    expect([answer.statusCode, answer.json().status.code]).toEqual([429, 42_901]);
  });
});
