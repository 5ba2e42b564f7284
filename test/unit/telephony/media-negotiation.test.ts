import { describe, expect, it } from 'vitest';
import type { MrfDialog } from '../../../src/adapters/freeswitch/drachtio-fsmrf.ts';
import { negotiated } from '../../../src/adapters/freeswitch/media-negotiation.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

/** A channel that answers its re-INVITEs with these statuses, one after the other. */
function channel(...statuses: number[]): { readonly dialog: MrfDialog; readonly asked: string[] } {
  const asked: string[] = [];
  const request: MrfDialog['request'] = ({ body = '' }, callback) => {
    asked.push(body);
    callback(undefined, { status: 100 });
    callback(undefined, { status: statuses[asked.length - 1] ?? 500, body: 'v=0\r\n' });
  };
  return { dialog: { local: {}, request } as unknown as MrfDialog, asked };
}

async function told(...statuses: number[]): Promise<{ answer: unknown; askedCount: number }> {
  const { dialog, asked } = channel(...statuses);
  const clock = new SimulatedClock();
  const answer = negotiated(dialog, 'v=0\r\n', clock).catch((error: unknown) => (error as Error).message);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  clock.advance(60);
  return { answer: await answer, askedCount: asked.length };
}

describe('an offer for a channel of the media server', () => {
  it('is made once when it is answered', async () => {
    expect(await told(200)).toEqual({ answer: 'v=0\r\n', askedCount: 1 });
  });

  it.each([488, 491])('is made once more when it is refused with %i', async (status) => {
    expect(await told(status, 200)).toEqual({ answer: 'v=0\r\n', askedCount: 2 });
  });

  it('is refused by the second refusal, or by one of another kind', async () => {
    expect(await told(488, 488)).toEqual({ answer: 'the media server answered 488', askedCount: 2 });
    expect(await told(500)).toEqual({ answer: 'the media server answered 500', askedCount: 1 });
  });
});
