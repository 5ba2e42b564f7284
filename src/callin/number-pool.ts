import type { CallInGroup, CallInNumber } from './call-in-group.ts';

/** Hands out a group's numbers in turn. */
export class NumberPool {
  #next = 0;

  /**
   * The next number of the group; with `uniqueNumber`, the next that no waiting request has. Undefined: all
   * are in use.
   */
  take({ numbers, uniqueNumber }: CallInGroup, inUse: ReadonlySet<string>): CallInNumber | undefined {
    for (let step = 0; step < numbers.length; step++) {
      const candidate = numbers[this.#next++ % numbers.length];
      if (candidate && !(uniqueNumber && inUse.has(candidate.number))) return candidate;
    }
    return undefined;
  }
}
