import { mediumOf, type Token, type TokenMedium } from './token.ts';
import { PlaceTree } from './place-tree.ts';

/** Ages that an agent may serve: at least `fromMs`, less than `untilMs`. */
export interface AgeRange {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What an agent may take of a line. */
export interface TokenFilter {
  /** Oldest first, not overlapping. Undefined: every age. */
  readonly ages?: readonly AgeRange[] | undefined;
  readonly medium?: TokenMedium | undefined;
  /** Tokens that are not for this agent, whatever their age. */
  readonly isSkipped?: ((token: Token) => boolean) | undefined;
}

/** Tokens of one initial priority, confirmation and kind. */
export interface TokenClass {
  readonly priority: number;
  readonly confirmed: boolean;
  readonly kind: Token['kind'];
  readonly medium: TokenMedium;
  readonly places: PlaceTree;
  /** The first free token; `undefined` when none is free. */
  head: Token | undefined;
}

/** A class without tokens, for tokens like this one. */
export function emptyClass(token: Token): TokenClass {
  const { priority, confirmed, kind } = token;
  return { priority, confirmed, kind, medium: mediumOf(token), places: new PlaceTree(), head: undefined };
}

/** Tokens of one class have the same key. */
export function classKey({ priority, confirmed, kind }: Token): string {
  return `${priority} ${confirmed ? 1 : 0} ${kind}`;
}

/** The first free token of the class that the filter lets through. */
export function firstOfClass(
  { head, places }: TokenClass,
  { ages, isSkipped }: TokenFilter,
  nowMs: number,
): Token | undefined {
  if (!head) return undefined;
  if (!ages) return firstAllowed(places, head, isSkipped);
  for (const { fromMs, untilMs } of ages) {
    const lastPlaceAtMs = nowMs - fromMs;
    const token = firstAllowed(places, places.firstFreeFrom(nowMs - untilMs + 1), isSkipped);
    if (token && token.placeAtMs <= lastPlaceAtMs) return token;
  }
  return undefined;
}

function firstAllowed(
  places: PlaceTree,
  from: Token | undefined,
  isSkipped: TokenFilter['isSkipped'],
): Token | undefined {
  let token = from;
  while (token && isSkipped?.(token) === true) token = places.firstFreeAfter(token);
  return token;
}
