import type { DialResult } from '../telephony/termination.ts';
import type { PurgeCause } from './callback.ts';
import type { QueueSettings } from './queue-settings.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

/** What the queue's settings say, in milliseconds; read afresh for every step, never stored. */
export interface CallbackPolicy {
  readonly maxAttempts: number;
  readonly retryIntervalMs: number;
  /** Another interval, or no further attempt, after single dial results. */
  readonly retryByResult: Readonly<Partial<Record<DialResult, number | 'never'>>>;
  readonly dialTimeoutMs: number;
  readonly onAnsweringMachine: QueueSettings['onAnsweringMachine'];
  readonly requireConfirm: boolean;
  readonly confirmTimeoutMs: number;
  /** A customer who answered and pressed nothing is connected all the same. */
  readonly connectUnconfirmed: boolean;
  readonly maxWaitForAgentMs: number;
  readonly maxAgentOffers: number;
  /** From the offer to an agent until they are connected: accept, ring, hear the case, press a key. */
  readonly deliveryMaxMs: number;
  readonly previewTimeoutMs: number;
  readonly maxPreviewRejects: number;
  /** `agent-first`: pause before the customer is dialled again from the agent's call; null: not from it. */
  readonly redialPauseMs: number | null;
  /** After-call work may be extended up to this. */
  readonly wrapUpMaxMs: number;
  readonly snoozeMs: number;
  /** A scheduled callback joins the line this long before its time. */
  readonly readyLeadMs: number;
  readonly queueTtlMs: number;
  /** 0: no limit of age, only the end of the business day. */
  readonly purgeTimeMs: number;
  /** End of the business day that an instant belongs to, or of the next one; null: there is none. */
  readonly endOfDayAfter: (atMs: number) => number | null;
  readonly pushExpiryMs: number;
  readonly maxPushes: number;
}

/** An agent hears of the case for so long at most; bounds a flow that does not come to its end. */
export const WHISPER_MAX_MS = 30_000;

function deliveryMaxMs(settings: QueueSettings): number {
  const acceptSec = settings.agentAccept === 'workspace' ? settings.agentAcceptTimeoutSec : 0;
  const keySec = settings.agentAcceptKey ? settings.agentAcceptKeySec : 0;
  const isTold = settings.agentWhisper !== undefined || settings.agentAcceptKey;
  return (acceptSec + settings.agentRingTimeoutSec + keySec) * SECOND_MS + (isTold ? WHISPER_MAX_MS : 0);
}

/** The machine's view of a queue's settings. `endOfDayAfter` must answer with a later instant. */
export function policyOf(
  settings: QueueSettings,
  endOfDayAfter: CallbackPolicy['endOfDayAfter'] = () => null,
): CallbackPolicy {
  const retryByResult = Object.fromEntries(
    Object.entries(settings.retryByResult).map(([result, rule]) => [
      result,
      rule === 'never' ? rule : rule.intervalSec * SECOND_MS,
    ]),
  );
  return {
    maxAttempts: settings.maxAttempts,
    retryIntervalMs: settings.retryIntervalSec * SECOND_MS,
    retryByResult,
    dialTimeoutMs: settings.dialTimeoutSec * SECOND_MS,
    onAnsweringMachine: settings.onAnsweringMachine,
    requireConfirm: settings.requireConfirm,
    confirmTimeoutMs: settings.confirmTimeoutSec * SECOND_MS,
    connectUnconfirmed: settings.onConfirmTimeout === 'CONNECT_ANYWAY',
    maxWaitForAgentMs: settings.maxWaitForAgentSec * SECOND_MS,
    maxAgentOffers: settings.maxAgentTransferAttempts,
    deliveryMaxMs: deliveryMaxMs(settings),
    previewTimeoutMs: settings.previewTimeoutSec * SECOND_MS,
    maxPreviewRejects: settings.previewRejectMax,
    redialPauseMs: settings.agentFirstRedialSec > 0 ? settings.agentFirstRedialSec * SECOND_MS : null,
    wrapUpMaxMs: Math.max(settings.wrapUpSec, settings.wrapUpMaxSec) * SECOND_MS,
    snoozeMs: settings.snoozeSec * SECOND_MS,
    readyLeadMs: settings.readyForAsapLeadSec * SECOND_MS,
    queueTtlMs: settings.queueTtlSec * SECOND_MS,
    purgeTimeMs: settings.purgeTimeMin * MINUTE_MS,
    endOfDayAfter,
    pushExpiryMs: settings.pushExpiryMin * MINUTE_MS,
    maxPushes: settings.maxNotifyAttempts,
  };
}

/**
 * The pause before the next attempt after this result, in ms, or that there is none. A fax is never rung
 * again.
 */
export function retryAfter(policy: CallbackPolicy, result: DialResult): number | 'never' {
  return result === 'FAX' ? 'never' : (policy.retryByResult[result] ?? policy.retryIntervalMs);
}

/**
 * When a callback that is queued at `queuedAtMs` is purged: by age or at the end of the day, whichever first.
 */
export function purgeOf(
  policy: CallbackPolicy,
  queuedAtMs: number,
): { readonly purgeAtMs: number | null; readonly purgeCause: PurgeCause | null } {
  const byAge = policy.purgeTimeMs > 0 ? queuedAtMs + policy.purgeTimeMs : null;
  const byDay = policy.endOfDayAfter(queuedAtMs);
  if (byDay !== null && (byAge === null || byDay < byAge))
    return { purgeAtMs: byDay, purgeCause: 'end-of-day' };
  return { purgeAtMs: byAge, purgeCause: byAge === null ? null : 'timeout' };
}
