import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from './telephony-stage.ts';
import { openStage } from './telephony-stage.ts';
import { hangUp, hear, parties, VOICES } from './parties.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
});
afterAll(() => stage.close());

describe('a mix', () => {
  it('lets three parties hear each other, and two go on when one is taken out', async () => {
    const all = await parties(stage, 3);
    const [customer, agent, third] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const bridge = await stage.telephony.bridge(customer.leg, agent.leg);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    const mix = await stage.telephony.createMix();
    await mix.join(customer.leg);
    await mix.join(agent.leg);
    await mix.join(third.leg);
    expect(mix.legs).toHaveLength(3);
    await hear([
      [customer, [agent, third]],
      [agent, [customer, third]],
      [third, [customer, agent]],
    ]);
    // The bridge of before is no more: ending it parts nobody.
    await bridge.separate();
    await mix.leave(third.leg);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
      [third, []],
    ]);
    const music = third.call.rtp.hears(440);
    void third.leg.play([{ kind: 'tone', frequencies: [440], onMs: 1000, offMs: 0 }], { loop: true });
    await music;
    await mix.join(third.leg);
    await hear([
      [customer, [agent, third]],
      [third, [customer, agent]],
    ]);
    await mix.close();
    await mix.close();
    await hear(all.map((one) => [one, []]));
    await stage.telephony.bridge(agent.leg, third.leg);
    await hear([
      [agent, [third]],
      [third, [agent]],
      [customer, []],
    ]);
    await hangUp(all);
  });

  it('lets a listener hear all and be heard by nobody, then whisper to one, then be heard by all', async () => {
    const all = await parties(stage, 3);
    const [customer, agent, supervisor] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const atCustomer = customer.call.rtp.notes(VOICES);
    const atAgent = agent.call.rtp.notes(VOICES);
    const mix = await stage.telephony.createMix();
    await mix.join(customer.leg);
    await mix.join(agent.leg);
    await mix.join(supervisor.leg, { hears: 'all', heardBy: [] });
    await hear([
      [customer, [agent]],
      [agent, [customer]],
      [supervisor, [customer, agent]],
    ]);
    // Not even for one packet.
    expect([...atAgent]).toEqual([customer.voice]);
    await mix.setRelations(supervisor.leg, { hears: 'all', heardBy: [agent.leg] });
    await hear([
      [customer, [agent]],
      [agent, [customer, supervisor]],
      [supervisor, [customer, agent]],
    ]);
    expect([...atCustomer]).toEqual([agent.voice]);
    await mix.setRelations(supervisor.leg, { hears: 'all', heardBy: 'all' });
    await hear([
      [customer, [agent, supervisor]],
      [agent, [customer, supervisor]],
    ]);
    await mix.setRelations(supervisor.leg, { hears: [agent.leg], heardBy: [agent.leg] });
    await hear([
      [customer, [agent]],
      [agent, [customer, supervisor]],
      [supervisor, [agent]],
    ]);
    await hangUp(all);
  });

  it('keeps relations when the one they name leaves and comes back, and lets go of them with the mix', async () => {
    const all = await parties(stage, 3);
    const [customer, agent, supervisor] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const mix = await stage.telephony.createMix();
    await mix.join(supervisor.leg, { hears: 'all', heardBy: [agent.leg] });
    await mix.join(agent.leg);
    await mix.join(customer.leg);
    await hear([
      [customer, [agent]],
      [agent, [customer, supervisor]],
    ]);
    await mix.leave(agent.leg);
    await hear([
      [customer, []],
      [supervisor, [customer]],
    ]);
    await mix.join(agent.leg);
    await hear([
      [customer, [agent]],
      [agent, [customer, supervisor]],
      [supervisor, [customer, agent]],
    ]);
    const another = await stage.telephony.createMix();
    for (const { leg } of all) await another.join(leg);
    expect(mix.legs).toEqual([]);
    await hear([
      [customer, [agent, supervisor]],
      [agent, [customer, supervisor]],
      [supervisor, [customer, agent]],
    ]);
    await mix.close();
    expect(another.legs).toHaveLength(3);
    await hangUp(all);
  });

  it('goes on without a leg that hangs up, and takes none that has ended', async () => {
    const all = await parties(stage, 3);
    const [customer, agent, third] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const mix = await stage.telephony.createMix();
    for (const { leg } of all) await mix.join(leg);
    await third.call.bye();
    await third.leg.ended;
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    expect(mix.legs).toHaveLength(2);
    await expect(mix.join(third.leg)).rejects.toMatchObject({ code: 'MEDIA_MIX_FAILED' });
    await expect(mix.setRelations(third.leg, { hears: 'all', heardBy: [] })).rejects.toMatchObject({
      code: 'MEDIA_MIX_FAILED',
    });
    await mix.leave(third.leg);
    await hangUp([customer, agent]);
    await mix.close();
    await expect(mix.join(agent.leg)).rejects.toMatchObject({ code: 'MEDIA_MIX_FAILED' });
    expect(stage.telephony.health().legCount).toBe(0);
  });

  it('is as it was when a bridge of one of its legs to an ended call is refused', async () => {
    const all = await parties(stage, 3);
    const [customer, agent, third] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
    const mix = await stage.telephony.createMix();
    await mix.join(customer.leg);
    await mix.join(agent.leg);
    await third.leg.hangUp();
    await expect(stage.telephony.bridge(customer.leg, third.leg)).rejects.toMatchObject({
      code: 'MEDIA_BRIDGE_FAILED',
    });
    expect(mix.legs).toEqual([customer.leg, agent.leg]);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    await hangUp([customer, agent]);
  });

  it('is not kept from working by a leg that hangs up while it comes in or goes out', async () => {
    const all = await parties(stage, 4);
    const [customer, agent, coming, going] = all as [
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
    ];
    const mix = await stage.telephony.createMix();
    for (const { leg } of [customer, agent, going]) await mix.join(leg);
    const ears = { hears: 'all', heardBy: [] } as const;
    const joined = mix.join(coming.leg, ears).then(
      () => 'joined',
      (thrown: { code?: string }) => thrown.code,
    );
    const left = mix.leave(going.leg);
    await Promise.all([coming.call.bye(), going.call.bye()]);
    // Whichever came first.
    expect(['joined', 'MEDIA_MIX_FAILED']).toContain(await joined);
    await left;
    await Promise.all([coming.leg.ended, going.leg.ended]);
    await hear([
      [customer, [agent]],
      [agent, [customer]],
    ]);
    expect(mix.legs).toEqual([customer.leg, agent.leg]);
    await hangUp([customer, agent]);
    expect(stage.telephony.health().legCount).toBe(0);
  });

  it('passes keys on to listeners, and sends them', async () => {
    const all = await parties(stage, 2);
    const [customer, agent] = all as [(typeof all)[0], (typeof all)[0]];
    const mix = await stage.telephony.createMix();
    for (const { leg } of all) await mix.join(leg);
    const digit = new Promise((resolve) => agent.leg.onDigit(resolve));
    await agent.call.rtp.digit('5');
    expect(await digit).toBe('5');
    const received = customer.call.rtp.hearsDigits('42');
    await customer.leg.sendDigits('42');
    await received;
    await hangUp(all);
  });
});

describe('a muted leg', () => {
  it('is heard by nobody, hears on, and stays muted from bridge to mix and back', async () => {
    const all = await parties(stage, 2);
    const [customer, agent] = all as [(typeof all)[0], (typeof all)[0]];
    const bridge = await stage.telephony.bridge(customer.leg, agent.leg);
    await agent.leg.setMuted(true);
    await agent.leg.setMuted(true);
    await hear([
      [customer, []],
      [agent, [customer]],
    ]);
    const digit = new Promise((resolve) => agent.leg.onDigit(resolve));
    await agent.call.rtp.digit('7');
    expect(await digit).toBe('7');
    await bridge.separate();
    const mix = await stage.telephony.createMix();
    for (const { leg } of all) await mix.join(leg);
    await hear([
      [customer, []],
      [agent, [customer]],
    ]);
    await agent.leg.setMuted(false);
    await hear([[customer, [agent]]]);
    await agent.leg.setMuted(true);
    await stage.telephony.bridge(customer.leg, agent.leg);
    await hear([
      [customer, []],
      [agent, [customer]],
    ]);
    await agent.leg.setMuted(false);
    await hear([[customer, [agent]]]);
    await hangUp(all);
    await agent.leg.setMuted(true);
  });
});
