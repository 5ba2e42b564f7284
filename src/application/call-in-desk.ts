import type { Actor } from '../callback/callback.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { NumberThrottled } from './number-gate.ts';

/** What an app asks for when its customer wants to call in (scenarios S7 and S8). */
export interface CallInRequest {
  /** The Click-To-Call-In group; its settings say where the numbers and codes come from. */
  readonly groupName: string;
  /** The number that the customer will call from, as given. */
  readonly fromNumber?: string;
  /** Handed to the agent with the matched call. */
  readonly userData?: Readonly<Record<string, string>>;
  /** The callback that waits for this call (delayed); undefined: the call queues like any other. */
  readonly callbackId?: CallbackId;
}

/** The number to dial and until when; what the caller is known by depends on the group. */
export interface CallInGrant {
  readonly id: string;
  readonly groupName: string;
  /** E.164. */
  readonly toNumber: string;
  /** Digits without a leading 0, so that clients which read it as a number keep it whole; null: no code. */
  readonly accessCode: string | null;
  readonly expiresAtMs: number;
  readonly fromNumber: string | null;
  readonly callbackId: CallbackId | null;
}

/** Expected ways to be refused; nothing is kept then. */
export type CallInRefusal =
  | { readonly kind: 'unknown-group'; readonly groupName: string }
  /** `fromNumber` cannot be a telephone number; `reason` in words. */
  | { readonly kind: 'invalid-number'; readonly reason: string }
  | { readonly kind: 'unknown-callback' }
  /** The callback is not in the line, nor has its customer been told: for later, being dialled, or ended. */
  | { readonly kind: 'callback-not-waiting'; readonly state: string }
  /** Every number of the group is in use, or every code: one is free again after `retryAfterSec` at most. */
  | { readonly kind: 'pool-exhausted'; readonly retryAfterSec: number }
  /** Too many were asked for by one caller's number, or for the customer of one callback. */
  | NumberThrottled;

export type CallInOutcome =
  | { readonly ok: true; readonly grant: CallInGrant }
  | { readonly ok: false; readonly refusal: CallInRefusal };

/** Takes call-in requests. Durable when the promise resolves; the same answer whatever API asks. */
export interface CallInDesk {
  request(request: CallInRequest, actor: Actor): Promise<CallInOutcome>;
}

/** The desk of an installation without any group: every group is unknown. */
export const deskWithoutGroups: CallInDesk = {
  request: ({ groupName }) => Promise.resolve({ ok: false, refusal: { kind: 'unknown-group', groupName } }),
};
