import { describe, expect, it } from 'vitest';
import { newAccessCode } from '../../../src/callin/access-code.ts';
import { callInGroupSchema } from '../../../src/callin/call-in-group.ts';
import { CodeGuard } from '../../../src/callin/code-guard.ts';
import { readPoolCsv } from '../../../src/callin/csv-import.ts';
import { NumberPool } from '../../../src/callin/number-pool.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

const group = (fields: object = {}) =>
  callInGroupSchema.safeParse({
    name: 'App users #1',
    numbers: ['+493012345601'],
    queue: 'support',
    ...fields,
  });

describe('a call-in group', () => {
  it('has the defaults of the field', () => {
    expect(group().data).toMatchObject({
      numbers: [{ number: '+493012345601', description: '' }],
      generateAccessCode: false,
      accessCodeLength: 6,
      expirySec: 30,
      uniqueNumber: false,
      flow: 'call-in-match',
    });
  });

  it.each([
    ['accessCodeLength', [4, 12], [3, 13, 5.5, '6']],
    ['expirySec', [10, 1800], [9, 1801, null]],
    ['numbers', [['+123456789012345']], [[], ['012345678'], ['+1234567890123456'], ['12 34'], 'x']],
    ['name', ['Ä & B', 'x'], ['', ' x', 'x ', 'a\nb', 'x'.repeat(65)]],
    ['generateAccessCode', [true], ['yes', 1]],
    ['uniqueNumber', [true], [0]],
  ] as const)('%s: takes its range and refuses the rest by name', (field, good, bad) => {
    for (const value of good)
      expect(group({ [field]: value }).success, `${field} ${String(value)}`).toBe(true);
    for (const value of bad) {
      const outcome = group({ [field]: value });
      expect(outcome.error?.issues[0]?.path[0], `${field} ${String(value)}`).toBe(field);
    }
  });

  it('refuses a description of more than 32 characters', () => {
    const numbers = (length: number) => [{ number: '+493012345601', description: 'x'.repeat(length) }];
    expect(group({ numbers: numbers(32) }).success).toBe(true);
    expect(group({ numbers: numbers(33) }).success).toBe(false);
  });
});

describe('access codes', () => {
  it.each([4, 6, 12])('have %i digits, the first of them not 0', (length) => {
    for (let draw = 0; draw < 200; draw++) {
      expect(newAccessCode(length)).toMatch(new RegExp(`^[1-9][0-9]{${length - 1}}$`));
    }
  });

  it('are locked after too many wrong ones, for the time said, and not for others', () => {
    const clock = new SimulatedClock();
    const guard = new CodeGuard(clock, { wrongMax: 3, windowMs: 1000, lockMs: 5000 });
    guard.wrong('a');
    guard.wrong('a');
    expect(guard.mayTry('a')).toBe(true);
    guard.wrong('a');
    expect(guard.mayTry('a')).toBe(false);
    expect(guard.mayTry('b')).toBe(true);
    clock.advance(5000);
    expect(guard.mayTry('a')).toBe(true);
  });

  it('wrong ones outside the window count no more, and a right one clears them', () => {
    const clock = new SimulatedClock();
    const guard = new CodeGuard(clock, { wrongMax: 2, windowMs: 1000, lockMs: 5000 });
    guard.wrong('a');
    clock.advance(1000);
    guard.wrong('a');
    expect(guard.mayTry('a')).toBe(true);
    guard.right('a');
    guard.wrong('a');
    expect(guard.mayTry('a')).toBe(true);
  });
});

describe('numbers are given out', () => {
  const { data } = group({ numbers: ['+493012345601', '+493012345602', '+493012345603'] });
  /** What is in use, and how often that was asked. */
  function uses(...numbers: string[]) {
    const inUse = new Set(numbers);
    const asked = { one: 0, all: 0 };
    const has = (number: string) => Promise.resolve((asked.one++, inUse.has(number)));
    const all = () => Promise.resolve((asked.all++, [...inUse].map((number) => number.slice(1))));
    return { inUse, asked, has, all };
  }

  it('in turn', async () => {
    const pool = new NumberPool();
    const taken: unknown[] = [];
    for (const _time of [1, 2, 3, 4]) {
      taken.push(data && (await pool.take(data, uses(), 0))?.number.slice(-1));
    }
    expect(taken).toEqual(['1', '2', '3', '1']);
  });

  it('once while in use where they are unique, and none when all are', async () => {
    const pool = new NumberPool();
    if (!data) throw new Error('the group is valid');
    const unique = { ...data, uniqueNumber: true };
    const use = uses('+493012345601', '+493012345603');
    expect((await pool.take(unique, use, 0))?.number).toBe('+493012345602');
    use.inUse.add('+493012345602');
    expect(await pool.take(unique, use, 0)).toBeUndefined();
    expect(await pool.take(data, use, 0)).toBeDefined();
  });

  it('by few questions, however many are in use, and for a moment by none once all are', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `+4930${1_000_000 + index}`);
    const { data: large } = group({ numbers: many, uniqueNumber: true });
    if (!large) throw new Error('the group is valid');
    const pool = new NumberPool();
    const use = uses(...many);
    expect(await pool.take(large, use, 0)).toBeUndefined();
    expect(use.asked).toEqual({ one: 20, all: 1 });
    use.inUse.delete(many[4000] ?? '');
    expect(await pool.take(large, use, 999)).toBeUndefined();
    expect(use.asked).toEqual({ one: 20, all: 1 });
    expect((await pool.take(large, use, 1000))?.number).toBe(many[4000]);
  });
});

describe('a pool is read from a CSV file', () => {
  it('with heading, quotes, empty descriptions, CRLF and empty lines', () => {
    const text =
      '\uFEFFnumber,description\r\n+493012345601,"Web, ""new"""\r\n+493012345602,\r\n\r\n493012345603\r\n';
    expect(readPoolCsv(text)).toEqual({
      kind: 'read',
      numbers: [
        { number: '+493012345601', description: 'Web, "new"' },
        { number: '+493012345602', description: '' },
        { number: '493012345603', description: '' },
      ],
    });
  });

  it('all or nothing: every fault with its line', () => {
    const outcome = readPoolCsv('+493012345601,ok\nabc,x\n+493012345601,again\n+493012345602,"open\n1,2,3\n');
    expect(outcome).toMatchObject({
      kind: 'refused',
      faults: [{ line: 2, value: 'abc' }, { line: 3, value: '+493012345601' }, { line: 4 }, { line: 5 }],
    });
  });

  it.each(['', '\n\n', 'number,description\n'])('not from one without a number: %j', (text) => {
    expect(readPoolCsv(text)).toMatchObject({ kind: 'refused', faults: [{ message: 'has no number' }] });
  });

  it('with 10 000 numbers and not one more', () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, n) => `+4930${1_000_000 + n},`).join('\n');
    expect(readPoolCsv(lines(10_000))).toMatchObject({ kind: 'read' });
    expect(readPoolCsv(lines(10_001))).toMatchObject({ kind: 'refused', faults: [{ line: 10_001 }] });
  });
});
