import { DateTime } from 'luxon';
import type { Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Router } from '../routing/router.ts';
import { isBeforeDial } from './agent-first-calls.ts';
import type { CaseFacts } from './invitation-desk.ts';
import type { QueueWaits } from './queue-waits.ts';

/** Keys of a callback's data that are meant for the agent's view, not data about the customer. */
const SUBJECT_KEY = '_subject';
const INSTRUCTIONS_KEY = '_instructions';
/** Characters of one text on an INVITE, before encoding, and of all data after it. */
const HEADER_TEXT_MAX = 200;
const HEADER_DATA_MAX = 1000;

export interface CaseFactsParts {
  readonly router: Router;
  readonly waits: QueueWaits;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  readonly clock: Clock;
}

/** A caller on hold, as the agent is told of them. */
export interface CallerOnHold {
  readonly callId: string;
  readonly number: string | undefined;
  readonly virtualQueue: string;
  readonly placeAtMs: number;
  readonly language: string;
  /** What came with the call; keys as in a callback's data. */
  readonly customerData?: Readonly<Record<string, string>>;
}

/** What the agent is told of a callback, as it stands. */
export function callbackFacts(parts: CaseFactsParts, callback: Callback): CaseFacts {
  const { id, virtualQueue, customerNumber, userData, attemptCount, language, subState } = callback;
  const { desiredAtMs, createdAtMs, placeAtMs } = callback;
  const isToBeDialled = subState === 'preview' || isBeforeDial(callback);
  return {
    type: desiredAtMs > createdAtMs ? 'scheduled' : 'immediate',
    desiredAtMs,
    customerNumber,
    subject: userData[SUBJECT_KEY] ?? null,
    customerData: shownData(userData),
    instructions: userData[INSTRUCTIONS_KEY] ?? instructionsOf(parts, virtualQueue),
    attemptNumber: isToBeDialled ? attemptCount + 1 : Math.max(1, attemptCount),
    ...lineFacts(parts, { subjectId: id, virtualQueue, placeAtMs }),
    virtualQueue,
    language,
  };
}

/** What the agent is told of a caller on hold. */
export function callFacts(parts: CaseFactsParts, caller: CallerOnHold): CaseFacts {
  const { callId, number, virtualQueue, placeAtMs, language, customerData = {} } = caller;
  return {
    type: 'call',
    desiredAtMs: placeAtMs,
    customerNumber: number ?? '',
    subject: customerData[SUBJECT_KEY] ?? null,
    customerData: shownData(customerData),
    instructions: customerData[INSTRUCTIONS_KEY] ?? instructionsOf(parts, virtualQueue),
    attemptNumber: 0,
    ...lineFacts(parts, { subjectId: callId, virtualQueue, placeAtMs }),
    virtualQueue,
    language,
  };
}

/**
 * The case on the INVITE to the agent's phone, for phones and screens that read headers. Texts are
 * percent-encoded (RFC 3986 §2.1): no value can break the header.
 */
export function caseHeaders(facts: CaseFacts): Record<string, string> {
  const { type, desiredAtMs, customerNumber, subject, instructions, attemptNumber, position } = facts;
  const data = Object.entries(facts.customerData).map(
    ([key, value]) => `${encodeURIComponent(tidy(key))}=${encodeURIComponent(tidy(value))}`,
  );
  // Whole pairs only: half a value would read as another one.
  while (data.length > 0 && data.join('&').length > HEADER_DATA_MAX) data.pop();
  return {
    'X-Turnkeeper-Case-Type': type,
    'X-Turnkeeper-Case-Desired': DateTime.fromMillis(desiredAtMs, { zone: 'utc' }).toISO() ?? '',
    'X-Turnkeeper-Case-Waited': String(Math.round(facts.waitedMs / 1000)),
    ...(customerNumber !== '' && { 'X-Turnkeeper-Case-Customer': encodeURI(tidy(customerNumber)) }),
    ...(attemptNumber > 0 && { 'X-Turnkeeper-Case-Attempt': String(attemptNumber) }),
    ...(position !== null && { 'X-Turnkeeper-Case-Position': String(position) }),
    ...(subject !== null && { 'X-Turnkeeper-Case-Subject': encodeURI(tidy(subject)) }),
    ...(instructions !== null && { 'X-Turnkeeper-Case-Instructions': encodeURI(tidy(instructions)) }),
    ...(data.length > 0 && { 'X-Turnkeeper-Case-Data': data.join('&') }),
  };
}

/** Keys that begin with `_` are for programs. */
function shownData(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith('_')));
}

function instructionsOf({ settingsOf }: CaseFactsParts, queue: string): string | null {
  return settingsOf(queue)?.agentInstructions ?? null;
}

function lineFacts(
  { router, waits, settingsOf, clock }: CaseFactsParts,
  about: { readonly subjectId: string; readonly virtualQueue: string; readonly placeAtMs: number },
): Pick<CaseFacts, 'position' | 'waitedMs' | 'ewtSec'> {
  const { subjectId, virtualQueue, placeAtMs } = about;
  const settings = settingsOf(virtualQueue);
  const ewtSec = settings ? waits.ewtSec(settings, router.queue(virtualQueue).length + 1) : -1;
  return {
    position: router.queueOf(subjectId)?.positionOf(subjectId) ?? null,
    waitedMs: Math.max(0, clock.nowMs() - placeAtMs),
    ewtSec: ewtSec < 0 ? null : ewtSec,
  };
}

/** Half of a surrogate pair has no encoding; long texts have no place in a header. */
function tidy(text: string): string {
  return text.slice(0, HEADER_TEXT_MAX).replaceAll(/\p{Surrogate}/gu, '');
}
