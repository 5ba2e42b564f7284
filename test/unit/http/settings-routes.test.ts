import { describe, expect, it } from 'vitest';
import { settingKeys } from '../../../src/callback/queue-row.ts';
import { closeFixtures, newFixture } from './http-fixture.ts';

closeFixtures();
const API = '/api/v1';
const role = 'Developer';

describe('/queues/{name}/settings', () => {
  it('shows every key with its value and where it comes from', async () => {
    const { ask } = await newFixture();
    const { name, settings } = (await ask('GET', `${API}/queues/billing/settings`, { role })).json<{
      name: string;
      settings: Record<string, unknown>;
    }>();
    expect(name).toBe('billing');
    expect(Object.keys(settings)).toEqual(settingKeys);
    expect(settings).toMatchObject({
      maxAttempts: { value: 2, origin: 'row' },
      wrapUpSec: { value: 45, origin: 'defaults' },
      skillExpression: { value: 'Billing > 0', origin: 'defaults' },
      retryIntervalSec: { value: 600, origin: 'built-in' },
      businessHours: { value: null, origin: 'built-in' },
    });
  });

  it('knows no queue that is not configured', async () => {
    const { ask } = await newFixture();
    expect((await ask('GET', `${API}/queues/none/settings`, { role })).statusCode).toBe(404);
  });
});

describe('/number-rules', () => {
  it('lists each rule with the queues it is assigned to', async () => {
    const { ask } = await newFixture();
    const answer = await ask('GET', `${API}/number-rules`, { role });
    expect(answer.json()).toMatchObject({ items: [{ name: 'europe', queues: ['billing'] }] });
  });

  it.each([
    ['+4420 7946 0018', {}, { permitted: true, e164: '+442079460018', country: 'GB', step: null }],
    ['020 7946 0018', {}, { permitted: true, e164: '+442079460018' }],
    ['030 1234567', { queue: 'billing' }, { permitted: false, step: 'pattern', pattern: 1, country: 'DE' }],
    ['030 1234567', { country: 'DE' }, { permitted: false, step: 'pattern', pattern: 1, country: 'DE' }],
    ['hello', {}, { permitted: false, step: 'parse', e164: null }],
    ['12', {}, { permitted: false, step: 'impossible', e164: null }],
    ['+12125550123', {}, { permitted: false, step: 'country', country: 'US', pattern: null }],
    ['+44 20', {}, { permitted: false, step: 'impossible' }],
    ['+44 909 879 0000', {}, { permitted: false, step: 'premium', country: 'GB' }],
  ])('%s with %o gives %o', async (number, how, expected) => {
    const { ask } = await newFixture();
    const body = { number, ...how };
    const answer = await ask('POST', `${API}/number-rules/europe/test`, { role, body });
    expect([answer.statusCode, answer.json()]).toMatchObject([200, expected]);
  });

  it('says which name it does not know', async () => {
    const { ask } = await newFixture();
    const body = { number: '1', queue: 'none' };
    const unknownRule = await ask('POST', `${API}/number-rules/none/test`, { role, body });
    expect([unknownRule.statusCode, unknownRule.json()]).toMatchObject([
      404,
      { error: { code: 'NOT_FOUND' } },
    ]);
    const unknownQueue = await ask('POST', `${API}/number-rules/europe/test`, { role, body });
    expect(unknownQueue.json()).toMatchObject({
      error: { code: 'UNKNOWN_QUEUE', faults: [{ path: 'queue', value: 'none' }] },
    });
  });
});
