import { randomInt } from 'node:crypto';

/** Randomness for choices (never for secrets: those come from `node:crypto` in the room that makes them). */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
}

/** Unpredictable randomness of the machine. */
export class SystemRandom implements Random {
  next(): number {
    return randomInt(0, 2 ** 32) / 2 ** 32;
  }
}

/** Repeatable randomness (mulberry32): the same seed gives the same history. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
