import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toneShare } from '../../../src/demo/soft-phone/rtp-peer.ts';
import { hangUp, hear, parties, VOICES } from './parties.ts';
import type { Party } from './parties.ts';
import { openStage } from './telephony-stage.ts';
import type { Stage } from './telephony-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ warm: 2 });
});
afterAll(() => stage.close());

/** The two channels of a recording; throws when it is no WAV file of 8 kHz, 16 bits. */
async function read(path: string): Promise<{ left: number[]; right: number[]; byteCount: number }> {
  const bytes = await readFile(join(stage.recordings, path));
  expect(bytes.toString('latin1', 0, 4)).toBe('RIFF');
  expect(bytes.readUInt16LE(22)).toBe(2);
  expect(bytes.readUInt32LE(24)).toBe(8000);
  expect(bytes.readUInt16LE(34)).toBe(16);
  expect(bytes.readUInt32LE(40)).toBe(bytes.length - 44);
  const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset + 44, bytes.byteOffset + bytes.length));
  const channel = (offset: number): number[] => [...samples].filter((_, index) => index % 2 === offset);
  return { left: channel(0), right: channel(1), byteCount: bytes.length };
}

/** The voices that sound somewhere in a channel. */
function voicesIn(samples: readonly number[]): number[] {
  const heard = new Set<number>();
  for (let at = 0; at + 240 <= samples.length; at += 120) {
    const window = samples.slice(at, at + 240);
    for (const voice of VOICES) if (toneShare(window, voice) > 0.6) heard.add(voice);
  }
  return [...heard].sort((a, b) => a - b);
}

/** The two hear each other for a second: media servers may leave out the first quarter of one. */
async function talk(one: Party, other: Party): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await hear([
      [one, [other]],
      [other, [one]],
    ]);
  }
}

describe('a recording', () => {
  it('holds what the leg says on the left, what it hears on the right, from bridge to mix', async () => {
    const all = (await parties(stage, 3)) as [Party, Party, Party];
    const [customer, agent, third] = all;
    const bridge = await stage.telephony.bridge(customer.leg, agent.leg);
    const recording = await customer.leg.record('2026/11/call_1.wav');
    await expect(customer.leg.record('2026/11/call_1b.wav')).rejects.toMatchObject({
      code: 'MEDIA_RECORDING_FAILED',
    });
    await talk(customer, agent);
    await bridge.separate();
    const mix = await stage.telephony.createMix();
    await mix.join(customer.leg);
    await mix.join(third.leg);
    await talk(customer, third);
    const facts = await recording.stop();
    expect(await recording.stop()).toEqual(facts);
    expect(await recording.ended).toEqual(facts);
    const { left, right, byteCount } = await read('2026/11/call_1.wav');
    expect(facts.bytes).toBe(byteCount);
    expect(facts.durationMs).toBe(Math.round(left.length / 8));
    expect(voicesIn(left)).toEqual([customer.voice]);
    expect(voicesIn(right)).toEqual([agent.voice, third.voice].sort((a, b) => a - b));
    const again = await customer.leg.record('2026/11/call_1b.wav');
    await again.stop();
    await hangUp(all);
  });

  it('is complete when the caller hangs up', async () => {
    const [customer, agent] = (await parties(stage, 2)) as [Party, Party];
    await stage.telephony.bridge(customer.leg, agent.leg);
    const recording = await customer.leg.record('hung-up.wav');
    await talk(customer, agent);
    await customer.call.bye();
    const facts = await recording.ended;
    const { left, byteCount } = await read('hung-up.wav');
    expect(facts.bytes).toBe(byteCount);
    expect(facts.durationMs).toBeGreaterThan(100);
    expect(voicesIn(left)).toEqual([customer.voice]);
    await hangUp([agent]);
  });

  it.each([
    '../outside.wav',
    '/etc/passwd.wav',
    'a/../../b.wav',
    'no-extension',
    'with space.wav',
    'a;b.wav',
  ])('is not begun at %s', async (path) => {
    const [customer] = (await parties(stage, 1)) as [Party];
    await expect(customer.leg.record(path)).rejects.toMatchObject({ code: 'MEDIA_RECORDING_FAILED' });
    await hangUp([customer]);
    await expect(customer.leg.record('late.wav')).rejects.toMatchObject({ code: 'MEDIA_RECORDING_FAILED' });
  });
});
