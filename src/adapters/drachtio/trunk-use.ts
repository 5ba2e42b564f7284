import type { TelephonyDirectory } from '../../telephony/telephony-directory.ts';

/** Counts the calls on each trunk against its `callsMax`, both directions together. */
export class TrunkUse {
  readonly #directory: TelephonyDirectory;
  readonly #callCounts = new Map<string, number>();

  constructor(directory: TelephonyDirectory) {
    this.#directory = directory;
  }

  /**
   * Takes a place on the trunk; returns the way to give it back (once), or undefined when the trunk is full.
   */
  take(name: string): (() => void) | undefined {
    const trunk = this.#directory.trunks().find((candidate) => candidate.name === name);
    const callCount = this.#callCounts.get(name) ?? 0;
    if (!trunk || callCount >= trunk.callsMax) return undefined;
    this.#callCounts.set(name, callCount + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#callCounts.get(name) ?? 1) - 1;
      if (left > 0) this.#callCounts.set(name, left);
      else this.#callCounts.delete(name);
    };
  }

  /** Calls in progress by trunk. */
  get callCounts(): ReadonlyMap<string, number> {
    return this.#callCounts;
  }
}
