import { describe, expect, it } from 'vitest';
import { httpLimits } from '../../../src/adapters/http/http-config.ts';
import { deferred } from '../../fakes/deferred.ts';
import { closeFixtures, type Fixture, newFixture } from './http-fixture.ts';

closeFixtures();
/** Deadlines are looked at this often. */
const SWEEP_MS = 1000;

/** A creation that has begun and ends when `finish` says so. */
async function heldCreation(fixture: Fixture) {
  const { application } = fixture;
  const begun = deferred();
  const finish = deferred();
  const create = application.createCallback.bind(application);
  application.createCallback = async (...request) => {
    begun.resolve();
    await finish.promise;
    return create(...request);
  };
  const body = { virtualQueue: 'billing', customerNumber: '+493012345678' };
  const answer = fixture.ask('POST', '/api/v1/callbacks', { role: 'Administrator', body });
  await begun.promise;
  return { answer, finish };
}

describe('handler deadlines', () => {
  it('end a request with a body whose handler waits for ever, in the envelope of errors', async () => {
    const fixture = await newFixture();
    const { answer } = await heldCreation(fixture);
    fixture.clock.advance(httpLimits.handlerMaxMs + SWEEP_MS);
    const { statusCode, headers, json } = await answer;
    expect([statusCode, headers['retry-after']]).toEqual([503, '5']);
    expect(json().error.code).toBe('TEMPORARILY_UNAVAILABLE');
  });

  it('leave a request alone that is in time, and do nothing after its answer', async () => {
    const fixture = await newFixture();
    const { answer, finish } = await heldCreation(fixture);
    fixture.clock.advance(httpLimits.handlerMaxMs - SWEEP_MS);
    finish.resolve();
    expect((await answer).statusCode).toBe(201);
    fixture.clock.advance(httpLimits.handlerMaxMs);
    expect(fixture.errors.records.size).toBe(0);
  });
});
