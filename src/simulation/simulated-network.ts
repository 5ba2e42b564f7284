import type { CallId } from '../kernel/ids.ts';
import type { SimulatedClock } from '../kernel/simulated-clock.ts';
import type { Leg } from '../telephony/leg.ts';
import type {
  Bridge,
  InboundCall,
  OriginateOutcome,
  OriginateRequest,
  OutboundCall,
  Telephony,
} from '../telephony/telephony.ts';
import type { Termination, TerminationReason } from '../telephony/termination.ts';
import type { Chance } from './chance.ts';
import type { Incarnation } from './incarnation.ts';
import { SimulatedJoins } from './simulated-joins.ts';
import { SimulatedLeg } from './simulated-leg.ts';

/** What a called phone does. `neverMs` of an answer: it rings until somebody gives up. */
export type PhoneBehaviour =
  | { readonly kind: 'answers'; readonly afterMs: number }
  | { readonly kind: 'fails'; readonly afterMs: number; readonly termination: Termination }
  | { readonly kind: 'rings' };

/** The people and phones of a history, as the network calls them. */
export interface Called {
  /** An INVITE arrives at a phone. */
  behaviourOf(request: OriginateRequest): PhoneBehaviour;
  /** The called person has taken the call. */
  answered(request: OriginateRequest, leg: SimulatedLeg): void;
}

/** Told of everything that a checker must see at once. */
export interface NetworkWitness {
  invited(request: OriginateRequest): void;
  bridged(a: Leg, b: Leg): void;
}

export interface NetworkOptions {
  readonly clock: SimulatedClock;
  readonly chance: Chance;
  readonly audioMs: ReadonlyMap<string, number>;
  readonly called: Called;
  readonly witness: NetworkWitness;
  /** Calls can be listened to, and nothing is heard: who answered is told by the limits. Default false. */
  readonly canTap?: boolean;
}

interface Ringing {
  readonly request: OriginateRequest;
  readonly fail: (termination: Termination) => void;
}

const lost: Termination = { bucket: 'server_error', reason: 'sip-server-lost' };
const cancelled: Termination = { bucket: 'success', reason: 'cancelled' };
const clientErrors: readonly TerminationReason[] = ['not-found', 'gone'];

/** A failed call as the product's table would tell it. */
export function failure(reason: TerminationReason): Termination {
  return { bucket: clientErrors.includes(reason) ? 'client_error' : 'unreachable', reason };
}

/** A telephone network without sound: people outlive the process that calls them, calls do not. */
export class SimulatedNetwork {
  /** Legs that are up. */
  readonly legs = new Set<SimulatedLeg>();
  readonly #requests = new Map<SimulatedLeg, OriginateRequest>();
  /** Calls on their way. */
  readonly ringing = new Set<Ringing>();
  /** Agents whose phone is registered. */
  readonly reachable = new Set<string>();
  bridgeFailure = 0;
  /** False while the SIP server is gone. */
  up = true;
  /** Bridges and mixes as they are now: who hears whom. */
  readonly joins: SimulatedJoins;
  readonly #options: NetworkOptions;
  #handler: ((call: InboundCall) => void) | undefined;
  #onCanCall: (() => void) | undefined;
  #onReachability: ((agentId: string, reachable: boolean) => void) | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const { clock, chance } = options;
    this.joins = new SimulatedJoins({
      delay: () =>
        new Promise<void>((resolve) => {
          clock.setTimer(chance.between(1, 40), resolve);
        }),
      fails: () => chance.maybe(this.bridgeFailure),
    });
  }

  /** The network as one life of the process sees it. */
  openFor(life: Incarnation): Telephony {
    const alive = <A extends unknown[]>(act: (...args: A) => void): ((...args: A) => void) => {
      return (...args) => {
        if (life.alive) act(...args);
      };
    };
    return {
      onInboundCall: (handler) => {
        this.#handler = alive(handler);
      },
      canCall: () => this.up,
      onCanCall: (listener) => {
        this.#onCanCall = alive(listener);
      },
      onAgentReachability: (listener) => {
        this.#onReachability = alive(listener);
      },
      isAgentReachable: (agentId) => this.reachable.has(agentId),
      originate: (request) => this.#originate(request),
      bridge: (a, b) => this.#bridge(a, b),
      createMix: () => this.joins.createMix(),
    };
  }

  /** Every outbound call that rings or is up. */
  outbound(): { request: OriginateRequest; leg?: SimulatedLeg }[] {
    const up = [...this.#requests].filter(([leg]) => this.legs.has(leg));
    return [
      ...[...this.ringing].map(({ request }) => ({ request })),
      ...up.map(([leg, request]) => ({ request, leg })),
    ];
  }

  /** A caller's INVITE reaches the door. False: nobody is there. */
  ring(call: InboundCall): boolean {
    if (!this.#handler || !this.up) return false;
    this.#handler(call);
    return true;
  }

  register(agentId: string, reachable: boolean): void {
    if (this.reachable.has(agentId) === reachable) return;
    if (reachable) this.reachable.add(agentId);
    else this.reachable.delete(agentId);
    this.#onReachability?.(agentId, reachable);
  }

  /** Every call is lost at once; `up` says whether new ones can be made. */
  loseCalls(up: boolean): void {
    this.up = up;
    for (const leg of this.legs) leg.end(lost);
    for (const call of this.ringing) call.fail(lost);
  }

  /** The SIP server is there again. */
  mend(): void {
    if (this.up) return;
    this.up = true;
    this.#onCanCall?.();
  }

  /** The process has died: whoever it had on the line hears nothing any more. */
  processDied(): void {
    this.#handler = undefined;
    this.#onReachability = undefined;
    this.#onCanCall = undefined;
    this.loseCalls(this.up);
  }

  leg(callId: CallId, direction: 'inbound' | 'outbound', number: string): SimulatedLeg {
    const { clock, audioMs } = this.#options;
    const leg = new SimulatedLeg({ callId, direction, number, clock, audioMs });
    this.legs.add(leg);
    void leg.ended.then(() => {
      this.legs.delete(leg);
      this.#requests.delete(leg);
    });
    return leg;
  }

  #originate(request: OriginateRequest): OutboundCall {
    const { clock, chance, called, witness, canTap = false } = this.#options;
    const { callId, target } = request;
    let settle: (outcome: OriginateOutcome) => void = () => undefined;
    const outcome = new Promise<OriginateOutcome>((resolve) => {
      settle = resolve;
    });
    let over = false;
    const ringing: Ringing = {
      request,
      fail: (termination) => {
        if (over) return;
        over = true;
        this.ringing.delete(ringing);
        settle({ kind: 'failed', termination });
      },
    };
    const never = new Promise<never>(() => undefined);
    const call = {
      callId,
      outcome,
      ringing: never,
      cancel: () => ringing.fail(cancelled),
      tap: () => (canTap ? (): void => undefined : undefined),
    };
    if (!this.up || (target.kind === 'agent' && !this.reachable.has(target.agentId))) {
      ringing.fail(this.up ? failure('not-registered') : lost);
      return { ...call, inviteSent: never };
    }
    witness.invited(request);
    this.ringing.add(ringing);
    const behaviour = called.behaviourOf(request);
    if (behaviour.kind === 'fails') {
      clock.setTimer(behaviour.afterMs, () => ringing.fail(behaviour.termination));
    }
    if (behaviour.kind === 'answers') {
      // The person has answered; our side learns it when the media are joined, and may have given up by then.
      clock.setTimer(behaviour.afterMs + chance.between(0, 8), () => {
        if (over) return;
        over = true;
        this.ringing.delete(ringing);
        const leg = this.leg(callId, 'outbound', target.kind === 'agent' ? target.agentId : target.number);
        this.#requests.set(leg, request);
        settle({ kind: 'answered', leg });
        called.answered(request, leg);
      });
    }
    clock.setTimer(request.ringTimeoutMs, () => ringing.fail(failure('no-answer')));
    return { ...call, inviteSent: Promise.resolve(clock.nowMs()) };
  }

  async #bridge(a: Leg, b: Leg): Promise<Bridge> {
    const bridge = await this.joins.bridge(a, b);
    this.#options.witness.bridged(a, b);
    return bridge;
  }
}
