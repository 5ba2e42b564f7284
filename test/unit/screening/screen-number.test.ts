import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../src/screening/blocked-pattern.ts';
import { NumberRule, numberRuleSchema } from '../../../src/screening/number-rule.ts';
import { type NumberPolicy, screenNumber } from '../../../src/screening/screen-number.ts';

const policy: NumberPolicy = {
  defaultCountry: 'US',
  blockImpossibleNumbers: true,
  blockPremiumNumbers: true,
};
const rule = new NumberRule({
  name: 'west',
  countries: ['US', 'GB'],
  blockedPatterns: ['^1212', '^\\+4420', '[5]{4}$'],
});

describe('screening a number', () => {
  it.each([
    ['415 555 2671', {}, rule, { kind: 'permitted', e164: '+14155552671', country: 'US' }],
    ['', {}, rule, { step: 'parse', message: 'is empty' }],
    ['anonymous', {}, rule, { step: 'parse', message: 'is not a telephone number' }],
    ['1'.repeat(65), {}, rule, { step: 'parse' }],
    ['12', {}, rule, { step: 'impossible', e164: null }],
    ['+49301234567', {}, rule, { step: 'country', country: 'DE', e164: '+49301234567' }],
    ['+49301234567', {}, undefined, { kind: 'permitted' }],
    ['+870773111632', {}, rule, { step: 'country', country: null }],
    ['+1 900 555 0000', {}, rule, { step: 'premium', country: 'US' }],
    ['+1 900 234 5678', { blockPremiumNumbers: false }, rule, { kind: 'permitted' }],
    ['+1 900 234 5678', {}, undefined, { step: 'premium' }],
    ['(212) 555-0123', {}, rule, { step: 'pattern', pattern: 1 }],
    ['+442079460018', {}, rule, { step: 'pattern', pattern: 2 }],
    ['+14155555555', {}, rule, { step: 'pattern', pattern: 3 }],
    ['030 1234567', { defaultCountry: 'DE' }, rule, { step: 'country', country: 'DE' }],
    ['+44 20794 60018 1', {}, rule, { step: 'impossible' }],
    ['+4420794600181', { blockImpossibleNumbers: false }, undefined, { kind: 'permitted' }],
    ['12', { blockImpossibleNumbers: false }, undefined, { step: 'impossible' }],
  ])('%j with %o gives what it should', (text, changes, byRule, expected) => {
    expect(screenNumber(text, { ...policy, ...changes }, byRule)).toMatchObject(expected);
  });

  it('tells the country first, also where a pattern would block the number', () => {
    const both = new NumberRule({ name: 'both', countries: ['US'], blockedPatterns: ['^49'] });
    expect(screenNumber('+49301234567', policy, both)).toMatchObject({ step: 'country', pattern: null });
  });
});

describe('a blocked pattern', () => {
  it.each([
    ['', '1–200 characters'],
    ['1'.repeat(201), '1–200 characters'],
    ['[', 'missing closing ]'],
    ['(?=1)', '(?='],
    ['(1)\\1', 'invalid escape sequence'],
    ['1{1001}', 'repeat count'],
    ['((\\d{9}){9}){9}'.repeat(4), 'repetitions are too large'],
  ])('%j is refused', (text, words) => {
    expect(compilePattern(text)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(words) as string,
    });
  });

  it('meant to never end is quick', () => {
    const outcome = compilePattern('^(\\d+)+$');
    if (outcome.kind === 'refused') throw new Error(outcome.message);
    // The platform's own engine needs longer than the age of the universe for this.
    expect(outcome.pattern.matches(`${'1'.repeat(10_000)}x`)).toBe(false);
    expect(outcome.pattern.matches('1'.repeat(10_000))).toBe(true);
  });
});

describe('a number rule', () => {
  it.each([
    [{ name: 'r', countries: [] }, 'countries'],
    [{ name: 'r', countries: ['XX'] }, 'countries.0'],
    [{ name: 'r', countries: ['us'] }, 'countries.0'],
    [{ name: 'r' }, 'countries'],
    [{ name: 'no name', countries: ['US'] }, 'name'],
    [{ name: 'r', countries: ['US'], blockedPatterns: ['['] }, 'blockedPatterns.0'],
    [{ name: 'r', countries: ['US'], blockedPatterns: Array(201).fill('1') }, 'blockedPatterns'],
    [{ name: 'r', countries: ['US'], patterns: [] }, ''],
  ])('%o is refused', (settings, path) => {
    const outcome = numberRuleSchema.safeParse(settings);
    expect(outcome.error?.issues[0]?.path.join('.')).toBe(path);
  });
});
