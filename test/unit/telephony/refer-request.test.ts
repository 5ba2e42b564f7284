import { describe, expect, it } from 'vitest';
import { readRefer } from '../../../src/telephony/refer-request.ts';
import type { ReferRequest } from '../../../src/telephony/refer-request.ts';

function refer(referTo: string | undefined, others: Readonly<Record<string, string>> = {}): ReferRequest {
  const headers: Readonly<Record<string, string | undefined>> = { 'Refer-To': referTo, ...others };
  return readRefer((name) => headers[name]);
}

describe('a REFER', () => {
  it.each([
    ['<sip:7001@h:5060;transport=udp>', 'sip:7001@h:5060', '7001'],
    ['"Bob" <sip:+1%205551234@h>;tag=1', 'sip:+1%205551234@h', '+15551234'],
    ['sip:7001@h', 'sip:7001@h', '7001'],
    ['<tel:+15551234>', 'tel:+15551234', '+15551234'],
    ['<sip:bob@h>', 'sip:bob@h', undefined],
    ['"a, b" <sip:7001@h>', 'sip:7001@h', '7001'],
  ])('to %s', (referTo, uri, number) => {
    expect(refer(referTo)).toEqual({
      kind: 'refer',
      target: { uri, ...(number !== undefined && { number }) },
      subscribes: true,
    });
  });

  it('reads which dialog is to be replaced, whatever else the URI carries', () => {
    const replaces = encodeURIComponent('a1@h;early-only;to-tag=t1;from-tag=f1');
    expect(refer(`<sip:7001@h?Subject=x&replaces=${replaces}>`)).toMatchObject({
      kind: 'refer',
      target: { uri: 'sip:7001@h' },
      replaces: { callId: 'a1@h', toTag: 't1', fromTag: 'f1' },
    });
  });

  it('asks for no subscription when it says so', () => {
    expect(refer('<sip:1@h>', { 'Refer-Sub': ' FALSE' })).toMatchObject({ subscribes: false });
    expect(refer('<sip:1@h>', { 'Refer-Sub': 'true' })).toMatchObject({ subscribes: true });
  });

  it.each([
    [undefined, 400],
    ['', 400],
    ['<>', 400],
    ['<sip:1@h', 400],
    ['<sip:1@h>, <sip:2@h>', 400],
    [`<sip:${'1'.repeat(600)}@h>`, 400],
    ['<https://h/>', 416],
    ['<sip:1@h?Replaces=a>', 400],
    ['<sip:1@h?Replaces=a%3Bto-tag%3D1>', 400],
    ['<sip:1@h?Replaces=%zz>', 400],
    [`<sip:1@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D${'f'.repeat(257)}>`, 400],
  ])('with the Refer-To %s is refused with %i', (referTo, sipStatus) => {
    expect(refer(referTo)).toEqual({ kind: 'refused', sipStatus });
  });
});
