import type { CallbackId, CallInId } from '../kernel/ids.ts';
import type { Actor } from '../callback/callback.ts';
import type { CallIn, CallInState } from './call-in.ts';

/** Which requests to list, newest first. */
export interface CallInFilter {
  readonly groupName?: string;
  /** Of these groups only; none of them: nothing is found. */
  readonly groupNames?: readonly string[];
  /** Made by this one. */
  readonly createdBy?: Actor;
  readonly state?: CallInState;
  readonly callbackId?: CallbackId;
  /** Asked for or called from this number, or told to dial it. */
  readonly number?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** For the state: a request that is waiting and past its expiry is EXPIRED. */
  readonly nowMs: number;
  /** 1–500. */
  readonly limit: number;
  readonly beforeId?: CallInId;
}

/** The part of a transaction that keeps call-in requests. */
export interface CallInTx {
  insertCallIn(callIn: CallIn): Promise<void>;
  /** Replaces the record when its state is still `from`; false and nothing changed otherwise. */
  updateCallIn(callIn: CallIn, from: CallInState): Promise<boolean>;
  findCallIn(id: CallInId): Promise<CallIn | undefined>;
  /**
   * Requests in WAITING, expired ones among them, that one of the three points to; newest first, at most 300.
   */
  callInCandidates(evidence: {
    readonly code?: string;
    readonly ani?: string;
    readonly dialled: string;
    /** Requests that expired before this are not looked at. */
    readonly expiredAfterMs: number;
  }): Promise<CallIn[]>;
  /** Requests of the group that wait and have not expired; counted up to `max`. */
  countWaiting(groupName: string, nowMs: number, max: number): Promise<number>;
  /** When the first of them expires; undefined: none waits. */
  nextExpiryMs(groupName: string, nowMs: number): Promise<number | undefined>;
  /** The numbers they wait at, as digits; 20 000 requests are looked at. */
  waitingNumbers(groupName: string, nowMs: number): Promise<string[]>;
  /** True while a waiting request of any group is for this number. */
  isNumberWaiting(number: string, nowMs: number): Promise<boolean>;
  /** True while a waiting request of any group has this code. */
  isCodeWaiting(code: string, nowMs: number): Promise<boolean>;
  listCallIns(filter: CallInFilter): Promise<CallIn[]>;
  /** Those in MATCHED, at most `limit`: after a start their calls are gone. */
  matchedCallIns(limit: number): Promise<CallIn[]>;
  /**
   * Deletes all but the newest `keepMax`, those excepted whose caller may still come or is on the line;
   * returns how many went.
   */
  trimCallIns(keepMax: number, nowMs: number): Promise<number>;
}
