import type { TokenMedium } from '../queue/token.ts';
import type { AgentMedia } from '../telephony/directory.ts';

/** Conversations by which the share is judged. */
const RECENT_MAX = 20;

const anything: readonly (TokenMedium | undefined)[] = [undefined];
const callsOnly: readonly TokenMedium[] = ['call'];
const callbacksOnly: readonly TokenMedium[] = ['callback'];
const callsFirst: readonly TokenMedium[] = ['call', 'callback'];
const callbacksFirst: readonly TokenMedium[] = ['callback', 'call'];
const nothing: readonly TokenMedium[] = [];

/** What each agent takes first, by the media capacity rule and by what the agent has done. */
export class Blending {
  readonly #recent = new Map<string, TokenMedium[]>();

  /** The agent began a conversation. */
  served(agentId: string, media: AgentMedia | undefined, medium: TokenMedium): void {
    if (media?.callbackSharePct === undefined) {
      this.#recent.delete(agentId);
      return;
    }
    const recent = this.#recent.get(agentId) ?? [];
    recent.push(medium);
    if (recent.length > RECENT_MAX) recent.shift();
    this.#recent.set(agentId, recent);
  }

  /**
   * Kinds in the order in which the agent takes them; `undefined` in it: whatever comes first in the line.
   */
  orderFor(agentId: string, media: AgentMedia | undefined): readonly (TokenMedium | undefined)[] {
    if (!media) return anything;
    const { call, callback, callbackSharePct } = media;
    if (call <= 0) return callback <= 0 ? nothing : callbacksOnly;
    if (callback <= 0) return callsOnly;
    if (callbackSharePct === undefined) return anything;
    const recent = this.#recent.get(agentId) ?? [];
    const callbackCount = recent.filter((medium) => medium === 'callback').length;
    return callbackCount * 100 < callbackSharePct * Math.max(1, recent.length) ? callbacksFirst : callsFirst;
  }
}
