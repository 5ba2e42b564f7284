import { describe, expect, it } from 'vitest';
import { matchCallIn } from '../../../src/callin/call-in-matching.ts';
import { criteria } from '../../../src/telephony/call-in-criterion.ts';
import { aCallIn, NOW_MS } from './a-call-in.ts';

const request = aCallIn({ accessCode: '481905', fromNumber: '+493012345678', toNumber: '+493099990001' });
const evidence = {
  code: ['481905', '000000'],
  ani: ['+493012345678', '+493087654321'],
  dialled: ['493099990001', '493099990002'],
} as const;

describe('a call is matched with a request', () => {
  const combinations = Array.from({ length: 8 }, (_, bits) =>
    criteria.filter((_name, at) => bits & (1 << at)),
  );
  it.each(combinations.map((by) => [by.join('-') || 'nothing', by] as const))('by %s', (_name, by) => {
    const shown = (name: 'code' | 'ani' | 'dialled'): string => evidence[name][by.includes(name) ? 0 : 1];
    const match = matchCallIn(
      [request],
      { code: shown('code'), ani: shown('ani'), dialled: shown('dialled') },
      criteria,
      NOW_MS,
    );
    expect(match?.matchedBy ?? []).toEqual(by);
  });

  it('by no more than was asked for', () => {
    const all = { code: '481905', ani: '+493012345678', dialled: '+493099990001' };
    expect(matchCallIn([request], all, ['ani'], NOW_MS)?.matchedBy).toEqual(['ani']);
  });

  it('never by a code or number that the request does not have', () => {
    const bare = aCallIn({ accessCode: null, fromNumber: null, toNumber: '+493099990001' });
    expect(matchCallIn([bare], { dialled: '+493099990009' }, criteria, NOW_MS)).toBeUndefined();
  });
});

describe('among several requests', () => {
  const dialled = '+493099990001';
  const byCode = aCallIn({ id: 'callin_1', accessCode: '481905', toNumber: '+493099990009' });
  const byNumbers = aCallIn({ id: 'callin_2', fromNumber: '+493012345678', toNumber: dialled });

  it('an exact code outranks both numbers', () => {
    const match = matchCallIn(
      [byNumbers, byCode],
      { code: '481905', ani: '+493012345678', dialled },
      criteria,
      NOW_MS,
    );
    expect(match?.callIn.id).toBe('callin_1');
  });

  it('the newest of equals is taken', () => {
    const older = aCallIn({ id: 'callin_1', toNumber: dialled, createdAtMs: NOW_MS - 20 });
    const newer = aCallIn({ id: 'callin_2', toNumber: dialled, createdAtMs: NOW_MS - 10 });
    expect(matchCallIn([newer, older], { dialled }, criteria, NOW_MS)?.callIn.id).toBe('callin_2');
    expect(matchCallIn([older, newer], { dialled }, criteria, NOW_MS)?.callIn.id).toBe('callin_2');
  });

  it('a request in time goes before an expired one that fits better', () => {
    const expired = { ...byCode, expiresAtMs: NOW_MS };
    const question = { code: '481905', ani: '+493012345678', dialled };
    expect(matchCallIn([expired, byNumbers], question, criteria, NOW_MS)).toMatchObject({
      callIn: { id: 'callin_2' },
      expired: false,
    });
    expect(matchCallIn([expired], question, criteria, NOW_MS)).toMatchObject({ expired: true });
  });

  it('requests that somebody else has been matched with are out of it', () => {
    expect(matchCallIn([{ ...byNumbers, state: 'MATCHED' }], { dialled }, criteria, NOW_MS)).toBeUndefined();
  });
});
