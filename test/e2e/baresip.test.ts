import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Leg, TransferRequest } from '../../src/telephony/leg.ts';
import { party, VOICES } from '../integration/telephony/parties.ts';
import { AGENTS, openStage } from '../integration/telephony/telephony-stage.ts';
import type { Stage } from '../integration/telephony/telephony-stage.ts';
import { BaresipPhone } from './harness/baresip-phone.ts';

const [, agentVoice] = VOICES;

let stage: Stage;
let phone: BaresipPhone | undefined;
beforeAll(async () => {
  // baresip 1.0 gives up at a challenge that names SHA-256.
  stage = await openStage({ warm: 2, digestAlgorithms: ['MD5'] });
});
afterEach(async () => {
  await phone?.stop();
  phone = undefined;
});
afterAll(() => stage.close());

/** Registers baresip, which answers every call by itself. */
async function register(user: 'alice' | 'bob'): Promise<BaresipPhone> {
  const registered = new Promise<void>((resolve) => {
    stage.telephony.onAgentReachability((id, reachable) => {
      if (id === `agent-${user}` && reachable) resolve();
    });
  });
  const password = AGENTS.get(user) ?? '';
  const account = { user, password, realmHost: '127.0.0.1', toneHz: agentVoice };
  phone = await BaresipPhone.start({ server: stage.sipAddress, ...account });
  await registered;
  return phone;
}

let callCount = 0;
async function call(agent: BaresipPhone, user: 'alice' | 'bob'): Promise<Leg> {
  const outcome = await stage.telephony.originate({
    callId: `call_baresip${callCount++}`,
    target: { kind: 'agent', agentId: `agent-${user}` },
    callerId: { number: '5000' },
    autoAnswer: true,
    ringTimeoutMs: 8000,
  }).outcome;
  if (outcome.kind !== 'answered') throw new Error(outcome.termination.reason);
  await agent.next('CALL_ESTABLISHED');
  return outcome.leg;
}

const nextHold = (leg: Leg): Promise<boolean> => new Promise((resolve) => leg.onHold(resolve));
const nextTransfer = (leg: Leg): Promise<TransferRequest> =>
  new Promise((resolve) => leg.onTransferRequest(resolve));

describe('an agent with baresip', () => {
  it('registers, answers, talks, sends keys, holds and comes back, and is hung up', async () => {
    const customer = await party(stage, 0);
    const agent = await register('alice');
    const leg = await call(agent, 'alice');
    const bridge = await stage.telephony.bridge(customer.leg, leg);
    await customer.call.rtp.hearsOnly([agentVoice], VOICES);

    const digit = new Promise((resolve) => leg.onDigit(resolve));
    agent.command('sndcode', '5');
    expect(await digit).toBe('5');

    const held = nextHold(leg);
    agent.command('hold');
    expect(await held).toBe(true);
    await bridge.separate();
    const music = customer.call.rtp.hears(440);
    void customer.leg.play([{ kind: 'tone', frequencies: [440], onMs: 5000, offMs: 0 }], { loop: true });
    await music;

    const back = nextHold(leg);
    agent.command('resume');
    expect(await back).toBe(false);
    await stage.telephony.bridge(customer.leg, leg);
    await customer.call.rtp.hearsOnly([agentVoice], VOICES);

    await leg.hangUp();
    await agent.next('CALL_CLOSED');
    await customer.leg.hangUp();
  });

  it('transfers blindly, and is told how that went', async () => {
    const agent = await register('bob');
    const first = await call(agent, 'bob');
    const failing = nextTransfer(first);
    agent.command('transfer', 'sip:7001@127.0.0.1');
    const transfer = await failing;
    expect(transfer.target).toEqual({ uri: 'sip:7001@127.0.0.1', number: '7001' });
    expect(transfer.replaces).toBeUndefined();
    transfer.accept();
    transfer.progress(180);
    transfer.done(486);
    expect((await agent.next('TRANSFER_FAILED')).param).toContain('486');
    // Version 1.0 gives the call up when its transfer fails.
    expect(await first.ended).toMatchObject({ reason: 'remote-hangup' });

    const second = await call(agent, 'bob');
    const working = nextTransfer(second);
    agent.command('transfer', 'sip:7002@127.0.0.1');
    (await working).done(200);
    expect(await second.ended).toMatchObject({ reason: 'remote-hangup' });
    expect(stage.telephony.health().legCount).toBe(0);
  });
});
