import { callNoteKinds } from './call-note.ts';
import type { CallbackPolicy } from './callback-policy.ts';
import type { Callback, CallbackEvent } from './callback.ts';
import type { CallbackMachineEvent } from './callback-events.ts';
import { machineColumnsOf } from './callback-machine-setup.ts';
import { stepCallback } from './callback-step.ts';
import { newCallback } from './new-callback.ts';

/** What a history gives when it is run through the machine again. */
export type ReplayOutcome =
  /** The machine takes the same way and ends in the recorded state. */
  | { readonly kind: 'same'; readonly eventCount: number }
  /** The first difference. `event` counts from 1; after the last one for what only the record shows. */
  | {
      readonly kind: 'differs';
      readonly event: number;
      readonly eventKind: string;
      readonly atMs: number;
      readonly field: string;
      readonly recorded: unknown;
      readonly replayed: unknown;
    }
  /** The history does not begin with its CREATED event, or that one is of an older release. */
  | { readonly kind: 'incomplete'; readonly message: string };

/** Events of the history that are no events of the machine: they are checked by the record alone. */
const BESIDE_THE_MACHINE: ReadonlySet<string> = new Set([
  'CREATED',
  'REFUSED',
  'RECREATED',
  'DATA_CHANGED',
  'DEVICES_CHANGED',
  ...callNoteKinds,
]);

/**
 * Runs a recorded history through the machine once more and compares every step, and the end with the record.
 * @param policyAt the queue's settings that were in force at that instant.
 */
export function replayHistory(
  recorded: Callback,
  events: readonly CallbackEvent[],
  policyAt: (atMs: number) => CallbackPolicy,
): ReplayOutcome {
  const [created, ...later] = events;
  const first = created && firstRecord(recorded, created, policyAt(created.atMs));
  if (!created || !first) {
    return { kind: 'incomplete', message: 'the history does not begin with a CREATED event of this release' };
  }
  const differs = difference(created, 1);
  let callback = first;
  const atFirst = differs(placeOf(created), placeOf(callback));
  if (atFirst) return atFirst;
  for (const [index, line] of later.entries()) {
    if (BESIDE_THE_MACHINE.has(line.kind)) continue;
    const { effects, ...data } = line.data;
    const event = { ...data, type: line.kind, nowMs: line.atMs } as unknown as CallbackMachineEvent;
    const step = stepCallback(callback, event, line.actor, policyAt(line.atMs));
    const replayed = { ...placeOf(step.callback), effects: step.kind === 'taken' ? step.effects : 'refused' };
    const found = difference(line, index + 2)({ ...placeOf(line), effects: effects ?? [] }, replayed);
    if (found) return found;
    callback = step.callback;
  }
  const last = events.at(-1) ?? created;
  const atEnd = difference(last, events.length + 1)(columnsOf(recorded), columnsOf(callback));
  return atEnd ?? { kind: 'same', eventCount: events.length };
}

function firstRecord(
  recorded: Callback,
  created: CallbackEvent,
  policy: CallbackPolicy,
): Callback | undefined {
  const { desiredAtMs, placeAtMs } = created.data;
  if (created.kind !== 'CREATED' || typeof desiredAtMs !== 'number' || typeof placeAtMs !== 'number') {
    return undefined;
  }
  const { id, priority, virtualQueue, customerNumber, origin, language } = recorded;
  const request = { virtualQueue, customerNumber, origin, language, priority, placeAtMs, desiredAtMs };
  return newCallback(request, { id, nowMs: created.atMs, priorityInitial: priority, policy });
}

function placeOf({ state, subState }: Pick<Callback, 'state' | 'subState'>): Record<string, unknown> {
  return { state, subState };
}

function columnsOf(callback: Callback): Record<string, unknown> {
  return { ...placeOf(callback), ...machineColumnsOf(callback), completedAtMs: callback.completedAtMs };
}

function difference(
  line: CallbackEvent,
  event: number,
): (recorded: Record<string, unknown>, replayed: Record<string, unknown>) => ReplayOutcome | undefined {
  return (recorded, replayed) => {
    const field = Object.keys(replayed).find((key) => textOf(recorded[key]) !== textOf(replayed[key]));
    if (field === undefined) return undefined;
    const { kind: eventKind, atMs } = line;
    const values = { recorded: recorded[field], replayed: replayed[field] };
    return { kind: 'differs', event, eventKind, atMs, field, ...values };
  };
}

/** As the store keeps it: what JSON does not carry makes no difference. */
function textOf(value: unknown): string | undefined {
  return JSON.stringify(value ?? null);
}
