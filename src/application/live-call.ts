import { allowedFor } from '../bridging/conversation-commands.ts';
import { Conversation, type ConversationOptions, type JoinedLegs } from '../bridging/conversation.ts';
import {
  type ConversationState,
  type EndedBy,
  type Party,
  partyOf,
  situationOf,
  talkersOf,
} from '../bridging/conversation-state.ts';
import { type ControlCommand, Situation } from '../bridging/hang-up-table.ts';
import type { CallNote } from '../callback/call-note.ts';
import type { Actor } from '../callback/callback.ts';
import type { Lease } from '../bridging/party-lines.ts';
import { seatsOf } from '../bridging/seating.ts';
import type { CallbackId, CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { RecordingBook, RecordingSubject } from '../recording/recording-book.ts';
import type { Leg, TransferRequest } from '../telephony/leg.ts';
import type { CallParty, WorkspaceCall } from './call-desk.ts';
import { CALL_NOTES_MAX, notesOf } from './call-notes.ts';
import { CallRecorder } from './call-recorder.ts';

/** What is known of a call when customer and agent have been joined. */
export interface LiveCallFacts {
  /** Id of the callback or of the call. */
  readonly id: string;
  readonly kind: 'callback' | 'call';
  readonly virtualQueue: string;
  /** As the agent sees it: a number, or why there is none. */
  readonly customerNumber: string;
  readonly language: string;
  /** The place that the customer had in the line, and has again in another one. */
  readonly place: { readonly atMs: number; readonly priority: number };
  /** The DID that the customer had dialled, now or when they booked; null: none. */
  readonly dialled: string | null;
  /** The callback for which the customer was called, before whatever transfers; null: they have called us. */
  readonly promisedBy: CallbackId | null;
  readonly agentId: string;
  readonly agentName: string;
}

/** Who has the customer after the last agent has left. */
export type CallDestination =
  | { readonly kind: 'queue'; readonly queue: string }
  | { readonly kind: 'external'; readonly number: string };

/** What follows from a live call for whom it is about. */
export interface LiveCallListener {
  /** After-call work of the first agent. */
  wrapUpMs(): number;
  /** Another agent answers for the call. */
  handedOver(agentId: string): void;
  /** No agent does; the customer is served on elsewhere. */
  leftAgents(to: CallDestination): void;
  /** Hold and mute, for a history; default: there is none. */
  noted?(note: CallNote): void;
}

/** A customer whom an agent gives to a queue, on the way into its line. */
export interface PromisedPlace {
  /** The wait in the line. */
  readonly callId: CallId;
  /** Resolves when they would be called back after a crash, soon in any case. */
  readonly stored: Promise<void>;
  /** They are served, or have left. */
  forget(): void;
  /** Their call was lost through our fault. */
  keep(): void;
}

/** The agent has let go of the customer, and no other party has them yet. */
const GIVEN_AWAY: ReadonlySet<Situation> = new Set([
  Situation.transferring,
  Situation.handingOver,
  Situation.leftBehind,
]);

export interface LiveCallOptions extends Omit<ConversationOptions, 'host'> {
  readonly recordings: RecordingBook;
  readonly listener: LiveCallListener;
  readonly changed: (call: LiveCall) => void;
  readonly transferRequested: (call: LiveCall, partyId: string, request: TransferRequest) => void;
  /** The customer is about to wait for an agent of that queue: remembered before anybody is hung up. */
  readonly promisePlace: (queue: string, facts: LiveCallFacts) => PromisedPlace;
  /** The customer waits there from now on. */
  readonly toQueue: (customer: Leg, queue: string, facts: LiveCallFacts, place: PromisedPlace) => void;
}

/** One conversation with what it is about: what agents see of it, and what becomes of callback and line. */
export class LiveCall {
  readonly facts: LiveCallFacts;
  readonly conversation: Conversation;
  readonly recorder: CallRecorder;
  readonly #options: LiveCallOptions;
  readonly #startedAtMs: number;
  #version = 1;
  /** Where the customer goes when the conversation lets go of them. */
  #nextQueue: string;
  /** Once they are about to, and while nobody talks with them on the way to another party. */
  #place: PromisedPlace | undefined;
  #isMoving = false;
  /** No agent takes part any more, and it has been told. */
  #isLeft = false;
  /** Whose command is being carried out. */
  #actor: Actor | undefined;
  #noted: ConversationState | undefined;
  #noteCount = 0;

  constructor(options: LiveCallOptions, facts: LiveCallFacts, legs: JoinedLegs, lease: Lease) {
    this.facts = facts;
    this.#options = options;
    this.#nextQueue = facts.virtualQueue;
    this.#startedAtMs = options.clock.nowMs();
    const log: Log = options.log.child({ subjectId: facts.id });
    this.recorder = new CallRecorder({ book: options.recordings, log, changed: () => this.#changed() });
    const host = {
      changed: () => this.#changed(),
      ownerChanged: (next: Party | undefined) => {
        if (next?.agentId != null) options.listener.handedOver(next.agentId);
      },
      customerMoved: (customer: Leg) => this.#customerMoved(customer),
      transferRequested: (partyId: string, request: TransferRequest) =>
        options.transferRequested(this, partyId, request),
    };
    const names = { customer: facts.customerNumber, agent: facts.agentName, agentId: facts.agentId };
    this.conversation = new Conversation({ ...options, log, host }, legs, names, lease);
    this.#noted = this.conversation.state;
  }

  /** Resolves once; see {@link Conversation.ended}. */
  get ended(): Promise<EndedBy | 'moved'> {
    return this.conversation.ended;
  }

  get situation(): Situation {
    return situationOf(this.conversation.state);
  }

  /** The party by which the agent takes part; undefined when they do not (any more). */
  partyOfAgent(agentId: string): Party | undefined {
    const { parties, aside } = this.conversation.state;
    return parties.find(
      (party) => party.agentId === agentId && party.stage !== 'gone' && party.id !== aside?.secondLineId,
    );
  }

  /** What the party may do now. */
  allowed(partyId: string): readonly ControlCommand[] {
    const { recorder } = this;
    return allowedFor(this.conversation.state, partyId).filter((command) => {
      if (command === 'start-recording') return recorder.canStart && this.#customer() !== undefined;
      return command !== 'stop-recording' || recorder.active;
    });
  }

  /** Whom the agent is turned to; hears the digits that the agent sends. */
  get digitLeg(): Leg | undefined {
    const { aside, faces, customerId } = this.conversation.state;
    return this.conversation.legOf(aside && faces === 'aside' ? aside.targetId : customerId);
  }

  /** Carries out a command, which is the actor's. */
  async actFor(actor: Actor, command: () => Promise<void>): Promise<void> {
    this.#actor = actor;
    const done = command();
    // States change at once; media follow.
    this.#actor = undefined;
    await done;
  }

  /** @throws see {@link CallRecorder.start}. */
  async startRecording(agentId: string): Promise<void> {
    const customer = this.#customer();
    if (!customer) return;
    const { id, kind, virtualQueue } = this.facts;
    const about = { kind: 'conversation', agentId, virtualQueue } as const;
    const subject: RecordingSubject =
      kind === 'callback' ? { ...about, callbackId: id } : { ...about, callId: id };
    await this.recorder.start(customer, subject);
  }

  /**
   * Gives the customer to that queue's line; everybody else is hung up. A crash from then on finds the
   * customer remembered.
   * @param about called right before; not when the customer has gone meanwhile.
   */
  async toQueue(queue: string, about: () => void = () => undefined): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    this.#nextQueue = queue;
    this.#place?.forget();
    await this.#promise().stored;
    if (!this.#customer()) return;
    about();
    await this.conversation.moveCustomer();
  }

  view(): WorkspaceCall {
    const { state } = this.conversation;
    const seats = seatsOf(state);
    const parties = state.parties
      .filter(({ id }) => id !== state.aside?.secondLineId)
      .map(({ id, role, name, stage, away, phoneHeld, muted }): CallParty => {
        const seat = seats.get(id);
        const isHeld = away || phoneHeld || (seat?.kind === 'alone' && seat.hears === 'music');
        const up = isHeld ? 'held' : 'active';
        return { id, role, name, muted, state: stage === 'up' ? up : stage };
      });
    const { id, kind, virtualQueue } = this.facts;
    const recording = { active: this.recorder.active, ids: this.recorder.ids };
    const shared = { id, kind, virtualQueue, parties, recording, startedAtMs: this.#startedAtMs };
    return { ...shared, state: shownState(state), version: this.#version };
  }

  #customer(): Leg | undefined {
    const { state, customer } = this.conversation;
    return partyOf(state, state.customerId)?.stage === 'up' ? customer : undefined;
  }

  #changed(): void {
    this.#version++;
    const { state } = this.conversation;
    if (situationOf(state) === Situation.unattended && !this.#isLeft) {
      this.#isLeft = true;
      const number = talkersOf(state).find(({ role }) => role === 'external')?.name ?? '';
      this.#options.listener.leftAgents({ kind: 'external', number });
    }
    this.#rememberGivenAway();
    this.#note(state);
    this.#options.changed(this);
  }

  /** A customer with whom nobody talks while a transfer rings would be called back after a crash. */
  #rememberGivenAway(): void {
    const { situation } = this;
    if (this.#isMoving || situation === Situation.ended) return;
    if (GIVEN_AWAY.has(situation)) {
      if (!this.#place) this.#promise();
      return;
    }
    this.#place?.forget();
    this.#place = undefined;
  }

  #promise(): PromisedPlace {
    const place = this.#options.promisePlace(this.#nextQueue, this.facts);
    this.#place = place;
    void this.ended.then((end) => {
      if (end === 'system') place.keep();
      else if (end !== 'moved') place.forget();
    });
    return place;
  }

  #note(state: ConversationState): void {
    const { listener, clock } = this.#options;
    const notes = this.#noted ? notesOf(this.#noted, state, this.#actor, clock.nowMs()) : [];
    this.#noted = state;
    for (const note of notes) if (this.#noteCount++ < CALL_NOTES_MAX) listener.noted?.(note);
  }

  #customerMoved(customer: Leg): void {
    const { listener, promisePlace, toQueue } = this.#options;
    // The next conversation has recordings of its own.
    void this.recorder.stop();
    const queue = this.#nextQueue;
    const place = this.#place ?? promisePlace(queue, this.facts);
    toQueue(customer, queue, this.facts, place);
    // A callback that says so has its customer remembered, whenever the process is killed.
    void place.stored.then(() => listener.leftAgents({ kind: 'queue', queue }));
  }
}

function shownState(state: ConversationState): WorkspaceCall['state'] {
  const situation = situationOf(state);
  switch (situation) {
    case 'talking':
      return 'connected';
    case 'held':
      return 'held';
    case 'calling':
    case 'consulting':
    case 'transferring':
    case 'handing-over':
    case 'left-behind':
      return 'consulting';
    case 'inviting':
    case 'conference':
    case 'unattended':
      return talkersOf(state).length > 2 ? 'conference' : 'connected';
    case 'ended':
      return 'ended';
    default:
      return situation satisfies never;
  }
}
