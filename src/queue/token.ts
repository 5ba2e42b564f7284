import type { TokenId } from '../kernel/ids.ts';

/**
 * One place in a virtual queue. `call`: somebody is on the line (a caller on hold, or a customer who confirmed a
 * callback); `callback`: a promise that is due.
 */
export interface Token {
  readonly id: TokenId;
  readonly queue: string;
  readonly kind: 'call' | 'callback';
  /** The inbound call's or callback's id. */
  readonly subjectId: string;
  /** When the customer first took the place; nothing resets it. */
  readonly placeAtMs: number;
  readonly priority: number;
  /**
   * A customer who confirmed a callback waits on the line above callers of equal priority (product §2,
   * `customer-first`): they have been called, and each second of theirs costs more.
   */
  readonly confirmed: boolean;
}

/**
 * The order of a line: priority, then confirmed customers, then age, then id (ids are time-ordered, so that two
 * tokens of the same millisecond keep the order in which they came). Negative: `a` is served first.
 */
export function compareTokens(a: Token, b: Token): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.confirmed !== b.confirmed) return a.confirmed ? -1 : 1;
  if (a.placeAtMs !== b.placeAtMs) return a.placeAtMs - b.placeAtMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
