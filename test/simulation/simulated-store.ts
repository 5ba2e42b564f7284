import type { CallbackTx, UnitOfWork } from '../../src/callback/callback-store.ts';
import type { Callback } from '../../src/callback/callback.ts';
import { AppError } from '../../src/kernel/errors.ts';
import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { AgentTx } from '../../src/routing/agent.ts';
import type { CallRecordTx } from '../../src/telephony/call-record.ts';
import { MemoryStore } from '../../src/simulation/memory-store.ts';
import type { Chance } from '../../src/simulation/chance.ts';
import type { Incarnation } from '../../src/simulation/incarnation.ts';

type Tx = CallbackTx & AgentTx & CallRecordTx;

/** What can go wrong with the disk at present. */
export interface DiskFaults {
  /** Chance that a transaction fails before its commit. */
  failure: number;
  /** Chance that a commit takes seconds. */
  slowness: number;
}

export interface DiskOptions {
  readonly clock: SimulatedClock;
  readonly chance: Chance;
  readonly faults: DiskFaults;
  /** After every commit. */
  readonly onCommit: () => void;
}

/** What is durable. It outlives the process; transactions come one after another, as the real store's do. */
export class SimulatedDisk {
  readonly kept = new MemoryStore();
  /** When a transaction that looked at this callback last failed, monotonic ms. */
  readonly failedAtMs = new Map<string, number>();
  failedCount = 0;
  readonly #options: DiskOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  callback(id: string): Callback | undefined {
    return this.kept.callbacks.get(id);
  }

  /** The disk as one life of the process sees it. */
  openFor(life: Incarnation): UnitOfWork<Tx> {
    return {
      transact: (work) =>
        new Promise((resolve, reject) => {
          this.#last = this.#last.then(async () => {
            // A process that died before its commit began leaves nothing; one that dies later may not hear of
            // it.
            await this.#wait(this.#latencyMs());
            if (!life.alive) return;
            const result = await this.#commit(work).then(
              (value) => () => resolve(value),
              (error: unknown) => () => reject(error),
            );
            await this.#wait(this.#options.chance.between(0, 2));
            if (life.alive) result();
          });
        }),
    };
  }

  async #commit<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    const { chance, clock, faults, onCommit } = this.#options;
    const touched: string[] = [];
    const fails = chance.maybe(faults.failure);
    try {
      const result = await this.kept.transact(async (tx) => {
        const value = await work({
          ...tx,
          findCallback: (id) => {
            touched.push(id);
            return tx.findCallback(id);
          },
        });
        if (fails) throw new AppError('STORAGE_FAILED', 'the disk is full', { retryable: true });
        return value;
      });
      onCommit();
      return result;
    } catch (error) {
      this.failedCount++;
      for (const id of touched) this.failedAtMs.set(id, clock.monotonicMs());
      throw error;
    }
  }

  #latencyMs(): number {
    const { chance, faults } = this.#options;
    return chance.maybe(faults.slowness) ? chance.between(200, 5000) : chance.between(0, 3);
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimer(delayMs, resolve);
    });
  }
}
