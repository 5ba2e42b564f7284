import { createEngine, type Engine } from '../src/application/engine.ts';
import type { ServiceDirectory } from '../src/application/service-directory.ts';
import { SlotCalendar } from '../src/calendar/slot-calendar.ts';
import { queueSettingsSchema } from '../src/callback/queue-settings.ts';
import type { Storage } from '../src/adapters/storage/storage.ts';
import { SystemClock } from '../src/kernel/clock.ts';
import { IdSource } from '../src/kernel/ids.ts';
import { silentLog } from '../src/kernel/log.ts';
import { silentMetrics } from '../src/kernel/metrics.ts';
import { SystemRandom } from '../src/kernel/random.ts';
import { MemoryRecordings } from '../src/simulation/memory-recordings.ts';
import type { Telephony } from '../src/telephony/telephony.ts';

/** Virtual queues of the measurements. */
export const QUEUES = Array.from({ length: 20 }, (_, at) => `queue-${at}`);

const settings = new Map(
  QUEUES.map((name) => [
    name,
    queueSettingsSchema.parse({
      name,
      skillExpression: 'serves > 0',
      maxQueued: 100_000,
      duplicateCheck: 'OFF',
      throttlePerNumberPerDay: 0,
      throttlePerService: [],
      retryIntervalSec: 3600,
    }),
  ]),
);

const directory: ServiceDirectory = {
  queues: () => [...settings.values()],
  queue: (name) => settings.get(name),
  agents: () => [],
  agent: () => undefined,
  agentsOf: () => [],
  did: () => undefined,
  businessHours: () => undefined,
  slotCalendar: (name) => {
    const row = settings.get(name);
    return row && new SlotCalendar(row, undefined, undefined);
  },
  numberRule: () => undefined,
  isOpen: () => true,
};

/** Nobody is called here. */
const telephony: Telephony = {
  onInboundCall: () => undefined,
  originate: () => {
    throw new Error('nobody is dialled in this measurement');
  },
  bridge: () => Promise.reject(new Error('nobody is joined in this measurement')),
  createMix: () => Promise.reject(new Error('nobody is joined in this measurement')),
  canCall: () => true,
  onCanCall: () => undefined,
  isAgentReachable: () => true,
  onAgentReachability: () => undefined,
};

/** The rooms of production over a real store, without a telephone. */
export function engineOver(store: Storage): Engine {
  const clock = new SystemClock();
  const ids = new IdSource(clock, new SystemRandom());
  return createEngine({
    telephony,
    store,
    directory,
    flow: () => undefined,
    audioMs: new Map(),
    holdMusic: [],
    dialsMax: 100,
    clock,
    ids,
    recordings: new MemoryRecordings(ids),
    log: silentLog,
    metrics: silentMetrics,
  });
}
