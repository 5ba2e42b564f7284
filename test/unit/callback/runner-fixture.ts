import type { BookingCheck } from '../../../src/callback/booking-check.ts';
import { CallbackRetention } from '../../../src/callback/callback-retention.ts';
import { CallbackRunner } from '../../../src/callback/callback-runner.ts';
import type { Actor, Callback } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

export const supervisor: Actor = { kind: 'user', id: 'anna' };
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** A runner over a store in memory, in virtual time; effects and stored records are noted. */
export class RunnerFixture {
  readonly clock = new SimulatedClock();
  readonly store = new MemoryStore();
  readonly effects: string[] = [];
  readonly stored: string[] = [];
  settings: QueueSettings | undefined;
  endOfDayMs: number | null = null;
  checks: BookingCheck[] = [];
  readonly runner: CallbackRunner;
  readonly retention: CallbackRetention;

  constructor(changes: Partial<QueueSettings> = {}) {
    this.settings = aQueue(changes);
    const { clock, store } = this;
    this.runner = new CallbackRunner({
      unitOfWork: store,
      clock,
      ids: new IdSource(clock, new SeededRandom(1)),
      log: silentLog,
      settingsOf: () => this.settings,
      endOfBusinessDay: () => this.endOfDayMs,
      onRecovered: () => undefined,
      onEffect: (_, effect) => this.effects.push(effect.type),
      onStored: (callback, how) => this.stored.push(`${how} ${callback.state}`),
      checks: [(tx, booking) => this.checks[0]?.(tx, booking) ?? Promise.resolve(undefined)],
    });
    this.retention = new CallbackRetention({ unitOfWork: store, clock, log: silentLog });
  }

  async book(changes: { desiredAtMs?: number; priority?: number } = {}): Promise<Callback> {
    const request = {
      virtualQueue: 'support',
      customerNumber: '+12025550100',
      origin: 'api',
      language: 'en',
    };
    const outcome = await this.runner.create({ ...request, origin: 'api', ...changes }, supervisor);
    if (outcome.kind === 'refused') throw new Error(outcome.refusal.kind);
    return outcome.callback;
  }

  now(id: string): Callback {
    const found = this.store.callbacks.get(id);
    if (!found) throw new Error(`no callback ${id}`);
    return found;
  }

  kinds(id: string): string[] {
    return this.store.events.filter(({ callbackId }) => callbackId === id).map(({ kind }) => kind);
  }

  /** Time passes in steps: what wakes up sets its next alarm within the same time. */
  async pass(byMs: number, stepMs = MINUTE_MS): Promise<void> {
    for (let leftMs = byMs; leftMs > 0; leftMs -= stepMs) {
      this.clock.advance(Math.min(stepMs, leftMs));
      await settle();
      this.clock.advance(0);
      await settle();
    }
  }

  /** Dials, is answered and confirmed, and connects with agent `a1`. */
  async connect(id: string): Promise<void> {
    const grant = { type: 'DIAL_GRANTED', agentId: 'a1', held: true, why: {} } as const;
    await this.runner.dispatch(id, { ...grant, strategy: 'customer-first-reserved' }, supervisor);
    for (const type of ['ANSWERED', 'CONFIRMED', 'CONNECTED'] as const) {
      await this.runner.dispatch(id, { type }, supervisor);
    }
  }
}
