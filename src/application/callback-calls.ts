import type { Conversation } from '../bridging/agent-connector.ts';
import type { AttemptFacts } from '../callback/attempt-record.ts';
import type { CallbackEffect } from '../callback/callback-events.ts';
import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { CallbackStep } from '../callback/callback-step.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import { isTaken } from '../callback/dial-gate.ts';
import { Dialer } from '../dialing/dialer.ts';
import type { AttemptId, CallbackId } from '../kernel/ids.ts';
import { MetricName } from '../kernel/metrics.ts';
import type { AgentOffer, DialGrant, PreviewOffer } from '../routing/router-decisions.ts';
import type { Leg } from '../telephony/leg.ts';
import type { Termination } from '../telephony/termination.ts';
import { AnswerDetection, CONFIRM_KEY } from './answer-detection.ts';
import type { CallbackCallsOptions, Confirmation } from './callback-calls-options.ts';
import { AgentCalls } from './agent-calls.ts';
import { AgentFirstCalls, isBeforeDial } from './agent-first-calls.ts';
import { DialDecisions } from './dial-decisions.ts';
import { followConversation } from './callback-conversation.ts';
import type { OpenCallback } from './open-callbacks.ts';
import { PreviewCalls } from './preview-calls.ts';
import { EventTeller } from './event-teller.ts';

/** What the machine cannot know about a callback on the telephone. */
interface Live {
  /** Withdraws the confirmation dialogue or the agent's ringing. */
  work: AbortController;
  conversation?: Conversation;
  /** The dialogue is running: it tells how the call went, the hang-up included. */
  asking?: boolean;
  /** An agent's phone is rung for the customer: its call tells the hang-up, too. */
  joining?: Promise<void>;
  /** A machine answered after all: the question's silence is no answer. */
  brokenOff?: boolean;
}

const system = (part: string): Actor => ({ kind: 'system', part });
const customer: Actor = { kind: 'customer' };

/**
 * Does on the telephone what the callback machine decided, and tells the machine what the telephone brought:
 * one method an effect, one dispatch an outcome.
 */
export class CallbackCalls {
  readonly #options: CallbackCallsOptions;
  readonly #dialer: Dialer;
  readonly #teller: EventTeller;
  /** By attempt: what belongs to an earlier attempt never meets a later one. */
  readonly #live = new Map<AttemptId, Live>();
  readonly #decisions: DialDecisions;
  readonly #detection: AnswerDetection;
  readonly #agentFirst: AgentFirstCalls;
  readonly #agentCalls: AgentCalls;
  readonly #previews: PreviewCalls;

  constructor(options: CallbackCallsOptions) {
    this.#options = options;
    const { telephony, ids, log } = options;
    this.#detection = new AnswerDetection({
      ...options,
      tell: (callback, happening, actor, facts) => this.#tell(callback, happening, actor, facts),
      giveUp: (id) => void this.#dialer.hangUp(id),
      stopAsking: (callback) => this.#stopAsking(callback),
    });
    this.#decisions = new DialDecisions(options);
    const tell = (callback: Callback, happening: CallbackHappening, actor: Actor): void =>
      this.#tell(callback, happening, actor);
    this.#agentCalls = new AgentCalls({ ...options, tell });
    this.#previews = new PreviewCalls({ ...options, tell: (...about) => this.#stepOf(...about) });
    this.#agentFirst = new AgentFirstCalls({
      ...options,
      isTakenBy: (id, agentId) => this.#previews.isTakenBy(id, agentId),
      tell: async (callback, happening, actor) =>
        isTaken(await this.#stepOf(callback, happening, actor), happening.type),
      onJoined: (callback, agentId, conversation) => this.#joined(callback, agentId, conversation),
    });
    this.#teller = new EventTeller({ ...options, hangUp: (id) => void this.#dialer.hangUp(id) });
    this.#dialer = new Dialer({
      mayDialThrough: options.mayDialThrough,
      telephony,
      ids,
      log,
      events: {
        answered: (callback, leg) => this.#answered(callback, leg),
        failed: (callback, termination) => this.#dialFailed(callback, termination),
        ended: (callback, termination) => this.#customerEnded(callback, termination),
        inviteSent: (callback) => this.#inviteSent(callback),
      },
    });
  }

  /** Customer calls in progress. */
  get callCount(): number {
    return this.#dialer.callCount;
  }

  /** The router's word that the callback may be dialled now. */
  dialGranted(grant: DialGrant): void {
    this.#decisions.dialGranted(grant);
  }

  /** The router's word that the agent is reserved: for the confirmed customer, or to be rung first. */
  agentOffered(offer: AgentOffer): void {
    this.#decisions.agentOffered(offer);
  }

  /** The router's word that the agent is reserved to look at the case. */
  previewOffered(offer: PreviewOffer): void {
    this.#decisions.previewOffered(offer);
  }

  /** The agent's phone is registered no more. */
  agentLost(agentId: string): void {
    this.#previews.agentLost(agentId);
  }

  /** The agent has finished with the callback, after-call work included. */
  workEnded(callbackId: CallbackId, agentId: string): void {
    const actor: Actor = { kind: 'agent', id: agentId };
    this.#teller
      .tell(callbackId, { happening: { type: 'WRAP_UP_DONE', agentId }, actor, facts: {} })
      .catch(() => undefined);
  }

  /** Carries out one effect of a stored step. */
  onEffect(callback: Callback, effect: CallbackEffect): void {
    switch (effect.type) {
      case 'takePlace':
        return this.takePlace(callback);
      case 'leaveLine':
        return this.#leaveLine(callback);
      case 'dial':
        return this.#dial(callback);
      case 'askConfirmation':
        return this.#askConfirmation(callback);
      case 'seekAgent':
        return this.#seekAgent(callback);
      case 'ringAgent':
        return isBeforeDial(callback)
          ? this.#agentFirst.ring(callback, effect.params.agentId)
          : this.#ringAgent(callback, effect.params.agentId);
      case 'showCase':
        return this.#previews.show(callback, effect.params.agentId);
      case 'joinAgent':
        this.#detection.forget(callback);
        return void this.#agentFirst.join(callback, this.#dialer.legOf(callback.id));
      case 'hangUpCustomer':
        return this.#hangUpCustomer(callback);
      case 'releaseAgent':
        return this.#releaseAgent(callback, effect.params);
      default:
        return effect satisfies never;
    }
  }

  /** The callback's token is in the line, at its place and free. */
  takePlace({
    id,
    virtualQueue,
    placeAtMs,
    priority,
  }: Pick<OpenCallback, 'id' | 'virtualQueue' | 'placeAtMs' | 'priority'>): void {
    const token = { queue: virtualQueue, subjectId: id, placeAtMs, priority };
    this.#options.router.enqueue({ ...token, kind: 'callback', confirmed: false });
  }

  /** Connected: the token's work is done. Otherwise it goes unserved. */
  #leaveLine(callback: Callback): void {
    const { router } = this.#options;
    this.#previews.withdraw(callback.id);
    if (callback.state === 'PROCESSING') router.served(callback.id);
    else router.leave(callback.id);
  }

  #dial(callback: Callback): void {
    const settings = this.#options.settingsOf(callback.virtualQueue);
    if (callback.attemptId !== null) this.#live.set(callback.attemptId, { work: new AbortController() });
    if (settings) this.#detection.dialled(callback, this.#dialer.dial(callback, settings));
    this.#agentFirst.hears(callback.id, 'rings');
  }

  #askConfirmation(callback: Callback): void {
    const leg = this.#dialer.legOf(callback.id);
    const live = this.#liveOf(callback);
    if (!leg || !live) return this.#tell(callback, { type: 'CUSTOMER_HUNG_UP' }, customer);
    live.asking = true;
    const pressed = this.#detection.takeDigit(callback);
    const asked =
      pressed === CONFIRM_KEY
        ? Promise.resolve<Confirmation>('confirmed')
        : this.#options.confirm(leg, callback, live.work.signal);
    asked
      .then((confirmation) => {
        live.asking = false;
        if (live.brokenOff === true && confirmation === 'not-confirmed') return undefined;
        return this.#confirmed(callback, confirmation, leg);
      })
      .catch((error: unknown) => {
        live.asking = false;
        this.#options.log.error({ error, callbackId: callback.id }, 'confirmation dialogue failed');
        this.#tell(callback, { type: 'NOT_CONFIRMED' }, system('ivr'));
      });
  }

  #confirmed(callback: Callback, confirmation: Confirmation, leg: Leg): void {
    if (confirmation === 'confirmed') this.#detection.forget(callback, true);
    switch (confirmation) {
      case 'confirmed':
        return this.#tell(callback, { type: 'CONFIRMED' }, customer, { result: 'PERSON', confirmed: true });
      case 'not-confirmed':
        return this.#tell(callback, { type: 'NOT_CONFIRMED' }, customer, this.#detection.conclude(callback));
      case 'snoozed':
        return this.#tell(callback, { type: 'SNOOZED' }, customer, { result: 'PERSON' });
      case 'cancelled':
        return this.#tell(callback, { type: 'CANCELLED', by: 'customer' }, customer, { result: 'PERSON' });
      case 'hung-up':
        return leg.termination && this.#tellEnd(callback, leg.termination);
      default:
        return confirmation satisfies never;
    }
  }

  #seekAgent(callback: Callback): void {
    const { router, holdMusic } = this.#options;
    this.#detection.forget(callback);
    const leg = this.#dialer.legOf(callback.id);
    if (!leg || leg.termination) return this.#tell(callback, { type: 'CUSTOMER_HUNG_UP' }, customer);
    void leg.play(holdMusic, { loop: true });
    if (router.queueOf(callback.id)?.find(callback.id)?.kind === 'call') {
      router.offerFailed(callback.id);
      return;
    }
    const { id, virtualQueue, placeAtMs, priority } = callback;
    const token = { queue: virtualQueue, subjectId: id, placeAtMs, priority };
    router.confirmed({ ...token, kind: 'call', confirmed: true });
  }

  #ringAgent(callback: Callback, agentId: string): void {
    const { registry } = this.#options;
    this.#detection.forget(callback);
    const leg = this.#dialer.legOf(callback.id);
    const settings = this.#options.settingsOf(callback.virtualQueue);
    const live = this.#liveOf(callback);
    if (!leg || !settings || !live || !registry.ringing(agentId, callback.id)) {
      registry.release(agentId, callback.id, 'not-needed');
      this.#tell(callback, { type: 'AGENT_NOT_CONNECTED' }, system('router'));
      return;
    }
    const isTaken = this.#previews.isTakenBy(callback.id, agentId);
    const asked = isTaken ? { ...settings, agentAccept: 'phone' as const } : settings;
    const call = { callback, agentId, customer: leg, settings: asked, signal: live.work.signal };
    const rung = this.#agentCalls.ring(call, (conversation) =>
      this.#connected(callback, agentId, live, conversation),
    );
    live.joining = rung;
    void rung.then(() => {
      // Another agent may be rung by now.
      if (live.joining !== rung) return;
      delete live.joining;
      if (leg.termination && !live.conversation) this.#tellEnd(callback, leg.termination);
    });
  }

  /** `agent-first`: the customer was joined with the agent who waited on the line. */
  #joined(callback: Callback, agentId: string, conversation: Conversation): void {
    const live = this.#liveOf(callback) ?? { work: new AbortController() };
    this.#connected(callback, agentId, live, conversation).catch((error: unknown) => {
      this.#options.log.error({ error, callbackId: callback.id }, 'conversation was lost sight of');
    });
  }

  async #connected(
    callback: Callback,
    agentId: string,
    live: Live,
    conversation: Conversation,
  ): Promise<void> {
    live.conversation = conversation;
    this.#options.onWorkStarted(callback.virtualQueue, callback.id);
    const parts = { ...this.#options, teller: this.#teller, wrapUpMs: () => this.#wrapUpMs(callback) };
    await followConversation(parts, { callback, agentId, conversation });
  }

  #hangUpCustomer(callback: Callback): void {
    const live = this.#liveOf(callback);
    this.#forget(callback);
    live?.work.abort();
    this.#dialer.hangUp(callback.id).catch((error: unknown) => {
      this.#options.log.error({ error, callbackId: callback.id }, 'customer could not be hung up');
    });
  }

  #releaseAgent(callback: Callback, params: { agentId: string; wrapUp: boolean }): void {
    const { registry } = this.#options;
    this.#previews.withdraw(callback.id);
    const work = (): void => registry.workOver(params.agentId, callback.id, this.#wrapUpMs(callback));
    // The customer hung up as both were being joined: the agent's leg is still up.
    if (this.#agentFirst.release(callback.id, params.agentId, params.wrapUp ? work : undefined)) return;
    // They were joined as it was told: the conversation ends by itself.
    if (params.wrapUp && this.#options.calls.isOpen(callback.id)) return;
    if (params.wrapUp) return work();
    const live = this.#liveOf(callback);
    live?.work.abort();
    // A later agent of the same customer must be ringable: the controller is spent.
    if (live) live.work = new AbortController();
    if (this.#agentCalls.isRinging(params.agentId, callback.id)) return;
    registry.release(params.agentId, callback.id, 'not-needed');
  }

  #wrapUpMs(callback: Callback): number {
    return (this.#options.settingsOf(callback.virtualQueue)?.wrapUpSec ?? 0) * 1000;
  }

  /** The question is broken off; whoever asks next has a signal of their own. */
  #stopAsking(callback: Callback): void {
    const live = this.#liveOf(callback);
    if (!live) return;
    live.brokenOff = true;
    live.work.abort();
    live.work = new AbortController();
  }

  /** Nobody wants the answer when the state has moved on meanwhile: the customer is not kept on the line. */
  #answered(callback: Callback, leg: Leg): void {
    const { attemptId } = callback;
    const detecting = this.#detection.answered(callback, leg);
    const happening = { type: 'ANSWERED', detecting } as const;
    this.#teller
      .tell(callback.id, { happening, actor: customer, facts: { result: 'CONNECTED', attemptId } })
      .then((step) => (step?.kind === 'taken' ? undefined : leg.hangUp()))
      .catch(() => leg.hangUp());
  }

  #dialFailed(callback: Callback, termination: Termination): void {
    const { result, retry } = this.#detection.verdictOf(callback, termination);
    this.#options.log.info({ callbackId: callback.id, result, retry, termination }, 'attempt failed');
    this.#forget(callback);
    this.#decisions.forget(callback.id);
    this.#options.metrics.count(MetricName.attemptsTotal, { result });
    const happening = { type: 'ATTEMPT_FAILED', result, final: retry === 'never' } as const;
    const facts = { termination, attemptId: callback.attemptId };
    this.#teller
      .tell(callback.id, { happening, actor: system('dialing'), facts })
      .then((step) => {
        if (step?.callback.subState === 'redial-wait') this.#agentFirst.hears(callback.id, 'pauses');
      })
      .catch(() => undefined);
  }

  #customerEnded(callback: Callback, termination: Termination): void {
    const live = this.#liveOf(callback);
    // A conversation, a dialogue and a message tell their own end, and so does an agent's call: the two may
    // have been joined by now. Without a live entry the machine did it.
    const isTold = live?.conversation !== undefined || live?.asking === true || live?.joining !== undefined;
    if (live && !isTold && !this.#detection.leavesMessage(callback)) this.#tellEnd(callback, termination);
    // What was heard belongs to the dialogue's end, which is told a moment later and then forgotten.
    if (live?.asking === true && callback.attemptId !== null) this.#live.delete(callback.attemptId);
    else this.#forget(callback);
  }

  #tellEnd(callback: Callback, termination: Termination): void {
    if (termination.reason === 'local-hangup') return;
    const lost = termination.bucket === 'server_error';
    const facts = { ...this.#detection.conclude(callback), termination };
    this.#tell(callback, { type: lost ? 'CALLS_LOST' : 'CUSTOMER_HUNG_UP' }, customer, facts);
  }

  #inviteSent(callback: Callback): void {
    const seconds = this.#decisions.inviteSent(callback.id);
    if (seconds === undefined) return;
    this.#options.metrics.observe(MetricName.readyToInviteSeconds, seconds);
  }

  #liveOf(callback: Callback): Live | undefined {
    return callback.attemptId === null ? undefined : this.#live.get(callback.attemptId);
  }

  #forget(callback: Callback): void {
    this.#detection.forget(callback);
    if (callback.attemptId !== null) this.#live.delete(callback.attemptId);
  }

  /** What came of the event. Not tied to an attempt: the agent's leg is older than it. */
  #stepOf(callback: Callback, happening: CallbackHappening, actor: Actor): Promise<CallbackStep | undefined> {
    const told = this.#teller.tell(callback.id, { happening, actor, facts: {} });
    // Logged; the due row of the state remains.
    return told.catch(() => undefined);
  }

  #tell(callback: Callback, happening: CallbackHappening, actor: Actor, facts: AttemptFacts = {}): void {
    const { attemptId } = callback;
    const told = this.#teller.tell(callback.id, { happening, actor, facts: { ...facts, attemptId } });
    // Logged; what remains is the due row of the state: the machine ends the state by itself.
    told.catch(() => undefined);
  }
}
