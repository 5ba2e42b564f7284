import type { OpenLeg, OpenLegStore } from '../../src/telephony/open-leg.ts';

/** Open legs in memory: what survives is what the next user of the same object finds. */
export class MemoryOpenLegs implements OpenLegStore {
  readonly legs = new Map<string, OpenLeg>();

  all(): Promise<readonly OpenLeg[]> {
    return Promise.resolve([...this.legs.values()]);
  }

  change(opened: readonly OpenLeg[], closed: readonly string[]): Promise<void> {
    for (const leg of opened) this.legs.set(leg.reference, leg);
    for (const reference of closed) this.legs.delete(reference);
    return Promise.resolve();
  }
}
