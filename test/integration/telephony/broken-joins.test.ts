import { afterAll, beforeAll, expect, it } from 'vitest';
import { hangUp, party } from './parties.ts';
import { openStage, type Stage } from './telephony-stage.ts';

const MUSIC = [{ kind: 'tone', frequencies: [440], onMs: 20_000, offMs: 0 }] as const;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
});
afterAll(() => stage.close());

it('a phone that hangs up on the way into the bridge leaves the other one on the line', async () => {
  const customer = await party(stage, 0);
  const phone = await stage.trunkPhone('joined-not');
  const call = stage.telephony.originate({
    callId: 'call_joined_not',
    target: { kind: 'trunk', number: '+15550001', trunk: 'joined-not' },
    callerId: { number: '5000' },
    ringTimeoutMs: 5000,
  });
  const [atPhone, outcome] = await Promise.all([phone.incoming(), call.outcome]);
  if (outcome.kind !== 'answered') throw new Error(outcome.termination.reason);
  const joined = stage.telephony.bridge(customer.leg, outcome.leg).catch(() => undefined);
  await atPhone.bye();
  await Promise.all([joined, outcome.leg.ended]);
  const music = customer.call.rtp.hears(440);
  void customer.leg.play(MUSIC, { loop: true });
  await music;
  expect(customer.leg.termination).toBeUndefined();
  await hangUp([customer]);
});
