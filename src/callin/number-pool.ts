import { digitsOf } from './call-in-matching.ts';
import type { CallInGroup, CallInNumber } from './call-in-group.ts';

/** Which numbers requests wait at. */
export interface NumbersInUse {
  has(number: string): Promise<boolean>;
  /** All of the group, as digits. */
  all(): Promise<readonly string[]>;
}

/** Numbers asked about one by one; beyond it all that are in use are read at once. */
const ASKED_MAX = 20;
/** A pool found full is not gone through again for so long: whoever keeps asking costs next to nothing. */
const FULL_MS = 1000;

/**
 * Hands out a group's numbers in turn: with `uniqueNumber` the one whose turn it is has waited longest, and
 * is nearly always free.
 */
export class NumberPool {
  #next = 0;
  #fullUntilMs = 0;

  /**
   * The next number of the group; with `uniqueNumber`, the next that no waiting request has. Undefined: all
   * are in use.
   */
  async take(
    { numbers, uniqueNumber }: CallInGroup,
    inUse: NumbersInUse,
    nowMs: number,
  ): Promise<CallInNumber | undefined> {
    if (!uniqueNumber) return numbers[this.#next++ % numbers.length];
    if (nowMs < this.#fullUntilMs) return undefined;
    let all: ReadonlySet<string> | undefined;
    for (let step = 0; step < numbers.length; step++) {
      const candidate = numbers[this.#next++ % numbers.length];
      if (!candidate) continue;
      if (step >= ASKED_MAX) all ??= new Set(await inUse.all());
      const isTaken = all?.has(digitsOf(candidate.number)) ?? (await inUse.has(candidate.number));
      if (!isTaken) return candidate;
    }
    this.#fullUntilMs = nowMs + FULL_MS;
    return undefined;
  }
}
