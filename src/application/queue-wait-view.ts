import type { QueueSettings, WaitEstimatorName } from '../callback/queue-settings.ts';
import { mediumOf, type Token } from '../queue/token.ts';
import type { WaitRange, WaitScore } from '../queue/wait-scores.ts';
import type { Router } from '../routing/router.ts';
import type { QueueWaits } from './queue-waits.ts';

/**
 * One of the three virtual queues under which the field reports a service; they are views of one line.
 * `inbound`: callers on hold; `callback`: callbacks that are due; `outbound`: customers being called and
 * those on the line for an agent.
 */
export interface VirtualQueueView {
  readonly name: string;
  readonly kind: 'inbound' | 'callback' | 'outbound';
  readonly waitingCount: number;
  /** Since the customer first took the place; 0 when nobody waits. */
  readonly longestWaitSec: number;
}

/** What is known of the waits of one queue. */
export interface QueueWaitView {
  readonly name: string;
  /** The estimator whose word is given. */
  readonly estimator: WaitEstimatorName;
  /** Position somebody who would join now would have. */
  readonly nextPosition: number;
  /** Wait of that somebody, with its range, or why it is not known. */
  readonly ewt: WaitRange;
  /** How every estimator has done. */
  readonly scores: readonly WaitScore[];
  readonly virtualQueues: readonly VirtualQueueView[];
  /** Callbacks that wait in the line or are being executed. */
  readonly watermark: number;
}

const SUFFIXES = { inbound: '', callback: '_VQ_CB', outbound: '_VQ_CB_OUT' } as const;

/** Puts together what queue, estimators and records know; `watermark` is counted by the caller. */
export function queueWaitView(
  { router, waits }: { readonly router: Router; readonly waits: QueueWaits },
  settings: QueueSettings,
  watermark: number,
  nowMs: number,
): QueueWaitView {
  const { name, ewtEstimator } = settings;
  const line = router.queue(name);
  const nextPosition = line.length + 1;
  const kindOf = (token: Token): VirtualQueueView['kind'] => {
    if (mediumOf(token) === 'call') return 'inbound';
    return token.confirmed || line.isHeld(token.subjectId) ? 'outbound' : 'callback';
  };
  const counts = { inbound: 0, callback: 0, outbound: 0 };
  const oldestAtMs = { inbound: nowMs, callback: nowMs, outbound: nowMs };
  for (const token of line.tokens()) {
    const kind = kindOf(token);
    counts[kind]++;
    oldestAtMs[kind] = Math.min(oldestAtMs[kind], token.placeAtMs);
  }
  const virtualQueues = (['inbound', 'callback', 'outbound'] as const).map((kind) => ({
    name: `${name}${SUFFIXES[kind]}`,
    kind,
    waitingCount: counts[kind],
    longestWaitSec: Math.round((nowMs - oldestAtMs[kind]) / 1000),
  }));
  const ewt = waits.ewt(settings, nextPosition);
  const scores = waits.scores(name);
  return { name, estimator: ewtEstimator, nextPosition, ewt, scores, virtualQueues, watermark };
}
