import { describe, expect, it } from 'vitest';
import { closeFixtures, type Fixture, newFixture, validRequest } from './http-fixture.ts';

closeFixtures();
const CALLBACKS = '/api/v1/callbacks';

async function made({ ask }: Fixture, userData: Record<string, string>, more: object = {}): Promise<string> {
  const body = { ...validRequest, ...more, userData };
  const answer = await ask('POST', CALLBACKS, { role: 'Developer', body });
  expect(answer.statusCode).toBe(201);
  return answer.json().id as string;
}

/** A query of these parts, each encoded. */
function query(...parts: readonly (readonly [string, string])[]): string {
  return `${CALLBACKS}?${parts.map((part) => part.map(encodeURIComponent).join('=')).join('&')}`;
}

describe('GET /callbacks by customer data', () => {
  it('finds those that have every value asked for, exactly, newest first', async () => {
    const fixture = await newFixture();
    const first = await made(fixture, { orderNumber: 'A-1', segment: 'gold' });
    const second = await made(fixture, { orderNumber: 'A-2', segment: 'gold' });
    await made(fixture, { orderNumber: 'A-1', segment: 'Gold' });
    const found = async (...parts: [string, string][]): Promise<string[]> => {
      const answer = await fixture.ask('GET', query(...parts), { role: 'Supervisor' });
      expect(answer.statusCode).toBe(200);
      expect(answer.json().nextCursor).toBeNull();
      return answer.json().items.map(({ id }: { id: string }) => id);
    };
    expect(await found(['userData[segment]', 'gold'])).toEqual([second, first]);
    expect(await found(['userData[segment]', 'gold'], ['userData[orderNumber]', 'A-1'])).toEqual([first]);
    expect(await found(['userData[segment]', 'gold'], ['queue', 'billing'])).toEqual([second, first]);
    expect(await found(['userData[segment]', 'gold'], ['state', 'COMPLETED'])).toEqual([]);
    expect(await found(['userData[segment]', 'gold'], ['createdFrom', '2099-01-01T00:00:00Z'])).toEqual([]);
    expect(await found(['userData[constructor]', 'gold'])).toEqual([]);
  });

  it('takes names with anything in them', async () => {
    const fixture = await newFixture();
    const id = await made(fixture, { 'a]b[c] & d': 'x=y&z' });
    const answer = await fixture.ask('GET', query(['userData[a]b[c] & d]', 'x=y&z']), { role: 'Developer' });
    expect(answer.json().items).toMatchObject([{ id }]);
  });

  it('goes on from page to page', async () => {
    const fixture = await newFixture();
    const ids = [];
    for (let at = 0; at < 3; at++) ids.unshift(await made(fixture, { segment: 'gold', at: String(at) }));
    const listed: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const parts: [string, string][] = [
        ['userData[segment]', 'gold'],
        ['limit', '2'],
      ];
      if (cursor !== '') parts.push(['cursor', cursor]);
      const answer = (await fixture.ask('GET', query(...parts), { role: 'Developer' })).json();
      listed.push(...answer.items.map(({ id }: { id: string }) => id));
      cursor = answer.nextCursor as string | null;
    }
    expect(listed).toEqual(ids);
  });

  it.each<[string, (readonly [string, string])[], string, string]>([
    ['no name', [['userData[]', 'x']], 'userData', 'names of data must have 1–64 characters'],
    [
      'a name that is too long',
      [[`userData[${'n'.repeat(65)}]`, 'x']],
      'userData',
      'names of data must have 1–64 characters',
    ],
    [
      'a value that is too long',
      [['userData[a]', 'x'.repeat(4097)]],
      'userData.a',
      'must have at most 4096 characters',
    ],
    [
      'a name twice',
      [
        ['userData[a]', 'x'],
        ['userData[a]', 'y'],
      ],
      'userData.a',
      'must stand once',
    ],
    [
      'too many names',
      Array.from({ length: 21 }, (_, at) => [`userData[${at}]`, 'x'] as const),
      'userData',
      'must name at most 20 data',
    ],
    ['no brackets', [['userData', 'x']], 'userData', 'must be told as userData[<name>]=<value>'],
    [
      'brackets and none',
      [
        ['userData', 'x'],
        ['userData[a]', 'y'],
      ],
      'userData',
      'must be told as userData[<name>]=<value>',
    ],
    ['an unknown parameter', [['data[a]', 'x']], 'querystring', 'Unrecognized key: "data[a]"'],
    ["an object's prototype", [['userData[__proto__]', 'x']], 'querystring', 'Unrecognized key'],
  ])('refuses %s, naming the parameter and never the value', async (_what, parts, path, message) => {
    const { ask } = await newFixture();
    const answer = await ask('GET', query(...parts), { role: 'Administrator' });
    expect(answer.statusCode).toBe(400);
    const { faults } = answer.json().error;
    expect(faults).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  it('is not for roles that do not see numbers: the data may hold some', async () => {
    const { ask } = await newFixture();
    const answer = await ask('GET', query(['userData[second]', '+12025550199']), { role: 'Monitor' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
  });

  it('leaves no customer data in the records of errors', async () => {
    const { ask } = await newFixture();
    const answer = await ask('GET', query(['userData[name]', 'Ada Lovelace'], ['limit', '0']), {
      role: 'Developer',
    });
    const { correlationId } = answer.json().error;
    const record = await ask('GET', `/api/v1/errors/${correlationId}`, { role: 'Administrator' });
    expect(record.json()).toMatchObject({ path: `${CALLBACKS}?userData[name]=[removed]&limit=0` });
    expect(record.body).not.toContain('Lovelace');
  });
});
