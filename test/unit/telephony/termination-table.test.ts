import { describe, expect, it } from 'vitest';
import {
  DIAL_VERDICTS,
  TERMINATION_DETAIL_LENGTH_MAX,
  dialVerdictOf,
  terminationOfInvite,
  terminationOfRemoteBye,
} from '../../../src/telephony/termination-table.ts';
import type { InviteEnd } from '../../../src/telephony/termination-table.ts';

const status = (code: number, more: Partial<Extract<InviteEnd, { kind: 'status' }>> = {}): InviteEnd => ({
  kind: 'status',
  status: code,
  provisionalSeen: true,
  ...more,
});

describe('the end of an unanswered call', () => {
  it.each([
    [486, 'busy', 'unreachable', 'BUSY', 'later'],
    [600, 'busy', 'unreachable', 'BUSY', 'later'],
    [480, 'unavailable', 'unreachable', 'NO_ANSWER', 'later'],
    [487, 'no-answer', 'unreachable', 'NO_ANSWER', 'later'],
    [603, 'declined', 'unreachable', 'REJECTED', 'later'],
    [607, 'declined', 'unreachable', 'REJECTED', 'later'],
    [608, 'declined', 'unreachable', 'REJECTED', 'later'],
    [699, 'declined', 'unreachable', 'REJECTED', 'later'],
    [403, 'forbidden', 'client_error', 'REJECTED', 'later'],
    [433, 'forbidden', 'client_error', 'REJECTED', 'later'],
    [404, 'not-found', 'client_error', 'ERROR_TONE', 'never'],
    [484, 'not-found', 'client_error', 'ERROR_TONE', 'never'],
    [485, 'not-found', 'client_error', 'ERROR_TONE', 'never'],
    [604, 'not-found', 'client_error', 'ERROR_TONE', 'never'],
    [410, 'gone', 'client_error', 'ERROR_TONE', 'never'],
    [488, 'incompatible-media', 'client_error', 'CREATE_CALL_ERROR', 'never'],
    [606, 'incompatible-media', 'client_error', 'CREATE_CALL_ERROR', 'never'],
    [415, 'incompatible-media', 'client_error', 'CREATE_CALL_ERROR', 'never'],
    [400, 'bad-request', 'client_error', 'CREATE_CALL_ERROR', 'never'],
    [420, 'bad-request', 'client_error', 'CREATE_CALL_ERROR', 'never'],
    [499, 'bad-request', 'client_error', 'CREATE_CALL_ERROR', 'never'],
    [401, 'authentication-failed', 'client_error', 'CREATE_CALL_ERROR', 'later'],
    [407, 'authentication-failed', 'client_error', 'CREATE_CALL_ERROR', 'later'],
    [300, 'redirected', 'client_error', 'CREATE_CALL_ERROR', 'later'],
    [302, 'redirected', 'client_error', 'CREATE_CALL_ERROR', 'later'],
    [482, 'network-failure', 'upstream_error', 'CREATE_CALL_ERROR', 'later'],
    [500, 'network-failure', 'upstream_error', 'CREATE_CALL_ERROR', 'later'],
    [502, 'network-failure', 'upstream_error', 'CREATE_CALL_ERROR', 'later'],
    [503, 'congestion', 'upstream_error', 'CREATE_CALL_ERROR', 'later'],
    [504, 'network-failure', 'upstream_error', 'CREATE_CALL_ERROR', 'later'],
    [599, 'network-failure', 'upstream_error', 'CREATE_CALL_ERROR', 'later'],
  ])('by %i reads %s', (code, reason, bucket, result, retry) => {
    const termination = terminationOfInvite(status(code));
    expect(termination).toEqual({ bucket, reason, sipStatus: code });
    expect(dialVerdictOf(termination)).toEqual({ result, retry });
  });

  it('by 408 depends on whether the phone rang before', () => {
    expect(terminationOfInvite(status(408))).toMatchObject({ bucket: 'unreachable', reason: 'no-answer' });
    const dead = terminationOfInvite(status(408, { provisionalSeen: false }));
    expect(dead).toMatchObject({ bucket: 'upstream_error', reason: 'no-response' });
    expect(dialVerdictOf(dead).result).toBe('CREATE_CALL_ERROR');
  });

  it('by our ring timeout depends on whether the phone rang before', () => {
    const rang = terminationOfInvite({ kind: 'ring-timeout', provisionalSeen: true });
    expect(rang).toEqual({ bucket: 'unreachable', reason: 'no-answer' });
    const dead = terminationOfInvite({ kind: 'ring-timeout', provisionalSeen: false });
    expect(dead).toEqual({ bucket: 'upstream_error', reason: 'no-response' });
  });

  it('by our CANCEL is no failure of anybody', () => {
    expect(terminationOfInvite({ kind: 'cancelled' })).toEqual({ bucket: 'success', reason: 'cancelled' });
  });

  it('by a request that could not be sent is a network failure', () => {
    const end = terminationOfInvite({ kind: 'transport-failure', detail: 'x'.repeat(1000) });
    expect(end).toMatchObject({ bucket: 'upstream_error', reason: 'network-failure' });
    expect(end.detail).toHaveLength(TERMINATION_DETAIL_LENGTH_MAX);
  });

  it.each([
    [500, 17, 'busy'],
    [503, 1, 'not-found'],
    [503, 34, 'congestion'],
    [480, 19, 'no-answer'],
    [480, 21, 'declined'],
    [502, 27, 'network-failure'],
    [500, 22, 'gone'],
  ])('by the generic status %i believes the Q.850 cause %i', (code, q850Cause, reason) => {
    expect(terminationOfInvite(status(code, { q850Cause }))).toMatchObject({
      reason,
      sipStatus: code,
      q850Cause,
    });
  });

  it('by a precise status does not believe a cause that says otherwise, nor an unknown one', () => {
    expect(terminationOfInvite(status(486, { q850Cause: 1 })).reason).toBe('busy');
    expect(terminationOfInvite(status(603, { q850Cause: 17 })).reason).toBe('declined');
    expect(terminationOfInvite(status(500, { q850Cause: 127 })).reason).toBe('network-failure');
  });

  it('by a status that no SIP element sends is indeterminate', () => {
    expect(terminationOfInvite(status(799))).toMatchObject({ bucket: 'indeterminate', reason: 'unknown' });
  });
});

describe('the end of an answered call', () => {
  it('by BYE keeps the cause and counts as connected', () => {
    const termination = terminationOfRemoteBye({ q850Cause: 16, text: 'Normal' });
    expect(termination).toEqual({
      bucket: 'success',
      reason: 'remote-hangup',
      q850Cause: 16,
      detail: 'Normal',
    });
    expect(dialVerdictOf(termination).result).toBe('CONNECTED');
  });
});

describe('dial verdicts', () => {
  it('say never only where the same attempt cannot end differently', () => {
    const never = Object.entries(DIAL_VERDICTS).flatMap(([reason, { retry }]) =>
      retry === 'never' ? [reason] : [],
    );
    expect(never.sort()).toEqual(['bad-request', 'gone', 'incompatible-media', 'not-found']);
  });
});
