import { afterEach, describe, expect, it } from 'vitest';
import { EndpointPool } from '../../../src/adapters/freeswitch/endpoint-pool.ts';
import type { MediaEndpoint } from '../../../src/adapters/freeswitch/media-endpoint.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

const SIZE = 3;

describe('endpoints made ahead', () => {
  const codecs = new Map<MediaEndpoint, string | undefined>();
  const pool = new EndpointPool(SIZE, new SimulatedClock(), (codec) => {
    const endpoint = { gone: new Promise(() => undefined), destroy: () => Promise.resolve() };
    codecs.set(endpoint as unknown as MediaEndpoint, codec);
    return Promise.resolve({ kind: 'endpoint', endpoint: endpoint as unknown as MediaEndpoint });
  });
  const filled = async (): Promise<void> => {
    pool.fill();
    while (pool.readyCount < SIZE) await Promise.resolve();
  };
  /** The codec of the endpoint that somebody gets who wants this one. */
  const taken = async (codec?: string): Promise<string | undefined> => {
    await filled();
    const endpoint = pool.take(codec);
    expect(endpoint).toBeDefined();
    return endpoint && codecs.get(endpoint);
  };

  afterEach(() => pool.close());

  it('are set to the codecs that were wanted last', async () => {
    expect(await taken('PCMA/8000')).toBeUndefined();
    expect(await taken('PCMA/8000')).toBe('PCMA/8000');
    expect(await taken('PCMU/8000')).not.toBe('PCMU/8000');
    // Each of the last three has a successor.
    expect(await taken('PCMU/8000')).toBe('PCMU/8000');
    expect(await taken('PCMA/8000')).toBe('PCMA/8000');
    for (let time = 0; time < SIZE; time++) await taken('G722/8000');
    expect([await taken('G722/8000'), await taken('G722/8000')]).toEqual(['G722/8000', 'G722/8000']);
  });
});
