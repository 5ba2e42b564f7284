import { DialResult, type Termination } from '../telephony/termination.ts';
import { type DialVerdict, dialVerdictOf } from '../telephony/termination-table.ts';
import type { ProgressVerdict } from './call-progress.ts';

/**
 * What was heard, as a dial result (product §3): one row for each verdict. A vacant or changed number is
 * never tried again, a fax neither; everything else may be.
 */
const HEARD: Readonly<Record<ProgressVerdict, DialVerdict>> = {
  human: { result: DialResult.person, retry: 'later' },
  machine: { result: DialResult.answeringMachine, retry: 'later' },
  'beep-only': { result: DialResult.answeringMachine, retry: 'later' },
  fax: { result: DialResult.fax, retry: 'never' },
  silence: { result: DialResult.silence, retry: 'later' },
  unknown: { result: DialResult.unknown, retry: 'later' },
  ringback: { result: DialResult.noAnswer, retry: 'later' },
  busy: { result: DialResult.busy, retry: 'later' },
  reorder: { result: DialResult.errorTone, retry: 'later' },
  'sit-nocircuit': { result: DialResult.errorTone, retry: 'later' },
  'sit-reorder': { result: DialResult.errorTone, retry: 'later' },
  'sit-intercept': { result: DialResult.errorTone, retry: 'never' },
  'sit-vacant': { result: DialResult.errorTone, retry: 'never' },
};

/** Ends that say nothing about the number: what was heard before them says more. */
const VAGUE: ReadonlySet<Termination['reason']> = new Set([
  'no-answer',
  'unavailable',
  'cancelled',
  'congestion',
  'no-response',
  'remote-hangup',
  'local-hangup',
  'unknown',
]);

/** The dial verdict of what was heard. */
export function heardVerdictOf(heard: ProgressVerdict): DialVerdict {
  return HEARD[heard];
}

/** True for what, heard before an answer, means that there will be none. */
export function endsEarly(heard: ProgressVerdict): boolean {
  return heard === 'busy' || heard === 'reorder' || heard.startsWith('sit-');
}

/**
 * SIP's final response or Q.850 cause, and what was heard in early media, as one verdict: a clear word of the
 * network counts; a vague one (480, 503, our own CANCEL) gives way to the tone that came before it.
 */
export function attemptVerdictOf(
  termination: Termination,
  heardEarly: ProgressVerdict | undefined,
): DialVerdict {
  if (heardEarly === undefined || !endsEarly(heardEarly) || !VAGUE.has(termination.reason)) {
    return dialVerdictOf(termination);
  }
  return HEARD[heardEarly];
}
