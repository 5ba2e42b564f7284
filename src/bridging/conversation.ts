import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { AppError, messageOf } from '../kernel/errors.ts';
import type { CallId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AudioSource, Leg, TransferRequest } from '../telephony/leg.ts';
import type { Bridge, Telephony } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';
import {
  afterMediaFailure,
  answered,
  applied,
  beginAside,
  monitored,
  phoneHeld,
  type PlainCommand,
} from './conversation-commands.ts';
import {
  type Aside,
  type ConversationState,
  endAll,
  type EndedBy,
  handOver,
  leave,
  type MonitorMode,
  moveCustomer,
  newConversation,
  newParty,
  type Party,
  partyOf,
  withParty,
} from './conversation-state.ts';
import { type LegSeat, MediaArranger } from './media-arranger.ts';
import { type Lease, type LineEvents, PartyLines, type RingTarget } from './party-lines.ts';
import { seatsOf } from './seating.ts';

/** Longest conversation; bounds legs whose end nobody hears of. */
const CONVERSATION_MAX_MS = 12 * 3_600_000;

/** What somebody hears whose call to another phone is on its way. */
const RINGING: readonly AudioSource[] = [{ kind: 'tone', frequencies: [440, 480], onMs: 2000, offMs: 4000 }];
const NOTHING: readonly AudioSource[] = [];

/** How a phone that was rung for a conversation ended up; `taken`: in the talk, or with the customer. */
export type AsideOutcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'failed'; readonly termination: Termination | undefined };

/** A phone that rings beside the talk. */
export interface RungPhone {
  readonly id: CallId;
  /** 180 or 183 has been received; resolves at most once. */
  readonly ringing: Promise<void>;
}

/** How a phone is rung beside the talk. */
export interface RingOptions {
  /** The agent's phone has dialled by itself, on this leg, which is up. */
  readonly secondLine?: Leg;
  /** Told once, before anybody is hung up because of it. */
  readonly onOutcome?: (outcome: AsideOutcome) => void;
}

/** What a conversation tells; called synchronously, must not throw. */
export interface ConversationHost {
  changed(state: ConversationState): void;
  /** Another agent answers for the call, or none does. */
  ownerChanged(next: Party | undefined): void;
  /** The customer is on the line and with nobody; whoever takes the leg ends it. */
  customerMoved(customer: Leg): void;
  transferRequested(partyId: string, request: TransferRequest): void;
}

export interface ConversationOptions {
  readonly telephony: Telephony;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** What waiting parties hear. */
  readonly music: readonly AudioSource[];
  readonly host: ConversationHost;
}

/** The two who begin. */
export interface JoinedLegs {
  readonly customer: Leg;
  readonly agent: Leg;
  readonly bridge: Bridge;
}

/**
 * A conversation of several parties. What happens (a command, an answer, a hang-up, a key of a phone) changes
 * the state at once and in full; the media follow, one arrangement after the other. So two who act at the
 * same instant act one after the other, and whatever fails is one more thing that happens.
 */
export class Conversation {
  /** Resolves once: every leg is quiet, or the customer's goes on elsewhere. */
  readonly ended: Promise<EndedBy | 'moved'>;
  readonly #options: ConversationOptions;
  readonly #arranger: MediaArranger;
  readonly #lines: PartyLines;
  readonly #outcomes = new Map<string, (outcome: AsideOutcome) => void>();
  readonly #muted = new Set<string>();
  readonly #limit: TimerHandle;
  #state: ConversationState;
  #isDirty = false;
  #arranging: Promise<void> | undefined;
  #failureCount = 0;
  #isFinished = false;
  /** The customer's leg, until the host has it. */
  #moved: Leg | undefined;
  #finish: (end: EndedBy | 'moved') => void = () => undefined;

  /** @param lease of the agent who begins; answered already. */
  constructor(
    options: ConversationOptions,
    { customer, agent, bridge }: JoinedLegs,
    names: { readonly customer: string; readonly agent: string; readonly agentId: string },
    lease: Lease,
  ) {
    this.#options = options;
    this.#arranger = new MediaArranger(options.telephony, [customer, agent], bridge);
    this.#state = newConversation(
      newParty({ id: customer.callId, role: 'customer', name: names.customer, agentId: null }, 'up'),
      newParty({ id: agent.callId, role: 'agent', name: names.agent, agentId: names.agentId }, 'up'),
    );
    this.ended = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#limit = options.clock.setTimer(CONVERSATION_MAX_MS, () => this.end());
    this.#lines = new PartyLines({ ...options, events: this.#lineEvents() });
    this.#lines.add(customer.callId, customer);
    this.#lines.add(agent.callId, agent, lease);
  }

  get state(): ConversationState {
    return this.#state;
  }

  /** The customer's leg, while it is up and here. */
  get customer(): Leg | undefined {
    return this.#lines.legOf(this.#state.customerId);
  }

  legOf(partyId: string): Leg | undefined {
    return this.#lines.legOf(partyId);
  }

  /** The party whose leg this is. */
  partyWith(leg: Leg): Party | undefined {
    return partyOf(this.#state, leg.callId);
  }

  /**
   * Carries out what `by` may do now. Resolves when the media have followed.
   * @throws AppError MEDIA_BRIDGE_FAILED when they could not.
   */
  async command(by: string, command: PlainCommand): Promise<void> {
    const failureCount = this.#failureCount;
    this.#apply(applied(this.#state, by, command));
    await this.#settled();
    this.#assertNoFailure(failureCount);
  }

  /** Ends every leg. */
  end(): void {
    this.#apply(endAll(this.#state, 'system'));
  }

  /** Hangs up everybody but the customer, who is given to the host. */
  async moveCustomer(): Promise<void> {
    this.#apply(moveCustomer(this.#state));
    await this.#settled();
  }

  /** Rings a phone beside the talk. */
  ring(
    target: RingTarget,
    purpose: Exclude<Aside['purpose'], 'handover'>,
    { secondLine, onOutcome }: RingOptions = {},
  ): RungPhone {
    const owner = partyOf(this.#state, this.#state.ownerId);
    const line = secondLine && owner && { ...owner, id: secondLine.callId, away: false, phoneHeld: false };
    if (secondLine) this.#lines.add(secondLine.callId, secondLine);
    return this.#ring(target, (party) => beginAside(this.#state, party, purpose, line), onOutcome);
  }

  /** Rings a supervisor's phone. */
  monitor(target: RingTarget, mode: MonitorMode): RungPhone {
    return this.#ring(target, (party) => monitored(this.#state, party, mode));
  }

  /** Changes how a supervisor listens. */
  async changeMonitor(supervisor: Party, mode: MonitorMode): Promise<void> {
    const failureCount = this.#failureCount;
    this.#apply(monitored(this.#state, supervisor, mode));
    await this.#settled();
    this.#assertNoFailure(failureCount);
  }

  /** A party leaves by command. */
  async dismiss(partyId: string): Promise<void> {
    this.#apply(leave(this.#state, partyId, 'agent'));
    await this.#settled();
  }

  #assertNoFailure(failureCount: number): void {
    if (this.#failureCount === failureCount) return;
    const message = 'the media server could not do it; nobody was lost';
    throw new AppError('MEDIA_BRIDGE_FAILED', message, { retryable: true });
  }

  #ring(
    target: RingTarget,
    begin: (party: Party) => ConversationState,
    onOutcome?: (outcome: AsideOutcome) => void,
  ): RungPhone {
    const call = this.#lines.ring(target, (id) => {
      if (onOutcome) this.#outcomes.set(id, onOutcome);
      this.#apply(begin(newParty({ ...target.party, id }, 'ringing')));
    });
    return { id: call.callId, ringing: call.ringing };
  }

  #lineEvents(): LineEvents {
    return {
      answered: (id) => {
        if (partyOf(this.#state, id)?.stage !== 'ringing') return false;
        this.#apply(answered(this.#state, id));
        return true;
      },
      failed: (id) => {
        this.#apply(leave(this.#state, id, 'system'));
        this.#finishIfQuiet();
      },
      left: (id, termination) => this.#left(id, termination),
      phoneHeld: (id, held) => this.#apply(phoneHeld(this.#state, id, held)),
      transferRequested: (id, request) => {
        const isAgent = partyOf(this.#state, id)?.role === 'agent';
        if (isAgent) this.#options.host.transferRequested(id, request);
        else request.reject(603);
      },
    };
  }

  #left(id: string, { reason }: Termination): void {
    const isCustomer = id === this.#state.customerId;
    const isRemote = reason === 'remote-hangup';
    this.#apply(leave(this.#state, id, isRemote ? (isCustomer ? 'customer' : 'agent') : 'system'));
    // At the end, agents are told with everybody else that it is over.
    if (this.#state.ended === null) this.#release(id);
    this.#finishIfQuiet();
  }

  /** Tells who holds the lease; an agent's other line has it as long as it is up. */
  #release(id: string): void {
    const party = partyOf(this.#state, id);
    const isMoved = this.#state.parties.some(
      (other) => other.id !== id && isSamePhone(other, party) && this.#lines.moveLease(id, other.id),
    );
    if (isMoved) return;
    this.#lines.release(id, party?.metCustomer === true);
  }

  #apply(next: ConversationState): void {
    const before = this.#state;
    if (next === before) return;
    this.#state = next;
    const { host } = this.#options;
    const left = next.parties.filter(
      ({ id, stage }) => stage === 'gone' && partyOf(before, id)?.stage !== 'gone',
    );
    this.#tellOutcomes();
    if (next.ownerId !== before.ownerId) host.ownerChanged(partyOf(next, next.ownerId));
    for (const { id } of left) this.#letGo(id);
    host.changed(next);
    void this.#settled();
  }

  #tellOutcomes(): void {
    for (const [id, tell] of this.#outcomes) {
      const isGone = partyOf(this.#state, id)?.stage === 'gone';
      if (!isGone && this.#state.aside?.targetId === id) continue;
      this.#outcomes.delete(id);
      tell(isGone ? { kind: 'failed', termination: this.#lines.terminationOf(id) } : { kind: 'taken' });
    }
  }

  /** Ends the party's leg or call; the customer's goes on when it has moved. */
  #letGo(id: string): void {
    const isMoved = this.#state.ended === 'moved' && id === this.#state.customerId;
    if (isMoved) this.#moved = this.#lines.giveAway(id);
    else this.#lines.hangUp(id);
  }

  /** Resolves when media are as the state wants them. */
  #settled(): Promise<void> {
    this.#isDirty = true;
    this.#arranging ??= this.#arrange().finally(() => {
      this.#arranging = undefined;
      this.#finishIfQuiet();
    });
    return this.#arranging;
  }

  async #arrange(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      try {
        await this.#arranger.arrange(this.#legSeats());
        await this.#mute();
      } catch (error) {
        this.#recover(error);
        continue;
      }
      if (!this.#isDirty && this.#state.aside?.purpose === 'handover') this.#apply(handOver(this.#state));
    }
    const moved = this.#moved;
    if (!moved) return;
    this.#moved = undefined;
    if (this.#muted.delete(moved.callId)) await moved.setMuted(false).catch(() => undefined);
    this.#options.host.customerMoved(moved);
  }

  /** Somebody has gone meanwhile, or the media server has failed. */
  #recover(error: unknown): void {
    // What was being arranged is out of date: who could not join may have gone.
    const isOutdated = this.#isDirty;
    this.#isDirty = true;
    const up = this.#state.parties.filter(({ stage }) => stage === 'up');
    const dead = up.filter(({ id }) => this.#lines.legOf(id)?.termination !== undefined);
    for (const { id } of dead) {
      const termination = this.#lines.legOf(id)?.termination;
      if (termination) this.#lines.ended(id, termination);
    }
    if (dead.length > 0) return;
    if (this.#state.ended !== null) {
      this.#isDirty = false;
      return;
    }
    if (isOutdated) return;
    this.#failureCount++;
    this.#options.log.error(
      { error: messageOf(error), situation: this.#state },
      'media could not be arranged',
    );
    this.#apply(afterMediaFailure(this.#state));
  }

  async #mute(): Promise<void> {
    for (const { id, stage, muted } of this.#state.parties) {
      const leg = this.#lines.legOf(id);
      if (stage !== 'up' || !leg || this.#muted.has(id) === muted) continue;
      try {
        await leg.setMuted(muted);
        if (muted) this.#muted.add(id);
        else this.#muted.delete(id);
      } catch (error) {
        if (leg.termination) continue;
        this.#failureCount++;
        this.#options.log.error({ error: messageOf(error), callId: id }, 'party could not be muted');
        this.#apply(withParty(this.#state, id, { muted: !muted }));
      }
    }
  }

  #legSeats(): ReadonlyMap<Leg, LegSeat> {
    const sounds = { music: this.#options.music, ringing: RINGING, nothing: NOTHING };
    const seats = new Map<Leg, LegSeat>();
    for (const [id, seat] of seatsOf(this.#state)) {
      const leg = this.#lines.legOf(id);
      if (!leg) continue;
      if (seat.kind === 'alone') seats.set(leg, { kind: 'alone', hears: sounds[seat.hears] });
      else if (seat.kind === 'mixed') {
        const ids = seat.heardBy;
        const heardBy = ids === 'all' ? ids : ids.flatMap((other) => this.#lines.legOf(other) ?? []);
        seats.set(leg, { kind: 'mixed', heardBy });
      } else {
        const other = this.#lines.legOf(seat.withId);
        if (other) seats.set(leg, { kind: 'joined', with: other });
      }
    }
    return seats;
  }

  #finishIfQuiet(): void {
    const { ended } = this.#state;
    if (ended === null || !this.#lines.isQuiet || this.#arranging || this.#isFinished) return;
    this.#isFinished = true;
    this.#options.clock.clearTimer(this.#limit);
    for (const { id } of this.#state.parties) this.#release(id);
    this.#finish(ended);
    void this.#arranger.close();
  }
}

function isSamePhone(a: Party, b: Party | undefined): boolean {
  return a.agentId !== null && a.agentId === b?.agentId;
}
