import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../src/kernel/errors.ts';
import { type GesCounter, gesCounter, gesKey } from '../../fakes/ges-counter.ts';

let counter: GesCounter;
let origin: string;
let key: string;
beforeAll(async () => {
  counter = await gesCounter({}, { keepOpen: true });
  origin = (await counter.fixture.server.listen()).url;
  key = await gesKey(counter.fixture, counter.house.clock, { scopes: ['ges', 'gms'] });
});
afterAll(() => counter.fixture.server.close());
beforeEach(() => {
  counter.fixture.audit.entries.length = 0;
});

async function ask(method: string, path: string, body?: object): Promise<Response> {
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer;
}

const GES = '/engagement/v3/callbacks';
const GMS = '/genesys/1';
const LATER = '2026-01-05T12:00:00.000Z';
const MUCH_LATER = '2026-01-05T14:00:00.000Z';

/** Of each entry the deed, and the states before and after it. */
function written(): unknown[] {
  return counter.fixture.audit.entries.map(({ action, target, before, after }) => {
    const [was, is] = [JSON.parse(before ?? '{}'), JSON.parse(after ?? '{}')];
    return [action, target, was.state, is.state];
  });
}

describe('the audit log', () => {
  it('has changes through the v3 API, who made them, and what was before and after', async () => {
    const id = await counter.book({ desiredTime: LATER });
    await ask('POST', `${GES}/reschedule`, { id, desiredTime: MUCH_LATER });
    await ask('POST', `${GES}/cancel`, { id });
    await ask('POST', `${GES}/recreate`, { id });
    const target = `callback:${id}`;
    expect(written()).toEqual([
      ['callback.rescheduled', target, 'SCHEDULED', 'SCHEDULED'],
      ['callback.cancelled', target, 'SCHEDULED', 'COMPLETED'],
      ['callback.recreated', target, 'COMPLETED', 'QUEUED'],
    ]);
    const [moved] = counter.fixture.audit.entries;
    expect(moved).toMatchObject({ actor: expect.stringMatching(/^api-key:key_/), address: '127.0.0.1' });
    expect([JSON.parse(moved?.before ?? ''), JSON.parse(moved?.after ?? '')]).toMatchObject([
      { desiredAt: LATER, virtualQueue: 'support' },
      { desiredAt: MUCH_LATER },
    ]);
    expect(JSON.stringify(counter.fixture.audit.entries)).not.toContain('2025550123');
  });

  it('has each callback that one request cancelled, and none that it did not', async () => {
    const ids = [await counter.book(), await counter.book()];
    await ask('POST', `${GES}/bulk-cancel`, { ids: [...ids, 'none'] });
    await ask('POST', `${GMS}/admin/callback/cancel`, { ids });
    const more = [await counter.book()];
    await ask('POST', `${GMS}/admin/callback/cancel`, { ids: [...more, 'none'] });
    expect(written()).toEqual(
      [...ids, ...more].map((id) => ['callback.cancelled', `callback:${id}`, 'QUEUED', 'COMPLETED']),
    );
  });

  it('has changes through the GMS API', async () => {
    const [first, second, third] = [await counter.book(), await counter.book(), await counter.book()];
    await ask('PUT', `${GMS}/service/callback/support/${first}`, { _new_desired_time: MUCH_LATER });
    await ask('DELETE', `${GMS}/service/callback/support/${first}`);
    await ask('POST', `${GMS}/service/${second}/cancel`);
    await ask('DELETE', `${GMS}/service/${third}`);
    expect(written()).toEqual([
      ['callback.rescheduled', `callback:${first}`, 'QUEUED', 'SCHEDULED'],
      ['callback.cancelled', `callback:${first}`, 'SCHEDULED', 'COMPLETED'],
      ['callback.cancelled', `callback:${second}`, 'QUEUED', 'COMPLETED'],
      ['callback.cancelled', `callback:${third}`, 'QUEUED', 'COMPLETED'],
    ]);
    expect((await counter.application.findCallback(second))?.reason).toBe('CANCELLED_BY_CUSTOMER');
  });

  it('has nothing of questions, of what was refused, and of what is made anew', async () => {
    const id = await counter.book();
    await ask('POST', `${GES}/retrieve`, { id });
    await ask('POST', `${GES}/query`, {});
    await ask('POST', '/engagement/v3/statistics/operations/get-statistic-ex');
    await ask('POST', `${GES}/recreate`, { id });
    await ask('POST', `${GMS}/service/callback/support`, { _customer_number: '+12025550124' });
    await ask('POST', `${GMS}/service/${id}/menu`);
    await ask('POST', `${GMS}/service/${id}/confirm`);
    await ask('POST', `${GMS}/storage/60`, { a: '1' });
    expect(written()).toEqual([]);
  });
});

describe('an error record', () => {
  it('has the status that was answered, whichever the API', async () => {
    const failure = new AppError('STORAGE_FAILED', 'the disk is full', { retryable: true });
    const failing = vi.spyOn(counter.application, 'findCallback').mockRejectedValue(failure);
    const answers = await Promise.all([
      ask('POST', `${GES}/retrieve`, { id: 'x' }),
      ask('GET', `${GMS}/service/callback?_id=x`),
    ]);
    failing.mockRestore();
    const recorded = answers.map(({ headers }) =>
      counter.fixture.errors.findError(headers.get('x-correlation-id') ?? ''),
    );
    const statuses = (await Promise.all(recorded)).map((record) => record?.status);
    expect([answers.map(({ status }) => status), statuses]).toEqual([
      [500, 503],
      [500, 503],
    ]);
  });
});
