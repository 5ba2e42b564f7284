import { assert } from '../kernel/errors.ts';
import type { AttemptId, IdSource } from '../kernel/ids.ts';
import type { DialResult, Termination } from '../telephony/termination.ts';
import type { CallbackMachineEvent } from './callback-events.ts';
import type { CallbackStep } from './callback-step.ts';
import type { CallbackTx } from './callback-store.ts';
import type { Attempt, Callback } from './callback.ts';

/** What comes with an event and belongs to the attempt in progress. */
export interface AttemptFacts {
  /**
   * The attempt the event speaks of: when another one is in progress by now, the event comes too late and is
   * refused.
   */
  readonly attemptId?: AttemptId | null;
  readonly result?: DialResult;
  readonly termination?: Termination;
  readonly confirmed?: boolean;
}

/**
 * Writes the attempt's share of a step. A new attempt is a row in the same commit as the decision to dial;
 * the end of one is written with its event.
 * @returns the new attempt's id when the step dials.
 */
export async function storeAttempt(
  tx: CallbackTx,
  before: Callback,
  step: CallbackStep & { kind: 'taken' },
  event: CallbackMachineEvent,
  { facts, ids }: { facts: AttemptFacts; ids: IdSource },
): Promise<AttemptId | undefined> {
  if (step.effects.some((effect) => effect.type === 'dial')) {
    const attempt: Attempt = {
      id: ids.next('attempt'),
      callbackId: before.id,
      number: step.callback.attemptCount,
      startedAtMs: event.nowMs,
      answeredAtMs: null,
      endedAtMs: null,
      result: null,
      termination: null,
      confirmed: false,
    };
    await tx.insertAttempt(attempt);
    return attempt.id;
  }
  if (before.attemptId === null || before.state === 'SCHEDULED' || before.state === 'QUEUED')
    return undefined;
  const attempt = await tx.findAttempt(before.attemptId);
  assert(attempt, `attempt ${before.attemptId} of ${before.id} exists`);
  const changed = attemptAfter(attempt, step.callback, event, facts);
  if (changed !== attempt) await tx.updateAttempt(changed);
  return undefined;
}

/** The attempt as the event leaves it; the same object when nothing changed. */
function attemptAfter(
  attempt: Attempt,
  after: Callback,
  event: CallbackMachineEvent,
  facts: AttemptFacts,
): Attempt {
  if (attempt.endedAtMs !== null) return attempt;
  const { state, subState } = after;
  const over =
    state === 'SCHEDULED' ||
    state === 'COMPLETED' ||
    subState === 'after-call-work' ||
    subState === 'redial-wait';
  const result = resultAfter(attempt, event, facts) ?? (over && attempt.result === null ? 'UNKNOWN' : null);
  const changes: Partial<Attempt> = {
    ...(event.type === 'ANSWERED' ? { answeredAtMs: event.nowMs } : {}),
    ...(event.type === 'CONFIRMED' ? { confirmed: true } : {}),
    ...(result === null ? {} : { result }),
    ...(over ? { endedAtMs: event.nowMs } : {}),
    ...(facts.termination ? { termination: facts.termination } : {}),
  };
  return Object.keys(changes).length === 0 ? attempt : { ...attempt, ...changes };
}

/** Answered, and nothing more: whoever knows more may say so. */
const VAGUE_RESULTS: readonly (DialResult | null)[] = [null, 'CONNECTED', 'UNKNOWN'];

/** The dial result that the event brings, if it brings one. What somebody is known to be is not unsaid. */
function resultAfter(attempt: Attempt, event: CallbackMachineEvent, facts: AttemptFacts): DialResult | null {
  const { type } = event;
  if (type === 'ANSWERED') return facts.result ?? 'CONNECTED';
  if (type === 'CONFIRMED') return 'PERSON';
  if (type === 'PERSON_DETECTED') return facts.result ?? 'PERSON';
  if (type === 'MACHINE_DETECTED' || type === 'ATTEMPT_FAILED') return event.result;
  return VAGUE_RESULTS.includes(attempt.result) ? (facts.result ?? null) : null;
}
