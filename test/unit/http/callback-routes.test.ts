import { describe, expect, it } from 'vitest';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';

closeFixtures();
const CALLBACKS = '/api/v1/callbacks';

describe('POST /callbacks', () => {
  it('makes a callback and says where it is', async () => {
    const { ask, application } = await newFixture();
    const answer = await ask('POST', CALLBACKS, {
      role: 'Developer',
      body: { ...validRequest, desiredAt: '2026-01-05T12:00:00+02:00', userData: { case: 'A1' } },
    });
    expect(answer.statusCode).toBe(201);
    const body = answer.json();
    expect(body).toMatchObject({
      virtualQueue: 'billing',
      customerNumber: '+12025550123',
      state: 'QUEUED',
      desiredAt: '2026-01-05T10:00:00.000Z',
      userData: { case: 'A1' },
    });
    expect(answer.headers.location).toBe(`${CALLBACKS}/${body.id}`);
    expect(application.actors).toEqual([{ kind: 'api-key', id: expect.stringMatching(/^key_/) }]);
  });
});
