import type { CallbackId } from '../kernel/ids.ts';
import type { CallbackTx } from './callback-store.ts';
import type { Actor } from './callback.ts';

/** What is done in a conversation and changes nothing of the callback. */
export type CallNoteKind = 'CALL_HELD' | 'CALL_RESUMED' | 'PARTY_MUTED' | 'PARTY_UNMUTED';
export const callNoteKinds: readonly CallNoteKind[] = [
  'CALL_HELD',
  'CALL_RESUMED',
  'PARTY_MUTED',
  'PARTY_UNMUTED',
];

/** One of these, for the history: every change is an event with who, when and why (product §3 rule 8). */
export interface CallNote {
  readonly kind: CallNoteKind;
  readonly actor: Actor;
  readonly atMs: number;
  readonly data: {
    /** Who is held, resumed, muted: by role, and for agents by id. */
    readonly party: 'customer' | 'agent' | 'external' | 'supervisor';
    readonly agentId?: string;
    /** The phone's own key, or a command. */
    readonly by: 'phone' | 'command';
  };
}

/** Adds it to the history of the callback, whose record stays as it is; harmless when there is none. */
export async function noteCall(tx: CallbackTx, callbackId: CallbackId, note: CallNote): Promise<void> {
  const callback = await tx.findCallback(callbackId);
  if (!callback) return;
  const { state, subState } = callback;
  await tx.appendEvent({ callbackId, ...note, state, subState });
}
