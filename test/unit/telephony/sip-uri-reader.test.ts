import { describe, expect, it } from 'vitest';
import {
  digitOfInfo,
  numberOfUser,
  readNameAddress,
  readNameAddresses,
  readSipUri,
} from '../../../src/telephony/sip-uri-reader.ts';

describe('a SIP URI', () => {
  it.each([
    ['sip:alice@Example.COM', { scheme: 'sip', user: 'alice', host: 'example.com' }],
    [
      'sip:+1555;isub=2:pw@h:5070;transport=TCP',
      { scheme: 'sip', user: '+1555', host: 'h', port: 5070, transport: 'tcp' },
    ],
    ['sips:h', { scheme: 'sips', host: 'h' }],
    ['sip:%61lice@h', { scheme: 'sip', user: 'alice', host: 'h' }],
    ['sip:a%@h', { scheme: 'sip', user: 'a%', host: 'h' }],
    ['tel:+1-555;phone-context=x', { scheme: 'tel', user: '+1-555' }],
    ['sip:a@h:70000', undefined],
    ['mailto:a@h', undefined],
    ['', undefined],
    [`sip:${'a'.repeat(600)}@h`, undefined],
  ])('%s reads %j', (text, expected) => {
    expect(readSipUri(text)).toEqual(expected);
  });
});

describe('a name-addr', () => {
  it('is read with its display name and header parameters', () => {
    const entry = readNameAddress('"A, \\"B\\" <c>" <sip:a@h;lr>;tag=x;Q=0.5;flag');
    expect(entry?.displayName).toBe('A, "B" <c>');
    expect(entry?.uri).toBe('sip:a@h;lr');
    expect([...(entry?.params ?? [])]).toEqual([
      ['tag', 'x'],
      ['q', '0.5'],
      ['flag', ''],
    ]);
  });

  it('without brackets gives all parameters to the header', () => {
    const entry = readNameAddress('sip:a@h;transport=tcp');
    expect(entry?.uri).toBe('sip:a@h');
    expect(entry?.params.get('transport')).toBe('tcp');
  });

  it('in a list is parted at commas that part entries', () => {
    const list = readNameAddresses('"a,b" <sip:a@h?x=1,2>;expires=1, <sip:c@h>');
    expect(list?.map(({ uri }) => uri)).toEqual(['sip:a@h?x=1,2', 'sip:c@h']);
  });

  it.each([
    '',
    ' , ',
    '<sip:a@h',
    '<>',
    `<sip:${'a'.repeat(600)}@h>`,
    'x'.repeat(9000),
    '<sip:a@h>,'.repeat(40),
  ])('%.20s is refused', (text) => {
    expect(readNameAddresses(text)).toBeUndefined();
  });
});

describe('a user part', () => {
  it.each([
    ['+1 (555) 123-4567', '+15551234567'],
    ['5000', '5000'],
    ['*81', '*81'],
    ['anonymous', undefined],
    ['1', undefined],
    ['123456789012345678901', undefined],
    [undefined, undefined],
  ])('%s is the number %s', (user, expected) => {
    expect(numberOfUser(user)).toBe(expected);
  });
});

describe('an INFO body', () => {
  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
    ['application/dtmf-relay; charset=x', 'signal= #\r\n', '#'],
    ['application/dtmf-relay', 'Signal=10\r\n', '*'],
    ['application/dtmf-relay', 'Signal=11', '#'],
    ['application/dtmf-relay', 'Signal=a', 'A'],
    ['application/dtmf-relay', 'Signal=12\r\n', undefined],
    ['application/dtmf-relay', 'Duration=5', undefined],
    ['application/dtmf', ' 7 ', '7'],
    ['application/dtmf', 'seven', undefined],
    ['application/sdp', '5', undefined],
    [undefined, '5', undefined],
    ['application/dtmf', undefined, undefined],
  ])('%s %j is the digit %s', (contentType, body, expected) => {
    expect(digitOfInfo(contentType, body)).toBe(expected);
  });
});
