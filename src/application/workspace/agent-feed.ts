import { assert } from '../../kernel/errors.ts';
import type { AgentView } from '../application.ts';
import type { WorkspaceCall } from '../call-desk.ts';
import type { Invitation, InvitationEnd } from '../invitation-desk.ts';
import type { NotCalled } from '../not-called-desk.ts';
import type { AgentCase } from './agent-case.ts';

/** Something an agent's screen must know; each carries the whole of what has changed. */
export type WorkspaceEvent =
  | { readonly type: 'agent-state'; readonly agent: AgentView }
  | { readonly type: 'invitation'; readonly invitation: Invitation }
  | { readonly type: 'invitation-ended'; readonly invitation: Invitation; readonly end: InvitationEnd }
  /** The customer of a case that the agent took, or picked up for, is not dialled. */
  | { readonly type: 'not-called'; readonly notCalled: NotCalled }
  | { readonly type: 'call'; readonly call: WorkspaceCall }
  /** The agent has no part in it any more. */
  | { readonly type: 'call-ended'; readonly call: WorkspaceCall }
  | { readonly type: 'case'; readonly case: AgentCase };

/** An event at its place in the agent's feed. */
export interface FeedEvent {
  /** 1 for the first of the feed, one more for each. */
  readonly seq: number;
  readonly atMs: number;
  /** The queue it is about; null: none. */
  readonly queue: string | null;
  readonly event: WorkspaceEvent;
}

/** Events kept for screens that come back. */
const EVENTS_KEPT_MAX = 500;
/** Their size as JSON; bounds a case with long notes that is changed again and again. */
const CHARACTERS_KEPT_MAX = 1_000_000;
/** Screens of one agent; more means that somebody opens sockets and leaves them. */
export const FEED_LISTENERS_MAX = 16;

/**
 * What happened to one agent, in order and numbered, with the latest kept for a while: a screen that lost its
 * connection asks for what it missed. A feed has an id, which says whether a number is of this feed at all.
 */
export class AgentFeed {
  readonly id: string;
  readonly #kept: { readonly entry: FeedEvent; readonly characterCount: number }[] = [];
  readonly #listeners = new Set<() => void>();
  #characterCount = 0;
  #seq = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** Number of the latest event; 0: none yet. */
  get seq(): number {
    return this.#seq;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  publish(atMs: number, queue: string | null, event: WorkspaceEvent): void {
    this.#seq++;
    const characterCount = JSON.stringify(event).length;
    this.#kept.push({ entry: { seq: this.#seq, atMs, queue, event }, characterCount });
    this.#characterCount += characterCount;
    while (this.#kept.length > 1 && this.#isFull()) {
      this.#characterCount -= this.#kept.shift()?.characterCount ?? 0;
    }
    for (const listener of this.#listeners) listener();
  }

  /**
   * Events after `seq`, at most `limit`; undefined when some of them are kept no longer, or were never of
   * this feed.
   */
  after(seq: number, limit: number): readonly FeedEvent[] | undefined {
    const oldest = this.#kept[0]?.entry.seq ?? this.#seq + 1;
    if (seq < oldest - 1 || seq > this.#seq) return undefined;
    const from = seq - oldest + 1;
    return this.#kept.slice(from, from + limit).map(({ entry }) => entry);
  }

  /** Calls `listener` after each event; returns the way to stop. */
  listen(listener: () => void): () => void {
    assert(this.#listeners.size < FEED_LISTENERS_MAX, `at most ${FEED_LISTENERS_MAX} screens`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #isFull(): boolean {
    return this.#kept.length > EVENTS_KEPT_MAX || this.#characterCount > CHARACTERS_KEPT_MAX;
  }
}
