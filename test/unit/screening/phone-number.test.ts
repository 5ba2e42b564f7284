import { describe, expect, it } from 'vitest';
import { parseNumber } from '../../../src/screening/phone-number.ts';

describe('a telephone number', () => {
  it.each([
    ['15551230000', 'US', '+15551230000'],
    ['5551230000', 'US', '+15551230000'],
    ['(555) 123-0000', 'US', '+15551230000'],
    ['+49 30 1234567', 'US', '+49301234567'],
    ['030 1234567', 'DE', '+49301234567'],
    ['4930 1234567'.replace(' ', ''), 'US', '+49301234567'],
    ['+442079460018', 'GB', '+442079460018'],
  ])('%s in %s is %s', (text, country, e164) => {
    expect(parseNumber(text, country)).toMatchObject({ ok: true, e164 });
  });

  it.each([
    ['', 'US', 'empty'],
    ['   ', 'US', 'empty'],
    ['anonymous', 'US', 'not-a-number'],
    ['123', 'US', 'impossible'],
    ['9'.repeat(65), 'US', 'too-long'],
    ['+999999999999999', 'US', 'impossible'],
  ])('%j in %s is refused as %s', (text, country, reason) => {
    expect(parseNumber(text, country)).toEqual({ ok: false, reason });
  });
});
