import { describe, expect, it } from 'vitest';
import { attemptVerdictOf, endsEarly, heardVerdictOf } from '../../../src/progress/attempt-verdict.ts';
import type { ProgressVerdict } from '../../../src/progress/call-progress.ts';
import type { Termination, TerminationReason } from '../../../src/telephony/termination.ts';

const ended = (reason: TerminationReason): Termination => ({ bucket: 'unreachable', reason });

describe('what was heard', () => {
  it.each([
    ['human', 'PERSON', 'later'],
    ['machine', 'ANSWERING_MACHINE', 'later'],
    ['beep-only', 'ANSWERING_MACHINE', 'later'],
    ['fax', 'FAX', 'never'],
    ['silence', 'SILENCE', 'later'],
    ['unknown', 'UNKNOWN', 'later'],
    ['ringback', 'NO_ANSWER', 'later'],
    ['busy', 'BUSY', 'later'],
    ['reorder', 'ERROR_TONE', 'later'],
    ['sit-nocircuit', 'ERROR_TONE', 'later'],
    ['sit-reorder', 'ERROR_TONE', 'later'],
    ['sit-intercept', 'ERROR_TONE', 'never'],
    ['sit-vacant', 'ERROR_TONE', 'never'],
  ] as const)('%s is %s, tried again %s', (heard, result, retry) => {
    expect(heardVerdictOf(heard)).toEqual({ result, retry });
  });

  it.each([
    ['busy', true],
    ['reorder', true],
    ['sit-vacant', true],
    ['sit-intercept', true],
    ['sit-nocircuit', true],
    ['sit-reorder', true],
    ['ringback', false],
    ['unknown', false],
    ['silence', false],
    ['human', false],
    ['machine', false],
    ['fax', false],
  ] as const)('%s before the answer means that there will be none: %s', (heard, isEnd) => {
    expect(endsEarly(heard)).toBe(isEnd);
  });
});

describe('the verdict of an attempt that was not answered', () => {
  const cases: readonly [TerminationReason, ProgressVerdict | undefined, string, string][] = [
    ['busy', 'sit-vacant', 'BUSY', 'later'],
    ['declined', 'busy', 'REJECTED', 'later'],
    ['not-found', 'busy', 'ERROR_TONE', 'never'],
    ['unavailable', 'sit-vacant', 'ERROR_TONE', 'never'],
    ['unavailable', 'busy', 'BUSY', 'later'],
    ['no-answer', 'sit-intercept', 'ERROR_TONE', 'never'],
    ['cancelled', 'reorder', 'ERROR_TONE', 'later'],
    ['cancelled', 'busy', 'BUSY', 'later'],
    ['congestion', 'sit-nocircuit', 'ERROR_TONE', 'later'],
    ['local-hangup', 'busy', 'BUSY', 'later'],
    ['unavailable', 'ringback', 'NO_ANSWER', 'later'],
    ['no-answer', 'human', 'NO_ANSWER', 'later'],
    ['no-answer', undefined, 'NO_ANSWER', 'later'],
  ];
  it.each(cases)('%s after %s is %s, tried again %s', (reason, heard, result, retry) => {
    expect(attemptVerdictOf(ended(reason), heard)).toEqual({ result, retry });
  });
});
