import { describe, expect, it } from 'vitest';
import { aCallIn } from '../callin/a-call-in.ts';
import { closeFixtures, newFixture } from './http-fixture.ts';

closeFixtures();

const csv = (text: string) =>
  ({ role: 'Administrator', text, headers: { 'content-type': 'text/csv' } }) as const;
const NUMBERS = '/api/v1/call-in-groups/app%20users/numbers';

describe('call-in groups over HTTP', () => {
  it('are listed and found by their name', async () => {
    const { ask } = await newFixture();
    const list = await ask('GET', '/api/v1/call-in-groups', { role: 'Monitor' });
    expect(list.json()).toMatchObject({ items: [{ name: 'app users', accessCodeLength: 6 }] });
    const one = await ask('GET', '/api/v1/call-in-groups/app%20users', { role: 'Developer' });
    expect(one.json()).toMatchObject({ numbers: [{ number: '+493012345601', description: '' }] });
    expect((await ask('GET', '/api/v1/call-in-groups/other', { role: 'Monitor' })).statusCode).toBe(404);
  });

  it('are put into the configuration with their defaults, by administrators only', async () => {
    const { ask, edited } = await newFixture();
    const body = { queue: 'billing', numbers: ['+493012345602'], generateAccessCode: true };
    for (const role of ['Developer', 'Supervisor', 'Monitor', 'Agent'] as const) {
      expect((await ask('PUT', '/api/v1/call-in-groups/new', { role, body })).statusCode).toBe(403);
    }
    const answer = await ask('PUT', '/api/v1/call-in-groups/new?dryRun=true', {
      role: 'Administrator',
      body,
    });
    expect(answer.json()).toEqual({ version: 2, dryRun: true, numberCount: 1 });
    expect(edited).toMatchObject([
      {
        section: 'callInGroups',
        name: 'new',
        dryRun: true,
        entry: { name: 'new', accessCodeLength: 6, numbers: [{ number: '+493012345602', description: '' }] },
      },
    ]);
  });

  it('are refused with the field, and without the place in a document that the client never saw', async () => {
    const fixture = await newFixture();
    const wrong = await fixture.ask('PUT', '/api/v1/call-in-groups/new', {
      role: 'Administrator',
      body: { queue: 'billing', numbers: ['+493012345602'], accessCodeLength: 13 },
    });
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json()).toMatchObject({ error: { faults: [{ path: 'accessCodeLength' }] } });
    expect(fixture.edited).toEqual([]);
    const faults = [{ path: 'callInGroups[1].queue', message: 'is not in queues', line: 12 }];
    fixture.applyOutcome = { kind: 'refused', faults };
    const refused = await fixture.ask('PUT', '/api/v1/call-in-groups/new', {
      role: 'Administrator',
      body: { queue: 'nowhere', numbers: ['+493012345602'] },
    });
    expect(refused.statusCode).toBe(422);
    expect(refused.json()).toMatchObject({ error: { faults: [{ path: 'queue' }] } });
  });

  it('are deleted', async () => {
    const { ask, edited } = await newFixture();
    const answer = await ask('DELETE', '/api/v1/call-in-groups/app%20users', { role: 'Administrator' });
    expect(answer.json()).toEqual({ deleted: true });
    expect(edited).toMatchObject([{ name: 'app users', entry: undefined, dryRun: false }]);
  });

  it('get a whole pool from a CSV file, or nothing and every fault with its line', async () => {
    const { ask, edited } = await newFixture();
    const bad = await ask('POST', NUMBERS, csv('number,description\n+493012345602,Web\nabc,App\n'));
    expect(bad.statusCode).toBe(422);
    expect(bad.json()).toMatchObject({ error: { faults: [{ path: 'line 3', line: 3, value: 'abc' }] } });
    expect(edited).toEqual([]);
    const good = await ask('POST', NUMBERS, csv('+493012345602,Web\n+493012345603,\n'));
    expect(good.json()).toEqual({ version: 2, dryRun: false, numberCount: 2 });
    expect(edited).toMatchObject([
      { name: 'app users', entry: { numbers: [{ description: 'Web' }, { number: '+493012345603' }] } },
    ]);
  });
});

describe('requests to call in over HTTP', () => {
  it('are listed for administrators and developers, without their codes', async () => {
    const { ask, callIns } = await newFixture();
    callIns.push(aCallIn({ id: 'callin_00000002', accessCode: '481905', fromNumber: '+493012345678' }));
    callIns.push(aCallIn({ id: 'callin_00000001' }));
    const answer = await ask('GET', '/api/v1/call-ins?limit=1', { role: 'Developer' });
    expect(answer.json()).toMatchObject({
      items: [{ id: 'callin_00000002', hasAccessCode: true, fromNumber: '+493012345678' }],
      nextCursor: 'callin_00000002',
    });
    expect(answer.body).not.toContain('481905');
    for (const role of ['Supervisor', 'Monitor', 'Agent'] as const) {
      expect((await ask('GET', '/api/v1/call-ins', { role })).statusCode).toBe(403);
    }
    const one = await ask('GET', '/api/v1/call-ins/callin_00000001', { role: 'Administrator' });
    expect(one.json()).toMatchObject({ id: 'callin_00000001', hasAccessCode: false });
    const none = await ask('GET', '/api/v1/call-ins/callin_00000009', { role: 'Administrator' });
    expect(none.statusCode).toBe(404);
  });
});
