import type { Actor } from '../callback/callback.ts';
import type { CallbackId, CallId, CallInId } from '../kernel/ids.ts';
import type { Criterion } from '../telephony/call-in-criterion.ts';

/**
 * `WAITING`: nobody has called yet; `MATCHED`: its caller is on the line; `COMPLETED`: that call is over;
 * `EXPIRED`: nobody called in time; `FAILED`: the callback it belonged to was over when the caller came.
 */
export const CallInState = {
  waiting: 'WAITING',
  matched: 'MATCHED',
  completed: 'COMPLETED',
  expired: 'EXPIRED',
  failed: 'FAILED',
} as const;
export type CallInState = (typeof CallInState)[keyof typeof CallInState];

/** A request to call in: an app asked for a number, its customer is about to dial it (S7, S8). */
export interface CallIn {
  readonly id: CallInId;
  readonly groupName: string;
  readonly state: CallInState;
  /** The number to dial, as the group has it. */
  readonly toNumber: string;
  /** E.164; null: not told. */
  readonly fromNumber: string | null;
  /** Digits, the first not 0; null: the group makes none. */
  readonly accessCode: string | null;
  readonly userData: Readonly<Record<string, string>>;
  /** The callback that the call ends (delayed); null: immediate. */
  readonly callbackId: CallbackId | null;
  readonly createdBy: Actor;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly matchedAtMs: number | null;
  /** By what the caller was recognised. */
  readonly matchedBy: readonly Criterion[];
  readonly callId: CallId | null;
  readonly endedAtMs: number | null;
}

/** The state as it is at an instant: nobody writes down that time has passed. */
export function stateAt({ state, expiresAtMs }: CallIn, nowMs: number): CallInState {
  return state === CallInState.waiting && expiresAtMs <= nowMs ? CallInState.expired : state;
}
