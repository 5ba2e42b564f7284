import type { CallbackMachineEvent, DialForbidden } from './callback-events.ts';
import type { CallbackPolicy } from './callback-policy.ts';
import { type CallbackStep, stepCallback } from './callback-step.ts';
import type { Actor, Callback } from './callback.ts';

/** What happens to a callback instead of a dial. `PUSHED`: its customer's device is asked first. */
export type InsteadOfDial = DialForbidden | { readonly type: 'PUSHED' };

/**
 * Looks at the customer once more, right before the dial that `before` is about to make; undefined: call
 * them.
 * `PUSHED` only for a callback in QUEUED: later an agent has been given to it already.
 */
export type DialGate = (before: Callback, nowMs: number) => InsteadOfDial | undefined;

const screening: Actor = { kind: 'system', part: 'screening' };

/** A step, and the event that it was taken with in the end. */
export interface GatedStep {
  readonly step: CallbackStep;
  readonly event: CallbackMachineEvent;
}

/**
 * Takes one event as {@link stepCallback} does, but for a dial that the gate forbids: then the callback hears
 * the reason instead, and nobody is dialled. Every dial of every strategy and every attempt is an effect of
 * such a step, so that none goes out unscreened (product §3 rule 6), however long ago the agent was asked.
 */
export function gatedStep(
  before: Callback,
  event: CallbackMachineEvent,
  actor: Actor,
  { policy, gate }: { readonly policy: CallbackPolicy; readonly gate: DialGate | undefined },
): GatedStep {
  const step = stepCallback(before, event, actor, policy);
  const dials = step.kind === 'taken' && step.effects.some(({ type }) => type === 'dial');
  const instead = dials ? gate?.(before, event.nowMs) : undefined;
  if (!instead) return { step, event };
  const forbidden: CallbackMachineEvent = { ...instead, insteadOf: event.type, nowMs: event.nowMs };
  return { step: stepCallback(before, forbidden, screening, policy), event: forbidden };
}

/** True when the step was taken with this event and not with what came instead of it. */
export function isTaken(step: CallbackStep | undefined, type: CallbackMachineEvent['type']): boolean {
  return step?.kind === 'taken' && step.event.kind === type;
}

/** Why the customer was not dialled, when that is what the step says. */
export function forbiddenDial({ kind, event }: CallbackStep): DialForbidden | undefined {
  const isForbidden =
    event.kind === 'NUMBER_REFUSED' ||
    event.kind === 'CALLING_WINDOW_CLOSED' ||
    event.kind === 'CUSTOMER_ENGAGED';
  if (kind !== 'taken' || !isForbidden) return undefined;
  return { ...event.data, type: event.kind } as DialForbidden;
}
