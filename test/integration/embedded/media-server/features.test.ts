import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { toneShare } from '../../../../src/embedded/rtp/goertzel.ts';
import { parseToneScript, ToneRenderer } from '../../../../src/embedded/rtp/tone-script.ts';
import { readWav, wavHeader } from '../../../../src/embedded/media-server/wav-file.ts';
import { MrfLab, until } from './mrf-lab.ts';

let lab: MrfLab;

const PIECE_SAMPLES = 1_600;
const STEP_SAMPLES = 400;

beforeAll(async () => {
  lab = await MrfLab.open();
});
afterAll(() => lab.close());

function toneSamples(frequencyHz: number, durationMs: number): Int16Array {
  const script = parseToneScript(`%(${durationMs},0,${frequencyHz})`);
  const samples = new Int16Array(durationMs * 8);
  if (script !== undefined) new ToneRenderer(script).read(samples, 0);
  return samples;
}

/**
 * True when 200 ms of a recording fit. A phone of the test that comes late, on a machine short of time, has
 * silence in its place: elsewhere what it sends is there.
 */
function hasPiece(samples: Int16Array | undefined, fits: (piece: Int16Array) => boolean): boolean {
  if (samples === undefined) return false;
  const starts = Array.from(
    { length: Math.ceil(samples.length / STEP_SAMPLES) },
    (_, at) => at * STEP_SAMPLES,
  );
  return starts.some(
    (from) => from + PIECE_SAMPLES <= samples.length && fits(samples.subarray(from, from + PIECE_SAMPLES)),
  );
}

describe('recording and playing files', () => {
  it('records what the caller says and plays it back', async () => {
    const { phone, endpoint } = await lab.call();
    phone.sound(620);
    const recorded = await endpoint.record('caller.wav', { timeLimitSecs: 1 });
    expect(Number(recorded.recordMilliseconds)).toBeGreaterThanOrEqual(1_000);
    const samples = readWav(await readFile(join(lab.directory, 'caller.wav')));
    expect(hasPiece(samples, (piece) => toneShare(piece, [620]) > 0.9)).toBe(true);
    const played = endpoint.play('caller.wav');
    await phone.hears(620);
    await played;
    await endpoint.destroy();
  });

  it('ends a recording by a key', async () => {
    const { phone, endpoint } = await lab.call();
    await endpoint.set('playback_terminators', '#');
    const recorded = endpoint.record('keyed.wav', { timeLimitSecs: 20 });
    phone.press('5#');
    expect((await recorded).terminatorUsed).toBe('#');
    await endpoint.destroy();
  });

  it('records both sides of a bridge', async () => {
    const a = await lab.call();
    const b = await lab.call('PCMA');
    a.phone.sound(500);
    b.phone.sound(1_100);
    await a.endpoint.bridge(b.endpoint);
    const reply = await a.endpoint.api('uuid_record', [a.endpoint.uuid, 'start', 'both.wav']);
    expect(reply.body).toBe('+OK Success\n');
    await a.phone.hears(1_100);
    let size = 0;
    await until(
      () => {
        void readFile(join(lab.directory, 'both.wav')).then((bytes) => (size = bytes.length));
        return size > 20_000;
      },
      () => `${size} bytes`,
    );
    await a.endpoint.api('uuid_record', [a.endpoint.uuid, 'stop', 'both.wav']);
    const samples = readWav(await readFile(join(lab.directory, 'both.wav')));
    const hasBoth = (piece: Int16Array): boolean =>
      toneShare(piece, [500, 1_100]) > 0.8 && [500, 1_100].every((hz) => toneShare(piece, [hz]) > 0.2);
    expect(hasPiece(samples, hasBoth)).toBe(true);
    await Promise.all([a.endpoint.destroy(), b.endpoint.destroy()]);
  });

  it('refuses to record outside its directory', async () => {
    const { endpoint } = await lab.call();
    const reply = await endpoint.api('uuid_record', [endpoint.uuid, 'start', '../outside.wav']);
    expect(reply.body).toBe('-ERR Cannot record session!\n');
    await endpoint.destroy();
  });

  it('plays a WAV file of 8 kHz from its directory', async () => {
    const samples = toneSamples(1_000, 700);
    const bytes = Buffer.from(samples.buffer);
    await writeFile(join(lab.directory, 'tone.wav'), Buffer.concat([wavHeader(bytes.length, 1), bytes]));
    const { phone, endpoint } = await lab.call();
    const played = endpoint.play('tone.wav');
    await phone.hears(1_000);
    expect(Number((await played).playbackMilliseconds)).toBe(700);
    await endpoint.destroy();
  });
});

describe('a conference', () => {
  it('lets each of three hear the two others, and mutes', async () => {
    const conference = await lab.ms.createConference('three');
    const parties = [await lab.call(), await lab.call('PCMA'), await lab.call()];
    const tones = [500, 800, 1_300];
    for (const [i, { phone, endpoint }] of parties.entries()) {
      phone.sound(tones[i] ?? 0);
      await endpoint.join('three');
    }
    expect(await conference.getSize()).toBe(4);
    const ask = (command: string): Promise<string> => lab.ms.api(`conference three ${command}`);
    const [one, two] = (await ask('list')).split('\n').map((line) => line.split(';')[0]);
    expect(await ask(`relate ${one} ${two} nospeak-nohear`)).toBe(`+OK ${one}->${two} nospeak-nohear set\n`);
    expect(await ask(`relate ${one} ${two} clear`)).toBe(`+OK relationship ${one}->${two} cleared.\n`);
    expect(await ask(`relate 9999 ${two} nohear`)).toBe(`-ERR relationship 9999->${two} not found.\n`);
    expect(await ask(`relate ${one} 9999 nohear`)).toBe(`-ERR relationship ${one}->9999 not found.\n`);
    expect(await ask(`relate ${one} ${two} shout`)).toMatch(/^-ERR/);
    const [first, second, third] = parties;
    await first?.phone.hears(800, 1_300);
    await second?.phone.hears(500, 1_300);
    await third?.phone.hears(500, 800);
    expect(first?.phone.shareOf(500)).toBeLessThan(0.1);
    await third?.endpoint.confMute();
    await first?.phone.hears(800);
    const played = await conference.play('tone_stream://%(300,0,2000)');
    expect(played.milliseconds).toBe(300);
    await third?.endpoint.confKick();
    await until(
      () => true,
      () => '',
    );
    await Promise.all(parties.map(({ endpoint }) => endpoint.destroy()));
    await conference.destroy();
    expect(await lab.ms.api('conference three list count')).toBe('-ERR Conference three not found\n');
  });
});

describe('detection', () => {
  it('hears keys in the audio after start_dtmf', async () => {
    const a = await lab.call();
    const b = await lab.call();
    const heard: string[] = [];
    b.endpoint.on('dtmf', ({ dtmf, source }: { dtmf: string; source: string }) => heard.push(dtmf + source));
    await b.endpoint.execute('start_dtmf');
    // The phone sends what it is given: the tones of key 9 by way of two renderers are one tone script.
    b.phone.sound(0);
    await a.endpoint.bridge(b.endpoint);
    b.phone.playScript('%(120,0,852,1477)');
    await until(
      () => heard.length > 0,
      () => heard.join(),
    );
    expect(heard).toEqual(['9INBAND_AUDIO']);
    await Promise.all([a.endpoint.destroy(), b.endpoint.destroy()]);
  });

  it('detects a tone once', async () => {
    const { phone, endpoint } = await lab.call();
    const detected = once(endpoint, 'tone');
    await endpoint.execute('tone_detect', 'beep 1400 r +4000 set found=1 2');
    phone.sound(1_400);
    expect(await detected).toEqual([{ tone: 'beep' }]);
    expect((await endpoint.api('uuid_getvar', [endpoint.uuid, 'found'])).body).toBe('1');
    await endpoint.destroy();
  });
});

describe('an audio fork', () => {
  it('sends metadata, then what the caller says, and ends with the call', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const texts: string[] = [];
    let audio: Int16Array = new Int16Array();
    const connected = once(server, 'connection') as Promise<[WebSocket]>;
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (!isBinary) texts.push(data.toString());
        else audio = new Int16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
      });
    });
    const { phone, endpoint } = await lab.call();
    phone.sound(660);
    const wsUrl = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/tap`;
    await endpoint.forkAudioStart({
      wsUrl,
      mixType: 'mono',
      sampling: '8000',
      metadata: { call: 'one two' },
    });
    const [socket] = await connected;
    await until(
      () => audio.length === 160 && toneShare(audio, [660]) > 0.9,
      () => `${audio.length}`,
    );
    expect(texts).toEqual(['{"call":"one two"}']);
    const closed = once(socket, 'close');
    await endpoint.destroy();
    await closed;
    server.close();
  });
});

it('leaves nothing behind', async () => {
  const statistics = await lab.media.statistics();
  expect(statistics).toMatchObject({
    sessionCount: 0,
    rtpSocketCount: 0,
    conferenceCount: 0,
    recordingCount: 0,
    forkCount: 0,
  });
});
