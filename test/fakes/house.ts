import type { Confirmation } from '../../src/application/callback-calls-options.ts';
import { createEngine, type Engine } from '../../src/application/engine.ts';
import type { ServiceDirectory } from '../../src/application/service-directory.ts';
import { SlotCalendar } from '../../src/calendar/slot-calendar.ts';
import type { Callback } from '../../src/callback/callback.ts';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import type { FlowMachine } from '../../src/ivr/flow-machine.ts';
import { IdSource } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { silentMetrics } from '../../src/kernel/metrics.ts';
import { SeededRandom } from '../../src/kernel/random.ts';
import { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { NumberRule } from '../../src/screening/number-rule.ts';
import { FakeTelephony, type PlacedCall, type QuietLeg, settle } from './fake-telephony.ts';
import { MemoryRecordings } from '../../src/simulation/memory-recordings.ts';
import { MemoryStore } from '../../src/simulation/memory-store.ts';
import { aQueue } from './queue-settings.ts';

const agents = ['a1', 'a2'].map((id) => ({ id, name: id, sipUser: id, skills: { support: 1 } }));
const defaults = { retryIntervalSec: 60, maxAttempts: 2, wrapUpSec: 10 } as const;

function directoryOf(settings: () => QueueSettings, rule: () => NumberRule | undefined): ServiceDirectory {
  return {
    queues: () => [settings()],
    queue: settings,
    agents: () => agents,
    agent: (id) => agents.find((agent) => agent.id === id),
    agentsOf: () => ['a1', 'a2'],
    did: () => undefined,
    businessHours: () => undefined,
    slotCalendar: () => new SlotCalendar(settings(), undefined, undefined),
    numberRule: rule,
    isOpen: () => true,
  };
}

/** The rooms wired as the program wires them, over a fake network and a store in memory. */
export class House {
  readonly clock = new SimulatedClock();
  readonly telephony = new FakeTelephony();
  store = new MemoryStore();
  engine!: Engine;
  recordings!: MemoryRecordings;
  /** Flows by name; none unless the test brings some. */
  flow: (name: string) => FlowMachine | undefined = () => undefined;
  /** Lengths of the prompts that there are; none unless the test brings some. */
  readonly audioMs = new Map<string, number>();
  /** In force from the next question on. */
  settings: QueueSettings;
  /** The number rule `rule`, for queues that name it. */
  rule: NumberRule | undefined;
  #answer!: (confirmation: Confirmation) => void;

  readonly #directory: ServiceDirectory;

  /** @param directory asked instead of `settings`. */
  constructor(changes: Partial<QueueSettings> = {}, directory?: ServiceDirectory) {
    this.settings = aQueue({ ...defaults, ...changes });
    this.#directory =
      directory ??
      directoryOf(
        () => this.settings,
        () => this.rule,
      );
  }

  get registry(): Engine['registry'] {
    return this.engine.registry;
  }

  get router(): Engine['router'] {
    return this.engine.router;
  }

  get runner(): Engine['runner'] {
    return this.engine.runner;
  }

  open(): void {
    const { clock, store, telephony } = this;
    const ids = new IdSource(clock, new SeededRandom(7));
    this.recordings = new MemoryRecordings(ids);
    this.engine = createEngine({
      telephony,
      store,
      directory: this.#directory,
      flow: (name) => this.flow(name),
      audioMs: this.audioMs,
      holdMusic: [{ kind: 'file', path: 'music/hold-1.wav' }],
      dialsMax: 10,
      clock,
      ids,
      recordings: this.recordings,
      log: silentLog,
      metrics: silentMetrics,
      confirm: (leg, _callback, signal) =>
        Promise.race([
          new Promise<Confirmation>((resolve) => {
            this.#answer = resolve;
            signal.addEventListener('abort', () => resolve('not-confirmed'));
          }),
          leg.ended.then(() => 'hung-up' as const),
        ]),
    });
  }

  async book(number = '+15551230000'): Promise<Callback> {
    const request = {
      virtualQueue: 'support',
      customerNumber: number,
      origin: 'ivr',
      language: 'en',
    } as const;
    const outcome = await this.runner.create(request, { kind: 'customer' });
    await settle();
    if (outcome.kind === 'refused') throw new Error(outcome.refusal.kind);
    return outcome.callback;
  }

  async ready(agentId: string): Promise<void> {
    this.registry.want(agentId, 'READY', 'test');
    await settle();
  }

  /** Every transaction fails meanwhile. */
  async storeFails<Result>(meanwhile: () => Promise<Result>): Promise<Result> {
    this.store.failNextCount = Number.POSITIVE_INFINITY;
    const result = await meanwhile();
    this.store.failNextCount = 0;
    return result;
  }

  decide(confirmation: Confirmation): void {
    this.#answer(confirmation);
  }

  async says(confirmation: Confirmation): Promise<void> {
    this.#answer(confirmation);
    await settle();
  }

  async answers(call: PlacedCall | undefined): Promise<QuietLeg> {
    const leg = call?.answer();
    await settle();
    if (!leg) throw new Error('no call was placed');
    return leg;
  }

  /** Time passes; what wakes up may set its next alarm within the same time. */
  async pass(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    await settle();
    this.clock.advance(0);
    await settle();
  }

  get last(): PlacedCall | undefined {
    return this.telephony.placed.at(-1);
  }

  now(id: string): Pick<Callback, 'state' | 'subState' | 'reason' | 'attemptCount'> {
    const found = this.store.callbacks.get(id);
    if (!found) throw new Error(`no callback ${id}`);
    const { state, subState, reason, attemptCount } = found;
    return { state, subState, reason, attemptCount };
  }
}
