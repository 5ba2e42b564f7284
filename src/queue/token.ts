/**
 * One place in a virtual queue. `call`: somebody is on the line (a caller on hold, or a customer who
 * confirmed a callback); `callback`: a promise that is due.
 */
export interface Token {
  readonly queue: string;
  readonly kind: 'call' | 'callback';
  /** The inbound call's or callback's id; a subject has one token at most. */
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
 * The order of a line: priority, then confirmed customers, then age, then subject (ids are time-ordered, so
 * two tokens of one millisecond keep the order in which they came, also after a restart). Negative: `a` is
 * served first.
 */
export function compareTokens(a: Token, b: Token): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.confirmed !== b.confirmed) return a.confirmed ? -1 : 1;
  if (a.placeAtMs !== b.placeAtMs) return a.placeAtMs - b.placeAtMs;
  return a.subjectId < b.subjectId ? -1 : a.subjectId > b.subjectId ? 1 : 0;
}
