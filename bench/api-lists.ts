import { houseWithCallbacks } from './api-availability.ts';
import { type ApiHouse, loadColumns, QUEUE_COUNT } from './api-house.ts';
import type { RequestPattern } from './api-load.ts';
import { type Measurement, type Result, type Row, rounded } from './measurement.ts';

const COUNT = Number(process.env['BENCH_API_RECORDS'] ?? 1_000_000);
const CONNECTION_COUNT = 4;
const RUN_MS = Number(process.env['BENCH_API_RUN_MS'] ?? 2000);
/** A part of the names of the questions to ask; default all of them. */
const ONLY = process.env['BENCH_API_ONLY'] ?? '';
/** Created a second beside the last of the questions, and so many of these asked. */
const CREATIONS_PER_SEC = 300;
const BESIDE_PER_SEC = 20;
const DAY_MS = 86_400_000;
/** Where pages begin: share of all callbacks that are newer. */
const DEPTHS = { first: 0, half: 0.5, last: 0.999 };

/** Every list, filter and search of the APIs among a million callbacks. */
export const apiLists: Measurement = {
  name: 'api-lists',
  title: 'Lists, filters and searches among 1 000 000 callbacks',
  async run(): Promise<Result> {
    const house = await houseWithCallbacks({
      count: COUNT,
      bookingCount: 10_000,
      scheduledCount: 5000,
      queuedCount: 3000,
    });
    try {
      await allEntered(house);
      const rows: Row[] = [];
      const questions = await questionsOf(house);
      for (const [what, requests] of questions.filter((one) => one[0].includes(ONLY))) {
        rows.push({ what, ...(await answered(house, requests)) });
      }
      rows.push(...(await besideCreations(house, questions)));
      return {
        rows,
        notes: [
          `${COUNT} callbacks of 20 queues and 250 000 numbers, made over thirteen days: 15 000 SCHEDULED, 3 000 QUEUED, the ` +
            'rest COMPLETED, each with its userData and a line of history. Pages of 50 unless another size is named; ' +
            `${CONNECTION_COUNT} connections, each asking as soon as it is answered.`,
          'Deep pages begin at a cursor with half, or a thousandth, of all callbacks left.',
          'cpu ms: processor time of the whole program an answer; a busy machine makes answers wait, and changes it little.',
          `The small queue has a thousandth of all callbacks. Beside creations: ${BESIDE_PER_SEC} a second beside ` +
            `${CREATIONS_PER_SEC} native creations, each durable, with three data; their own latency is in the row below.`,
        ],
      };
    } finally {
      await house.program.stop();
    }
  },
};

/** Tries of the first search. */
const TRIES_MAX = 20;

/**
 * The callbacks here were not made by the program: a million wait for their places in the index of their
 * data, where 256 do at most, and the first search enters them, for longer than a request may take.
 */
async function allEntered({ program, key }: ApiHouse): Promise<void> {
  const url = `${program.http}/api/v1/callbacks?userData%5Bnothing%5D=none`;
  for (let left = TRIES_MAX; left > 0; left--) {
    const { ok } = await fetch(url, { headers: { 'x-api-key': key } });
    if (ok) return;
  }
  throw new Error(`no search was answered in ${TRIES_MAX} tries`);
}

async function answered(
  house: ApiHouse,
  requests: readonly RequestPattern[],
  pace: { readonly ratePerSec?: number } = {},
): Promise<Row> {
  const plan = { connectionCount: CONNECTION_COUNT, requests, firstNumber: 1_000_000, wantIds: false };
  await house.loopDelay();
  const cpuBeforeMs = house.program.use.cpuMs;
  const report = await house.load({ ...plan, ...pace, durationMs: RUN_MS });
  const cpuMs = (house.program.use.cpuMs - cpuBeforeMs) / report.latenciesMs.length;
  const delay = await house.loopDelay();
  return { ...loadColumns(report), 'cpu ms': rounded(cpuMs, 1), 'loop max ms': delay.maxMs };
}

/** What takes longest, while callbacks are created. */
const BESIDE_CREATIONS = [
  'everything, first page',
  'queue, COMPLETED, half page',
  'userData, common value, queue',
  'GMS query: common value, 250',
];

async function besideCreations(house: ApiHouse, questions: readonly Question[]): Promise<Row[]> {
  const rows: Row[] = [];
  const userData = { orderNumber: 'B-%N%', reason: 'parcel did not arrive', segment: 'gold' };
  const wish = { virtualQueue: 'queue-%Q%', customerNumber: '+4931%N%', language: 'de', userData };
  let firstNumber = 1_000_000;
  for (const [what, requests] of questions) {
    if (!BESIDE_CREATIONS.includes(what) || !what.includes(ONLY)) continue;
    const creations = house.load({
      connectionCount: 32,
      durationMs: RUN_MS,
      ratePerSec: CREATIONS_PER_SEC,
      requests: [house.request('POST', '/api/v1/callbacks', wish)],
      firstNumber,
      wantIds: false,
    });
    firstNumber += 100_000;
    const row = await answered(house, requests, { ratePerSec: BESIDE_PER_SEC });
    // Not an answer's alone.
    rows.push({ what: `${what}, beside creations`, ...row, 'cpu ms': '' });
    rows.push({ what: 'these creations', ...loadColumns(await creations) });
  }
  return rows;
}

type Question = readonly [what: string, requests: readonly RequestPattern[]];

async function questionsOf(house: ApiHouse & { ids: readonly string[] }): Promise<Question[]> {
  const { ids } = house;
  const list = (query: string): RequestPattern => house.request('GET', `/api/v1/callbacks?limit=50${query}`);
  const atMs = (share: number): string => new Date(Date.now() - (1 - share) * 13 * DAY_MS).toISOString();
  const hour = `&createdFrom=${atMs(0.5)}&createdTo=${new Date(Date.parse(atMs(0.5)) + 3_600_000).toISOString()}`;
  const week = `&createdFrom=${atMs(0.2)}&createdTo=${atMs(0.74)}`;
  const filters = {
    everything: '',
    'state COMPLETED': '&state=COMPLETED',
    'state SCHEDULED': '&state=SCHEDULED',
    'states SCHEDULED, QUEUED': '&state=SCHEDULED,QUEUED',
    'state ROUTING (none)': '&state=ROUTING',
    'every state by name': '&state=SCHEDULED,QUEUED,ROUTING,PROCESSING,COMPLETED',
    queue: '&queue=queue-3',
    'queue, COMPLETED': '&queue=queue-3&state=COMPLETED',
    'queue, SCHEDULED and QUEUED': '&queue=queue-3&state=SCHEDULED,QUEUED',
    'made in a week': week,
    'made in a week, queue, COMPLETED': `${week}&queue=queue-3&state=COMPLETED`,
  };
  const deep = Object.entries(filters).flatMap(([what, query]) =>
    Object.entries(DEPTHS).map(([page, share]): Question => {
      const cursor = ids[Math.floor((1 - share) * (ids.length - 1))] ?? '';
      return [`${what}, ${page} page`, [list(`${query}${share === 0 ? '' : `&cursor=${cursor}`}`)]];
    }),
  );
  const orders = Array.from({ length: 500 }, (_, order) => `A-${(order * 1999) % COUNT}`);
  const gold = '&userData%5Bsegment%5D=gold';
  const cursor = `&cursor=${ids[Math.floor(ids.length / 1000)] ?? ''}`;
  const some = Array.from({ length: 500 }, (_, at) => ids[(at * 1999) % ids.length] ?? '');
  return [
    ...deep,
    ['number, another each time', [list('&number=%2B4930%N%')]],
    ['number, queue and state', [list('&number=%2B4930%N%&queue=queue-3&state=COMPLETED')]],
    ['made in an hour', [list(hour)]],
    ['made in an hour, queue, SCHEDULED', [list(`${hour}&queue=queue-3&state=SCHEDULED`)]],
    [
      'userData, rare value, another each time',
      orders.map((order) => list(`&userData%5BorderNumber%5D=${order}`)),
    ],
    [
      'userData, rare value, made in a week',
      orders.map((order) => list(`${week}&userData%5BorderNumber%5D=${order}`)),
    ],
    ['userData, common value', [list(gold)]],
    ['userData, common value, last page', [list(`${gold}${cursor}`)]],
    ['userData, common value, queue', [list(`${gold}&queue=queue-3`)]],
    ['userData, common value, small queue', [list(`${gold}&queue=${SMALL_QUEUE}`)]],
    ['userData, common value, made in an hour, SCHEDULED', [list(`${gold}${hour}&state=SCHEDULED`)]],
    ['userData, common value, number', [list(`${gold}&number=%2B4930%N%`)]],
    ['small queue', [list(`&queue=${SMALL_QUEUE}`)]],
    ['page after page of 200', [house.request('GET', '/api/v1/callbacks?limit=200&cursor=%CURSOR%')]],
    ['one callback, another each time', some.map((id) => house.request('GET', `/api/v1/callbacks/${id}`))],
    ...(await restricted(house)),
    ...gesQuestions(house),
  ];
}

/** The name of the queue with few callbacks. */
const SMALL_QUEUE = `queue-${QUEUE_COUNT - 1}`;

/** By keys that may read some of the queues. */
async function restricted(house: ApiHouse & { ids: readonly string[] }): Promise<Question[]> {
  const ten = await keyOf(
    house,
    'Supervisor',
    Array.from({ length: 10 }, (_, at) => `queue-${at}`),
  );
  const small = await keyOf(house, 'Monitor', [SMALL_QUEUE]);
  const list = (key: string, query: string): RequestPattern[] => [
    { method: 'GET', path: `/api/v1/callbacks?limit=50${query}`, headers: { 'x-api-key': key } },
  ];
  const cursor = `&cursor=${house.ids[Math.floor(house.ids.length / 2)] ?? ''}`;
  return [
    ['key that may read 10 of 20 queues', list(ten, '')],
    ['key that may read 10 of 20 queues, SCHEDULED and QUEUED', list(ten, '&state=SCHEDULED,QUEUED')],
    ['key that may read 10 of 20 queues, common userData', list(ten, '&userData%5Bsegment%5D=gold')],
    ['monitor of the small queue', list(small, '')],
    ['monitor of the small queue, half page', list(small, cursor)],
    ['monitor of the small queue, SCHEDULED and QUEUED', list(small, '&state=SCHEDULED,QUEUED')],
  ];
}

async function keyOf({ program }: ApiHouse, role: string, queues: readonly string[]): Promise<string> {
  // Another run over the same data may have left one.
  const name = `${role}-${Date.now()}`;
  await program.api('POST', '/access-groups', { name, queues });
  const wanted = { name, role, scopes: ['native'], accessGroups: [name] };
  return (await program.api<{ key: string }>('POST', '/api-keys', wanted)).key;
}

function gesQuestions(house: ApiHouse): Question[] {
  const query = (body: object): RequestPattern[] => [
    house.request('POST', '/engagement/v3/callbacks/query', body),
  ];
  const at = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
  const ahead = { from: at(14), to: at(14.28) };
  const past = { from: at(-6.5), to: at(-6.22) };
  const always = { from: at(-13), to: at(28) };
  const serviceName = 'queue-0';
  const gold = { userData: { segment: 'gold' } };
  // Orders of old, new and middling callbacks.
  const orders = Array.from({ length: 500 }, (_, order) => `A-${(order * 1999) % COUNT}`);
  const rare = (more: object): RequestPattern[] =>
    orders.flatMap((orderNumber) => query({ userData: { orderNumber }, ...more }));
  const gms = (rest: string): RequestPattern =>
    house.request('GET', `/genesys/1/service/callback/queue-3?${rest}`);
  return [
    ['v3 query: number', query({ phoneNumber: '+4930%N%' })],
    ['v3 query: service and states', query({ serviceName, states: ['SCHEDULED', 'QUEUED'] })],
    ['v3 query: desired in 7 hours ahead, open', query({ serviceName, states: ['SCHEDULED'], ...ahead })],
    ['v3 query: desired in 7 hours ahead', query(ahead)],
    ['v3 query: desired in 7 hours past (22 000)', query(past)],
    ['v3 query: desired in 7 hours past, queue', query({ serviceName: 'queue-3', ...past })],
    ['v3 query: desired at any time, QUEUED', query({ states: ['QUEUED'], ...always })],
    ['v3 query: userData, common value', query(gold)],
    ['v3 query: userData, common value, queue', query({ serviceName: 'queue-3', ...gold })],
    ['v3 query: userData, common value, 7 hours past', query({ ...gold, ...past })],
    ['v3 query: userData, rare value, another each time', rare({})],
    [
      'v3 query: userData, rare and common value',
      rare({ userData: { orderNumber: 'A-1999', segment: 'gold' } }),
    ],
    ['v3 query: userData, rare value, any time', rare(always)],
    ['v3 query: userData, no such value', query({ userData: { orderNumber: 'none' } })],
    ['v3 query: userData, common value, ROUTING (none)', query({ ...gold, states: ['ROUTING'] })],
    ['GMS query: rare value, another each time', orders.map((order) => gms(`orderNumber=${order}`))],
    ['GMS query: common value, 250', [gms('segment=gold')]],
    ['GMS query: rare or another, OR', [gms('orderNumber=A-1999&_callback_state=QUEUED&operand=OR')]],
    ['GMS query: ended for no agent, 250', [gms('_callback_reason=FAIL_TARGET_NOT_FOUND')]],
    ['v3 queue list, 250', [house.request('GET', '/engagement/v3/callbacks/queues/queue-3')]],
    ['GMS queues, 500', [house.request('GET', '/genesys/1/admin/callback/queues')]],
    [
      'GMS cancelled, 500',
      [house.request('POST', '/genesys/1/admin/callback/reportcancelled', { callback_reason: 'CANCELLED' })],
    ],
  ];
}
