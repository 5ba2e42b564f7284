import type { LightMyRequestResponse } from 'fastify';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import { type GesCounter, gesCounter, gesKey } from './ges-counter.ts';

/** The `/genesys` APIs over wired rooms, a store in memory and no telephone: one queue, `support`. */
export interface GmsCounter extends Pick<GesCounter, 'house' | 'fixture' | 'application'> {
  readonly ask: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<LightMyRequestResponse>;
  /** A callback as the API makes it; its id. */
  readonly book: (changes?: Record<string, unknown>) => Promise<string>;
}

/** It is Monday, 10:00; `changes` to the queue's settings. */
export async function gmsCounter(
  changes: Partial<QueueSettings> = {},
  options: Parameters<typeof gesCounter>[1] = {},
): Promise<GmsCounter> {
  const { house, fixture, application } = await gesCounter(changes, options);
  const key = await gesKey(fixture, house.clock, { scopes: ['gms'] });
  const ask: GmsCounter['ask'] = (method, path, body, headers = {}) =>
    fixture.ask(method, `/genesys${path}`, { body, headers: { 'x-api-key': key, ...headers } });
  return {
    house,
    fixture,
    application,
    ask,
    book: async (fields = {}) => {
      const body = { _customer_number: '+12025550123', ...fields };
      const answer = await ask('POST', '/1/service/callback/support', body);
      if (answer.statusCode !== 200) throw new Error(answer.body);
      return answer.json()._id;
    },
  };
}
