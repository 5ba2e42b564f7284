import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSkillExpression, satisfiesSkills, skillsNamed } from '../../../src/routing/skill-expression.ts';

function matches(text: string, skills: Record<string, number>): boolean {
  const outcome = parseSkillExpression(text);
  if (outcome.kind === 'refused') throw new Error(`column ${outcome.column}: ${outcome.message}`);
  return satisfiesSkills(outcome.expression, skills);
}

describe('a skill expression', () => {
  const example = 'Skill("English") > 5 & Skill("Sales") >= 3 | !Skill("Trainee")';
  it.each([
    [example, { English: 6, Sales: 3, Trainee: 1 }, true],
    [example, { English: 5, Sales: 3, Trainee: 1 }, false],
    [example, { English: 6, Sales: 2, Trainee: 1 }, false],
    [example, {}, true],
    ['English>5&Sales>=3', { English: 6, Sales: 3 }, true],
    ['English>5&Sales>=3', { English: 6 }, false],
    ['English', { English: 1 }, true],
    ['English', { English: 0 }, false],
    ['English', {}, false],
    ['English = 4', { English: 4 }, true],
    ['English = 4', { English: 5 }, false],
    ['English != 4', { English: 5 }, true],
    ['English != 4', { English: 4 }, false],
    ['English < 4', { English: 3 }, true],
    ['English < 4', { English: 4 }, false],
    ['English <= 4', { English: 4 }, true],
    ['English <= 4', { English: 5 }, false],
    ['a | b & c', { a: 1 }, true],
    ['(a | b) & c', { a: 1 }, false],
    ['!a & b', { b: 1 }, true],
    ['!(a & b)', { b: 1 }, true],
    ['!!a', { a: 1 }, true],
    ['Skill("  two words ") > 0', { '  two words ': 1 }, true],
    ['Skill > 2', { Skill: 3 }, true],
    ['constructor', {}, false],
    ['  English   >=  1  ', { English: 1 }, true],
  ])('%s on %j is %s', (text, skills, expected) => {
    expect(matches(text, skills as Record<string, number>)).toBe(expected);
  });

  it.each([
    ['', 1],
    ['   ', 4],
    ['English >', 10],
    ['English > x', 11],
    ['English 5', 9],
    ['English > 5 &', 14],
    ['(English', 9],
    ['English)', 8],
    ['Skill("English', 8],
    ['Skill(English)', 7],
    ['Skill("") > 1', 8],
    ['& a', 1],
    ['a && b', 4],
    ['a > 99999', 9],
    ['a = = 3', 5],
    ['5 > a', 1],
    ['é', 1],
  ])('%j is refused at column %i', (text, column) => {
    expect(parseSkillExpression(text)).toMatchObject({ kind: 'refused', column });
  });

  it('names its skills once each', () => {
    const outcome = parseSkillExpression('b>1 & (a<2 | !b)');
    expect(outcome.kind === 'parsed' && skillsNamed(outcome.expression)).toEqual(['b', 'a']);
  });

  it('refuses nesting and length beyond the limits instead of exhausting the stack', () => {
    expect(parseSkillExpression(`${'('.repeat(200)}a${')'.repeat(200)}`).kind).toBe('refused');
    expect(parseSkillExpression('!'.repeat(400) + 'a').kind).toBe('refused');
    expect(parseSkillExpression('a|'.repeat(300) + 'a').kind).toBe('refused');
  });

  it('never throws, and tells a column inside the text or just behind it', () => {
    const character = constantFrom(
      'a',
      'B',
      '5',
      '>',
      '<',
      '=',
      '!',
      '&',
      '|',
      '(',
      ')',
      ' ',
      '"',
      'Skill("x")',
    );
    assert(
      property(array(character, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const outcome = parseSkillExpression(text);
        if (outcome.kind === 'parsed')
          return typeof satisfiesSkills(outcome.expression, { a: 3 }) === 'boolean';
        return outcome.column >= 1 && outcome.column <= text.length + 1;
      }),
    );
  });
});
