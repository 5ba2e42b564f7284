import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import { codeCount, newAccessCode } from '../callin/access-code.ts';
import type { CallInGroup } from '../callin/call-in-group.ts';
import type { CallInEvidence } from '../callin/call-in-matching.ts';
import type { CallInFilter, CallInTx } from '../callin/call-in-store.ts';
import { type CallIn, CallInState } from '../callin/call-in.ts';
import { NumberPool } from '../callin/number-pool.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallInId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { parseNumber } from '../screening/phone-number.ts';
import { numberFaultWords } from '../screening/screen-number.ts';
import type { CallInDesk, CallInGrant, CallInOutcome, CallInRefusal, CallInRequest } from './call-in-desk.ts';
import type { NotificationDesk } from './notification-desk.ts';
import { type NumberGate, type NumberThrottled, throttledBy } from './number-gate.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** The groups in force. */
export interface CallInDirectory {
  callInGroup(name: string): CallInGroup | undefined;
  /** The group whose pool has the number dialled. */
  callInGroupOf(dialled: string): CallInGroup | undefined;
}

/** A transaction as the call-in services use it. */
export type CallInUnitTx = CallbackTx & { readonly callIns: CallInTx };

export interface CallInServiceOptions {
  readonly unitOfWork: UnitOfWork<CallInUnitTx>;
  readonly directory: CallInDirectory & Pick<ServiceDirectory, 'queue'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Tells the devices of the callback's customer where to call, in the request's own transaction. */
  readonly notifications?: Pick<NotificationDesk, 'ofCallIn' | 'stored'>;
  /**
   * Bounds how often one customer asks, by the number called from and by that of the callback. Default: no
   * bound.
   */
  readonly numberGate?: NumberGate;
}

/** Requests kept; the newest 5 000 are listed. */
const KEPT_MAX = 20_000;
const TRIM_EVERY = 500;
/** Requests of one group that wait at the same time; below what the store shows of them. */
const WAITING_MAX = 15_000;
const LISTED_MAX = 5000;
/** Codes drawn for one request before the space counts as full. */
const DRAWS_MAX = 50;
/** More than this part of the codes in use makes guessing easy: no more are given out. */
const CODES_IN_USE_MAX = 0.01;

/**
 * Gives out numbers and codes to customers who are about to call in (S7, S8), and lists what was given out.
 */
export class CallInService implements CallInDesk {
  readonly #options: CallInServiceOptions;
  readonly #pools = new Map<string, NumberPool>();
  #grantCount = 0;

  constructor(options: CallInServiceOptions) {
    this.#options = options;
  }

  async request(request: CallInRequest, actor: Actor): Promise<CallInOutcome> {
    const { clock, directory, unitOfWork, log, notifications } = this.#options;
    const group = directory.callInGroup(request.groupName);
    if (!group) return refusal({ kind: 'unknown-group', groupName: request.groupName });
    const fromNumber = this.#fromNumber(group, request.fromNumber);
    if (fromNumber?.ok === false) {
      return refusal({ kind: 'invalid-number', reason: numberFaultWords[fromNumber.reason] });
    }
    const outcome = await unitOfWork.transact(async (tx) => {
      const callback = request.callbackId && (await tx.findCallback(request.callbackId));
      if (request.callbackId !== undefined) {
        if (!callback) return { ok: false, refusal: { kind: 'unknown-callback' } } as const;
        const fault = waitsForCall(callback);
        if (fault) return { ok: false, refusal: fault } as const;
      }
      const throttled = this.#throttled([fromNumber?.e164, callback?.customerNumber]);
      if (throttled) return { ok: false, refusal: throttled } as const;
      const made = await this.#make(tx, group, request, fromNumber?.e164 ?? null, actor);
      if ('kind' in made) return { ok: false, refusal: made } as const;
      if (callback) await tx.putNotifications(notifications?.ofCallIn(made, callback) ?? []);
      return { ok: true, callIn: made } as const;
    });
    if (!outcome.ok) return outcome;
    const { callIn } = outcome;
    log.info({ callInId: callIn.id, group: group.name, callbackId: callIn.callbackId }, 'call-in expected');
    notifications?.stored();
    if (++this.#grantCount % TRIM_EVERY === 0) {
      const nowMs = clock.nowMs();
      await unitOfWork.transact((tx) => tx.callIns.trimCallIns(KEPT_MAX, nowMs));
    }
    return { ok: true, grant: grantOf(callIn) };
  }

  find(id: CallInId): Promise<CallIn | undefined> {
    return this.#options.unitOfWork.transact((tx) => tx.callIns.findCallIn(id));
  }

  /** Newest first; none beyond the newest 5 000 of the selection is of use to anybody. */
  list(filter: Omit<CallInFilter, 'nowMs'>): Promise<readonly CallIn[]> {
    const nowMs = this.#options.clock.nowMs();
    const limit = Math.min(filter.limit, LISTED_MAX);
    const wanted = { ...filter, limit, nowMs };
    return this.#options.unitOfWork.transact((tx) => tx.callIns.listCallIns(wanted), 'patient');
  }

  /** Requests that wait and that one of the three points to, newest first; a code is known exactly. */
  candidates(evidence: CallInEvidence): Promise<readonly CallIn[]> {
    const expiredAfterMs = this.#options.clock.nowMs();
    return this.#options.unitOfWork.transact((tx) =>
      tx.callIns.callInCandidates({ ...evidence, expiredAfterMs }),
    );
  }

  async #make(
    { callIns }: CallInUnitTx,
    group: CallInGroup,
    request: CallInRequest,
    fromNumber: string | null,
    actor: Actor,
  ): Promise<CallIn | CallInRefusal> {
    const { clock, ids } = this.#options;
    const nowMs = clock.nowMs();
    const waitingMax = waitingMaxOf(group);
    if ((await callIns.countWaiting(group.name, nowMs, waitingMax)) >= waitingMax) {
      return await exhausted(callIns, group, nowMs);
    }
    const inUse = {
      has: (number: string) => callIns.isNumberWaiting(number, nowMs),
      all: () => callIns.waitingNumbers(group.name, nowMs),
    };
    const number = await this.#poolOf(group).take(group, inUse, nowMs);
    const accessCode = group.generateAccessCode && number ? await newCode(callIns, group, nowMs) : null;
    if (!number || accessCode === undefined) return await exhausted(callIns, group, nowMs);
    const callIn: CallIn = {
      id: ids.next('callin'),
      groupName: group.name,
      state: CallInState.waiting,
      toNumber: number.number,
      fromNumber,
      accessCode,
      userData: request.userData ?? {},
      callbackId: request.callbackId ?? null,
      createdBy: actor,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + group.expirySec * 1000,
      matchedAtMs: null,
      matchedBy: [],
      callId: null,
      endedAtMs: null,
    };
    await callIns.insertCallIn(callIn);
    return callIn;
  }

  #throttled(numbers: readonly (string | undefined)[]): NumberThrottled | undefined {
    const { numberGate } = this.#options;
    for (const e164 of new Set(numbers)) {
      const throttled = e164 === undefined ? undefined : throttledBy(numberGate, e164);
      if (throttled) return throttled;
    }
    return undefined;
  }

  #poolOf({ name }: CallInGroup): NumberPool {
    const known = this.#pools.get(name);
    if (known) return known;
    const pool = new NumberPool();
    this.#pools.set(name, pool);
    return pool;
  }

  #fromNumber(group: CallInGroup, given: string | undefined): ReturnType<typeof parseNumber> | undefined {
    if (given === undefined) return undefined;
    return parseNumber(given, this.#options.directory.queue(group.queue)?.defaultCountry ?? '');
  }
}

/**
 * A callback can be called in for while it is in the line or its customer has been told; not once dialled.
 */
function waitsForCall({ state, subState }: Callback): CallInRefusal | undefined {
  const waits = state === 'QUEUED' || (state === 'ROUTING' && subState === 'pushed');
  return waits ? undefined : { kind: 'callback-not-waiting', state };
}

/** Requests of a group that may wait at the same time. */
function waitingMaxOf({ generateAccessCode, accessCodeLength }: CallInGroup): number {
  if (!generateAccessCode) return WAITING_MAX;
  return Math.min(WAITING_MAX, Math.ceil(CODES_IN_USE_MAX * codeCount(accessCodeLength)));
}

async function exhausted(callIns: CallInTx, group: CallInGroup, nowMs: number): Promise<CallInRefusal> {
  const soonestMs = (await callIns.nextExpiryMs(group.name, nowMs)) ?? nowMs + group.expirySec * 1000;
  return { kind: 'pool-exhausted', retryAfterSec: Math.max(1, Math.ceil((soonestMs - nowMs) / 1000)) };
}

/** Undefined: none was found that nobody has. */
async function newCode(
  callIns: CallInTx,
  { accessCodeLength }: CallInGroup,
  nowMs: number,
): Promise<string | undefined> {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const code = newAccessCode(accessCodeLength);
    if (!(await callIns.isCodeWaiting(code, nowMs))) return code;
  }
  return undefined;
}

function grantOf(callIn: CallIn): CallInGrant {
  const { id, groupName, toNumber, accessCode, expiresAtMs, fromNumber, callbackId } = callIn;
  return { id, groupName, toNumber, accessCode, expiresAtMs, fromNumber, callbackId };
}

function refusal(reason: CallInRefusal): CallInOutcome {
  return { ok: false, refusal: reason };
}
