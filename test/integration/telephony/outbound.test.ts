import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import { toneShare } from '../../../src/demo/soft-phone/rtp-peer.ts';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import type { OriginateOutcome, OutboundCall } from '../../../src/telephony/telephony.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
let customer: SoftPhone;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
  customer = await stage.trunkPhone('carrier');
});
afterAll(() => stage.close());

let callCount = 0;
function dial(
  options: { ringTimeoutMs?: number; trunk?: string; headers?: Record<string, string> } = {},
): OutboundCall {
  return stage.telephony.originate({
    callId: `call_test${callCount++}`,
    target: { kind: 'trunk', number: '+15550001', trunk: options.trunk ?? 'carrier' },
    callerId: { number: '5000', name: 'The "Shop"\r\nX: y' },
    ringTimeoutMs: options.ringTimeoutMs ?? 5000,
    ...(options.headers && { headers: options.headers }),
  });
}

function ring(agentId: string, ringTimeoutMs = 5000): OutboundCall {
  return stage.telephony.originate({
    callId: `call_test${callCount++}`,
    target: { kind: 'agent', agentId },
    callerId: { number: '5000' },
    ringTimeoutMs,
  });
}

function legOf(outcome: OriginateOutcome): Extract<OriginateOutcome, { kind: 'answered' }>['leg'] {
  if (outcome.kind !== 'answered') throw new Error(`not answered: ${JSON.stringify(outcome.termination)}`);
  return outcome.leg;
}

/** Listens to the far end of a call. */
function listen(call: OutboundCall): {
  readonly frameCount: number;
  tone(hz: number): Promise<void>;
  stop(): void;
} {
  const waiting = new Map<number, () => void>();
  let frameCount = 0;
  const stop = call.tap((samples) => {
    frameCount++;
    for (const [hz, resolve] of waiting) if (toneShare([...samples], hz) > 0.8) resolve();
  });
  if (!stop) throw new Error('the media server cannot be listened to');
  return {
    get frameCount() {
      return frameCount;
    },
    tone: (hz) => new Promise((resolve) => waiting.set(hz, resolve)),
    stop,
  };
}

describe('a call to a customer through a trunk', () => {
  it('is answered, and each side hears the other', async () => {
    customer.behaviour = { kind: 'answer', ring: true };
    const call = dial({ headers: { 'X-Turnkeeper-Callback': 'callback_1' } });
    await call.inviteSent;
    await call.ringing;
    const leg = legOf(await call.outcome);
    const phone = await customer.incoming();
    const invite = phone.invite;
    expect(invite && header(invite, 'from')).toContain('"The Shop X: y" <sip:5000@');
    expect(invite && header(invite, 'x-turnkeeper-callback')).toBe('callback_1');
    expect(invite?.startLine).toContain('sip:+15550001@');
    expect(invite?.body).not.toMatch(/crypto|SAVP/);
    const heard = phone.rtp.hears(440);
    await leg.play([{ kind: 'tone', frequencies: [440], onMs: 600, offMs: 0 }]);
    await heard;
    const digit = new Promise((resolve) => leg.onDigit(resolve));
    await phone.rtp.digit('1');
    expect(await digit).toBe('1');
    await leg.hangUp();
    expect(await phone.ended).toBeDefined();
  });

  it.each([
    [486, 'busy', 'unreachable'],
    [600, 'busy', 'unreachable'],
    [480, 'unavailable', 'unreachable'],
    [603, 'declined', 'unreachable'],
    [404, 'not-found', 'client_error'],
    [488, 'incompatible-media', 'client_error'],
    [503, 'congestion', 'upstream_error'],
    [302, 'redirected', 'client_error'],
  ])('that is refused with %i ends as %s', async (status, reason, bucket) => {
    customer.behaviour = { kind: 'refuse', status, headers: [['Contact', '<sip:other@127.0.0.1:9>']] };
    const outcome = await dial().outcome;
    await customer.incoming();
    expect(outcome).toMatchObject({ kind: 'failed', termination: { reason, bucket, sipStatus: status } });
  });

  it('believes the Q.850 cause under a generic status', async () => {
    customer.behaviour = {
      kind: 'refuse',
      status: 500,
      headers: [['Reason', 'Q.850;cause=17;text="User busy"']],
    };
    const outcome = await dial().outcome;
    await customer.incoming();
    expect(outcome).toMatchObject({ termination: { reason: 'busy', q850Cause: 17, detail: 'User busy' } });
  });

  it('that rings too long is cancelled and ends as no answer', async () => {
    customer.behaviour = { kind: 'ring' };
    const call = dial({ ringTimeoutMs: 300 });
    const phone = await customer.incoming();
    expect(await call.outcome).toMatchObject({ termination: { reason: 'no-answer', bucket: 'unreachable' } });
    await phone.cancelled;
  });

  it('that the application cancels is cancelled at the phone', async () => {
    customer.behaviour = { kind: 'ring' };
    const call = dial();
    const phone = await customer.incoming();
    await call.ringing;
    call.cancel();
    call.cancel();
    expect(await call.outcome).toMatchObject({ termination: { reason: 'cancelled' } });
    await phone.cancelled;
  });

  it('whose answer crosses the CANCEL gets ACK and BYE', async () => {
    customer.behaviour = { kind: 'ring' };
    const call = dial();
    const phone = await customer.incoming();
    await call.ringing;
    phone.answer();
    call.cancel();
    const outcome = await call.outcome;
    await phone.acked;
    if (outcome.kind === 'answered') throw new Error('the cancel came first');
    expect(outcome.termination.reason).toBe('cancelled');
    expect(await phone.ended).toBeDefined();
    expect(stage.telephony.health().legCount).toBe(0);
  });

  it('can be listened to from its early media on, and no longer when nobody wants to', async () => {
    customer.behaviour = { kind: 'early-media', toneHz: 425 };
    const call = dial();
    const heard = listen(call);
    const phone = await customer.incoming();
    await heard.tone(425);
    phone.answer();
    const leg = legOf(await call.outcome);
    phone.rtp.tone(880);
    await heard.tone(880);
    heard.stop();
    const countAtStop = heard.frameCount;
    phone.rtp.tone(1300);
    const echo = phone.rtp.hears(440);
    await leg.play([{ kind: 'tone', frequencies: [440], onMs: 400, offMs: 0 }]);
    await echo;
    // What was on its way when it was stopped may still come.
    expect(heard.frameCount - countAtStop).toBeLessThan(5);
    await leg.hangUp();
  });

  it('with early media is connected to them before and after the answer', async () => {
    customer.behaviour = { kind: 'early-media', toneHz: 425 };
    const call = dial();
    const phone = await customer.incoming();
    await call.ringing;
    phone.answer();
    const leg = legOf(await call.outcome);
    const heard = phone.rtp.hears(440);
    await leg.play([{ kind: 'tone', frequencies: [440], onMs: 600, offMs: 0 }]);
    await heard;
    expect(leg.termination).toBeUndefined();
    await leg.hangUp();
  });

  it('that the customer ends says so', async () => {
    customer.behaviour = { kind: 'answer' };
    const leg = legOf(await dial().outcome);
    const phone = await customer.incoming();
    await phone.bye();
    expect(await leg.ended).toMatchObject({ reason: 'remote-hangup' });
  });

  it('is refused without a trunk that dials out, and with a number that is none', async () => {
    expect(await dial({ trunk: 'nowhere' }).outcome).toMatchObject({
      termination: { reason: 'unavailable' },
    });
    const bad = stage.telephony.originate({
      callId: 'call_bad',
      target: { kind: 'trunk', number: 'sip:evil@example.com' },
      callerId: { number: '5000' },
      ringTimeoutMs: 1000,
    });
    expect(await bad.outcome).toMatchObject({ termination: { reason: 'bad-request' } });
  });

  it('leaves no call behind', () => {
    expect(stage.telephony.admissionStats()).toMatchObject({ callCount: 0, outboundAttemptCount: 0 });
    expect(stage.telephony.trunkCallCounts().size).toBe(0);
  });
});

describe("a call to an agent's phone", () => {
  it('fails at once when nothing is registered', async () => {
    expect(await ring('agent-bob').outcome).toMatchObject({ termination: { reason: 'not-registered' } });
  });

  it('rings all contacts; the first to answer wins and the other is cancelled', async () => {
    const [desk, mobile] = [await stage.phone(), await stage.phone()];
    desk.behaviour = { kind: 'ring' };
    mobile.behaviour = { kind: 'ring' };
    await desk.register({ user: 'alice', password: 'wonder-1' });
    await mobile.register({ user: 'alice', password: 'wonder-1' });
    const call = ring('agent-alice');
    const [atDesk, atMobile] = await Promise.all([desk.incoming(), mobile.incoming()]);
    await call.ringing;
    atMobile.answer();
    const leg = legOf(await call.outcome);
    await atDesk.cancelled;
    const heard = atMobile.rtp.hears(440);
    await leg.play([{ kind: 'tone', frequencies: [440], onMs: 600, offMs: 0 }]);
    await heard;
    expect(atDesk.requests).toContain('CANCEL');
    await leg.hangUp();
    await atMobile.ended;
  });

  it('goes on while one contact refuses, and ends when all have', async () => {
    const phones = [await stage.phone(), await stage.phone()];
    for (const phone of phones) await phone.register({ user: 'bob', password: 'builder-2' });
    for (const phone of phones) phone.behaviour = { kind: 'ring' };
    const call = ring('agent-bob');
    const [first, second] = await Promise.all(phones.map((phone) => phone.incoming()));
    await call.ringing;
    first?.refuse(486);
    second?.refuse(603);
    expect(await call.outcome).toMatchObject({ kind: 'failed', termination: { reason: 'declined' } });
  });
});

describe('two calls bridged', () => {
  it('hear each other, and both go on after being parted', async () => {
    customer.behaviour = { kind: 'answer' };
    const customerLeg = legOf(await dial().outcome);
    const customerPhone = await customer.incoming();
    const agent = await stage.phone();
    await stage.trunkPhone('unused');
    stage.trunks.push({
      ...stage.trunks[0],
      name: 'agent-line',
      addresses: [],
      outboundHost: `127.0.0.1:${agent.port}`,
    } as never);
    const agentLeg = legOf(await dial({ trunk: 'agent-line' }).outcome);
    const agentPhone = await agent.incoming();
    void customerLeg.play([{ kind: 'tone', frequencies: [300], onMs: 1000, offMs: 0 }], { loop: true });
    const bridge = await stage.telephony.bridge(customerLeg, agentLeg);
    customerPhone.rtp.tone(620);
    agentPhone.rtp.tone(950);
    await Promise.all([customerPhone.rtp.hears(950), agentPhone.rtp.hears(620)]);
    await bridge.separate();
    await bridge.separate();
    const heard = agentPhone.rtp.hears(440);
    expect(await agentLeg.play([{ kind: 'tone', frequencies: [440], onMs: 600, offMs: 0 }])).toBe('done');
    await heard;
    const again = await stage.telephony.bridge(agentLeg, customerLeg);
    await Promise.all([customerPhone.rtp.hears(950), agentPhone.rtp.hears(620)]);
    await customerPhone.bye();
    expect(await customerLeg.ended).toMatchObject({ reason: 'remote-hangup' });
    await again.separate();
    // The agent is still there to hear what comes next.
    const after = agentPhone.rtp.hears(500);
    expect(await agentLeg.play([{ kind: 'tone', frequencies: [500], onMs: 600, offMs: 0 }])).toBe('done');
    await after;
    expect(agentLeg.termination).toBeUndefined();
    await agentLeg.hangUp();
    await agentPhone.ended;
  });

  it('end cleanly when both are hung up, one after the other', async () => {
    customer.behaviour = { kind: 'answer' };
    const [a, b] = [legOf(await dial().outcome), legOf(await dial().outcome)];
    const phones = [await customer.incoming(), await customer.incoming()];
    await stage.telephony.bridge(a, b);
    await a.hangUp();
    await b.hangUp();
    await Promise.all(phones.map((phone) => phone.ended));
    expect(stage.telephony.health().legCount).toBe(0);
  });

  it('cannot be made of a call that has ended', async () => {
    customer.behaviour = { kind: 'answer' };
    const [a, b] = [legOf(await dial().outcome), legOf(await dial().outcome)];
    await Promise.all([customer.incoming(), customer.incoming()]);
    await a.hangUp();
    await expect(stage.telephony.bridge(a, b)).rejects.toMatchObject({ code: 'MEDIA_BRIDGE_FAILED' });
    await b.hangUp();
  });
});
