import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import type { Leg, TransferRequest } from '../../../src/telephony/leg.ts';
import { hangUp, parties, party } from './parties.ts';
import type { Party } from './parties.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
});
afterAll(() => stage.close());

function nextTransfer(leg: Leg): Promise<TransferRequest> {
  return new Promise((resolve) => leg.onTransferRequest(resolve));
}

const blind = [['Refer-To', '<sip:7001@127.0.0.1;transport=udp>']] as const;

describe('a REFER within a call', () => {
  it('is accepted, reported step by step, and ends its subscription with the final status', async () => {
    const agent = await party(stage, 0);
    const asked = nextTransfer(agent.leg);
    const refer = agent.call.send('REFER', blind);
    const transfer = await asked;
    expect(transfer.target).toEqual({ uri: 'sip:7001@127.0.0.1', number: '7001' });
    expect(transfer.replaces).toBeUndefined();
    transfer.accept();
    transfer.accept();
    expect((await refer).status).toBe(202);
    transfer.progress(180);
    transfer.done(200);
    transfer.done(503);
    transfer.progress(183);
    expect(await agent.call.transferred).toBe(200);
    expect(agent.call.transferStatuses).toEqual([100, 180, 200]);
    // The phone hangs up by itself.
    await agent.call.bye();
    expect(await agent.leg.ended).toMatchObject({ reason: 'remote-hangup' });
  });

  it('to nowhere reports the failure, and the call goes on', async () => {
    const agent = await party(stage, 0);
    const asked = nextTransfer(agent.leg);
    const refer = agent.call.send('REFER', blind);
    (await asked).done(404);
    expect((await refer).status).toBe(202);
    expect(await agent.call.transferred).toBe(404);
    expect(agent.call.transferStatuses).toEqual([100, 404]);
    expect(agent.leg.termination).toBeUndefined();
    const again = nextTransfer(agent.leg);
    const second = agent.call.send('REFER', blind);
    (await again).reject(486);
    expect((await second).status).toBe(486);
    await hangUp([agent]);
  });

  it('names another call of the phone to be replaced', async () => {
    const [first, second] = (await parties(stage, 2)) as [Party, Party];
    const asked = nextTransfer(first.leg);
    const referTo = `<sip:7001@127.0.0.1?Replaces=${second.call.replaces}&Subject=x>`;
    const refer = first.call.send('REFER', [['Refer-To', referTo]]);
    const transfer = await asked;
    expect(transfer.replaces).toBe(second.leg);
    transfer.done(200);
    expect((await refer).status).toBe(202);
    expect(await first.call.transferred).toBe(200);
    await hangUp([first, second]);
  });

  it('that replaces a call which is not there is refused with 481', async () => {
    const [first, second] = (await parties(stage, 2)) as [Party, Party];
    first.leg.onTransferRequest(() => expect.unreachable());
    const { replaces } = second.call;
    await second.leg.hangUp();
    const gone = await first.call.send('REFER', [['Refer-To', `<sip:7001@127.0.0.1?Replaces=${replaces}>`]]);
    expect(gone.status).toBe(481);
    await hangUp([first]);
  });

  it.each([
    ['without Refer-To', [], 400],
    ['with two of them', [['Refer-To', '<sip:1@127.0.0.1>, <sip:2@127.0.0.1>']], 400],
    ['to a scheme that cannot be called', [['Refer-To', '<https://127.0.0.1/>']], 416],
    ['with half a Replaces', [['Refer-To', '<sip:1@127.0.0.1?Replaces=abc>']], 400],
    ['with a broken escape', [['Refer-To', '<sip:1@127.0.0.1?Replaces=%zz>']], 400],
  ] as const)('%s is refused', async (_name, headers, status) => {
    const agent = await party(stage, 0);
    agent.leg.onTransferRequest(() => expect.unreachable());
    expect((await agent.call.send('REFER', headers)).status).toBe(status);
    await hangUp([agent]);
  });

  it('is refused with 603 without a listener, and with 491 while another is under way', async () => {
    const agent = await party(stage, 0);
    expect((await agent.call.send('REFER', blind)).status).toBe(603);
    const asked = nextTransfer(agent.leg);
    const first = agent.call.send('REFER', blind);
    const transfer = await asked;
    transfer.accept();
    expect((await first).status).toBe(202);
    expect((await agent.call.send('REFER', blind)).status).toBe(491);
    transfer.done(200);
    expect(await agent.call.transferred).toBe(200);
    const stop = agent.leg.onTransferRequest(() => expect.unreachable());
    stop();
    expect((await agent.call.send('REFER', blind)).status).toBe(603);
    await hangUp([agent]);
  });

  it('without a subscription gets no NOTIFY, and is told so', async () => {
    const agent = await party(stage, 0);
    const asked = nextTransfer(agent.leg);
    const refer = agent.call.send('REFER', [...blind, ['Refer-Sub', 'false']]);
    const transfer = await asked;
    transfer.accept();
    const accepted = await refer;
    expect(accepted.status).toBe(202);
    expect(header(accepted, 'refer-sub')).toBe('false');
    transfer.done(200);
    await agent.leg.hangUp();
    expect(agent.call.requests).not.toContain('NOTIFY');
  });

  it('followed at once by the phone hanging up can still be carried out', async () => {
    const agent = await party(stage, 0);
    const asked = nextTransfer(agent.leg);
    const refer = agent.call.send('REFER', blind);
    const transfer = await asked;
    transfer.accept();
    expect((await refer).status).toBe(202);
    await agent.call.bye();
    await agent.leg.ended;
    transfer.progress(180);
    transfer.done(200);
    expect(stage.telephony.health().legCount).toBe(0);
  });
});
