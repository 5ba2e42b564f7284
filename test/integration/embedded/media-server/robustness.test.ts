import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MrfLab, until } from './mrf-lab.ts';

let lab: MrfLab;

beforeAll(async () => {
  lab = await MrfLab.open({ limits: { sessionsMax: 6, commandBytesMax: 4_096, connectionsMax: 4 } });
});
afterAll(() => lab.close());

async function openSocket(): Promise<{ socket: Socket; said: (text: string) => Promise<void> }> {
  const socket = connect(lab.media.eventSocketPort, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes: Buffer) => (received += bytes.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return {
    socket,
    said: (text) =>
      until(
        () => received.includes(text),
        () => received,
      ),
  };
}

describe('the event socket', () => {
  it('refuses a wrong password and closes', async () => {
    const { socket, said } = await openSocket();
    await said('auth/request');
    const closed = once(socket, 'close');
    socket.write('auth wrong\n\n');
    await said('-ERR invalid');
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('answers an unknown command as FreeSWITCH does, and says so in its faults', async () => {
    expect(await lab.ms.api('no_such_thing 1 2')).toBe('-ERR no_such_thing Command not found!\n');
    expect(await lab.media.faults()).toContainEqual({
      message: 'unknown api command',
      fields: { command: 'no_such_thing' },
    });
  });

  it('runs a command in the background and tells its result', async () => {
    const { socket, said } = await openSocket();
    socket.write('auth media-secret\n\nevent plain BACKGROUND_JOB\n\nbgapi status\nJob-UUID: job-1\n\n');
    await said('+OK Job-UUID: job-1');
    await said('Event-Name: BACKGROUND_JOB');
    await expect(said('0 session(s)')).resolves.toBeUndefined();
    socket.destroy();
  });

  it('ends a connection that sends a line without end', async () => {
    const { socket } = await openSocket();
    const closed = once(socket, 'close');
    socket.write('x'.repeat(10_000));
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('survives bytes that are no protocol', async () => {
    const { socket, said } = await openSocket();
    socket.write(Buffer.from([0, 255, 10, 10, 254, 10, 10]));
    await said('-ERR command not found');
    socket.destroy();
    expect(await lab.ms.api('version')).toContain('FreeSWITCH Version');
  });
});

describe('SIP and RTP', () => {
  it('answers 488 to an offer without a codec it speaks', async () => {
    const phone = await lab.phone();
    const remoteSdp = phone.sdp.replace('RTP/AVP 0 101', 'RTP/AVP 18 101').replace('0 PCMU', '18 G729');
    await expect(lab.ms.createEndpoint({ remoteSdp })).rejects.toMatchObject({ status: 488 });
  });

  it('answers 503 beyond its sessions, and calls in progress go on', async () => {
    const calls = [];
    for (let i = 0; i < 6; i++) calls.push(await lab.call());
    await expect(lab.call()).rejects.toMatchObject({ status: 503 });
    const [first] = calls;
    const played = first?.endpoint.play('tone_stream://%(400,0,440)');
    await first?.phone.hears(440);
    await played;
    await Promise.all(calls.map(({ endpoint }) => endpoint.destroy()));
  });

  it('is not disturbed by garbage, and a stranger cannot take a stream over', async () => {
    const { phone, endpoint } = await lab.call();
    const other = await lab.call();
    other.phone.sound(900);
    await endpoint.bridge(other.endpoint);
    await phone.hears(900);
    const stranger = createSocket('udp4');
    const port = Number(other.endpoint.local.mediaPort);
    for (let i = 0; i < 300; i++) {
      const packet = Buffer.alloc(172, i & 0xff);
      packet[0] = i % 2 === 0 ? 0x80 : i & 0xff;
      packet[1] = 0;
      packet.writeUInt16BE(i, 2);
      stranger.send(packet, port, '127.0.0.1');
      phone.sendRaw(Buffer.alloc(i % 13, i));
    }
    await phone.hears(900);
    phone.sound(600);
    await other.phone.hears(600);
    expect((await lab.media.statistics())?.malformedPacketCount).toBeGreaterThan(0);
    stranger.close();
    await Promise.all([endpoint.destroy(), other.endpoint.destroy()]);
  });

  it('frees everything after many calls', async () => {
    for (let round = 0; round < 20; round++) {
      const calls = await Promise.all([lab.call(), lab.call(), lab.call()]);
      const [a, b, c] = calls;
      const played = c.endpoint.play('tone_stream://loops=-1;%(100,0,440)');
      await a.endpoint.bridge(b.endpoint);
      await Promise.all(calls.map(({ endpoint }) => endpoint.destroy()));
      await played;
    }
    expect(await lab.media.statistics()).toMatchObject({
      sessionCount: 0,
      legCount: 0,
      rtpSocketCount: 0,
      connectionCount: 1,
    });
  });

  it('comes back on the same addresses after its thread died', async () => {
    const up = once(lab.media.supervisor, 'up');
    await lab.media.supervisor.kill();
    await up;
    await until(
      () => (lab.ms as unknown as { connected(): boolean }).connected(),
      () => 'not connected',
    );
    const { endpoint } = await lab.call();
    expect(endpoint.connected).toBe(true);
    await endpoint.destroy();
  });
});
