import { AppError } from '../kernel/errors.ts';
import type { Leg } from '../telephony/leg.ts';
import { MixRelations } from '../telephony/mix-relations.ts';
import type { Bridge, Ears, Mix } from '../telephony/telephony.ts';

/** How a media server without sound behaves. */
export interface JoinBehaviour {
  /** Passes before a join is done. */
  readonly delay: () => Promise<void>;
  /** True when this join shall fail. */
  readonly fails: () => boolean;
}

/** The bridges and mixes of a network without sound: who would hear whom. */
export class SimulatedJoins {
  readonly #behaviour: JoinBehaviour;
  readonly #partners = new Map<Leg, Leg>();
  readonly #mixes = new Set<SimulatedMix>();

  constructor(behaviour: JoinBehaviour) {
    this.#behaviour = behaviour;
  }

  /** Mixes that are not closed. */
  get openMixCount(): number {
    return this.#mixes.size;
  }

  /** True when what the speaker says reaches the listener. */
  hears(listener: Leg, speaker: Leg & { readonly muted: boolean }): boolean {
    if (listener.termination || speaker.termination || speaker.muted) return false;
    if (this.#partners.get(listener) === speaker) return true;
    return [...this.#mixes].some((mix) => mix.relations.hears(listener, speaker));
  }

  async bridge(a: Leg, b: Leg): Promise<Bridge> {
    await this.#behaviour.delay();
    if (a.termination || b.termination || this.#behaviour.fails()) {
      throw new AppError('MEDIA_BRIDGE_FAILED', 'the legs could not be joined');
    }
    this.part(a);
    this.part(b);
    this.#partners.set(a, b).set(b, a);
    return {
      separate: () => {
        if (this.#partners.get(a) === b) this.part(a);
        return Promise.resolve();
      },
    };
  }

  createMix(): Promise<Mix> {
    const mix = new SimulatedMix(this, this.#behaviour, () => this.#mixes.delete(mix));
    this.#mixes.add(mix);
    return Promise.resolve(mix);
  }

  /** Takes the leg out of whatever it is in. */
  part(leg: Leg): void {
    const partner = this.#partners.get(leg);
    if (partner) this.#partners.delete(partner);
    this.#partners.delete(leg);
    for (const mix of this.#mixes) mix.relations.remove(leg);
  }
}

class SimulatedMix implements Mix {
  readonly relations = new MixRelations();
  readonly #joins: SimulatedJoins;
  readonly #behaviour: JoinBehaviour;
  readonly #onClosed: () => void;
  #closed = false;

  constructor(joins: SimulatedJoins, behaviour: JoinBehaviour, onClosed: () => void) {
    this.#joins = joins;
    this.#behaviour = behaviour;
    this.#onClosed = onClosed;
  }

  get legs(): readonly Leg[] {
    return this.relations.legs;
  }

  async join(leg: Leg, ears?: Ears): Promise<void> {
    await this.#behaviour.delay();
    if (this.#closed || leg.termination || this.#behaviour.fails()) throw failed('the leg could not join');
    this.#joins.part(leg);
    this.relations.put(leg, ears);
    void leg.ended.then(() => this.relations.remove(leg));
  }

  async setRelations(leg: Leg, ears: Ears): Promise<void> {
    await this.#behaviour.delay();
    if (!this.relations.has(leg) || this.#behaviour.fails()) throw failed('the relations could not be set');
    this.relations.put(leg, ears);
  }

  async leave(leg: Leg): Promise<void> {
    await this.#behaviour.delay();
    this.relations.remove(leg);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const leg of this.relations.legs) this.relations.remove(leg);
    this.#onClosed();
    await this.#behaviour.delay();
  }
}

function failed(why: string): AppError {
  return new AppError('MEDIA_MIX_FAILED', why);
}
