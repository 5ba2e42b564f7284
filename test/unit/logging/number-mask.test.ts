import { describe, expect, it } from 'vitest';
import { maskNumber, maskNumbersIn } from '../../../src/adapters/logging/number-mask.ts';

describe('maskNumber', () => {
  it.each([
    ['+12025550123', '+********123'],
    ['1000', '*000'],
    ['911', '***'],
    ['', ''],
    ['(202) 555-0123', '(***) ***-*123'],
  ])('turns %j into %j', (number, masked) => {
    expect(maskNumber(number)).toBe(masked);
  });
});

describe('maskNumbersIn', () => {
  it.each([
    ['call +12025550123 now', 'call +********123 now'],
    ['12025550123', '********123'],
    ['tel:+442079460123', 'tel:+*********123'],
    ['<sip:1000@192.0.2.1:5060>', '<sip:*000@192.0.2.1:5060>'],
    ['"202-555-0123"', '"***-***-*123"'],
    ['number=+12025550123,x', 'number=+********123,x'],
  ])('masks the number in %j', (text, masked) => {
    expect(maskNumbersIn(text)).toBe(masked);
  });

  it.each([
    ['callback_0123456789abcdefghjk'],
    ['callback_06a1b2c3012345678901'],
    ['2026-01-05T09:00:00.000Z'],
    ['192.0.2.1:5060'],
    ['sip:alice@192.0.2.1'],
    ['took 12.345678901 ms'],
    ['5060'],
    ['123456'],
    ['SIP/2.0 200 OK'],
  ])('leaves %j alone', (text) => {
    expect(maskNumbersIn(text)).toBe(text);
  });

  it('takes linear time on hostile text', () => {
    const text = `${'1 '.repeat(50_000)}x`;
    expect(maskNumbersIn(text).length).toBe(text.length);
  });
});
