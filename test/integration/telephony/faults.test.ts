import { afterEach, describe, expect, it } from 'vitest';
import { connectTelephony } from '../../../src/adapters/drachtio/connect-telephony.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SystemRandom } from '../../../src/kernel/random.ts';
import { EMBEDDED_ADMISSION } from '../../../src/telephony/call-admission.ts';
import { noCounters } from '../../../src/telephony/counters.ts';
import { MemoryRegistrationStore } from '../../../src/telephony/registration.ts';
import { MemoryOpenLegs } from '../../fakes/memory-open-legs.ts';
import type { Leg } from '../../../src/telephony/leg.ts';
import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import type { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import { TcpGate, freeTcpPort } from '../../fakes/tcp-gate.ts';
import { openServers, openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A stage whose connections to both servers go through gates. */
async function gatedStage(): Promise<{
  stage: Stage;
  sipGate: TcpGate;
  mediaGate: TcpGate;
  backGate: TcpGate;
}> {
  const servers = await openServers();
  const listenPort = await freeTcpPort();
  const sipGate = new TcpGate(() => servers.sip);
  const mediaGate = new TcpGate(() => servers.media);
  const backGate = new TcpGate(() => ({ host: '127.0.0.1', port: listenPort }));
  const stage = await openStage({
    servers: {
      ...servers,
      sip: { ...servers.sip, host: '127.0.0.1', port: await sipGate.open() },
      media: { ...servers.media, host: '127.0.0.1', port: await mediaGate.open() },
      close: () => Promise.resolve(),
    },
    media: { listenPort, advertisedAddress: '127.0.0.1', advertisedPort: await backGate.open() },
  });
  closers.push(
    () => servers.close(),
    () => [sipGate, mediaGate, backGate].forEach((gate) => gate.close()),
    () => stage.close(),
  );
  return { stage, sipGate, mediaGate, backGate };
}

async function answeredCall(stage: Stage, trunk: SoftPhone): Promise<{ call: PhoneCall; leg: Leg }> {
  const call = await trunk.call('5000');
  const outcome = await (await stage.inbound()).answer();
  if (outcome.kind !== 'answered') throw new Error(JSON.stringify(outcome));
  await call.final;
  return { call, leg: outcome.leg };
}

async function until(stage: Stage, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
  if (!condition()) throw new Error(`not reached: ${JSON.stringify(stage.telephony.health())}`);
}

describe('the media server is lost', () => {
  it('its calls end, the callers are told, and service resumes', async () => {
    const { stage, mediaGate, backGate } = await gatedStage();
    const trunk = await stage.trunkPhone('carrier');
    const { call, leg } = await answeredCall(stage, trunk);
    const playing = leg.play([{ kind: 'silence', durationMs: 60_000 }]);
    mediaGate.cut();
    backGate.cut();
    expect(await leg.ended).toMatchObject({ bucket: 'server_error', reason: 'media-server-failure' });
    expect(await playing).toBe('ended');
    const bye = await call.ended;
    expect(bye && header(bye, 'reason')).toContain('cause=41');
    const refusedCall = await trunk.call('5000');
    expect(await (await stage.inbound()).answer()).toMatchObject({
      termination: { reason: 'media-server-failure' },
    });
    const refused = await refusedCall.final;
    expect(refused.status).toBe(503);
    expect(header(refused, 'retry-after')).toBe('5');
    mediaGate.mend();
    backGate.mend();
    await until(stage, () => stage.telephony.health().media.connected);
    const after = await answeredCall(stage, trunk);
    await after.leg.hangUp();
  });
});

describe('the SIP server is lost', () => {
  it('its calls end, no channel stays at the media server, and service resumes', async () => {
    const { stage, sipGate } = await gatedStage();
    const trunk = await stage.trunkPhone('carrier');
    const { leg } = await answeredCall(stage, trunk);
    trunk.behaviour = { kind: 'ring' };
    const outbound = stage.telephony.originate({
      callId: 'call_lost',
      target: { kind: 'trunk', number: '+15550001' },
      callerId: { number: '5000' },
      ringTimeoutMs: 20_000,
    });
    await outbound.ringing;
    sipGate.cut();
    expect(await leg.ended).toMatchObject({ bucket: 'server_error', reason: 'sip-server-lost' });
    expect(await outbound.outcome).toMatchObject({ termination: { reason: 'sip-server-lost' } });
    await until(stage, () => stage.telephony.health().media.endpointCount === 0);
    expect(stage.telephony.admissionStats().callCount).toBe(0);
    const attempt = stage.telephony.originate({
      callId: 'call_none',
      target: { kind: 'trunk', number: '+15550001' },
      callerId: { number: '5000' },
      ringTimeoutMs: 1000,
    });
    expect(await attempt.outcome).toMatchObject({ termination: { reason: 'sip-server-lost' } });
    sipGate.mend();
    await until(stage, () => stage.telephony.health().sip.connected);
    const after = await answeredCall(stage, trunk);
    await after.leg.hangUp();
  });
});

describe('overload', () => {
  it('turns new calls away while what is stored has waited for the disk for a second, and no longer', async () => {
    let diskWaitMs = 1500;
    const stage = await openStage({ diskWaitMs: () => diskWaitMs });
    closers.push(() => stage.close());
    const trunk = await stage.trunkPhone('carrier');
    const refused = await (await trunk.call('5000')).final;
    expect([refused.status, header(refused, 'retry-after')]).toEqual([503, '2']);
    expect(stage.telephony.admissionStats().refusedCount.lag).toBe(1);
    diskWaitMs = 900;
    const { leg } = await answeredCall(stage, trunk);
    await leg.hangUp();
  });

  it('turns new calls away with 503 and Retry-After while calls in progress go on', async () => {
    const stage = await openStage({ admission: { dialoguesPerSecMax: 1, dialogueBurstMax: 3 } });
    closers.push(() => stage.close());
    const trunk = await stage.trunkPhone('carrier');
    const { call, leg } = await answeredCall(stage, trunk);
    const calls = await Promise.all(Array.from({ length: 20 }, () => trunk.call('5000')));
    const [first, second] = [await stage.inbound(), await stage.inbound()];
    first.reject(480);
    second.reject(480);
    const statuses = (await Promise.all(calls.map((each) => each.final))).map((final) => [
      final.status,
      header(final, 'retry-after') === '' ? 'no' : 'retry-after',
    ]);
    expect(statuses.filter(([status]) => status === 480)).toHaveLength(2);
    expect(statuses.filter(([status, retry]) => status === 503 && retry === 'retry-after')).toHaveLength(18);
    const heard = call.rtp.hears(440);
    expect(await leg.play([{ kind: 'tone', frequencies: [440], onMs: 600, offMs: 0 }])).toBe('done');
    await heard;
    expect(stage.telephony.admissionStats().refusedCount.rate).toBe(18);
    await leg.hangUp();
  });
});

describe('the end of the program', () => {
  it('hangs up calls, cancels what rings, and refuses what waits', async () => {
    const stage = await openStage();
    const trunk = await stage.trunkPhone('carrier');
    const { call } = await answeredCall(stage, trunk);
    trunk.behaviour = { kind: 'ring' };
    const outbound = stage.telephony.originate({
      callId: 'call_end',
      target: { kind: 'trunk', number: '+15550001' },
      callerId: { number: '5000' },
      ringTimeoutMs: 20_000,
    });
    const ringing = await trunk.incoming();
    await outbound.ringing;
    const waiting = await trunk.call('5000');
    await stage.inbound();
    const closed = stage.telephony.close();
    expect(await call.ended).toBeDefined();
    expect(await outbound.outcome).toMatchObject({ termination: { reason: 'cancelled' } });
    await ringing.cancelled;
    expect((await waiting.final).status).toBe(503);
    await closed;
    await stage.close();
  });

  it('does not wait for a phone that never answered with anything', async () => {
    const stage = await openStage();
    const trunk = await stage.trunkPhone('carrier');
    trunk.behaviour = { kind: 'silent' };
    const outbound = stage.telephony.originate({
      callId: 'call_end',
      target: { kind: 'trunk', number: '+15550001' },
      callerId: { number: '5000' },
      ringTimeoutMs: 20_000,
    });
    await trunk.incoming();
    // Longer than a test may take: the end comes before.
    await stage.telephony.close(60_000);
    expect(await outbound.outcome).toMatchObject({ termination: { reason: 'cancelled' } });
    await stage.close();
  });
});

describe('servers that cannot be used at the start', () => {
  const connectTo = async (
    sip: { port: number; secret: string },
    media: { port: number; secret: string },
  ) => {
    const clock = new SystemClock();
    return connectTelephony({
      config: {
        sipServer: { host: '127.0.0.1', ...sip },
        mediaServer: {
          host: '127.0.0.1',
          ...media,
          listenAddress: '127.0.0.1',
          listenPort: 0,
          profile: 'drachtio_mrf',
          audioRoot: '/nowhere',
          tapPort: 0,
          warmEndpointCount: 0,
        },
        admission: EMBEDDED_ADMISSION,
        connectTimeoutMs: 1500,
      },
      directory: {
        realm: 'x',
        trunks: () => [],
        agentBySipUser: () => undefined,
        trunkPassword: () => undefined,
      },
      registrations: new MemoryRegistrationStore(),
      openLegs: new MemoryOpenLegs(),
      clock,
      ids: new IdSource(clock, new SystemRandom()),
      log: silentLog,
      counters: noCounters,
    });
  };

  it('are named with what is wrong', async () => {
    const servers = await openServers();
    closers.push(() => servers.close());
    const nobody = await freeTcpPort();
    const { sip, media } = servers;
    await expect(connectTo({ ...sip, port: nobody }, media)).rejects.toMatchObject({
      code: 'SIP_SERVER_UNREACHABLE',
    });
    await expect(connectTo({ ...sip, secret: 'wrong' }, media)).rejects.toMatchObject({
      code: 'SIP_SERVER_REFUSED',
    });
    await expect(connectTo(sip, { ...media, port: nobody })).rejects.toMatchObject({
      code: 'MEDIA_SERVER_UNREACHABLE',
    });
    await expect(connectTo(sip, { ...media, secret: 'wrong' })).rejects.toMatchObject({
      code: 'MEDIA_SERVER_REFUSED',
    });
  });
});
