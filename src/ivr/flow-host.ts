import type { Criterion } from '../telephony/call-in-criterion.ts';
import type { FlowFacts } from './flow-facts.ts';

/** Taking the place in line. `full`: the queue's `maxQueued` is reached. */
export type QueueEntry = { readonly kind: 'entered' } | { readonly kind: 'full' };

/** A number as screened. `spoken`: the digits as the customer knows them, for reading back. */
export type NumberScreening =
  | { readonly kind: 'accepted'; readonly number: string; readonly spoken: string }
  /**
   * `not-valid`: no telephone number of the queue's country or of its own; `not-permitted`: blocked or
   * foreign.
   */
  | { readonly kind: 'refused'; readonly reason: 'not-valid' | 'not-permitted' };

export type Booking =
  | { readonly kind: 'booked'; readonly callbackId: string }
  /** `reason`: a stable word for the log, for example `watermark`, `duplicate`, `closed`, `agent-taken`. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Where a caller goes who has waited long enough; `none`: nowhere, the caller keeps the place. */
export type Overflow = { readonly kind: 'moved' | 'voicemail' | 'none' };

/**
 * A message as it was taken. `kept`: recorded, but no callback could be made of it. `empty`: nobody said
 * anything; nothing is kept.
 */
export type MessageTaken =
  | { readonly kind: 'booked'; readonly callbackId: string }
  | { readonly kind: 'kept' | 'empty' | 'failed' };

/** How a caller is to be recognised. `code`: as keyed. */
export interface CallInQuestion {
  readonly by: readonly Criterion[];
  readonly need: readonly Criterion[];
  readonly code?: string;
}

/** `over`: the callback that the request was for has ended; `locked`: too many wrong codes. */
export type CallInMatch =
  | { readonly kind: 'matched'; readonly by: readonly Criterion[] }
  | { readonly kind: 'none' | 'expired' | 'over' | 'locked' };

/** What an agent's phone may ask for (product §5, agent-codes). */
export type AgentChange = 'ready' | 'not-ready' | 'logged-out' | 'wrap-up-done';

/**
 * What a dialogue needs from the rest of the application; wired by the composition root, one host a call.
 * Methods may reject only with operating errors: the flow then ends as `failed` (a booking: is told as
 * refused).
 */
export interface FlowHost {
  /** A fresh snapshot; must be cheap: it is asked at every step and change. */
  facts(): FlowFacts;
  /**
   * Calls the listener when position, wait or permission to offer may have changed. Returns the way to stop.
   */
  onFactsChanged(listener: () => void): () => void;
  /** Aborted when an agent is taking this call: the flow stops at once, whatever the caller is hearing. */
  readonly agentTaken: AbortSignal;
  /** Takes the place in line. Idempotent: the place once taken keeps its time. */
  enterQueue(): Promise<QueueEntry>;
  /** Parses for the queue's country and screens. `digits` as keyed or as presented. */
  screenNumber(digits: string): Promise<NumberScreening>;
  /**
   * Holds the free slot nearest to a time for this caller, in place of the one held before; the fact
   * `slotAtMs` then tells it. `next`: one that was not proposed for this wish yet.
   */
  proposeSlot(wish: {
    /** UTC epoch ms. */
    readonly desiredAtMs: number;
    readonly next: boolean;
  }): Promise<{ readonly kind: 'found' | 'none' }>;
  /**
   * Turns the place in line into a callback to an accepted number, `inSlot` into one for the slot proposed
   * last. Called once confirmed, even if the caller has gone.
   */
  book(request: { readonly number: string; readonly inSlot: boolean }): Promise<Booking>;
  /**
   * The caller has waited long enough, or the line is full: over to another line, with the place, or to a
   * message.
   */
  overflow(): Promise<Overflow>;
  /** What the queue has to say to waiting callers, one after the other; undefined: nothing. A prompt id. */
  nextHoldAnnouncement(): string | undefined;
  /**
   * Gives up the place and records what the caller says until `finish` aborts, the caller falls silent, the
   * time is over or the call ends; then books a callback to an accepted number with the recording. Carried
   * out to its end even if the caller has gone.
   */
  takeMessage(request: {
    readonly number: string;
    /** Plays the tone to the end; asked for once the recording runs. */
    readonly tone: () => Promise<void>;
    readonly finish: AbortSignal;
  }): Promise<MessageTaken>;
  /** For the record: an offer was made, or what came of it. */
  offerMade(event: 'made' | 'accepted' | 'declined'): void;
  /**
   * The request to call in that this call belongs to (call-in-match): by what it was recognised, or why it
   * was not. Once matched, the call has the request's data and queue, and the place of its callback.
   */
  matchCallIn(question: CallInQuestion): Promise<CallInMatch>;
  /** Product rule 3.7. `too-late`: the callback has been dialled or is over. */
  pendingCallback(choice: 'take-place' | 'cancel'): Promise<{ readonly kind: 'done' | 'too-late' }>;
  /** Only from a registered agent's phone. */
  changeAgent(change: AgentChange): Promise<{ readonly kind: 'done' | 'refused' }>;
  /** Takes the leg over and connects it elsewhere; `failed` gives it back. */
  transfer(to: string): Promise<{ readonly kind: 'transferred' | 'failed' }>;
}

/** How a flow said that it ended. */
export type FlowResult =
  | 'goodbye'
  | 'closed'
  | 'full'
  | 'confirmed'
  | 'snoozed'
  | 'cancelled'
  | 'no-key'
  | 'kept-callback'
  | 'done'
  | 'fault';

/** What came of a dialogue. A booking outranks everything that happens after it. */
export type FlowOutcome =
  /** `legEnded`: the caller has hung up or the flow has; false when an `end` state leaves the call up. */
  | {
      readonly kind: 'booked';
      readonly callbackId: string;
      readonly number: string;
      readonly legEnded: boolean;
    }
  /** The flow came to an end. `legEnded` false: the call is up and the host's to go on with (`confirmed`). */
  | { readonly kind: 'finished'; readonly result: FlowResult; readonly legEnded: boolean }
  /**
   * The far end hung up, or the call was lost. `inLine`: it had taken a place, which the host now gives up.
   */
  | { readonly kind: 'hung-up'; readonly state: string; readonly inLine: boolean }
  /** {@link FlowHost.agentTaken}: the call is up, nothing is playing. */
  | { readonly kind: 'agent-taken'; readonly state: string }
  /** Another flow goes on with the call, which is up. */
  | { readonly kind: 'continues'; readonly flow: string; readonly at: string | undefined }
  /** The host's transfer took the leg over. */
  | { readonly kind: 'transferred'; readonly to: string }
  /** The caller's own signal ended the run (shutdown); the call is up. */
  | { readonly kind: 'stopped'; readonly state: string }
  /** `code`: of the AppError, or FLOW_LOOPED, MEDIA_FAILED. The call is up unless it ended by itself. */
  | { readonly kind: 'failed'; readonly state: string; readonly code: string; readonly message: string };
