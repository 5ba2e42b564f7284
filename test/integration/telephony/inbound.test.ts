import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import type { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import type { Leg } from '../../../src/telephony/leg.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
let trunk: SoftPhone;
beforeAll(async () => {
  stage = await openStage();
  trunk = await stage.trunkPhone('carrier');
});
afterAll(() => stage.close());

async function answered(sdp?: string): Promise<{ call: PhoneCall; leg: Leg }> {
  const call = await trunk.call('5000', sdp === undefined ? {} : { sdp });
  const inbound = await stage.inbound();
  const outcome = await inbound.answer();
  expect(outcome.kind).toBe('answered');
  if (outcome.kind !== 'answered') throw new Error('not answered');
  expect((await call.final).status).toBe(200);
  return { call, leg: outcome.leg };
}

describe('a call from a known trunk', () => {
  it('comes with who called what', async () => {
    const call = await trunk.call('5000', { from: 'sip:+15551234567@carrier.example' });
    const inbound = await stage.inbound();
    expect(inbound).toMatchObject({ source: { kind: 'trunk', trunk: 'carrier' }, dialled: '5000' });
    expect(inbound.from).toMatchObject({ number: '+15551234567', uri: 'sip:+15551234567@carrier.example' });
    expect(inbound.sipCallId).toBe(call.callId);
    inbound.reject(486, { reason: 'Not now' });
    expect((await call.final).status).toBe(486);
  });

  it('hears what is played, to the end', async () => {
    const { call, leg } = await answered();
    const heard = call.rtp.hears(440);
    expect(await leg.play([{ kind: 'tone', frequencies: [440], onMs: 500, offMs: 100 }])).toBe('done');
    await heard;
    await leg.hangUp();
    expect(await leg.ended).toMatchObject({ bucket: 'success', reason: 'local-hangup' });
    expect(await call.ended).toBeDefined();
  });

  it('hears a list without stopping in between, and a newer play stops the older', async () => {
    const { call, leg } = await answered();
    const first = leg.play([
      { kind: 'silence', durationMs: 100 },
      { kind: 'tone', frequencies: [600], onMs: 3000, offMs: 0 },
      { kind: 'tone', frequencies: [700], onMs: 3000, offMs: 0 },
    ]);
    await call.rtp.hears(600);
    const second = leg.play([{ kind: 'tone', frequencies: [900], onMs: 400, offMs: 0 }]);
    await call.rtp.hears(900);
    expect(await first).toBe('stopped');
    expect(await second).toBe('done');
    await leg.hangUp();
  });

  it('hears a loop until it is stopped by signal', async () => {
    const { call, leg } = await answered();
    const abort = new AbortController();
    const playing = leg.play([{ kind: 'tone', frequencies: [500], onMs: 300, offMs: 0 }], {
      loop: true,
      signal: abort.signal,
    });
    await call.rtp.hears(500);
    await call.rtp.hears(500);
    abort.abort();
    expect(await playing).toBe('stopped');
    await call.rtp.hearsSilence();
    await leg.hangUp();
  });

  it('keys digits that arrive in order, by RFC 4733 and by INFO', async () => {
    const { call, leg } = await answered();
    const digits: string[] = [];
    let seen: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      seen = resolve;
    });
    leg.onDigit((digit) => {
      digits.push(digit);
      if (digits.length === 4) seen();
    });
    for (const digit of ['1', '2', '#']) await call.rtp.digit(digit);
    const info = await call.send(
      'INFO',
      [['Content-Type', 'application/dtmf-relay']],
      'Signal=7\r\nDuration=160\r\n',
    );
    expect(info.status).toBe(200);
    await all;
    expect(digits).toEqual(['1', '2', '#', '7']);
    await leg.sendDigits('42');
    await call.rtp.hearsDigits('42');
    await leg.hangUp();
  });

  it('ends when the caller hangs up, with the cause it gave, and a play in progress ends with it', async () => {
    const { call, leg } = await answered();
    const playing = leg.play([{ kind: 'silence', durationMs: 60_000 }]);
    expect((await call.bye([['Reason', 'Q.850;cause=16;text="Terminated"']])).status).toBe(200);
    expect(await leg.ended).toMatchObject({ bucket: 'success', reason: 'remote-hangup', q850Cause: 16 });
    expect(await playing).toBe('ended');
    expect(stage.telephony.health().legCount).toBe(0);
  });

  it('may come without an offer: ours is in the 200, its answer in the ACK', async () => {
    const { call, leg } = await answered('none');
    const heard = call.rtp.hears(440);
    await leg.play([{ kind: 'tone', frequencies: [440], onMs: 800, offMs: 0 }]);
    await heard;
    expect(leg.termination).toBeUndefined();
    await leg.hangUp();
  });

  it('can be put on hold and resumed by the phone, and be refreshed without an offer', async () => {
    const { call, leg } = await answered();
    const held = await call.send('INVITE', [], call.sdp('sendonly'));
    expect(held.status).toBe(200);
    expect(held.body).toMatch(/a=(recvonly|inactive)/);
    const resumed = await call.send('INVITE', [], call.sdp());
    expect(resumed.status).toBe(200);
    const heard = call.rtp.hears(440);
    await leg.play([{ kind: 'tone', frequencies: [440], onMs: 800, offMs: 0 }]);
    await heard;
    expect((await call.send('INVITE')).status).toBe(200);
    expect((await call.send('UPDATE')).status).toBe(200);
    expect((await call.send('OPTIONS')).status).toBe(200);
    expect((await call.send('REFER', [['Refer-To', '<sip:elsewhere@127.0.0.1>']])).status).toBe(603);
    const again = call.rtp.hears(550);
    await leg.play([{ kind: 'tone', frequencies: [550], onMs: 800, offMs: 0 }]);
    await again;
    expect(leg.termination).toBeUndefined();
    await leg.hangUp();
  });

  it('is refused with 488 when no codec is in common', async () => {
    const call = await trunk.call('5000', {
      sdp: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 96\r\na=rtpmap:96 iLBC/8000\r\n',
    });
    const inbound = await stage.inbound();
    expect(await inbound.answer()).toMatchObject({
      kind: 'failed',
      termination: { reason: 'incompatible-media' },
    });
    expect((await call.final).status).toBe(488);
  });

  it('is refused with 488 when it insists on SRTP', async () => {
    const call = await trunk.call('5000', {
      sdp: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\n',
    });
    const outcome = await (await stage.inbound()).answer();
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect((await call.final).status).toBe(488);
  });

  it('may ask for session timers and refresh, but not require what we do not know', async () => {
    const call = await trunk.call('5000', {
      headers: [
        ['Require', 'timer'],
        ['Supported', 'timer'],
        ['Session-Expires', '120;refresher=uac'],
      ],
    });
    const outcome = await (await stage.inbound()).answer();
    expect((await call.final).status).toBe(200);
    expect((await call.send('UPDATE', [['Session-Expires', '120;refresher=uac']])).status).toBe(200);
    if (outcome.kind === 'answered') await outcome.leg.hangUp();
    const refused = await (await trunk.call('5000', { headers: [['Require', 'timer, precondition']] })).final;
    expect(refused.status).toBe(420);
    expect(header(refused, 'unsupported')).toBe('precondition');
  });

  it('for a number that nobody can have is refused without a call being made of it', async () => {
    const call = await trunk.call('9'.repeat(100));
    expect((await call.final).status).toBe(400);
    expect(stage.telephony.admissionStats().callCount).toBe(0);
  });

  it('can be cancelled before the answer', async () => {
    const call = await trunk.call('5000');
    const inbound = await stage.inbound();
    call.cancel();
    await inbound.cancelled;
    expect((await call.final).status).toBe(487);
    expect(await inbound.answer()).toMatchObject({
      kind: 'failed',
      termination: { reason: 'remote-hangup' },
    });
    expect(stage.telephony.admissionStats().callCount).toBe(0);
  });
});

describe('a call from elsewhere', () => {
  it('is refused with 403 and counted', async () => {
    const stranger = await stage.phone();
    const call = await stranger.call('5000');
    expect((await call.final).status).toBe(403);
    expect(stage.counts.get('calls_refused:unknown-source')).toBe(1);
  });

  it('is refused with 403 when it claims to be an agent whose phone is elsewhere', async () => {
    const phone = await stage.phone();
    await phone.register({ user: 'alice', password: 'wonder-1' });
    const stranger = await stage.phone();
    const call = await stranger.call('5000', { from: 'sip:alice@127.0.0.1' });
    expect((await call.final).status).toBe(403);
    const fromTrunk = await trunk.call('5000', { from: 'sip:alice@127.0.0.1' });
    expect((await fromTrunk.final).status).toBe(403);
    expect(stage.counts.get('calls_refused:spoofed-agent')).toBe(2);
  });

  it('is taken as the agent from the registered phone', async () => {
    const phone = await stage.phone();
    await phone.register({ user: 'alice', password: 'wonder-1' });
    const call = await phone.call('*81', { from: 'sip:alice@127.0.0.1' });
    const inbound = await stage.inbound();
    expect(inbound).toMatchObject({ source: { kind: 'agent', agentId: 'agent-alice' }, dialled: '*81' });
    inbound.reject(603);
    expect((await call.final).status).toBe(603);
  });

  it('is challenged and taken when a trunk authenticates by password', async () => {
    stage.trunks.push({
      ...stage.trunks[0],
      name: 'roaming',
      addresses: [],
      username: 'roam',
      password: 'secret',
    } as never);
    const stranger = await stage.phone();
    const call = await stranger.call('5000');
    const challenge = await call.final;
    expect(challenge.status).toBe(407);
    expect(header(challenge, 'proxy-authenticate')).toContain('Digest');
    stage.trunks.pop();
  });
});

describe('a trunk that is full', () => {
  it('gets 503 with Retry-After', async () => {
    const small = await stage.trunkPhone('small', { callsMax: 1 });
    const first = await small.call('5000');
    const inbound = await stage.inbound();
    const second = await small.call('5000');
    const refused = await second.final;
    expect(refused.status).toBe(503);
    expect(Number(header(refused, 'retry-after'))).toBeGreaterThan(0);
    inbound.reject(480);
    expect((await first.final).status).toBe(480);
  });
});
