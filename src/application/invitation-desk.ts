import type { Actor } from '../callback/callback.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { assert } from '../kernel/errors.ts';
import type { Id, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Outcome } from './application.ts';

/** What an agent may know of a case before taking it. */
export interface CaseFacts {
  /** `call`: a caller on hold; otherwise a callback asked for at once, or for a time. */
  readonly type: 'immediate' | 'scheduled' | 'call';
  /** When the customer wanted to be called, UTC epoch ms; of a call: when it took its place. */
  readonly desiredAtMs: number;
  /** E.164 where it could be parsed; empty for a caller who withholds it. */
  readonly customerNumber: string;
  /** What it is about: `_subject` of the data given at creation; null: nobody said. */
  readonly subject: string | null;
  /** The data given at creation, without the keys that begin with an underscore. */
  readonly customerData: Readonly<Record<string, string>>;
  /** For the agent: `_instructions` of the data given at creation, else the queue's `agentInstructions`. */
  readonly instructions: string | null;
  /** The attempt this would be, 1 for the first; 0 for a call. */
  readonly attemptNumber: number;
  /** Place in the line when it was offered, 1 is next; null: in no line (any more). */
  readonly position: number | null;
  /** Since the customer first took the place; scheduled ones: since their time. */
  readonly waitedMs: number;
  /** Wait of somebody who would join the queue now, in seconds; null: nothing can be known. */
  readonly ewtSec: number | null;
  readonly virtualQueue: string;
  readonly language: string;
}

/** A case that an agent is asked to take. */
export interface Invitation {
  readonly id: string;
  readonly agentId: string;
  /** Callback or inbound call. */
  readonly subjectId: string;
  /** `preview`: nobody has been dialled yet. */
  readonly kind: 'preview' | 'callback' | 'call';
  /** `phone`: the agent accepts by answering the phone, which rings; declining works here, too. */
  readonly acceptedBy: 'workspace' | 'phone';
  /** Without a word by then the case goes on to somebody else; UTC epoch ms. */
  readonly acceptBy: number;
  readonly virtualQueue: string;
  readonly facts: CaseFacts;
  /** 1 when offered, 2 when ended. */
  readonly version: number;
}

/** How an invitation ended. `withdrawn`: nobody was wanted any more (customer gone, cancelled, restart). */
export type InvitationEnd = 'accepted' | 'rejected' | 'timed-out' | 'withdrawn';

/** Told of each invitation when it is offered, and once more when it has ended. */
export type InvitationListener = (
  agentId: string,
  invitation: Invitation,
  outcome: 'offered' | InvitationEnd,
) => void;

/** How an agent answered, and why. */
export interface InvitationAnswer {
  readonly end: InvitationEnd;
  /** The agent's words for a rejection, at most {@link REASON_MAX} characters. */
  readonly reason?: string;
}

/** Whether an answer holds, comes too late, or why the customer of the case may not be called now. */
export type Decision = 'holds' | 'too-late' | { readonly notCalled: string };

/** What one case asks of one agent. */
export interface InvitationRequest {
  readonly agentId: string;
  readonly subjectId: string;
  readonly kind: Invitation['kind'];
  readonly acceptedBy: Invitation['acceptedBy'];
  readonly virtualQueue: string;
  readonly facts: CaseFacts;
  /** `workspace`: it ends `timed-out` after this. `phone`: whoever rings it says when. */
  readonly timeoutMs: number;
  /**
   * Asked before an answer holds; otherwise the invitation is withdrawn. Must not reject. Default: it holds.
   */
  readonly decide?: (answer: InvitationAnswer, actor: Actor) => Promise<Decision>;
}

/** An invitation as its owner has it. */
export interface OpenInvitation {
  readonly id: string;
  /** Resolves once, with what became of it; never rejects. */
  readonly answer: Promise<InvitationAnswer>;
  /** Ends it from the owner's side. Harmless when it has ended, or is being answered. */
  end(end: InvitationEnd): void;
}

export interface InvitationDeskOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

interface Open {
  invitation: Invitation;
  readonly request: InvitationRequest;
  readonly resolve: (answer: InvitationAnswer) => void;
  timer: TimerHandle | undefined;
  /** An answer is being taken: the same answer from a second window waits for it. */
  deciding: { readonly end: InvitationEnd; readonly held: Promise<Decision> } | undefined;
}

interface Ended {
  readonly invitation: Invitation;
  readonly end: InvitationEnd;
  /** Why the agent who accepted gets nobody. */
  readonly notCalled?: string;
}

/** Characters of a rejection's reason that are kept. */
export const REASON_MAX = 200;
/** Listeners at most; more means that somebody listens twice. */
const LISTENERS_MAX = 16;
/** Ended invitations remembered, so that a late or repeated answer is told what became of them. */
const ENDED_MAX = 500;

/**
 * Where agents are asked whether they take a case (seed 003: the toast with accept and reject). It keeps what
 * is asked and tells the answer; what follows is the owner's: an agent who did not take the case is skipped
 * for a while, and the token is free again at its old place.
 */
export class InvitationDesk {
  readonly #options: InvitationDeskOptions;
  readonly #open = new Map<string, Open>();
  readonly #ended = new Map<string, Ended>();
  readonly #listeners = new Set<InvitationListener>();

  constructor(options: InvitationDeskOptions) {
    this.#options = options;
  }

  /** What the agent is asked now, oldest first; what is being answered is asked no more. */
  invitationsOf(agentId: string): readonly Invitation[] {
    return [...this.#open.values()]
      .filter(({ deciding }) => !deciding)
      .map(({ invitation }) => invitation)
      .filter((invitation) => invitation.agentId === agentId);
  }

  /** Returns the way to stop listening. */
  onChange(listener: InvitationListener): () => void {
    assert(this.#listeners.size < LISTENERS_MAX, `at most ${LISTENERS_MAX} listen to invitations`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The agent takes the case. Repeating it changes nothing more. Refused: `not-found` when the agent was
   * never asked (or long ago), `not-called` when the customer may not be called now after all, `not-allowed`
   * when it has ended otherwise, or is accepted at the phone only.
   */
  accept(agentId: string, id: string, actor: Actor): Promise<Outcome<Invitation>> {
    return this.#answer(agentId, id, { end: 'accepted' }, actor);
  }

  /** The agent does not take the case; `reason` is kept in the history. Otherwise as {@link accept}. */
  reject(
    agentId: string,
    id: string,
    reason: string | undefined,
    actor: Actor,
  ): Promise<Outcome<Invitation>> {
    const words = reason?.slice(0, REASON_MAX);
    return this.#answer(agentId, id, { end: 'rejected', ...(words && { reason: words }) }, actor);
  }

  /** Asks an agent. */
  offer(request: InvitationRequest): OpenInvitation {
    const { clock, ids, log } = this.#options;
    const { agentId, subjectId, kind, acceptedBy, virtualQueue, facts, timeoutMs } = request;
    const id: Id<'invitation'> = ids.next('invitation');
    const acceptBy = clock.nowMs() + timeoutMs;
    const about = { id, agentId, subjectId, kind, acceptedBy, virtualQueue };
    let resolve!: (answer: InvitationAnswer) => void;
    const promise = new Promise<InvitationAnswer>((settle) => {
      resolve = settle;
    });
    const open: Open = {
      invitation: { ...about, acceptBy, facts, version: 1 },
      request,
      resolve,
      timer: undefined,
      deciding: undefined,
    };
    this.#open.set(id, open);
    if (acceptedBy === 'workspace') {
      open.timer = clock.setTimer(timeoutMs, () => this.#end(open, { end: 'timed-out' }));
    }
    log.info({ agentId, subjectId, invitationId: id, kind, acceptedBy }, 'agent invited');
    this.#tell(open.invitation, 'offered');
    const end = (how: InvitationEnd): void => {
      // An answer that is being taken ends it, whichever way that goes.
      if (!open.deciding) this.#end(open, { end: how });
    };
    return { id, answer: promise, end };
  }

  /** Withdraws everything. */
  close(): void {
    for (const open of this.#open.values()) this.#end(open, { end: 'withdrawn' });
    this.#listeners.clear();
  }

  async #answer(
    agentId: string,
    id: string,
    answer: InvitationAnswer,
    actor: Actor,
  ): Promise<Outcome<Invitation>> {
    const open = this.#open.get(id);
    if (!open || open.invitation.agentId !== agentId) return this.#answerEnded(agentId, id, answer);
    if (answer.end === 'accepted' && open.invitation.acceptedBy === 'phone') {
      return { ok: false, refusal: { kind: 'not-allowed', state: 'ringing', allowed: ['reject'] } };
    }
    if (open.deciding) {
      await open.deciding.held;
      return this.#answerEnded(agentId, id, answer);
    }
    const { clock } = this.#options;
    if (open.timer) clock.clearTimer(open.timer);
    const held = open.request.decide?.(answer, actor) ?? Promise.resolve<Decision>('holds');
    open.deciding = { end: answer.end, held };
    const decision = await held;
    const notCalled = typeof decision === 'object' ? decision.notCalled : undefined;
    this.#end(open, decision === 'holds' ? answer : { end: 'withdrawn' }, notCalled);
    return this.#answerEnded(agentId, id, answer);
  }

  /** Answers by what became of it. */
  #answerEnded(agentId: string, id: string, answer: InvitationAnswer): Outcome<Invitation> {
    const ended = this.#ended.get(id);
    if (ended?.invitation.agentId !== agentId) return { ok: false, refusal: { kind: 'not-found' } };
    const { end, invitation, notCalled } = ended;
    if (end === answer.end) return { ok: true, value: invitation };
    if (notCalled !== undefined) return { ok: false, refusal: { kind: 'not-called', reason: notCalled } };
    return { ok: false, refusal: { kind: 'not-allowed', state: end, allowed: [] } };
  }

  #end(open: Open, answer: InvitationAnswer, notCalled?: string): void {
    const { id, agentId, subjectId } = open.invitation;
    if (!this.#open.delete(id)) return;
    const { clock, log } = this.#options;
    if (open.timer) clock.clearTimer(open.timer);
    const invitation = { ...open.invitation, version: 2 };
    this.#ended.set(id, { invitation, end: answer.end, ...(notCalled !== undefined && { notCalled }) });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > ENDED_MAX && oldest !== undefined) this.#ended.delete(oldest);
    log.info({ agentId, subjectId, invitationId: id, ...answer }, 'invitation ended');
    open.resolve(answer);
    this.#tell(invitation, answer.end);
  }

  #tell(invitation: Invitation, outcome: 'offered' | InvitationEnd): void {
    for (const listener of this.#listeners) listener(invitation.agentId, invitation, outcome);
  }
}
