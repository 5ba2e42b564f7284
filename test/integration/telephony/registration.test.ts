import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('an agent phone registers over SIP', () => {
  it.each(['MD5', 'SHA-256'] as const)('with the right password and %s', async (algorithm) => {
    const phone = await stage.phone();
    const response = await phone.register({ user: 'alice', password: 'wonder-1', algorithm });
    expect(response.status).toBe(200);
    expect(header(response, 'contact')).toContain(`sip:alice@127.0.0.1:${phone.port}`);
    expect(stage.telephony.isAgentReachable('agent-alice')).toBe(true);
    await phone.register({ user: 'alice', password: 'wonder-1', expiresSec: 0 });
    expect(stage.telephony.isAgentReachable('agent-alice')).toBe(false);
  });

  it('is challenged in one header line per algorithm', async () => {
    const phone = await stage.phone();
    const aor = `<sip:alice@${stage.sipAddress.host}>`;
    const response = await phone.request('REGISTER', `sip:${stage.sipAddress.host}`, [
      ['From', `${aor};tag=1`],
      ['To', aor],
      ['Call-ID', 'challenged'],
      ['CSeq', '1 REGISTER'],
      ['Contact', `<sip:alice@127.0.0.1:${phone.port}>`],
    ]);
    expect(response.status).toBe(401);
    expect(
      response.headers.get('www-authenticate')?.map((line) => /algorithm=[^,]+/.exec(line)?.[0]),
    ).toEqual(['algorithm=MD5', 'algorithm=SHA-256']);
  });

  it('is refused with a wrong password and with an unknown user alike', async () => {
    const phone = await stage.phone();
    const wrong = await phone.register({ user: 'alice', password: 'guess' });
    const unknown = await phone.register({ user: 'mallory', password: 'guess' });
    expect([wrong.status, unknown.status]).toEqual([403, 403]);
  });

  it('is told the least time it may register for', async () => {
    const phone = await stage.phone();
    const response = await phone.register({ user: 'alice', password: 'wonder-1', expiresSec: 10 });
    expect(response.status).toBe(423);
    expect(header(response, 'min-expires')).toBe('60');
  });

  it('and tells who watches when the first contact comes and the last one goes', async () => {
    const seen: string[] = [];
    stage.telephony.onAgentReachability((agentId, reachable) => seen.push(`${agentId} ${reachable}`));
    const [first, second] = [await stage.phone(), await stage.phone()];
    await first.register({ user: 'bob', password: 'builder-2' });
    await second.register({ user: 'bob', password: 'builder-2' });
    await first.register({ user: 'bob', password: 'builder-2', expiresSec: 0 });
    await second.register({ user: 'bob', password: 'builder-2', expiresSec: 0 });
    expect(seen).toEqual(['agent-bob true', 'agent-bob false']);
  });

  it('and OPTIONS outside a call is answered', async () => {
    const phone = await stage.phone();
    const response = await phone.request('OPTIONS', `sip:${stage.sipAddress.host}:${stage.sipAddress.port}`, [
      ['From', '<sip:x@127.0.0.1>;tag=1'],
      ['To', `<sip:${stage.sipAddress.host}>`],
      ['Call-ID', 'options-1'],
      ['CSeq', '1 OPTIONS'],
    ]);
    expect(response.status).toBe(200);
    expect(header(response, 'allow')).toContain('INVITE');
  });
});
