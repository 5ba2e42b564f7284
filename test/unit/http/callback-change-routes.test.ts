import { describe, expect, it } from 'vitest';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';
import type { Fixture } from './http-fixture.ts';

closeFixtures();
const CALLBACKS = '/api/v1/callbacks';
const desiredAt = '2026-01-06T10:00:00.000Z';

async function createdId({ ask }: Fixture): Promise<string> {
  const answer = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest });
  return answer.json().id as string;
}

describe('POST /callbacks/{id}/reschedule', () => {
  it('gives another time, and says when it was given before', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    const ask = () =>
      fixture.ask('POST', `${CALLBACKS}/${id}/reschedule`, { role: 'Supervisor', body: { desiredAt } });
    const first = await ask();
    expect(first.statusCode).toBe(200);
    expect(first.json()).toMatchObject({ id, desiredAt, late: false });
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const second = await ask();
    expect(second.statusCode).toBe(200);
    expect(second.headers['idempotent-replayed']).toBe('true');
  });

  it.each([{}, { desiredAt: 'tomorrow' }, { desiredAt, more: 1 }])('refuses the body %j', async (body) => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    const answer = await fixture.ask('POST', `${CALLBACKS}/${id}/reschedule`, { role: 'Supervisor', body });
    expect(answer.statusCode).toBe(400);
  });

  it('says which states allow it when this one does not', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    fixture.application.refuseNext = {
      kind: 'not-allowed',
      state: 'ROUTING',
      allowed: ['SCHEDULED', 'QUEUED'],
    };
    const url = `${CALLBACKS}/${id}/reschedule`;
    const answer = await fixture.ask('POST', url, { role: 'Supervisor', body: { desiredAt } });
    expect(answer.statusCode).toBe(409);
    expect(answer.json().error).toMatchObject({
      code: 'NOT_ALLOWED_IN_STATE',
      state: 'ROUTING',
      allowed: ['SCHEDULED', 'QUEUED'],
    });
  });

  it("lets an agent move only the callback that is the agent's own", async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    const url = `${CALLBACKS}/${id}/reschedule`;
    const foreign = await fixture.ask('POST', url, { role: 'Agent', body: { desiredAt } });
    expect(foreign.statusCode).toBe(404);
    const before = fixture.application.callbacks.get(id);
    fixture.application.callbacks.set(id, { ...before!, state: 'PROCESSING', agentId: 'alice' });
    const own = await fixture.ask('POST', url, { role: 'Agent', body: { desiredAt } });
    expect(own.statusCode).toBe(200);
    expect(fixture.application.actors.at(-1)).toEqual({ kind: 'agent', id: 'alice' });
  });
});

describe('POST /callbacks/{id}/recreate', () => {
  it('makes one new callback, linked with the old one, however often it is asked', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    const ask = (asked: object) =>
      fixture.ask('POST', `${CALLBACKS}/${id}/recreate`, { role: 'Developer', ...asked });
    const first = await ask({ body: { desiredAt } });
    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({ recreatedFrom: id, desiredAt });
    expect(first.headers.location).toBe(`${CALLBACKS}/${first.json().id}`);
    const second = await ask({});
    expect(second.statusCode).toBe(200);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(second.json().id).toBe(first.json().id);
  });

  it('needs no body', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    const answer = await fixture.ask('POST', `${CALLBACKS}/${id}/recreate`, { role: 'Developer' });
    expect(answer.statusCode).toBe(201);
  });
});

describe('POST /callbacks/cancel', () => {
  it('cancels each by itself and tells of each', async () => {
    const fixture = await newFixture();
    const ids = [await createdId(fixture), 'callback_00000000', await createdId(fixture)];
    const answer = await fixture.ask('POST', `${CALLBACKS}/cancel`, { role: 'Supervisor', body: { ids } });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().results).toEqual([
      { id: ids[0], outcome: 'cancelled', state: 'COMPLETED' },
      { id: ids[1], outcome: 'not-found', state: null },
      { id: ids[2], outcome: 'cancelled', state: 'COMPLETED' },
    ]);
  });

  it('takes 1 to 100 ids', async () => {
    const fixture = await newFixture();
    for (const count of [0, 101]) {
      const ids = Array.from({ length: count }, () => 'callback_00000000');
      const answer = await fixture.ask('POST', `${CALLBACKS}/cancel`, { role: 'Supervisor', body: { ids } });
      expect(answer.statusCode).toBe(400);
    }
  });
});
