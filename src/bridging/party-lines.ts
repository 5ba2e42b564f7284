import type { CallId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Leg, TransferRequest } from '../telephony/leg.ts';
import type { OriginateRequest, OutboundCall, Telephony } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';
import type { Party } from './conversation-state.ts';

/** Told of one phone's part in a conversation, in this order; `failed` or `over` comes exactly once. */
export interface Lease {
  answered(): void;
  /** The phone is quiet again without an answer; undefined: it was not wanted any more. */
  failed(termination: Termination | undefined): void;
  /** The leg has ended. `metCustomer`: they could hear each other. */
  over(metCustomer: boolean): void;
}

/** A phone to be rung. */
export interface RingTarget {
  readonly party: Pick<Party, 'role' | 'name' | 'agentId'>;
  readonly request: Omit<OriginateRequest, 'callId'>;
  readonly lease: Lease;
}

/** What happens on the lines of a conversation; called synchronously. */
export interface LineEvents {
  /** False: nobody wants the answer any more; the leg is ended. */
  answered(id: string): boolean;
  /** The phone is quiet again, without an answer. */
  failed(id: string): void;
  left(id: string, termination: Termination): void;
  phoneHeld(id: string, held: boolean): void;
  transferRequested(id: string, request: TransferRequest): void;
}

export interface PartyLinesOptions {
  readonly telephony: Pick<Telephony, 'originate'>;
  readonly ids: IdSource;
  readonly log: Log;
  readonly events: LineEvents;
}

/** Legs and ringing phones of one conversation, by party: none is forgotten before it is quiet. */
export class PartyLines {
  readonly #options: PartyLinesOptions;
  readonly #legs = new Map<string, Leg>();
  readonly #calls = new Map<string, OutboundCall>();
  readonly #leases = new Map<string, Lease>();
  readonly #terminations = new Map<string, Termination>();
  /** Phones that ring or are up; their end is awaited. */
  readonly #busy = new Set<string>();

  constructor(options: PartyLinesOptions) {
    this.#options = options;
  }

  /** Every phone is quiet, or not ours any more. */
  get isQuiet(): boolean {
    return this.#busy.size === 0;
  }

  legOf(id: string): Leg | undefined {
    return this.#legs.get(id);
  }

  /** How the party's call or leg ended, once it has. */
  terminationOf(id: string): Termination | undefined {
    return this.#terminations.get(id);
  }

  /** A leg that is up. */
  add(id: string, leg: Leg, lease?: Lease): void {
    if (lease) this.#leases.set(id, lease);
    this.#legs.set(id, leg);
    this.#busy.add(id);
    const { events } = this.#options;
    const stops = [
      leg.onHold((held) => events.phoneHeld(id, held)),
      leg.onTransferRequest((request) => events.transferRequested(id, request)),
    ];
    void leg.ended.then((termination) => {
      for (const stop of stops) stop();
      this.ended(id, termination);
    });
  }

  /** Rings a phone; `begun` is told the id before anything can happen on the line. */
  ring(target: RingTarget, begun: (id: CallId) => void): OutboundCall {
    const { telephony, ids, log } = this.#options;
    const id = ids.next('call');
    const call = telephony.originate({ ...target.request, callId: id });
    this.#calls.set(id, call);
    this.#leases.set(id, target.lease);
    this.#busy.add(id);
    log.info({ callId: id, role: target.party.role, target: target.request.target }, 'party is rung');
    begun(id);
    void this.#follow(id, call);
    return call;
  }

  /** Ends the party's leg or call. */
  hangUp(id: string): void {
    this.#calls.get(id)?.cancel();
    void this.#legs.get(id)?.hangUp();
  }

  /** Somebody else ends this leg. */
  giveAway(id: string): Leg | undefined {
    const leg = this.#legs.get(id);
    if (!leg?.termination) this.#busy.delete(id);
    return leg;
  }

  /** The leg has ended; told again, it changes nothing. */
  ended(id: string, termination: Termination): void {
    if (!this.#busy.delete(id)) return;
    this.#terminations.set(id, termination);
    this.#options.events.left(id, termination);
  }

  /** Another line of the same phone carries the lease on; false: that one is quiet. */
  moveLease(from: string, to: string): boolean {
    const lease = this.#leases.get(from);
    if (!lease || !this.#busy.has(to)) return false;
    this.#leases.delete(from);
    this.#leases.set(to, lease);
    return true;
  }

  /** Tells whoever holds the party's lease that it is over. */
  release(id: string, metCustomer: boolean): void {
    const lease = this.#leases.get(id);
    this.#leases.delete(id);
    lease?.over(metCustomer);
  }

  /** From the INVITE to the answer, or to the silence after it. */
  async #follow(id: string, call: OutboundCall): Promise<void> {
    const { events } = this.#options;
    const outcome = await call.outcome;
    this.#calls.delete(id);
    const lease = this.#leases.get(id);
    if (outcome.kind === 'answered') {
      lease?.answered();
      this.add(id, outcome.leg);
      // The answer may have crossed the CANCEL: then there is a leg to end.
      if (!events.answered(id)) await outcome.leg.hangUp();
      return;
    }
    this.#terminations.set(id, outcome.termination);
    this.#leases.delete(id);
    this.#busy.delete(id);
    const isOurs = outcome.termination.reason === 'cancelled';
    lease?.failed(isOurs ? undefined : outcome.termination);
    events.failed(id);
  }
}
