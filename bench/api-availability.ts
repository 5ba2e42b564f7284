import { ApiHouse, loadColumns, QUEUE_COUNT } from './api-house.ts';
import type { Measurement, Result, Row } from './measurement.ts';
import { writeCallbacks } from './stored-callbacks.ts';

const BOOKING_COUNT = 10_000;
const CONNECTION_COUNTS = [1, 16];
const RUN_MS = Number(process.env['BENCH_API_RUN_MS'] ?? 4000);
const DAY_MS = 86_400_000;

/** The free slots of a month of a queue that has ten thousand bookings in it. */
export const apiAvailability: Measurement = {
  name: 'api-availability',
  title: 'Availability of a month with 10 000 bookings',
  async run(): Promise<Result> {
    const house = await houseWithCallbacks({ count: BOOKING_COUNT, bookingCount: BOOKING_COUNT });
    try {
      const rows: Row[] = [];
      const nowMs = Date.now();
      const [from, to] = [nowMs, nowMs + 28 * DAY_MS].map((ms) => new Date(ms).toISOString());
      const native = `/api/v1/queues/queue-0/availability?from=${from}&to=${to}&max=1000`;
      const ges = '/engagement/v3/callbacks/availability/queue-0?numberOfDays=28&timezone=Europe/Berlin';
      const questions = {
        'native, 1 000 slots': native,
        'native, 1 000 slots, full ones too': `${native}&full=true`,
        'v3, 28 days': ges,
        'v3, 28 days, busy ones too': `${ges}&reportBusy=true`,
      };
      for (const [what, path] of Object.entries(questions)) {
        for (const connectionCount of CONNECTION_COUNTS) {
          const requests = [house.request('GET', path)];
          const plan = { connectionCount, requests, firstNumber: 0, wantIds: false };
          await house.load({ ...plan, durationMs: RUN_MS / 4 });
          await house.loopDelay();
          const report = await house.load({ ...plan, durationMs: RUN_MS });
          const delay = await house.loopDelay();
          rows.push({
            what,
            connections: connectionCount,
            ...loadColumns(report),
            'loop p99 ms': delay.p99Ms,
          });
        }
      }
      return {
        rows,
        notes: [
          `${BOOKING_COUNT} open bookings of one queue in the slots of four weeks: 2 688 slots of 15 minutes, 20 places each.`,
          'Every answer is counted anew: nothing is kept from one to the next.',
        ],
      };
    } finally {
      await house.program.stop();
    }
  },
};

/** A program over a database that was filled while it was stopped. */
export async function houseWithCallbacks(wanted: {
  count: number;
  bookingCount: number;
  scheduledCount?: number;
  queuedCount?: number;
}): Promise<ApiHouse & { ids: readonly string[] }> {
  const first = await ApiHouse.open();
  await first.program.halt();
  const { folder } = first.program;
  const rest = { scheduledCount: 0, queuedCount: 0, queueCount: QUEUE_COUNT };
  const ids = await writeCallbacks(folder, { ...rest, ...wanted });
  return Object.assign(await ApiHouse.open({ folder, key: first.key }), { ids });
}
