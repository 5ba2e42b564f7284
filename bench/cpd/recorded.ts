import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readWav } from '../../src/cli/wav-reader.ts';
import { resample } from '../../src/cli/resampler.ts';
// @ts-expect-error plain JavaScript without declarations
import { unpackAsUser } from '../../scripts/debian.mjs';
import { RATE_HZ, trimmed } from './sound.ts';
import type { Part } from './texts.ts';

/**
 * Voices recorded by people, from Debian's packages of prompts: CC-BY-SA 3.0 (en, es, fr, ru) and CC-BY 3.0
 * (it). They are fetched when the corpus is made and never committed. Texts of the two parts differ: the
 * names of the prompts do.
 */
export interface RecordedVoice {
  readonly name: string;
  readonly part: Part;
  readonly folder: string;
}

const PACKAGES = [
  'asterisk-core-sounds-en-wav',
  'asterisk-core-sounds-es-wav',
  'asterisk-core-sounds-fr-wav',
  'asterisk-core-sounds-it-wav',
  'asterisk-core-sounds-ru-wav',
  'asterisk-prompt-it-menardi-wav',
  'asterisk-moh-opsound-wav',
];

const VOICES: readonly RecordedVoice[] = [
  { name: 'recorded-Allison', part: 'tuning', folder: 'en_US_f_Allison' },
  { name: 'recorded-Allison-es', part: 'tuning', folder: 'es_MX_f_Allison' },
  { name: 'recorded-Menardi', part: 'tuning', folder: 'it_IT_f_Menardi' },
  { name: 'recorded-June', part: 'held-back', folder: 'fr_CA_f_June' },
  { name: 'recorded-Carlo', part: 'held-back', folder: 'it_IT_m_Carlo' },
  { name: 'recorded-ru', part: 'held-back', folder: 'ru_RU_f_IvrvoiceRU' },
];

/** Words and short phrases, as somebody says them who picks up. */
const PERSON_PROMPTS: Readonly<Record<Part, readonly string[]>> = {
  tuning: [
    'hello',
    'is',
    'activated',
    'digits/1',
    'digits/3',
    'digits/7',
    'digits/12',
    'goodbye',
    'vm-INBOX',
    'hours',
    'auth-thankyou',
    'one-moment-please',
    'digits/mon-0',
    'vm-advopts',
  ],
  'held-back': [
    'im-sorry',
    'sorry',
    'digits/2',
    'digits/5',
    'digits/8',
    'digits/9',
    'digits/20',
    'vm-goodbye',
    'vm-Work',
    'minutes',
    'vm-received',
    'privacy-thankyou',
    'digits/day-3',
    'digits/mon-5',
    'vm-message',
  ],
};

/** Prompts in a row, as a machine plays them. */
const MACHINE_PROMPTS: Readonly<Record<Part, readonly (readonly string[])[]>> = {
  tuning: [
    ['vm-theperson', 'digits/4', 'digits/1', 'digits/7', 'vm-isunavail', 'vm-intro'],
    ['vm-theperson', 'digits/9', 'digits/3', 'vm-isonphone', 'vm-intro'],
    ['vm-intro'],
    ['conf-getpin', 'vm-advopts', 'vm-intro'],
    ['all-circuits-busy-now', 'please-try-call-later'],
    ['demo-congrats'],
    ['agent-alreadyon', 'vm-rec-name'],
    ['queue-thankyou', 'queue-callswaiting', 'queue-periodic-announce'],
  ],
  'held-back': [
    ['vm-nobodyavail', 'vm-msginstruct'],
    ['cannot-complete-as-dialed', 'check-number-dial-again'],
    ['number-not-answering', 'vm-leavemsg', 'vm-review'],
    ['privacy-unident', 'privacy-prompt'],
    ['demo-instruct'],
    ['dir-welcome', 'dir-usingkeypad'],
    ['priv-recordintro', 'vm-msginstruct'],
    ['vm-nobodyavail', 'vm-rec-unv', 'vm-review'],
  ],
};

let root: string | undefined | null = null;

function sounds(): string | undefined {
  if (root === null)
    root = (unpackAsUser as (name: string, packages: string[]) => string | undefined)(
      'cpd-prompts',
      PACKAGES,
    );
  return root === undefined ? undefined : join(root, 'usr', 'share', 'asterisk');
}

export function recordedVoices(part: Part): RecordedVoice[] {
  const folder = sounds();
  if (folder === undefined) return [];
  return VOICES.filter((voice) => voice.part === part && existsSync(join(folder, 'sounds', voice.folder)));
}

function prompt(voice: RecordedVoice, name: string): Float64Array | undefined {
  const path = join(sounds() ?? '', 'sounds', voice.folder, `${name}.wav`);
  return existsSync(path) ? trimmed(load(path)) : undefined;
}

function load(path: string): Float64Array {
  const { channels, sampleRateHz } = readWav(readFileSync(path));
  const samples = resample(channels[0] ?? new Float64Array(), sampleRateHz, RATE_HZ);
  const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return samples.map((value) => value / peak);
}

/** Each short prompt of a voice with its name. */
export function personPrompts(voice: RecordedVoice): { text: string; sound: Float64Array }[] {
  return PERSON_PROMPTS[voice.part].flatMap((name) => {
    const sound = prompt(voice, name);
    return sound === undefined || sound.length > 2 * RATE_HZ ? [] : [{ text: name, sound }];
  });
}

/** Each machine greeting of a voice: its prompts in a row. */
export function machinePrompts(voice: RecordedVoice): { text: string; phrases: Float64Array[] }[] {
  return MACHINE_PROMPTS[voice.part].flatMap((names) => {
    const phrases = names.flatMap((name) => prompt(voice, name) ?? []);
    return phrases.length < names.length ? [] : [{ text: names.join('+'), phrases }];
  });
}

/** Pieces of music; the first three for tuning, the others held back. Empty where the package is missing. */
export function music(part: Part): Float64Array[] {
  const folder = join(sounds() ?? '', 'moh');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.wav'))
    .sort();
  return (part === 'tuning' ? files.slice(0, 3) : files.slice(3)).map((file) => load(join(folder, file)));
}
