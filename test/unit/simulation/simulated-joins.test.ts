import { describe, expect, it } from 'vitest';
import { SimulatedJoins } from '../../../src/simulation/simulated-joins.ts';
import { QuietLeg } from '../../fakes/fake-telephony.ts';

const joins = (fails = false): SimulatedJoins =>
  new SimulatedJoins({ delay: () => Promise.resolve(), fails: () => fails });
const legs = (): [QuietLeg, QuietLeg, QuietLeg] => [
  new QuietLeg('call_a', 'inbound', '1'),
  new QuietLeg('call_b', 'outbound', '2'),
  new QuietLeg('call_c', 'outbound', '3'),
];

describe('who hears whom without sound', () => {
  it('is the other side of a bridge, until it is separated or one ends', async () => {
    const [a, b, c] = legs();
    const all = joins();
    const bridge = await all.bridge(a, b);
    expect([all.hears(a, b), all.hears(b, a), all.hears(c, a)]).toEqual([true, true, false]);
    await b.setMuted(true);
    expect([all.hears(a, b), all.hears(b, a)]).toEqual([false, true]);
    await bridge.separate();
    expect(all.hears(b, a)).toBe(false);
    await all.bridge(a, c);
    await bridge.separate();
    expect(all.hears(a, c)).toBe(true);
    c.end();
    expect(all.hears(a, c)).toBe(false);
    await expect(all.bridge(a, c)).rejects.toMatchObject({ code: 'MEDIA_BRIDGE_FAILED' });
  });

  it('is in a mix what both sides allow', async () => {
    const [customer, agent, supervisor] = legs();
    const all = joins();
    await all.bridge(customer, agent);
    const mix = await all.createMix();
    await mix.join(customer);
    expect(all.hears(agent, customer)).toBe(false);
    await mix.join(agent);
    await mix.join(supervisor, { hears: 'all', heardBy: [agent] });
    expect(all.hears(supervisor, customer)).toBe(true);
    expect(all.hears(customer, supervisor)).toBe(false);
    expect(all.hears(agent, supervisor)).toBe(true);
    await mix.setRelations(supervisor, { hears: [agent], heardBy: [] });
    expect(all.hears(supervisor, customer)).toBe(false);
    expect(all.hears(agent, supervisor)).toBe(false);
    await mix.leave(agent);
    expect(mix.legs).toEqual([customer, supervisor]);
    await expect(mix.setRelations(agent, { hears: 'all', heardBy: 'all' })).rejects.toMatchObject({
      code: 'MEDIA_MIX_FAILED',
    });
    expect(all.openMixCount).toBe(1);
    await mix.close();
    expect([all.openMixCount, mix.legs.length]).toEqual([0, 0]);
    await expect(mix.join(customer)).rejects.toMatchObject({ code: 'MEDIA_MIX_FAILED' });
  });

  it('ends with a leg, which leaves its mix', async () => {
    const [a, b] = legs();
    const all = joins();
    const mix = await all.createMix();
    await mix.join(a);
    await mix.join(b);
    a.end();
    await a.ended;
    expect(mix.legs).toEqual([b]);
  });

  it('stays as it was when a join fails', async () => {
    const [a, b] = legs();
    const all = joins(true);
    const mix = await all.createMix();
    await expect(mix.join(a)).rejects.toMatchObject({ code: 'MEDIA_MIX_FAILED' });
    await expect(all.bridge(a, b)).rejects.toMatchObject({ code: 'MEDIA_BRIDGE_FAILED' });
    expect(mix.legs).toEqual([]);
  });
});

describe('a phone without sound', () => {
  it('tells of holds that change something, and of transfers while somebody listens', async () => {
    const [a, b] = legs();
    const holds: boolean[] = [];
    const stop = a.onHold((held) => holds.push(held));
    a.controls.hold(true);
    a.controls.hold(true);
    a.controls.hold(false);
    stop();
    a.controls.hold(true);
    expect(holds).toEqual([true, false]);
    expect(await a.controls.refer({ uri: 'sip:1@h' }).outcome).toBe(603);
    a.onTransferRequest((request) => {
      expect(request.replaces).toBe(b);
      request.accept();
      request.progress(180);
      request.done(200);
      request.done(500);
    });
    const transfer = a.controls.refer({ uri: 'sip:1@h' }, b);
    expect(await transfer.outcome).toBe(200);
    expect(transfer.statuses).toEqual([202, 100, 180, 200]);
  });

  it('records until it is stopped or has ended', async () => {
    const [a] = legs();
    const first = await a.record('a.wav');
    a.nowMs = 1000;
    expect(await first.stop()).toEqual({ durationMs: 1000, bytes: 32_044 });
    const second = await a.record('b.wav');
    a.nowMs = 1500;
    a.end();
    expect(await second.ended).toMatchObject({ durationMs: 500 });
    expect(a.controls.recordings.map(({ path }) => path)).toEqual(['a.wav', 'b.wav']);
  });
});
