import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { Callback } from '../callback/callback.ts';
import type { CallInGroup } from '../callin/call-in-group.ts';
import { matchCallIn } from '../callin/call-in-matching.ts';
import { type CallIn, CallInState } from '../callin/call-in.ts';
import { CodeGuard, groupLimit, sourceLimit } from '../callin/code-guard.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Criterion } from '../telephony/call-in-criterion.ts';
import type { CallInServiceOptions } from './call-in-service.ts';

export interface CallInMatcherOptions extends CallInServiceOptions {
  readonly runner: Pick<CallbackRunner, 'dispatch'>;
}

/** A live call that looks for its request. */
export interface CallInQuestion {
  readonly callId: CallId;
  readonly dialled: string;
  /** E.164; undefined: withheld. */
  readonly ani?: string | undefined;
  /** As keyed. */
  readonly code?: string | undefined;
  /** What is compared. */
  readonly by: readonly Criterion[];
  /** What must hold; the rest only makes the choice better. Empty: any one of `by`. */
  readonly need: readonly Criterion[];
}

/**
 * `expired`: the request is known, but too old; `over`: the callback that it was for has ended; `locked`: too
 * many wrong codes came from this number, or for this group. Whatever is not `matched` may be tried again
 * while the request is valid.
 */
export type CallInAnswer =
  | {
      readonly kind: 'matched';
      readonly callIn: CallIn;
      readonly matchedBy: readonly Criterion[];
      /** The callback that has ended for this call: its place and priority are the caller's now. */
      readonly callback: Callback | undefined;
    }
  | { readonly kind: 'none' | 'expired' | 'over' | 'locked' };

/** An expired request still tells its caller so for this long. */
const EXPIRED_TOLD_MS = 600_000;
/** Calls that were up when the process ended, looked at after a start. */
const RECOVERED_MAX = 1000;

/** Finds the request that a call belongs to and gives the call to it, once (call-in-match). */
export class CallInMatcher {
  readonly #options: CallInMatcherOptions;
  readonly #sources: CodeGuard;
  readonly #groups: CodeGuard;
  readonly #matched = new Map<CallId, CallIn>();

  constructor(options: CallInMatcherOptions) {
    this.#options = options;
    this.#sources = new CodeGuard(options.clock, sourceLimit);
    this.#groups = new CodeGuard(options.clock, groupLimit);
  }

  /** The group whose pool has the number dialled. */
  groupOf(dialled: string): CallInGroup | undefined {
    return this.#options.directory.callInGroupOf(dialled);
  }

  async match(question: CallInQuestion): Promise<CallInAnswer> {
    const { clock, unitOfWork, log } = this.#options;
    const { callId, dialled, ani, code, by, need } = question;
    const group = this.groupOf(dialled)?.name ?? '';
    const source = ani ?? `withheld to ${dialled}`;
    const keysCode = by.includes('code') && code !== undefined;
    if (keysCode && !(this.#sources.mayTry(source) && this.#groups.mayTry(group))) {
      log.warn({ callId, group }, 'an access code was not looked at: too many wrong ones');
      return { kind: 'locked' };
    }
    const nowMs = clock.nowMs();
    const taken = await unitOfWork.transact(async ({ callIns }) => {
      const candidates = await callIns.callInCandidates({
        dialled,
        expiredAfterMs: nowMs - EXPIRED_TOLD_MS,
        ...(code !== undefined && { code }),
        ...(ani !== undefined && { ani }),
      });
      const ofGroup = candidates.filter(({ groupName }) => group === '' || groupName === group);
      const match = matchCallIn(
        ofGroup,
        { dialled, ...(code !== undefined && { code }), ...(ani !== undefined && { ani }) },
        by,
        nowMs,
      );
      if (!match || !need.every((criterion) => match.matchedBy.includes(criterion))) return 'none';
      if (match.expired) return 'expired';
      const callIn: CallIn = {
        ...match.callIn,
        state: CallInState.matched,
        matchedAtMs: nowMs,
        matchedBy: match.matchedBy,
        callId,
      };
      return (await callIns.updateCallIn(callIn, CallInState.waiting)) ? callIn : 'none';
    });
    if (keysCode && taken === 'none') {
      this.#sources.wrong(source);
      this.#groups.wrong(group);
      // One that is too old was right once: it buys no new tries, or one's own would, again and again.
    } else if (keysCode && taken !== 'expired') this.#sources.right(source);
    log.info({ callId, group, found: typeof taken === 'string' ? taken : taken.id }, 'call-in match');
    return typeof taken === 'string' ? { kind: taken } : this.#servedInbound(taken);
  }

  /** The call has ended; nothing happens for one that matched nothing. */
  async ended(callId: CallId): Promise<void> {
    const callIn = this.#matched.get(callId);
    if (!callIn) return;
    this.#matched.delete(callId);
    await this.#end(callIn, CallInState.completed);
  }

  /** After a start: the calls are gone, their requests are over. */
  async recover(): Promise<void> {
    const matched = await this.#options.unitOfWork.transact(({ callIns }) =>
      callIns.matchedCallIns(RECOVERED_MAX),
    );
    for (const callIn of matched) await this.#end(callIn, CallInState.completed);
  }

  /** The customer is on the line: the callback ends, exactly once, and its place is the call's. */
  async #servedInbound(callIn: CallIn): Promise<CallInAnswer> {
    const { runner } = this.#options;
    const { callbackId, matchedBy } = callIn;
    if (callbackId === null) {
      this.#matched.set(callIn.callId ?? '', callIn);
      return { kind: 'matched', callIn, matchedBy, callback: undefined };
    }
    const step = await runner.dispatch(callbackId, { type: 'SERVED_INBOUND' }, { kind: 'customer' });
    if (step?.kind !== 'taken') {
      await this.#end(callIn, CallInState.failed);
      return { kind: 'over' };
    }
    this.#matched.set(callIn.callId ?? '', callIn);
    return { kind: 'matched', callIn, matchedBy, callback: step.callback };
  }

  async #end(callIn: CallIn, state: CallInState): Promise<void> {
    const endedAtMs = this.#options.clock.nowMs();
    await this.#options.unitOfWork.transact(({ callIns }) =>
      callIns.updateCallIn({ ...callIn, state, endedAtMs }, CallInState.matched),
    );
  }
}
