/** What the pacing of one queue knows at one instant. Rates are per second. */
export interface PacingInputs {
  /** Agents ready now who can serve the queue. */
  readonly readyAgentCount: number;
  /** Live calls in line before the callback: they take agents first. */
  readonly callsAheadCount: number;
  /** Customers who confirmed and wait for an agent now. */
  readonly confirmedWaitingCount: number;
  /** Dials in progress for which no agent is held. */
  readonly dialCount: number;
  /** Agents become ready; null: not known. */
  readonly readyRate: number | null;
  /** Agents are taken by other work than this queue's callbacks: inbound calls above all. */
  readonly takenRate: number;
  /** Dials end without a confirmed customer. */
  readonly unansweredRate: number;
  /** Share of dials that end with a confirmed customer; null: not known. */
  readonly confirmShare: number | null;
  /** Mean time from the dial to the confirmation; null: not known. */
  readonly dialMs: number | null;
  /** Dials whose outcome is known. */
  readonly outcomeCount: number;
  /** Share of confirmed customers who waited longer than {@link WAIT_MAX_MS} lately; null: not known. */
  readonly lateShare: number | null;
}

/** What follows. */
export interface PacingDecision {
  /** `dial`: now, nobody is held. `reserve`: with an agent held. `wait`: not now. */
  readonly kind: 'dial' | 'reserve' | 'wait';
  readonly reason:
    | 'agents-expected'
    | 'too-little-data'
    | 'agent-free-but-risk-too-high'
    | 'risk-too-high'
    | 'no-agent-free-and-too-little-data';
  /** Chance that this customer, once confirmed, waits longer than {@link WAIT_MAX_MS}; null: not computed. */
  readonly lateRisk: number | null;
  /** The largest chance allowed now. */
  readonly lateRiskMax: number;
  /** Dials per second that keep up with the agents; null: not known. */
  readonly dialRate: number | null;
  /** Look again after this when nothing happens before; null: only when something happens. */
  readonly retryInMs: number | null;
}

/** A confirmed customer who waits longer than this counts as late (product §2). */
export const WAIT_MAX_MS = 2000;
/** Share of confirmed customers who may be late (product §2). */
export const LATE_SHARE_MAX = 0.03;
/** Outcomes needed before anybody is dialled without an agent held. */
export const OUTCOMES_MIN = 10;
/** What the bound is moved towards, below the share allowed. */
const LATE_SHARE_AIM = 0.015;
/** Less cannot be told apart from none in the waits remembered. */
const LATE_SHARE_MIN = 0.005;
const RISK_FLOOR = 0.002;
const RISK_CEILING = 0.09;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 5000;
/** From this variance on the normal distribution takes the place of exact sums. */
const EXACT_VARIANCE_MAX = 60;

/**
 * Whether one more customer may be dialled now (product §2, `paced`).
 *
 * The field's rule is a rate: agents becoming ready − inbound calls + customers not answering. It is the
 * balance confirmed customers = agents left for them, solved for dials (dials × share confirmed = dials −
 * dials unanswered). Kept as a rate alone it lets customers wait half of the time. Here the same quantities
 * are taken as random: agents becoming ready and agents taken are Poisson over the time of a dial, customers
 * of the dials in progress confirm independently. The customer is dialled if the chance that no agent is left
 * within 2 s of the confirmation is at most 3 %; less or more when measured waits say so. In balance the
 * dials then follow the rate from below; the rate says when to look again.
 */
export function decidePacing(inputs: PacingInputs): PacingDecision {
  const { readyRate, takenRate, unansweredRate, confirmShare, dialMs, outcomeCount } = inputs;
  const { readyAgentCount, callsAheadCount, confirmedWaitingCount, dialCount } = inputs;
  const lateRiskMax = riskAllowed(inputs.lateShare);
  const spokenForCount = callsAheadCount + confirmedWaitingCount + dialCount;
  const isAgentFree = readyAgentCount > spokenForCount;
  if (readyRate === null || confirmShare === null || dialMs === null || outcomeCount < OUTCOMES_MIN) {
    const unknown = { lateRisk: null, lateRiskMax, dialRate: null, retryInMs: null };
    return isAgentFree
      ? { ...unknown, kind: 'reserve', reason: 'too-little-data' }
      : { ...unknown, kind: 'wait', reason: 'no-agent-free-and-too-little-data' };
  }
  const dialRate = Math.max(0, readyRate - takenRate + unansweredRate);
  const lateRisk = lateRiskOf(inputs, readyRate, confirmShare, dialMs);
  const retryInMs =
    dialRate > 0 ? Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, 1000 / dialRate)) : RETRY_MAX_MS;
  const known = { lateRisk, lateRiskMax, dialRate, retryInMs };
  if (lateRisk <= lateRiskMax) return { ...known, kind: 'dial', reason: 'agents-expected' };
  if (isAgentFree) return { ...known, kind: 'reserve', reason: 'agent-free-but-risk-too-high' };
  return { ...known, kind: 'wait', reason: 'risk-too-high' };
}

/**
 * The bound for the next customer. Most customers are dialled at less than the bound, so it may be higher
 * than the share of late ones that comes of it: it is moved so that two in a hundred are measured late.
 */
function riskAllowed(lateShare: number | null): number {
  if (lateShare === null) return LATE_SHARE_MAX;
  const aimed = (LATE_SHARE_MAX * LATE_SHARE_AIM) / Math.max(lateShare, LATE_SHARE_MIN);
  return Math.min(RISK_CEILING, Math.max(RISK_FLOOR, aimed));
}

/**
 * P(no agent within 2 s of the confirmation): agents free at the confirmation are what is ready now plus who
 * becomes ready less who is taken, never less than none; those who become ready in the 2 s are added; the
 * customers in front are those waiting and those of the dials in progress who confirm.
 */
function lateRiskOf(
  { readyAgentCount, callsAheadCount, confirmedWaitingCount, dialCount, takenRate }: PacingInputs,
  readyRate: number,
  confirmShare: number,
  dialMs: number,
): number {
  const readyMean = (readyRate * dialMs) / 1000;
  const takenMean = (takenRate * dialMs) / 1000;
  const lastMean = (readyRate * WAIT_MAX_MS) / 1000;
  const now = readyAgentCount - callsAheadCount;
  const customers = confirmedWaitingCount + 1;
  const variance = readyMean + takenMean + lastMean + dialCount * confirmShare * (1 - confirmShare);
  if (variance > EXACT_VARIANCE_MAX) {
    const mean = now + readyMean - takenMean + lastMean - customers - dialCount * confirmShare;
    return normalBelow((-0.5 - mean) / Math.sqrt(variance));
  }
  const free = atLeastZero(difference(poisson(readyMean), poisson(takenMean)), now - last(takenMean));
  const supply = sum(free, poisson(lastMean));
  const confirmed = binomial(dialCount, confirmShare);
  let risk = 0;
  let missing = 0;
  for (let at = 0; at < customers; at++) missing += supply[at] ?? 0;
  for (let at = 0; at < confirmed.length; at++) {
    risk += (confirmed[at] ?? 0) * missing;
    missing += supply[customers + at] ?? 0;
  }
  return Math.min(1, risk);
}

/** The largest count whose chance is worth mentioning. */
function last(mean: number): number {
  return Math.ceil(mean + 6 * Math.sqrt(mean) + 6);
}

/** Chances of 0, 1, 2 … up to {@link last}. */
function poisson(mean: number): Float64Array {
  const chances = new Float64Array(last(mean) + 1);
  chances[0] = Math.exp(-mean);
  for (let at = 1; at < chances.length; at++) chances[at] = ((chances[at - 1] ?? 0) * mean) / at;
  return chances;
}

function binomial(count: number, share: number): Float64Array {
  const chances = new Float64Array(count + 1);
  chances[0] = 1;
  for (let drawn = 1; drawn <= count; drawn++) {
    for (let at = drawn; at > 0; at--) {
      chances[at] = (chances[at] ?? 0) * (1 - share) + (chances[at - 1] ?? 0) * share;
    }
    chances[0] = (chances[0] ?? 0) * (1 - share);
  }
  return chances;
}

/** Chances of the sum of two independent counts. */
function sum(a: Float64Array, b: Float64Array): Float64Array {
  const chances = new Float64Array(a.length + b.length - 1);
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) chances[i + j] = (chances[i + j] ?? 0) + (a[i] ?? 0) * (b[j] ?? 0);
  }
  return chances;
}

/** Chances of `a − b`, from the least possible value, which is −(b's last count), upwards. */
function difference(a: Float64Array, b: Float64Array): Float64Array {
  return sum(a, b.toReversed());
}

/** Chances of max(0, count), of counts that begin at `first`. */
function atLeastZero(chances: Float64Array, first: number): Float64Array {
  if (first >= 0) {
    const shifted = new Float64Array(chances.length + first);
    shifted.set(chances, first);
    return shifted;
  }
  const cut = new Float64Array(Math.max(1, chances.length + first));
  for (let at = 0; at < chances.length; at++) {
    const count = Math.max(0, at + first);
    cut[count] = (cut[count] ?? 0) + (chances[at] ?? 0);
  }
  return cut;
}

/** The standard normal distribution function (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normalBelow(x: number): number {
  if (x > 0) return 1 - normalBelow(-x);
  const t = 1 / (1 - 0.2316419 * x);
  const sum =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
