import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Leg } from '../../../src/telephony/leg.ts';
import type { OutboundCall } from '../../../src/telephony/telephony.ts';
import { hangUp, hear, party } from './parties.ts';
import { openStage, type Stage } from './telephony-stage.ts';

const MUSIC = [{ kind: 'tone', frequencies: [440], onMs: 20_000, offMs: 0 }] as const;
const AGENT_HZ = 620;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
});
afterAll(() => stage.close());

function ring(trunk: string, joinTo: Leg): OutboundCall {
  return stage.telephony.originate({
    callId: `call_${trunk}`,
    target: { kind: 'trunk', number: '+15550001', trunk },
    callerId: { number: '5000' },
    ringTimeoutMs: 5000,
    joinTo,
  });
}

describe('a call that is joined at its answer', () => {
  it('lets both hear each other, whoever asks for the bridge afterwards gets that one', async () => {
    const customer = await party(stage, 0);
    void customer.leg.play(MUSIC, { loop: true });
    await customer.call.rtp.hears(440);
    const phone = await stage.trunkPhone('joined-early');
    const call = ring('joined-early', customer.leg);
    const [atPhone, outcome] = await Promise.all([phone.incoming(), call.outcome]);
    if (outcome.kind !== 'answered') throw new Error(outcome.termination.reason);
    atPhone.rtp.tone(AGENT_HZ);
    await Promise.all([
      atPhone.rtp.hearsOnly([customer.voice], [customer.voice, 440]),
      customer.call.rtp.hearsOnly([AGENT_HZ], [AGENT_HZ, 440]),
    ]);
    const bridge = await stage.telephony.bridge(customer.leg, outcome.leg);
    await bridge.separate();
    await Promise.all([atPhone.rtp.hearsSilence(), hear([[customer, []]])]);
    expect([customer.leg.termination, outcome.leg.termination]).toEqual([undefined, undefined]);
    await Promise.all([hangUp([customer]), outcome.leg.hangUp()]);
  });

  it('leaves the other one on the line when the phone hangs up in the instant of its answer', async () => {
    const customer = await party(stage, 0);
    const phone = await stage.trunkPhone('joined-not');
    phone.behaviour = { kind: 'ring' };
    const call = ring('joined-not', customer.leg);
    const atPhone = await phone.incoming();
    atPhone.answer();
    await atPhone.acked;
    await atPhone.bye();
    const outcome = await call.outcome;
    if (outcome.kind === 'answered') await outcome.leg.ended;
    const music = customer.call.rtp.hears(440);
    void customer.leg.play(MUSIC, { loop: true });
    await music;
    expect(customer.leg.termination).toBeUndefined();
    await hangUp([customer]);
  });
});
