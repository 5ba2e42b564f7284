import { type SnapshotFrom, transition } from 'xstate';
import type { Actor, Callback, CallbackEvent, CallbackState, CallbackSubState } from './callback.ts';
import type { CallbackEffect, CallbackMachineEvent } from './callback-events.ts';
import { callbackMachine } from './callback-machine.ts';
import { machineColumnsOf } from './callback-machine-setup.ts';
import type { CallbackPolicy } from './callback-policy.ts';

/** One step of a callback: what to store and what to do afterwards. */
export type CallbackStep =
  | {
      readonly kind: 'taken';
      readonly callback: Callback;
      readonly effects: readonly CallbackEffect[];
      readonly event: CallbackEvent;
    }
  /** The state does not take this event: nothing changes, the refusal is history all the same. */
  | { readonly kind: 'refused'; readonly callback: Callback; readonly event: CallbackEvent };

const stateNames: Record<string, CallbackState> = {
  scheduled: 'SCHEDULED',
  queued: 'QUEUED',
  routing: 'ROUTING',
  processing: 'PROCESSING',
  completed: 'COMPLETED',
};

/**
 * Takes one event. Pure: the stored record in, the record to store and the effects out. The columns `state`,
 * `subState` and those of `machineColumnsOf` are the machine's whole snapshot.
 */
export function stepCallback(
  callback: Callback,
  event: CallbackMachineEvent,
  actor: Actor,
  policy: CallbackPolicy,
): CallbackStep {
  const snapshot = restore(callback, policy);
  const { nowMs, type, ...data } = event;
  if (!snapshot.can(event)) return refuse(callback, event, actor);
  const [next, actions] = transition(callbackMachine, snapshot, event);
  const effects = actions.map((action) => ({ type: action.type, params: action.params })) as CallbackEffect[];
  const { state, subState } = placeOf(next.value);
  const stored: Callback = {
    ...callback,
    state,
    subState,
    ...machineColumnsOf(next.context),
    completedAtMs: state === 'COMPLETED' ? nowMs : null,
    version: callback.version + 1,
  };
  return {
    kind: 'taken',
    callback: stored,
    effects,
    event: historyLine(stored, nowMs, type, actor, { ...data, effects }),
  };
}

/** An event that comes at the wrong time: recorded, without effect. */
export function refuse(callback: Callback, event: CallbackMachineEvent, actor: Actor): CallbackStep {
  const { nowMs, type, ...data } = event;
  const line = historyLine(callback, nowMs, 'REFUSED', actor, { ...data, event: type });
  return { kind: 'refused', callback, event: line };
}

function restore(callback: Callback, policy: CallbackPolicy): SnapshotFrom<typeof callbackMachine> {
  const context = { ...machineColumnsOf(callback), policy };
  const top = callback.state.toLowerCase();
  const value = callback.subState === null ? top : { [top]: callback.subState };
  return callbackMachine.resolveState({ value, context });
}

function placeOf(value: unknown): { state: CallbackState; subState: CallbackSubState | null } {
  if (typeof value === 'string') return { state: stateNames[value] as CallbackState, subState: null };
  const [top, sub] = Object.entries(value as Record<string, CallbackSubState>)[0] as [
    string,
    CallbackSubState,
  ];
  return { state: stateNames[top] as CallbackState, subState: sub };
}

function historyLine(
  callback: Callback,
  atMs: number,
  kind: string,
  actor: Actor,
  data: Record<string, unknown>,
): CallbackEvent {
  return {
    callbackId: callback.id,
    atMs,
    kind,
    actor,
    state: callback.state,
    subState: callback.subState,
    data,
  };
}
