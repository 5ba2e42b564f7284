import { expect, it } from 'vitest';
import { parseReasonHeader } from '../../../src/telephony/reason-header.ts';

it.each([
  ['Q.850;cause=16;text="NORMAL_CLEARING"', { q850Cause: 16, text: 'NORMAL_CLEARING' }],
  ['q.850 ; cause = 17', { q850Cause: 17 }],
  ['SIP;cause=200;text="Call completed elsewhere"', { sipCause: 200, text: 'Call completed elsewhere' }],
  ['SIP;cause=603;text="a, b", Q.850;cause=21', { sipCause: 603, q850Cause: 21, text: 'a, b' }],
  ['Q.850;cause=1, Q.850;cause=17', { q850Cause: 1 }],
  ['Q.850;cause=abc', {}],
  ['X.25;cause=3', {}],
  ['', {}],
  [undefined, {}],
])('a Reason header %j reads %j', (header, expected) => {
  expect(parseReasonHeader(header)).toEqual(expected);
});

it('a Reason header of any length and content does not throw', () => {
  expect(parseReasonHeader(`Q.850;cause=16;text="${'a"'.repeat(100_000)}`).q850Cause).toBe(16);
});
