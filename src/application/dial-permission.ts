import { callingWindowAt } from '../calendar/calling-window.ts';
import { DEFAULT_TIME_ZONE } from '../calendar/slot-calendar.ts';
import type { DialForbidden } from '../callback/callback-events.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Callback } from '../callback/callback.ts';
import type { InsteadOfDial } from '../callback/dial-gate.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallbackId } from '../kernel/ids.ts';
import { screenForQueue } from './number-check.ts';
import { type OpenCallback, type OpenCallbacks, openCallbackOf } from './open-callbacks.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** Where nobody can say when the window opens it is asked again after this. */
const ASK_AGAIN_MS = 24 * 3_600_000;

/** What is asked of the configuration in force. */
type RuleDirectory = Pick<ServiceDirectory, 'queue' | 'numberRule' | 'businessHours'>;

/** May a customer be called now (product rule 3.6: screened again before every dial)? */
export type DialPermission =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly reason: 'NUMBER_BLOCKED' | 'COUNTRY_NOT_PERMITTED' }
  /** The customer is called, or talks, for another callback of the queue. */
  | { readonly kind: 'engaged' }
  /** The customer's device is asked, and nobody called before there is an answer. */
  | { readonly kind: 'ask' }
  /** The calling window where the customer lives is closed until then. */
  | { readonly kind: 'later'; readonly untilMs: number };

export interface DialScreeningOptions {
  readonly directory: RuleDirectory;
  readonly openCallbacks: OpenCallbacks;
  readonly clock: Clock;
}

/**
 * Whether customers may be called, asked twice: before an agent or a dial is spent on them, and by the gate
 * that no dial goes around (`callback/dial-gate.ts`) at the very instant of the dial.
 */
export class DialScreening {
  readonly #options: DialScreeningOptions;

  constructor(options: DialScreeningOptions) {
    this.#options = options;
  }

  /** What is to happen instead of calling this customer now; undefined: nothing is against it. */
  permissionOf(id: CallbackId): InsteadOfDial | undefined {
    const { openCallbacks } = this.#options;
    const open = openCallbacks.find(id);
    // Ended meanwhile: the machine knows what follows.
    return open && this.#instead(open, this.#options.clock.nowMs());
  }

  /** See `DialGate`. A dial that passes keeps the customer's other callbacks from being dialled meanwhile. */
  gate(before: Callback, nowMs: number): InsteadOfDial | undefined {
    const open = openCallbackOf(before);
    const instead = this.#instead(open, nowMs);
    // Once an agent has the case the customer's device is not asked any more.
    const isAsked = instead?.type === 'PUSHED' && before.state !== 'QUEUED';
    if (instead && !isAsked) return instead;
    this.#options.openCallbacks.dialling(open);
    return undefined;
  }

  #instead(open: OpenCallback, nowMs: number): InsteadOfDial | undefined {
    const { directory, openCallbacks } = this.#options;
    return insteadOf(dialPermission(directory, open, openCallbacks.isEngagedElsewhere(open), nowMs));
  }
}

/**
 * Screens the number by the rules in force now, then looks at the clock where the customer is, and at what
 * else they are doing with us.
 */
function dialPermission(
  directory: RuleDirectory,
  callback: OpenCallback,
  isEngaged: boolean,
  nowMs: number,
): DialPermission {
  const settings = directory.queue(callback.virtualQueue);
  // The queue was removed: the machine knows what follows.
  if (!settings) return { kind: 'allowed' };
  const { customerNumber } = callback;
  const verdict = screenForQueue(directory, settings, customerNumber);
  if (verdict.kind === 'refused') {
    const reason = verdict.step === 'country' ? 'COUNTRY_NOT_PERMITTED' : 'NUMBER_BLOCKED';
    return { kind: 'refused', reason };
  }
  const opensAtMs = windowOpensAt(directory, settings, customerNumber, nowMs);
  if (opensAtMs !== undefined) return { kind: 'later', untilMs: opensAtMs };
  // Where a number may have any number of callbacks it may be that of many people.
  if (isEngaged && settings.duplicateCheck !== 'OFF') return { kind: 'engaged' };
  return { kind: asksFirst(settings, callback) ? 'ask' : 'allowed' };
}

/** Undefined: it is open. */
function windowOpensAt(
  directory: RuleDirectory,
  { callingWindow, businessHours }: QueueSettings,
  customerNumber: string,
  nowMs: number,
): number | undefined {
  if (callingWindow === undefined) return undefined;
  const hours = businessHours === undefined ? undefined : directory.businessHours(businessHours);
  const window = callingWindowAt(callingWindow, customerNumber, hours?.timeZone ?? DEFAULT_TIME_ZONE, nowMs);
  return window.kind === 'open' ? undefined : (window.opensAtMs ?? nowMs + ASK_AGAIN_MS);
}

/**
 * Scenario S8: the customer dials in, and is told when. S9: the customer is asked whether now is a good time,
 * as often as the queue asks at most; then the call is made all the same, for nobody is forgotten.
 */
function asksFirst(
  { callDirection, pushConfirm, maxNotifyAttempts }: QueueSettings,
  { hasDevice, pushCount, pushedAtMs }: Pick<OpenCallback, 'hasDevice' | 'pushCount' | 'pushedAtMs'>,
): boolean {
  // In the line, the instant of the question means: the customer has said yes.
  if (!hasDevice || pushedAtMs !== null) return false;
  return callDirection === 'USERORIGINATED' || (pushConfirm && pushCount < maxNotifyAttempts);
}

/** What the machine is told where a customer must not be called. */
function insteadOf(permission: DialPermission): InsteadOfDial | undefined {
  switch (permission.kind) {
    case 'allowed':
      return undefined;
    case 'refused':
      return { type: 'NUMBER_REFUSED', reason: permission.reason };
    case 'later':
      return { type: 'CALLING_WINDOW_CLOSED', untilMs: permission.untilMs };
    case 'engaged':
      return { type: 'CUSTOMER_ENGAGED' };
    case 'ask':
      return { type: 'PUSHED' };
    default:
      return permission satisfies never;
  }
}

/** Why nobody was dialled, for the agent who was to have the customer. */
export function forbiddenText(why: DialForbidden): string {
  switch (why.type) {
    case 'NUMBER_REFUSED':
      return why.reason === 'NUMBER_BLOCKED'
        ? 'the number may not be called any more: it is blocked'
        : 'the number may not be called any more: its country is not permitted';
    case 'CALLING_WINDOW_CLOSED':
      return 'it is too early or too late where the customer is; the callback is due when the window opens';
    case 'CUSTOMER_ENGAGED':
      return 'the customer is on the telephone for another callback; this one is due a little later';
    default:
      return why satisfies never;
  }
}
