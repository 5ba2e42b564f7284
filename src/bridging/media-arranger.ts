import type { AudioSource, Leg } from '../telephony/leg.ts';
import type { Bridge, Ears, Mix, Telephony } from '../telephony/telephony.ts';

/** A seat with its legs. */
export type LegSeat =
  | { readonly kind: 'alone'; readonly hears: readonly AudioSource[] }
  | { readonly kind: 'joined'; readonly with: Leg }
  | { readonly kind: 'mixed'; readonly heardBy: 'all' | readonly Leg[] };

interface Pair {
  readonly legs: readonly [Leg, Leg];
  readonly bridge: Bridge;
}

interface Playback {
  readonly hears: readonly AudioSource[];
  readonly stop: AbortController;
}

/**
 * Brings the media of one conversation to where its parties belong, with as few changes as that takes: who
 * stays in a bridge or in the mix is not touched. One arrangement at a time.
 */
export class MediaArranger {
  readonly #telephony: Telephony;
  readonly #playing = new Map<Leg, Playback>();
  readonly #inMix = new Map<Leg, 'all' | readonly Leg[]>();
  #pairs: readonly Pair[];
  #mix: Mix | undefined;

  /** @param joined the two who hear each other when the conversation begins. */
  constructor(telephony: Telephony, joined: readonly [Leg, Leg], bridge: Bridge) {
    this.#telephony = telephony;
    this.#pairs = [{ legs: joined, bridge }];
  }

  /**
   * Resolves when everybody is where they belong. Legs without a seat are let go of, not hung up.
   * @throws AppError MEDIA_BRIDGE_FAILED, MEDIA_MIX_FAILED: some are not; arrange again, with other seats.
   */
  async arrange(seats: ReadonlyMap<Leg, LegSeat>): Promise<void> {
    await this.#part(seats);
    for (const [leg, { hears, stop }] of this.#playing) {
      const seat = seats.get(leg);
      if (seat?.kind === 'alone' && seat.hears === hears) continue;
      this.#playing.delete(leg);
      if (seat?.kind !== 'joined') stop.abort();
    }
    for (const [leg, seat] of seats) if (seat.kind === 'alone') this.#play(leg, seat.hears);
    for (const [leg, seat] of seats) if (seat.kind === 'joined') await this.#join(leg, seat.with);
    for (const [leg, seat] of seats) if (seat.kind === 'mixed') await this.#mixIn(leg, seat.heardBy);
    if (this.#inMix.size === 0) await this.#closeMix();
  }

  /** Lets go of everybody; legs stay as they are. */
  async close(): Promise<void> {
    for (const { stop } of this.#playing.values()) stop.abort();
    this.#playing.clear();
    await this.#closeMix();
  }

  /** Ends the bridges and leaves the mixes that are not wanted any more. */
  async #part(seats: ReadonlyMap<Leg, LegSeat>): Promise<void> {
    const stays = ({ legs: [a, b] }: Pair): boolean => {
      const seat = seats.get(a);
      return seat?.kind === 'joined' && seat.with === b && !a.termination && !b.termination;
    };
    const parted = this.#pairs.filter((pair) => !stays(pair));
    this.#pairs = this.#pairs.filter(stays);
    const leaving = [...this.#inMix.keys()].filter((leg) => seats.get(leg)?.kind !== 'mixed');
    for (const leg of leaving) this.#inMix.delete(leg);
    await Promise.all([
      ...parted.map(({ bridge }) => bridge.separate()),
      ...leaving.map((leg) => this.#mix?.leave(leg)),
    ]);
  }

  #play(leg: Leg, hears: readonly AudioSource[]): void {
    if (leg.termination || this.#playing.has(leg)) return;
    const stop = new AbortController();
    this.#playing.set(leg, { hears, stop });
    if (hears.length > 0) void leg.play(hears, { loop: true, signal: stop.signal });
  }

  async #join(leg: Leg, other: Leg): Promise<void> {
    if (this.#pairs.some(({ legs }) => legs.includes(leg))) return;
    const bridge = await this.#telephony.bridge(leg, other);
    this.#pairs = [...this.#pairs, { legs: [leg, other], bridge }];
  }

  async #mixIn(leg: Leg, heardBy: 'all' | readonly Leg[]): Promise<void> {
    const known = this.#inMix.get(leg);
    if (known !== undefined && isSame(known, heardBy)) return;
    this.#mix ??= await this.#telephony.createMix();
    const ears: Ears = { hears: 'all', heardBy };
    if (known === undefined) await this.#mix.join(leg, ears);
    else await this.#mix.setRelations(leg, ears);
    this.#inMix.set(leg, heardBy);
  }

  async #closeMix(): Promise<void> {
    const mix = this.#mix;
    this.#mix = undefined;
    this.#inMix.clear();
    await mix?.close();
  }
}

function isSame(a: 'all' | readonly Leg[], b: 'all' | readonly Leg[]): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return a.length === b.length && a.every((leg) => b.includes(leg));
}
