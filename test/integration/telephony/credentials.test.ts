import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { header, parseSip, writeSip } from '../../../src/demo/soft-phone/sip-text.ts';
import type { SipText } from '../../../src/demo/soft-phone/sip-text.ts';
import { answerChallenge } from '../../../src/demo/soft-phone/soft-phone.ts';
import { trunkSchema } from '../../../src/telephony/directory.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ keepAliveIntervalMs: 300 });
});
afterAll(() => stage.close());

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
  expect(condition()).toBe(true);
}

describe('a trunk with a password', () => {
  it('is let in when it answers the challenge rightly, and 403 when not', async () => {
    stage.trunks.push(trunkSchema.parse({ name: 'roaming', username: 'roam', password: 'pass-1' }));
    const phone = await stage.phone();
    const sources: unknown[] = [];
    const attempt = async (password: string): Promise<SipText> => {
      const challenge = await (await phone.call('5000')).final;
      expect(challenge.status).toBe(407);
      const uri = `sip:5000@${stage.sipAddress.host}:${stage.sipAddress.port}`;
      const credentials = answerChallenge(challenge.headers.get('proxy-authenticate') ?? [], {
        user: 'roam',
        password,
        method: 'INVITE',
        uri,
      });
      const call = await phone.call('5000', { headers: [['Proxy-Authorization', credentials]] });
      if (password === 'pass-1') {
        const inbound = await stage.inbound();
        sources.push(inbound.source);
        inbound.reject(486);
      }
      return call.final;
    };
    expect((await attempt('pass-1')).status).toBe(486);
    expect((await attempt('guess')).status).toBe(403);
    expect(sources).toEqual([{ kind: 'trunk', trunk: 'roaming' }]);
    stage.trunks.pop();
  });

  it('is dialled with our user and password when it asks for them', async () => {
    const carrier = await stage.trunkPhone('carrier', { username: 'us', password: 'pass-2' });
    carrier.behaviour = { kind: 'challenge', realm: 'carrier' };
    const call = stage.telephony.originate({
      callId: 'call_auth',
      target: { kind: 'trunk', number: '+15550001', trunk: 'carrier' },
      callerId: { number: '5000' },
      ringTimeoutMs: 5000,
    });
    const outcome = await call.outcome;
    const credentials = header((await carrier.incoming()).invite ?? parseSip(''), 'proxy-authorization');
    const field = (name: string): string => new RegExp(`${name}="?([^",]+)`).exec(credentials)?.[1] ?? '';
    const ha1 = md5('us:carrier:pass-2');
    const ha2 = md5(`INVITE:${field('uri')}`);
    expect(field('response')).toBe(md5(`${ha1}:abc:${field('nc')}:${field('cnonce')}:auth:${ha2}`));
    expect(outcome.kind).toBe('answered');
    if (outcome.kind === 'answered') await outcome.leg.hangUp();
  });

  it('that refuses them ends the attempt as authentication failed', async () => {
    const carrier = await stage.trunkPhone('strict', { username: 'us', password: 'pass-2' });
    carrier.behaviour = {
      kind: 'refuse',
      status: 407,
      headers: [['Proxy-Authenticate', 'Digest realm="x", nonce="abc", algorithm=MD5, qop="auth"']],
    };
    const call = stage.telephony.originate({
      callId: 'call_auth2',
      target: { kind: 'trunk', number: '+15550001', trunk: 'strict' },
      callerId: { number: '5000' },
      ringTimeoutMs: 5000,
    });
    expect(await call.outcome).toMatchObject({
      termination: { reason: 'authentication-failed', sipStatus: 407 },
    });
  });
});

describe('a registered phone', () => {
  it('that stops answering OPTIONS is not rung, and is again when it answers', async () => {
    const phone = await stage.phone();
    await phone.register({ user: 'bob', password: 'builder-2' });
    await until(() => phone.requests.includes('OPTIONS'));
    phone.optionsStatus = 503;
    await until(() => !stage.telephony.isAgentReachable('agent-bob'));
    expect(stage.telephony.registrations()).toHaveLength(1);
    phone.optionsStatus = 486;
    await until(() => stage.telephony.isAgentReachable('agent-bob'));
    await phone.register({ user: 'bob', password: 'builder-2', expiresSec: 0 });
  });

  it('over TCP behind a NAT is rung through its own connection', async () => {
    const socket = connect({ ...stage.sipAddress, noDelay: true });
    const received: SipText[] = [];
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) =>
      received.push(...chunk.split(/(?=SIP\/2\.0 \d|INVITE )/).map(parseSip)),
    );
    const uri = `sip:${stage.sipAddress.host}:${stage.sipAddress.port}`;
    const register = (cseq: number, authorization: readonly (readonly [string, string])[]): void => {
      const aor = `<sip:alice@${stage.sipAddress.host}>`;
      socket.write(
        writeSip(`REGISTER ${uri} SIP/2.0`, [
          ['Via', `SIP/2.0/TCP 10.9.9.9:5060;rport;branch=z9hG4bKtcp${cseq}`],
          ['Max-Forwards', '70'],
          ['From', `${aor};tag=tcp`],
          ['To', aor],
          ['Call-ID', 'tcp-registration'],
          ['CSeq', `${cseq} REGISTER`],
          ['Contact', '<sip:alice@10.9.9.9:5060;transport=tcp>'],
          ['Expires', '120'],
          ...authorization,
        ]),
      );
    };
    register(1, []);
    await until(() => received.some(({ status }) => status === 401));
    const challenges = received.find(({ status }) => status === 401)?.headers.get('www-authenticate') ?? [];
    const answer = answerChallenge(challenges, {
      user: 'alice',
      password: 'wonder-1',
      method: 'REGISTER',
      uri,
    });
    register(2, [['Authorization', answer]]);
    await until(() => received.some(({ status }) => status === 200));
    const call = stage.telephony.originate({
      callId: 'call_tcp',
      target: { kind: 'agent', agentId: 'agent-alice' },
      callerId: { number: '5000' },
      ringTimeoutMs: 5000,
    });
    await until(() => received.some(({ method }) => method === 'INVITE'));
    expect(received.find(({ method }) => method === 'INVITE')?.startLine).toContain('sip:alice@10.9.9.9');
    call.cancel();
    expect(await call.outcome).toMatchObject({ termination: { reason: 'cancelled' } });
    socket.destroy();
  });
});
