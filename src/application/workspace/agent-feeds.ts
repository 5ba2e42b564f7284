import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { IdSource } from '../../kernel/ids.ts';
import { AgentFeed, FEED_LISTENERS_MAX, type WorkspaceEvent } from './agent-feed.ts';

/** A feed nobody listens to is kept this long: a screen that comes back within it has missed nothing. */
const UNWATCHED_KEPT_MS = 10 * 60_000;

/** A screen on a feed. */
export interface FeedWatch {
  readonly feed: AgentFeed;
  /** Harmless when called twice. */
  close(): void;
}

/** The feeds of agents whose screens are open or were a moment ago; others cost nothing. */
export class AgentFeeds {
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #feeds = new Map<string, AgentFeed>();
  readonly #timers = new Map<string, TimerHandle>();

  constructor(clock: Clock, ids: IdSource) {
    this.#clock = clock;
    this.#ids = ids;
  }

  /** The agent's feed, begun now when there is none. */
  of(agentId: string): AgentFeed {
    const existing = this.#feeds.get(agentId);
    if (existing) return existing;
    const feed = new AgentFeed(this.#ids.next('feed'));
    this.#feeds.set(agentId, feed);
    this.#keepUnwatched(agentId, feed);
    return feed;
  }

  has(agentId: string): boolean {
    return this.#feeds.has(agentId);
  }

  /** Nobody asked for this agent's events: they are not kept. */
  publish(agentId: string, queue: string | null, event: WorkspaceEvent): void {
    this.#feeds.get(agentId)?.publish(this.#clock.nowMs(), queue, event);
  }

  /** Undefined: as many screens of this agent are open as may. */
  watch(agentId: string, listener: () => void): FeedWatch | undefined {
    const feed = this.of(agentId);
    if (feed.listenerCount >= FEED_LISTENERS_MAX) return undefined;
    const timer = this.#timers.get(agentId);
    if (timer) this.#clock.clearTimer(timer);
    this.#timers.delete(agentId);
    const stop = feed.listen(listener);
    return {
      feed,
      close: () => {
        stop();
        if (feed.listenerCount === 0 && this.#feeds.get(agentId) === feed) this.#keepUnwatched(agentId, feed);
      },
    };
  }

  close(): void {
    for (const timer of this.#timers.values()) this.#clock.clearTimer(timer);
    this.#timers.clear();
    this.#feeds.clear();
  }

  #keepUnwatched(agentId: string, feed: AgentFeed): void {
    const before = this.#timers.get(agentId);
    if (before) this.#clock.clearTimer(before);
    const timer = this.#clock.setTimer(UNWATCHED_KEPT_MS, () => {
      this.#timers.delete(agentId);
      if (feed.listenerCount === 0) this.#feeds.delete(agentId);
    });
    this.#timers.set(agentId, timer);
  }
}
