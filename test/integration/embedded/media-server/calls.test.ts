import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MrfLab, until } from './mrf-lab.ts';

let lab: MrfLab;

beforeAll(async () => {
  lab = await MrfLab.open({ heartbeatMs: 200 });
});
afterAll(() => lab.close());

describe('an endpoint of unmodified fsmrf', () => {
  it('plays a tone that the phone hears', async () => {
    const { phone, endpoint } = await lab.call();
    const played = endpoint.play('tone_stream://%(600,0,440)');
    await phone.hears(440);
    const result = await played;
    expect(Number(result.playbackMilliseconds)).toBe(600);
    await endpoint.destroy();
  });

  it('plays several files one after another', async () => {
    const { phone, endpoint } = await lab.call('PCMA');
    const played = endpoint.play(['tone_stream://%(500,0,500)', 'tone_stream://%(500,0,900)']);
    await phone.hears(500);
    await expect(phone.hears(900)).resolves.toBeUndefined();
    await played;
    await endpoint.destroy();
  });

  it('says when a file does not exist', async () => {
    const { endpoint } = await lab.call();
    await expect(endpoint.play('/etc/passwd')).rejects.toThrow('File Not Found');
    await endpoint.destroy();
  });

  it('collects digits, ended by enough of them', async () => {
    const { phone, endpoint } = await lab.call();
    const digits = endpoint.playCollect({ file: 'silence_stream://3000', min: 3, max: 3, timeout: 4000 });
    phone.press('123');
    expect((await digits).digits).toBe('123');
    await endpoint.destroy();
  });

  it('tells of key presses and of the terminator used', async () => {
    const { phone, endpoint } = await lab.call();
    const pressed: string[] = [];
    endpoint.on('dtmf', ({ dtmf }: { dtmf: string }) => pressed.push(dtmf));
    const collected = endpoint.playCollect({ file: 'silence_stream://3000', min: 1, max: 9, timeout: 4000 });
    phone.press('47#');
    expect(await collected).toMatchObject({ digits: '47', terminatorUsed: '#' });
    expect(pressed.join('')).toBe('47#');
    await endpoint.destroy();
  });

  it('sends digits to the phone', async () => {
    const { phone, endpoint } = await lab.call();
    await endpoint.execute('send_dtmf', '45@100');
    await expect(phone.hearsDigits('45')).resolves.toBeUndefined();
    await endpoint.destroy();
  });

  it('without SDP gets one, and takes the phone by re-INVITE', async () => {
    const phone = await lab.phone();
    const endpoint = await lab.ms.createEndpoint();
    expect(endpoint.local.sdp).toContain('telephone-event');
    await endpoint.modify(phone.sdp);
    phone.connect(endpoint.local.sdp);
    const played = endpoint.play('tone_stream://%(500,0,700)');
    await phone.hears(700);
    await played;
    await endpoint.destroy();
  });

  it('joins two phones with different codecs, both hear each other, and parts them again', async () => {
    const a = await lab.call('PCMU');
    const b = await lab.call('PCMA');
    a.phone.sound(500);
    b.phone.sound(1100);
    await a.endpoint.bridge(b.endpoint);
    await a.phone.hears(1100);
    await b.phone.hears(500);
    a.phone.press('9');
    await expect(b.phone.hearsDigits('9')).resolves.toBeUndefined();
    await a.endpoint.unbridge();
    await a.phone.hearsNothing();
    await Promise.all([a.endpoint.destroy(), b.endpoint.destroy()]);
  });

  it('hangs up the other leg of a bridge when one ends', async () => {
    const a = await lab.call();
    const b = await lab.call();
    await a.endpoint.bridge(b.endpoint);
    const ended = once(b.endpoint, 'destroy');
    await a.endpoint.destroy();
    await ended;
    expect(b.endpoint.connected).toBe(false);
  });

  it('sends nothing to a phone on hold and goes on afterwards', async () => {
    const a = await lab.call();
    const b = await lab.call();
    b.phone.sound(800);
    await a.endpoint.bridge(b.endpoint);
    await a.phone.hears(800);
    await a.endpoint.modify(a.phone.sdpWith('sendonly'));
    expect(a.endpoint.local.sdp).toContain('a=recvonly');
    await a.phone.hearsNothing();
    await a.endpoint.modify(a.phone.sdp);
    await a.phone.hears(800);
    await Promise.all([a.endpoint.destroy(), b.endpoint.destroy()]);
  });

  it('knows its packets', async () => {
    const { phone, endpoint } = await lab.call();
    await endpoint.play('tone_stream://%(300,0,440)');
    await until(
      () => phone.packetCount > 10,
      () => 'no packets',
    );
    const variables = await endpoint.getChannelVariables(true);
    expect(Number(variables['variable_rtp_audio_out_packet_count'])).toBeGreaterThanOrEqual(15);
    expect(Number(variables['variable_rtp_audio_in_packet_count'])).toBeGreaterThan(5);
    await endpoint.destroy();
  });

  it('ends a playback by uuid_break', async () => {
    const { phone, endpoint } = await lab.call();
    const played = endpoint.play('tone_stream://loops=-1;%(1000,0,440)');
    await phone.hears(440);
    await endpoint.api('uuid_break', endpoint.uuid);
    expect(Number((await played).playbackMilliseconds)).toBeGreaterThan(100);
    await endpoint.destroy();
  });

  it('can be destroyed while it plays', async () => {
    const { endpoint } = await lab.call();
    const played = endpoint.play('tone_stream://loops=-1;%(1000,0,440)');
    await endpoint.destroy();
    expect(await played).toBeDefined();
  });

  it('hears heartbeats with the limits', async () => {
    await until(
      () => lab.ms.maxSessions > 0,
      () => String(lab.ms.maxSessions),
    );
    expect(lab.ms.maxSessions).toBe(4_000);
  });

  it('leaves nothing behind', async () => {
    await until(
      () => true,
      () => '',
    );
    const statistics = await lab.media.statistics();
    expect(statistics).toMatchObject({ sessionCount: 0, rtpSocketCount: 0, legCount: 0 });
    expect(await lab.media.faults()).toEqual([]);
  });
});
