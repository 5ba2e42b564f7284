import type { Clock } from '../../kernel/clock.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';

/** Commands remembered of one caller, and of all; the oldest are forgotten first. */
const COMMANDS_OF_CALLER_MAX = 1000;
const COMMANDS_MAX = 50_000;

/** What a command under an `Idempotency-Key` came to. */
export interface Done<Value> {
  readonly value: Value;
  /** The command had been carried out before, or is being carried out: nothing was done again. */
  readonly repeated: boolean;
}

interface Entry {
  readonly meaning: string;
  readonly expiresAtMs: number;
  readonly outcome: Promise<unknown>;
}

/**
 * Carries out a command once for each `Idempotency-Key` of a caller, in memory: what commands of this kind
 * act upon does not outlive the process, or is the same when it is done twice. A command that was refused is
 * forgotten, so that its key can be used again.
 */
export class CommandLedger {
  readonly #clock: Clock;
  /** By caller, then by key, oldest first. */
  readonly #callers = new Map<string, Map<string, Entry>>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param key undefined: carried out without being remembered.
   * @param meaning what is asked, in one text; another one under the same key is refused.
   * @throws HttpError IDEMPOTENCY_KEY_REUSED, and what `work` throws.
   */
  async run<Value>(
    caller: string,
    key: string | undefined,
    meaning: string,
    work: () => Promise<Value>,
  ): Promise<Done<Value>> {
    if (key === undefined) return { value: await work(), repeated: false };
    const nowMs = this.#clock.nowMs();
    const mine = this.#callers.get(caller) ?? new Map<string, Entry>();
    this.#callers.set(caller, mine);
    const earlier = mine.get(key);
    if (earlier && earlier.expiresAtMs > nowMs) {
      if (earlier.meaning !== meaning) {
        throw new HttpError('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for another command');
      }
      return { value: (await earlier.outcome) as Value, repeated: true };
    }
    if (earlier) this.#forget(caller, key);
    const outcome = work();
    mine.set(key, { meaning, expiresAtMs: nowMs + httpLimits.idempotencyMs, outcome });
    this.#count++;
    this.#trim(caller, mine);
    try {
      return { value: await outcome, repeated: false };
    } catch (error) {
      if (mine.get(key)?.outcome === outcome) this.#forget(caller, key);
      throw error;
    }
  }

  #trim(caller: string, mine: Map<string, Entry>): void {
    const [oldest] = mine.keys();
    if (mine.size > COMMANDS_OF_CALLER_MAX && oldest !== undefined) this.#forget(caller, oldest);
    if (this.#count <= COMMANDS_MAX) return;
    for (const [other, commands] of this.#callers) {
      const [first] = commands.keys();
      if (first === undefined) this.#callers.delete(other);
      else {
        this.#forget(other, first);
        return;
      }
    }
  }

  #forget(caller: string, key: string): void {
    const mine = this.#callers.get(caller);
    if (!mine?.delete(key)) return;
    this.#count--;
    if (mine.size === 0) this.#callers.delete(caller);
  }
}
