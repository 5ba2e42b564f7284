import type { Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Leg } from '../telephony/leg.ts';
import type { OutboundCall, Telephony } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';

/**
 * What became of a dialled customer; each attempt brings exactly one of the first two. `callback` is the
 * record as it was dialled: its `attemptId` says which attempt is meant.
 */
export interface DialerEvents {
  answered(callback: Callback, leg: Leg): void;
  failed(callback: Callback, termination: Termination): void;
  /** After an answer: the customer's leg has ended. */
  ended(callback: Callback, termination: Termination): void;
  /** Clock instant at which the INVITE was handed to the SIP server. */
  inviteSent(callback: Callback, atMs: number): void;
}

export interface DialerOptions {
  readonly telephony: Telephony;
  readonly ids: IdSource;
  readonly log: Log;
  readonly events: DialerEvents;
  /** Is this the name of a trunk that may dial out? Default: none is. */
  readonly mayDialThrough?: ((trunk: string) => boolean) | undefined;
}

interface CustomerCall {
  readonly outbound: OutboundCall;
  leg: Leg | undefined;
  /** Hung up before its outcome was known: an answer that crosses it is not wanted. */
  abandoned: boolean;
}

/** Shown when neither the queue nor the customer's own call says a number. */
const CALLER_ID_FALLBACK = 'turnkeeper';

/**
 * Places the outbound call of an attempt, once: after the INVITE has left nothing is tried again here;
 * another try is another attempt, which the callback's machine decides.
 */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #calls = new Map<CallbackId, CustomerCall>();

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** The customer's leg while it is up. */
  legOf(callbackId: CallbackId): Leg | undefined {
    return this.#calls.get(callbackId)?.leg;
  }

  /** Customer calls in progress, ringing ones included. */
  get callCount(): number {
    return this.#calls.size;
  }

  /** Starts the call of the callback's current attempt. */
  dial(callback: Callback, settings: QueueSettings): OutboundCall {
    const { telephony, ids, log, events } = this.#options;
    const callId = ids.next('call');
    const number = settings.callerIdNumber ?? callback.dialledNumber ?? CALLER_ID_FALLBACK;
    const trunk = this.#trunkOf(callback, settings);
    const outbound = telephony.originate({
      callId,
      target: {
        kind: 'trunk',
        number: dialledAs(callback.customerNumber, settings),
        ...(trunk === undefined ? {} : { trunk }),
      },
      callerId: { number, ...(settings.callerIdName === undefined ? {} : { name: settings.callerIdName }) },
      ringTimeoutMs: settings.dialTimeoutSec * 1000,
      headers: {
        'X-Turnkeeper-Callback': callback.id,
        'X-Turnkeeper-Attempt': String(callback.attemptCount),
      },
    });
    const call: CustomerCall = { outbound, leg: undefined, abandoned: false };
    this.#calls.set(callback.id, call);
    log.info({ callbackId: callback.id, callId, attempt: callback.attemptCount }, 'dialling');
    void outbound.inviteSent.then((atMs) => events.inviteSent(callback, atMs));
    void this.#follow(callback, call);
    return outbound;
  }

  /** The routing point that the booking named, where it is a trunk of ours; else the queue's. */
  #trunkOf({ id, details }: Callback, settings: QueueSettings): string | undefined {
    const { log, mayDialThrough } = this.#options;
    const { routingPoint } = details;
    if (routingPoint === undefined) return settings.trunk;
    if (mayDialThrough?.(routingPoint) === true) return routingPoint;
    const fields = { callbackId: id, routingPoint, trunk: settings.trunk ?? null };
    log.warn(fields, 'the routing point asked for is no trunk that may dial out');
    return settings.trunk;
  }

  /** CANCEL or BYE, whatever the call has come to. Idempotent. */
  async hangUp(callbackId: CallbackId): Promise<void> {
    const call = this.#calls.get(callbackId);
    if (!call) return;
    if (call.leg) return call.leg.hangUp();
    call.abandoned = true;
    return call.outbound.cancel();
  }

  async #follow(callback: Callback, call: CustomerCall): Promise<void> {
    const { events } = this.#options;
    const outcome = await call.outbound.outcome;
    if (outcome.kind === 'failed') {
      this.#forget(callback.id, call);
      events.failed(callback, outcome.termination);
      return;
    }
    call.leg = outcome.leg;
    if (call.abandoned) {
      await outcome.leg.hangUp();
      this.#forget(callback.id, call);
      events.failed(callback, { bucket: 'success', reason: 'cancelled' });
      return;
    }
    events.answered(callback, outcome.leg);
    const termination = await outcome.leg.ended;
    this.#forget(callback.id, call);
    events.ended(callback, termination);
  }

  /** A later attempt may have taken the entry already. */
  #forget(callbackId: CallbackId, call: CustomerCall): void {
    if (this.#calls.get(callbackId) === call) this.#calls.delete(callbackId);
  }
}

/** The digits for a number: with a prefix the plus goes, `0` and `+4930123` are dialled `04930123`. */
export function dialledAs(number: string, { dialPrefix }: Pick<QueueSettings, 'dialPrefix'>): string {
  return dialPrefix === '' ? number : dialPrefix + number.replace(/^\+/, '');
}
