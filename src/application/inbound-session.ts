import { type ConnectOutcome, connectAgent } from '../bridging/agent-connector.ts';
import type { JoinedLegs } from '../bridging/conversation.ts';
import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { FlowFacts } from '../ivr/flow-facts.ts';
import { languageFor } from '../ivr/languages/languages.ts';
import type {
  AgentChange,
  Booking,
  CallInMatch,
  CallInQuestion,
  FlowHost,
  MessageTaken,
  NumberScreening,
  Overflow,
  QueueEntry,
} from '../ivr/flow-host.ts';
import type { Clock } from '../kernel/clock.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { RecordingBook } from '../recording/recording-book.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import { parseNumber } from '../screening/phone-number.ts';
import type { Leg } from '../telephony/leg.ts';
import type { OriginateRequest, Telephony } from '../telephony/telephony.ts';
import type { AgentDelivery } from './agent-delivery.ts';
import { callerFacts } from './caller-facts.ts';
import { CallerPlace, type PlaceInLine } from './caller-place.ts';
import type { CallInMatcher } from './call-in-matcher.ts';
import { CallerSlot } from './caller-slot.ts';
import type { CallerCall } from './caller-call.ts';
import { callForCaller } from './caller-delivery.ts';
import type { CallerOnHold } from './case-facts.ts';
import { screenForQueue } from './number-check.ts';
import type { LiveCallDesk } from './live-call-desk.ts';
import type { LiveCall } from './live-call.ts';
import { bookFromLine } from './line-booking.ts';
import { MessageDesk } from './message-desk.ts';
import type { OpenCallbacks } from './open-callbacks.ts';
import type { QueueWaits } from './queue-waits.ts';
import type { ServiceDirectory } from './service-directory.ts';
import type { SlotDesk } from './slot-desk.ts';

export interface InboundSessionOptions {
  readonly telephony: Telephony;
  readonly runner: CallbackRunner;
  readonly router: Router;
  readonly registry: AgentRegistry;
  readonly waits: QueueWaits;
  readonly openCallbacks: OpenCallbacks;
  readonly directory: ServiceDirectory;
  readonly slots: SlotDesk;
  readonly recordings: RecordingBook;
  /** Undefined: nobody asked to call in, ever. */
  readonly callIns: CallInMatcher | undefined;
  /** Lengths of audio files in ms; what has none is not there. */
  readonly audioMs: ReadonlyMap<string, number>;
  readonly delivery: AgentDelivery;
  readonly calls: LiveCallDesk;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** The queue's ring time applies to agents; a transfer elsewhere rings this long. */
const TRANSFER_RING_MS = 30_000;

/**
 * One caller in the house: what the flow may know and do for this call (the flow's host), and the place in
 * line that the router serves. It lives as long as the call.
 */
export class InboundSession implements FlowHost {
  readonly call: CallerCall;
  /** The caller's number in E.164 where it is one; undefined when withheld. */
  readonly ani: string | undefined;
  readonly language: string;
  readonly #options: InboundSessionOptions;
  readonly #log: Log;
  readonly #slot: CallerSlot;
  readonly #place: CallerPlace;
  readonly #messages: MessageDesk;
  #announcedCount = 0;
  readonly #listeners = new Set<() => void>();
  #taken = new AbortController();
  #offeredAgentId: string | undefined;
  #leg: Leg | undefined;
  #servedBy: string | undefined;
  /** What came with the request to call in. */
  #customerData: Readonly<Record<string, string>> = {};

  constructor(call: CallerCall, settings: QueueSettings, language: string, options: InboundSessionOptions) {
    this.call = call;
    const { number } = call.from;
    const parsed = number === undefined ? undefined : parseNumber(number, settings.defaultCountry);
    this.ani = parsed?.ok === true ? parsed.e164 : undefined;
    this.language = language;
    this.#options = options;
    this.#log = options.log;
    this.#slot = new CallerSlot(call.callId, language, options);
    const onOverflowDue = (): void => this.factsChanged();
    this.#place = new CallerPlace(call.callId, settings, { ...options, onOverflowDue });
    this.#messages = new MessageDesk(options);
  }

  get agentTaken(): AbortSignal {
    return this.#taken.signal;
  }

  /** The agent who talked with the caller. */
  get servedBy(): string | undefined {
    return this.#servedBy;
  }

  /** Settings of the line that the caller is in, or would be. */
  get settings(): QueueSettings {
    return this.#place.settings;
  }

  /** The answered leg: needed for transfers and agents. */
  answered(leg: Leg): void {
    this.#leg = leg;
  }

  /** The caller is in the line from now on, at a place they have had before. */
  takePlace(place: PlaceInLine): void {
    this.#place.takeOver(place);
    this.#place.rejoin();
  }

  facts(): FlowFacts {
    const { callId, dialled } = this.call;
    const caller = { callId, dialled, ani: this.ani, place: this.#place, slot: this.#slot };
    return { ...callerFacts(this.#options, caller), ...this.#callInFacts() };
  }

  onFactsChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Somebody of this queue was served: positions have changed. */
  factsChanged(): void {
    for (const listener of this.#listeners) listener();
  }

  async enterQueue(): Promise<QueueEntry> {
    return this.#place.join();
  }

  async overflow(): Promise<Overflow> {
    return this.#taken.signal.aborted ? { kind: 'none' } : this.#place.overflow();
  }

  nextHoldAnnouncement(): string | undefined {
    const folder = languageFor(this.language).tag;
    const ids = this.settings.holdAnnouncements.filter((id) =>
      this.#options.audioMs.has(`${folder}/${id}.wav`),
    );
    return ids[this.#announcedCount++ % Math.max(1, ids.length)];
  }

  async takeMessage(message: Parameters<FlowHost['takeMessage']>[0]): Promise<MessageTaken> {
    const leg = this.#leg;
    if (!leg || this.#taken.signal.aborted) return { kind: 'failed' };
    this.#place.leave();
    const { callId, dialled } = this.call;
    const { settings, language } = this;
    const place = this.#place.inLine;
    return this.#messages.take({ ...message, leg, callId, settings, dialled, language, place });
  }

  async screenNumber(digits: string): Promise<NumberScreening> {
    const verdict = screenForQueue(this.#options.directory, this.settings, digits);
    if (verdict.kind === 'permitted') {
      return { kind: 'accepted', number: verdict.e164, spoken: digits.replaceAll(/\D/g, '') };
    }
    const { step, message } = verdict;
    this.#log.info({ step, message }, 'number refused');
    const isReadable = step !== 'parse' && step !== 'impossible';
    return { kind: 'refused', reason: isReadable ? 'not-permitted' : 'not-valid' };
  }

  proposeSlot(wish: Parameters<FlowHost['proposeSlot']>[0]): Promise<{ readonly kind: 'found' | 'none' }> {
    return this.#slot.propose(this.settings.name, wish);
  }

  async book({ number, inSlot }: Parameters<FlowHost['book']>[0]): Promise<Booking> {
    const { openCallbacks } = this.#options;
    if (this.#taken.signal.aborted) return { kind: 'refused', reason: 'agent-taken' };
    if (openCallbacks.count(this.settings.name) >= this.settings.offerWatermark) {
      return { kind: 'refused', reason: 'watermark' };
    }
    const slotMs = inSlot ? this.#slot.startMs : undefined;
    const { callId, dialled } = this.call;
    const { language } = this;
    const booking = { callId, place: this.#place, leg: this.#leg, number, dialled, language, slotMs };
    return bookFromLine(this.#options, booking);
  }

  offerMade(event: 'made' | 'accepted' | 'declined'): void {
    this.#log.info({ queue: this.settings.name, offer: event }, 'callback offer');
  }

  async matchCallIn(question: CallInQuestion): Promise<CallInMatch> {
    const { callIns, directory } = this.#options;
    const { callId, dialled } = this.call;
    const answer = await callIns?.match({ ...question, callId, dialled, ani: this.ani });
    if (answer?.kind !== 'matched') return answer ?? { kind: 'none' };
    const { callIn, callback, matchedBy } = answer;
    this.#customerData = { ...callback?.userData, ...callIn.userData };
    const settings = callback && directory.queue(callback.virtualQueue);
    if (settings) this.#place.moveTo(settings);
    if (callback) this.#place.takeOver({ atMs: callback.placeAtMs, priority: callback.priority });
    return { kind: 'matched', by: matchedBy };
  }

  async pendingCallback(choice: 'take-place' | 'cancel'): Promise<{ readonly kind: 'done' | 'too-late' }> {
    const { openCallbacks, runner } = this.#options;
    const pending =
      this.ani === undefined ? undefined : openCallbacks.pendingOf(this.settings.name, this.ani);
    if (!pending) return { kind: 'too-late' };
    const happening =
      choice === 'cancel'
        ? ({ type: 'CANCELLED', by: 'customer' } as const)
        : ({ type: 'SERVED_INBOUND' } as const);
    const step = await runner.dispatch(pending.id, happening, { kind: 'customer' });
    if (step?.kind !== 'taken') return { kind: 'too-late' };
    if (choice === 'take-place') {
      this.#place.takeOver({ atMs: pending.placeAtMs, priority: pending.priority });
    }
    return { kind: 'done' };
  }

  async changeAgent(change: AgentChange): Promise<{ readonly kind: 'done' | 'refused' }> {
    const { source } = this.call;
    if (source?.kind !== 'agent') return { kind: 'refused' };
    const wanted = {
      ready: 'READY',
      'not-ready': 'NOT_READY',
      'logged-out': 'LOGGED_OUT',
      'wrap-up-done': 'WRAP_UP_DONE',
    } as const;
    const actor = `agent:${source.agentId}`;
    return { kind: this.#options.registry.want(source.agentId, wanted[change], actor) ? 'done' : 'refused' };
  }

  async transfer(to: string): Promise<{ readonly kind: 'transferred' | 'failed' }> {
    const target = {
      kind: 'trunk' as const,
      number: to,
      ...(this.settings.trunk && { trunk: this.settings.trunk }),
    };
    const outcome = await this.#connect(target, TRANSFER_RING_MS, new AbortController().signal);
    return { kind: outcome.kind === 'agent-failed' ? 'failed' : 'transferred' };
  }

  /** The router reserved an agent for this call: the flow is stopped, {@link serve} goes on. */
  agentOffered(agentId: string): void {
    this.#offeredAgentId = agentId;
    this.#taken.abort();
  }

  /**
   * Rings the offered agent while the caller hears music. `resume`: the agent did not take it, the caller has
   * the old place again and the dialogue goes on; `over`: the call has ended, after a conversation or
   * without.
   */
  async serve(music: Parameters<Leg['play']>[0]): Promise<'resume' | 'over'> {
    const { registry, router, waits } = this.#options;
    const { callId } = this.call;
    const agentId = this.#offeredAgentId;
    if (agentId === undefined || !this.#leg || !registry.ringing(agentId, callId)) return this.#nextOffer();
    void this.#leg.play(music, { loop: true });
    const target = { kind: 'agent', agentId } as const;
    const outcome = await this.#connect(
      target,
      this.settings.agentRingTimeoutSec * 1000,
      new AbortController().signal,
    );
    if (outcome.kind !== 'connected') {
      registry.release(agentId, callId, outcome.kind === 'agent-failed' ? outcome.reason : 'not-needed');
      return outcome.kind === 'customer-gone' ? 'over' : this.#nextOffer();
    }
    this.#offeredAgentId = undefined;
    this.#servedBy = agentId;
    registry.connected(agentId, callId);
    router.served(callId);
    this.call.transferred?.served();
    waits.workStarted(this.settings.name, callId);
    const call = this.#open(agentId, outcome.conversation.takeOver());
    const endedBy = await call.ended;
    this.#log.info({ agentId, endedBy }, 'conversation ended');
    return 'over';
  }

  /** Caller and agent talk; the agent is freed by the call. */
  #open(agentId: string, legs: JoinedLegs): LiveCall {
    const { calls, directory } = this.#options;
    const facts = {
      id: this.call.callId,
      kind: 'call',
      virtualQueue: this.settings.name,
      customerNumber: this.ani ?? this.call.from.number ?? 'anonymous',
      language: this.language,
      place: this.#place.inLine,
      dialled: this.call.dialled || null,
      promisedBy: this.call.transferred?.promisedBy ?? null,
      agentId,
      agentName: directory.agent(agentId)?.name ?? agentId,
    } as const;
    return calls.open(facts, legs, {
      wrapUpMs: () => this.settings.wrapUpSec * 1000,
      handedOver: () => undefined,
      leftAgents: () => undefined,
    });
  }

  #callInFacts(): Pick<FlowFacts, 'accessCodeLength' | 'callInNumberUnique'> {
    const group = this.#options.callIns?.groupOf(this.call.dialled);
    if (!group) return {};
    const { generateAccessCode, accessCodeLength, uniqueNumber: callInNumberUnique } = group;
    return { callInNumberUnique, ...(generateAccessCode && { accessCodeLength }) };
  }

  /** The call has ended: nothing of it stays in the line or with an agent. */
  over(): void {
    const { registry } = this.#options;
    this.#place.leave();
    this.#slot.release();
    if (this.#offeredAgentId !== undefined) {
      registry.release(this.#offeredAgentId, this.call.callId, 'not-needed');
    }
    this.#listeners.clear();
  }

  /** A fresh signal first: giving the token back may bring the next agent at once. */
  #nextOffer(): 'resume' {
    this.#offeredAgentId = undefined;
    this.#taken = new AbortController();
    this.#options.router.offerFailed(this.call.callId);
    return 'resume';
  }

  /** As agents are told of them. */
  get #caller(): CallerOnHold {
    return {
      callId: this.call.callId,
      number: this.ani ?? this.call.from.number,
      virtualQueue: this.settings.name,
      placeAtMs: this.#place.inLine.atMs,
      language: this.language,
      customerData: this.#customerData,
    };
  }

  async #connect(
    target: OriginateRequest['target'],
    ringTimeoutMs: number,
    signal: AbortSignal,
  ): Promise<ConnectOutcome> {
    const { telephony, ids } = this.#options;
    if (!this.#leg) return { kind: 'customer-gone' };
    const { from } = this.call;
    return connectAgent(telephony, this.#log, {
      customer: this.#leg,
      target,
      callId: ids.next('call'),
      callerId: { number: from.number ?? 'anonymous', ...(from.displayName && { name: from.displayName }) },
      ringTimeoutMs,
      headers: { 'X-Turnkeeper-Call': this.call.callId, 'X-Turnkeeper-Queue': this.settings.name },
      signal,
      clock: this.#options.clock,
      originate: (request) => callForCaller(this.#options, this.#caller, this.settings, request),
    });
  }
}
