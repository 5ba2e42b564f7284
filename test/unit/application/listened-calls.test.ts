import { describe, expect, it } from 'vitest';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { type QuietLeg, settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import { joined, speech } from '../progress/signal.ts';
import { beep, quiet, sounds } from './listening.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** The rooms wired as in production, with one callback whose customer has just answered. */
async function answered(
  changes: Partial<QueueSettings> = {},
): Promise<{ house: House; id: string; leg: QuietLeg; sends: (samples: Int16Array) => Promise<void> }> {
  const house = new House({ cpdEnabled: true, ...changes });
  house.telephony.canTap = true;
  house.open();
  const { id } = await house.book();
  await house.ready('a1');
  const call = house.last;
  const leg = await house.answers(call);
  const sends = async (samples: Int16Array): Promise<void> => {
    for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
      house.clock.advance(FRAME_MS);
      call?.listener?.(samples.slice(at, at + FRAME_SAMPLES));
      if (at % (25 * FRAME_SAMPLES) === 0) await settle();
    }
    await settle();
  };
  return { house, id, leg, sends };
}

const results = (house: House): unknown[] => [...house.store.attempts.values()].map(({ result }) => result);

describe('an answered attempt that is listened to', () => {
  it('detects until a person has spoken, then asks', async () => {
    const { house, id, sends } = await answered();
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', subState: 'detecting' });
    await sends(sounds.person);
    expect(house.now(id)).toMatchObject({ subState: 'confirming' });
    await house.says('confirmed');
    expect(house.now(id)).toMatchObject({ subState: 'ringing-agent' });
    expect(results(house)).toEqual(['PERSON']);
  });

  it('is heard no more once the customer is on the way to an agent', async () => {
    const { house, id, sends } = await answered({ requireConfirm: false });
    const call = house.last;
    await sends(joined(speech(1500), quiet(800)));
    expect(house.now(id).subState).toBe('ringing-agent');
    expect(call?.listener).toBeUndefined();
    await sends(joined(beep, quiet(500)));
    expect(house.now(id).subState).toBe('ringing-agent');
    expect(house.last?.cancelled).toBe(false);
  });

  it.each([
    ['a machine', sounds.longMachine, 'ANSWERING_MACHINE', 'SCHEDULED'],
    ['a fax', sounds.fax, 'FAX', 'COMPLETED'],
    ['a vacant number', sounds.vacant, 'ERROR_TONE', 'COMPLETED'],
  ] as const)('%s is hung up on', async (_who, samples, result, state) => {
    const { house, id, leg, sends } = await answered();
    await sends(samples);
    expect(house.now(id)).toMatchObject({ state, attemptCount: 1 });
    expect(leg.termination?.reason).toBe('local-hangup');
    expect(results(house)).toEqual([result]);
  });

  it('is connected, a machine as it is, where the queue wants that', async () => {
    const { house, id, leg, sends } = await answered({ onAnsweringMachine: 'CONNECT' });
    await sends(sounds.longMachine);
    expect(house.now(id).subState).toBe('ringing-agent');
    const agent = await house.answers(house.last);
    expect(house.telephony.bridges).toEqual([[leg, agent]]);
    expect(results(house)).toEqual(['ANSWERING_MACHINE']);
  });

  it.each([
    ['too little', speech(400), 'CONNECTED'],
    ['silence', quiet(2400), 'SILENCE'],
  ] as const)('ends while detecting, having said %s', async (_what, samples, result) => {
    const { house, id, leg, sends } = await answered();
    await sends(samples);
    leg.end();
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait' });
    expect(results(house)).toEqual([result]);
  });

  it('without a key is recorded by what was heard', async () => {
    const { house, id, sends } = await answered({ maxAttempts: 1 });
    await sends(quiet(2600));
    expect(results(house)).toEqual(['UNKNOWN']);
    await sends(quiet(3000));
    await house.says('not-confirmed');
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CUSTOMER_NOT_CONFIRMED' });
    expect(results(house)).toEqual(['SILENCE']);
  });

  it('counts as made when the program restarts while it detects', async () => {
    const { house, id, sends } = await answered();
    await sends(speech(400));
    house.runner.close();
    house.open();
    expect(await house.engine.recover()).toEqual({ openCount: 1, lostCount: 1 });
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
    expect(house.telephony.placed).toHaveLength(1);
    await house.pass(60_000);
    expect(house.now(id).attemptCount).toBe(2);
  });

  it('goes to nobody when it was cancelled while detecting', async () => {
    const { house, id, leg, sends } = await answered();
    const call = house.telephony.placed[0];
    await house.runner.dispatch(id, { type: 'CANCELLED', by: 'admin' }, { kind: 'system', part: 'test' });
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_ADMIN' });
    expect(leg.termination?.reason).toBe('local-hangup');
    await sends(sounds.person);
    expect(call?.listener).toBeUndefined();
    expect(house.now(id).state).toBe('COMPLETED');
  });
});
