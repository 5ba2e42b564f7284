import type { Leg } from './leg.ts';
import type { Ears } from './telephony.ts';

const everybody: Ears = { hears: 'all', heardBy: 'all' };

/** Who is in a mix and who hears whom there. Pure. */
export class MixRelations {
  readonly #ears = new Map<Leg, Ears>();

  get legs(): readonly Leg[] {
    return [...this.#ears.keys()];
  }

  has(leg: Leg): boolean {
    return this.#ears.has(leg);
  }

  /** Puts the leg in, or changes its relations. */
  put(leg: Leg, ears: Ears = everybody): void {
    this.#ears.set(leg, ears);
  }

  /** False when it was not in. */
  remove(leg: Leg): boolean {
    return this.#ears.delete(leg);
  }

  /**
   * True when both are in, and the speaker may be heard by the listener and the listener hears the speaker.
   */
  hears(listener: Leg, speaker: Leg): boolean {
    const listening = this.#ears.get(listener);
    const speaking = this.#ears.get(speaker);
    if (!listening || !speaking || listener === speaker) return false;
    return covers(listening.hears, speaker) && covers(speaking.heardBy, listener);
  }
}

function covers(legs: 'all' | readonly Leg[], leg: Leg): boolean {
  return legs === 'all' || legs.includes(leg);
}
