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
  /** The priority at the start; see {@link effectivePriority} for what it has become. */
  readonly priority: number;
  /**
   * A customer who confirmed a callback waits on the line above callers of equal priority (product §2,
   * `customer-first`): they have been called, and each second of theirs costs more.
   */
  readonly confirmed: boolean;
}

/** What a token is to an agent: a live inbound call, or a callback in whatever state. */
export type TokenMedium = 'call' | 'callback';

export function mediumOf({ kind, confirmed }: Token): TokenMedium {
  return kind === 'callback' || confirmed ? 'callback' : 'call';
}

/** How priority grows with age in one queue. */
export interface PriorityAgeing {
  /** Added for each full interval of age; 0: priorities stay as they are. */
  readonly increment: number;
  readonly intervalMs: number;
  /** Ageing stops here; a token that began above it keeps what it began with. */
  readonly limit: number;
}

/** Priorities stay as they are. */
export const noAgeing: PriorityAgeing = { increment: 0, intervalMs: 1, limit: 0 };

/** Initial priority, plus the increment for each full interval of age, capped (product §6). */
export function effectivePriority(
  { priority, placeAtMs }: Token,
  { increment, intervalMs, limit }: PriorityAgeing,
  nowMs: number,
): number {
  if (increment === 0 || nowMs <= placeAtMs || priority >= limit) return priority;
  const grown = priority + increment * Math.floor((nowMs - placeAtMs) / intervalMs);
  return Math.min(grown, limit);
}

/** The next instant at which the token's effective priority grows; Infinity: it has grown up. */
export function nextGrowth(token: Token, ageing: PriorityAgeing, nowMs: number): number {
  if (ageing.increment === 0 || effectivePriority(token, ageing, nowMs) >= ageing.limit) return Infinity;
  const { placeAtMs } = token;
  const intervals = Math.floor(Math.max(0, nowMs - placeAtMs) / ageing.intervalMs) + 1;
  return placeAtMs + intervals * ageing.intervalMs;
}

/**
 * The order among tokens of equal priority and confirmation: age, then subject (ids are time-ordered, so two
 * tokens of one millisecond keep the order in which they came, also after a restart). Negative: `a` first.
 */
export function comparePlaces(a: Token, b: Token): number {
  if (a.placeAtMs !== b.placeAtMs) return a.placeAtMs - b.placeAtMs;
  return a.subjectId < b.subjectId ? -1 : a.subjectId > b.subjectId ? 1 : 0;
}

/** The order among any tokens whose effective priorities are known. Negative: `a` is served first. */
export function compareTokens(a: Token, aPriority: number, b: Token, bPriority: number): number {
  if (aPriority !== bPriority) return bPriority - aPriority;
  if (a.confirmed !== b.confirmed) return a.confirmed ? -1 : 1;
  return comparePlaces(a, b);
}
