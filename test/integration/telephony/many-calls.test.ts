import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
let trunk: SoftPhone;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
  trunk = await stage.trunkPhone('carrier');
  trunk.behaviour = { kind: 'answer' };
});
afterAll(() => stage.close());

/** A caller and a called party bridged, then ended in one of several orders. */
async function bridgedPair(index: number): Promise<string> {
  await trunk.call('5000');
  const answer = await (await stage.inbound()).answer();
  if (answer.kind !== 'answered') return answer.termination.reason;
  const outcome = await stage.telephony.originate({
    callId: `call_many${index}`,
    target: { kind: 'trunk', number: '+15550001' },
    callerId: { number: '5000' },
    ringTimeoutMs: 10_000,
  }).outcome;
  if (outcome.kind !== 'answered') return outcome.termination.reason;
  const playing = answer.leg.play([{ kind: 'tone', frequencies: [440], onMs: 300, offMs: 0 }], {
    loop: true,
  });
  const bridge = await stage.telephony.bridge(answer.leg, outcome.leg);
  if (index % 3 === 0) await bridge.separate();
  if (index % 3 === 1) await answer.leg.hangUp();
  await Promise.all([answer.leg.hangUp(), outcome.leg.hangUp()]);
  return playing;
}

it('thirty bridged pairs, ten at a time, all work and leave nothing behind', async () => {
  const outcomes: string[] = [];
  for (let round = 0; round < 3; round++) {
    outcomes.push(...(await Promise.all(Array.from({ length: 10 }, (_, i) => bridgedPair(round * 10 + i)))));
  }
  expect(new Set(outcomes)).toEqual(new Set(['stopped']));
  expect(stage.telephony.health().legCount).toBe(0);
  expect(stage.telephony.health().media.endpointCount).toBeLessThanOrEqual(2);
  expect(stage.telephony.admissionStats()).toMatchObject({ callCount: 0, outboundAttemptCount: 0 });
});
