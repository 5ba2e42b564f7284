import { criteria, type Criterion } from '../telephony/call-in-criterion.ts';
import { type CallIn, stateAt } from './call-in.ts';

/** What a live call shows of itself. */
export interface CallInEvidence {
  /** As keyed. */
  readonly code?: string;
  /** E.164; undefined: withheld. */
  readonly ani?: string;
  /** With or without the plus. */
  readonly dialled: string;
}

/** The request that fits best, and by what. */
export interface CallInMatch {
  readonly callIn: CallIn;
  /** At least one, in the order of `criteria`. */
  readonly matchedBy: readonly Criterion[];
  /** The request waited too long: it tells the caller why, but takes nobody in. */
  readonly expired: boolean;
}

/** A right code says more than both numbers together, the caller's number more than the number dialled. */
const weights: Readonly<Record<Criterion, number>> = { code: 4, ani: 2, dialled: 1 };

/**
 * The waiting request that a call fits best by the criteria asked for: exact code before the caller's number
 * before the number dialled, requests in time before expired ones, the newest among equals.
 */
export function matchCallIn(
  candidates: readonly CallIn[],
  evidence: CallInEvidence,
  by: readonly Criterion[],
  nowMs: number,
): CallInMatch | undefined {
  let best: (CallInMatch & { readonly rank: number }) | undefined;
  for (const callIn of candidates) {
    const state = stateAt(callIn, nowMs);
    if (state !== 'WAITING' && state !== 'EXPIRED') continue;
    const expired = state === 'EXPIRED';
    const matchedBy = criteria.filter(
      (criterion) => by.includes(criterion) && fits(callIn, evidence, criterion),
    );
    if (matchedBy.length === 0) continue;
    const rank = (expired ? 0 : 8) + matchedBy.reduce((sum, criterion) => sum + weights[criterion], 0);
    const isBetter =
      !best || rank > best.rank || (rank === best.rank && callIn.createdAtMs > best.callIn.createdAtMs);
    if (isBetter) best = { callIn, matchedBy, expired, rank };
  }
  return best && { callIn: best.callIn, matchedBy: best.matchedBy, expired: best.expired };
}

function fits(callIn: CallIn, evidence: CallInEvidence, criterion: Criterion): boolean {
  switch (criterion) {
    case 'code':
      return callIn.accessCode !== null && callIn.accessCode === evidence.code;
    case 'ani':
      return callIn.fromNumber !== null && callIn.fromNumber === evidence.ani;
    case 'dialled':
      return digitsOf(callIn.toNumber) === digitsOf(evidence.dialled);
    default:
      return criterion satisfies never;
  }
}

/** A number without its plus: trunks send it either way. */
export function digitsOf(number: string): string {
  return number.startsWith('+') ? number.slice(1) : number;
}
