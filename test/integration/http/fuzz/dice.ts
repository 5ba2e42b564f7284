import { SeededRandom } from '../../../../src/kernel/random.ts';

/** Choices that the same seed makes again. */
export class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** 0 to `below` − 1. */
  int(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  pick<Item>(list: readonly Item[]): Item {
    const found = list[this.int(list.length)];
    if (found === undefined && list.length === 0) throw new Error('nothing to choose from');
    return found as Item;
  }

  /** One of the pairs' second members, each as often as its weight says. */
  weighted<Item>(pairs: readonly (readonly [weight: number, item: Item])[]): Item {
    let left = this.#random.next() * pairs.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of pairs) {
      left -= weight;
      if (left < 0) return item;
    }
    return pairs.at(-1)![1];
  }
}
