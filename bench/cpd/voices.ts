import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readWav } from '../../src/cli/wav-reader.ts';
import { resample } from '../../src/cli/resampler.ts';
import { Dice, RATE_HZ, trimmed } from './sound.ts';
import type { Part } from './texts.ts';

/** One synthesised speaker. */
export interface Voice {
  readonly name: string;
  readonly part: Part;
  readonly language: string;
  readonly engine: 'espeak-ng' | 'flite' | 'festival';
  /** The engine's own name of it. */
  readonly id: string;
}

const EN_TUNING = [
  'en-us+m3',
  'en-us+f2',
  'en-gb+m7',
  'en-gb+f4',
  'en-gb-scotland+Andy',
  'en-us+Michael',
  'en-us+linda',
];
const EN_HELD_BACK = [
  'en-us+m2',
  'en-us+f5',
  'en-gb-x-rp+f3',
  'en-gb-x-gbclan+m5',
  'en-029+Alex',
  'en-us-nyc+klatt3',
  'en-gb+belinda',
];

const ESPEAK: readonly (readonly [Part, string, readonly string[]])[] = [
  ['tuning', 'en', EN_TUNING],
  ['tuning', 'de', ['de+m3', 'de+f2', 'de+Michael']],
  ['tuning', 'fr', ['fr-fr+m7', 'fr-fr+f4']],
  ['tuning', 'es', ['es+m3', 'es-419+f2']],
  ['held-back', 'en', EN_HELD_BACK],
  ['held-back', 'it', ['it+m2', 'it+f5']],
  ['held-back', 'nl', ['nl+m5', 'nl+f3']],
  ['held-back', 'pt-br', ['pt-br+m2', 'pt-br+belinda']],
  ['held-back', 'pl', ['pl+Alex', 'pl+f5']],
];
const FLITE: readonly (readonly [Part, string])[] = [
  ['tuning', 'kal16'],
  ['tuning', 'rms'],
  ['held-back', 'slt'],
  ['held-back', 'awb'],
];

/** Every voice of a part that this machine can make. */
export function voicesOf(part: Part): Voice[] {
  const voices: Voice[] = [];
  for (const [of, language, ids] of ESPEAK) {
    if (of !== part) continue;
    for (const id of ids) voices.push({ name: `espeak-${id}`, part, language, engine: 'espeak-ng', id });
  }
  for (const [of, id] of FLITE) {
    // Natural voices are worth more than variants of one synthesiser: each stands twice.
    if (of !== part) continue;
    for (let copy = 0; copy < 2; copy++)
      voices.push({ name: `flite-${id}`, part, language: 'en', engine: 'flite', id });
  }
  if (part === 'tuning' && existsSync('/usr/share/festival/voices/us/cmu_us_slt_arctic_hts')) {
    voices.push({ name: 'festival-kal', part, language: 'en', engine: 'festival', id: 'voice_kal_diphone' });
  }
  return voices.filter(({ id, engine }) => engine !== 'festival' || existsSync(festivalFolder(id)));
}

function festivalFolder(id: string): string {
  return join('/usr/share/festival/voices/english', id.replace('voice_', ''));
}

/** Speech at 8 kHz without silence at its ends, peak 1. Made once and kept in `folder`. */
export function speak(voice: Voice, text: string, folder: string): Float64Array {
  const key = createHash('sha256').update(`${voice.name}\n${text}`).digest('hex').slice(0, 20);
  const path = join(folder, `${key}.f32`);
  if (existsSync(path)) {
    const bytes = readFileSync(path);
    return Float64Array.from(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
  }
  mkdirSync(folder, { recursive: true });
  const wav = join(folder, `${key}.wav`);
  render(voice, text, wav);
  const sound = readWav(readFileSync(wav));
  rmSync(wav);
  const samples = trimmed(resample(sound.channels[0] ?? new Float64Array(), sound.sampleRateHz, RATE_HZ));
  const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const normal = samples.map((value) => value / peak);
  writeFileSync(path, Float32Array.from(normal));
  return normal;
}

function render(voice: Voice, text: string, wav: string): void {
  const dice = new Dice(`${voice.name} ${text}`);
  const tempo = dice.between(0.88, 1.18);
  const [program, args, input] = command(voice, text, wav, tempo);
  const done = spawnSync(program, args, { timeout: 20_000, ...(input === undefined ? {} : { input }) });
  if (done.status !== 0 || !existsSync(wav))
    throw new Error(`${program} did not speak: ${String(done.stderr)}`);
}

function command(
  voice: Voice,
  text: string,
  wav: string,
  tempo: number,
): [string, string[], string | undefined] {
  switch (voice.engine) {
    case 'espeak-ng':
      return [
        'espeak-ng',
        ['-v', voice.id, '-s', String(Math.round(165 * tempo)), '-w', wav, '--', text],
        undefined,
      ];
    case 'flite':
      return [
        'flite',
        ['-voice', voice.id, '--setf', `duration_stretch=${(1 / tempo).toFixed(3)}`, '-t', text, '-o', wav],
        undefined,
      ];
    case 'festival':
      return ['text2wave', ['-eval', `(${voice.id})`, '-o', wav], text];
    default:
      voice.engine satisfies never;
      throw new Error('no such engine');
  }
}
