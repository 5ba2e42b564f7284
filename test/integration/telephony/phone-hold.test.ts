import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hangUp, hear, parties, party } from './parties.ts';
import type { Party } from './parties.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
});
afterAll(() => stage.close());

/** The holds that a leg tells of. */
function holdsOf({ leg }: Party): boolean[] {
  const holds: boolean[] = [];
  leg.onHold((held) => holds.push(held));
  return holds;
}

describe('a phone that holds', () => {
  it.each([
    ['sendonly', /^a=(recvonly|inactive)\r$/m],
    ['inactive', /^a=inactive\r$/m],
  ])(
    'by %s is told of once, answered with the right direction, and taken back',
    async (direction, answer) => {
      const agent = await party(stage, 0);
      const holds = holdsOf(agent);
      const held = await agent.call.send('INVITE', [], agent.call.sdp(direction));
      expect(held.status).toBe(200);
      expect(held.body).toMatch(answer);
      await agent.call.send('INVITE', [], agent.call.sdp(direction));
      expect(holds).toEqual([true]);
      const resumed = await agent.call.send('INVITE', [], agent.call.sdp());
      expect(resumed.body).not.toMatch(/^a=(sendonly|recvonly|inactive)/m);
      expect(holds).toEqual([true, false]);
      const heard = agent.call.rtp.hears(440);
      void agent.leg.play([{ kind: 'tone', frequencies: [440], onMs: 1000, offMs: 0 }], { loop: true });
      await heard;
      await hangUp([agent]);
    },
  );

  it('by an address of zeros, as old phones do, is told of and taken back', async () => {
    const agent = await party(stage, 0);
    const holds = holdsOf(agent);
    const old = agent.call.sdp().replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0');
    expect((await agent.call.send('INVITE', [], old)).status).toBe(200);
    expect(holds).toEqual([true]);
    expect((await agent.call.send('INVITE', [], agent.call.sdp())).status).toBe(200);
    expect(holds).toEqual([true, false]);
    const heard = agent.call.rtp.hears(440);
    void agent.leg.play([{ kind: 'tone', frequencies: [440], onMs: 1000, offMs: 0 }], { loop: true });
    await heard;
    await hangUp([agent]);
  });

  it('by UPDATE is told of too', async () => {
    const agent = await party(stage, 0);
    const holds = holdsOf(agent);
    const held = await agent.call.send('UPDATE', [], agent.call.sdp('sendonly'));
    expect(held.body).toMatch(/^a=(recvonly|inactive)\r$/m);
    expect((await agent.call.send('UPDATE', [], agent.call.sdp())).status).toBe(200);
    expect(holds).toEqual([true, false]);
    await hangUp([agent]);
  });

  it('leaves the customer to music, and both hear each other again afterwards', async () => {
    const [customer, agent] = (await parties(stage, 2)) as [Party, Party];
    const bridge = await stage.telephony.bridge(customer.leg, agent.leg);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    const held = new Promise((resolve) => agent.leg.onHold(resolve));
    await agent.call.send('INVITE', [], agent.call.sdp('sendonly'));
    expect(await held).toBe(true);
    await bridge.separate();
    const music = customer.call.rtp.hears(440);
    void customer.leg.play([{ kind: 'tone', frequencies: [440], onMs: 5000, offMs: 0 }], { loop: true });
    await music;
    await hear([[agent, []]]);
    const back = new Promise((resolve) => agent.leg.onHold(resolve));
    await agent.call.send('INVITE', [], agent.call.sdp());
    expect(await back).toBe(false);
    await stage.telephony.bridge(customer.leg, agent.leg);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    await hangUp([customer, agent]);
  });

  it('in a mix hears nothing and is heard again when it comes back', async () => {
    const all = (await parties(stage, 3)) as [Party, Party, Party];
    const [customer, agent, third] = all;
    const mix = await stage.telephony.createMix();
    for (const { leg } of all) await mix.join(leg);
    agent.call.rtp.tone(0);
    await agent.call.send('INVITE', [], agent.call.sdp('inactive'));
    await hear([
      [customer, [third]],
      [third, [customer]],
      [agent, []],
    ]);
    await agent.call.send('INVITE', [], agent.call.sdp());
    agent.call.rtp.tone(agent.voice);
    await hear([
      [customer, [agent, third]],
      [agent, [customer, third]],
    ]);
    expect(mix.legs).toHaveLength(3);
    await hangUp(all);
  });
});

describe('changes of media that cross each other', () => {
  it('both phones of a bridge may change at the same time', async () => {
    const [customer, agent] = (await parties(stage, 2)) as [Party, Party];
    await stage.telephony.bridge(customer.leg, agent.leg);
    const both = [customer, agent].map(({ call }) => call.send('INVITE', [], call.sdp('sendonly')));
    for (const response of await Promise.all(both)) expect(response.status).toBe(200);
    const back = [customer, agent].map(({ call }) => call.send('INVITE', [], call.sdp()));
    for (const response of await Promise.all(back)) expect(response.status).toBe(200);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    await hangUp([customer, agent]);
  });

  it('an offer while ours waits for its answer is refused with 491', async () => {
    const agent = await party(stage, 0);
    const { response, acknowledge } = await agent.call.reinviteUnacknowledged();
    expect(response.status).toBe(200);
    expect(response.body).toMatch(/^m=audio/m);
    expect((await agent.call.send('UPDATE', [], agent.call.sdp('sendonly'))).status).toBe(491);
    acknowledge();
    const holds = holdsOf(agent);
    let status: number | undefined;
    // The ACK and what follows it may overtake each other.
    do ({ status } = await agent.call.send('UPDATE', [], agent.call.sdp('sendonly')));
    while (status === 491);
    expect(status).toBe(200);
    expect(holds).toEqual([true]);
    await hangUp([agent]);
  });
});
