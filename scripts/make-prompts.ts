/**
 * Renders flows/prompts/<language>.json to flows/audio/<language>/<id>.wav, and the music and tones. Run it
 * after a text has changed: `npx tsx scripts/make-prompts.ts` (needs the Debian packages flite and
 * espeak-ng). Only prompts whose text or voice changed are rendered; files without a text are removed.
 * `--all` renders everything again.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beep, holdMusic } from './hold-music.ts';
import { brighten, level, readWav, resample, trim, writeWav } from './prompt-audio.ts';
import type { Sound } from './prompt-audio.ts';

/** What the manifest keeps of a file: enough to see that it is stale, damaged or missing. */
interface ManifestEntry {
  /** What is spoken; a description for music and tones. */
  text: string;
  voice: string;
  durationMs: number;
  sha256: string;
}

const RATE = 8000;
/** Raise when the processing of speech below changes, so that every prompt is made anew. */
const RECIPE = 2;
const flowsFolder = join(import.meta.dirname, '..', 'flows');
const audioFolder = join(flowsFolder, 'audio');
const manifestFile = join(audioFolder, 'manifest.json');

const voices: Readonly<
  Record<string, { voice: string; brightenDb: number; speak: (text: string, file: string) => void }>
> = {
  en: {
    voice: `flite slt ${RECIPE}`,
    // Its s, f and x are some 33 dB below the vowels at 8 kHz.
    brightenDb: 10,
    speak: (text, file) =>
      void execFileSync('flite', [
        '-voice',
        'slt',
        '--setf',
        'duration_stretch=1.08',
        '-t',
        text,
        '-o',
        file,
      ]),
  },
  de: {
    voice: `espeak-ng de 160 ${RECIPE}`,
    brightenDb: 0,
    speak: (text, file) =>
      void execFileSync('espeak-ng', ['-v', 'de', '-s', '160', '-p', '42', '-w', file, '--', text]),
  },
};

function render(language: string, text: string): Sound {
  const folder = mkdtempSync(join(tmpdir(), 'prompt-'));
  try {
    const file = join(folder, 'spoken.wav');
    const voice = voices[language];
    if (!voice) throw new Error(`no voice speaks "${language}"`);
    voice.speak(text, file);
    const spoken = resample(brighten(readWav(readFileSync(file)), 2000, voice.brightenDb), RATE);
    // Levelled before it is trimmed: the floor then means the same for every voice.
    const tail = /[.!?]$/.test(text) ? 150 : 40;
    return trim(level(spoken, -20, -3), -50, { lead: 15, tail });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const before: Record<string, ManifestEntry> = existsSync(manifestFile)
  ? (JSON.parse(readFileSync(manifestFile, 'utf8')) as Record<string, ManifestEntry>)
  : {};
const after: Record<string, ManifestEntry> = {};
const everything = process.argv.includes('--all');
let renderedCount = 0;

function make(path: string, text: string, voice: string, sound: () => Sound): void {
  const file = join(audioFolder, path);
  const known = before[path];
  if (!everything && known?.text === text && known.voice === voice && existsSync(file)) {
    after[path] = known;
    return;
  }
  const made = sound();
  const bytes = writeWav(made);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, bytes);
  renderedCount++;
  after[path] = {
    text,
    voice,
    durationMs: Math.round((made.samples.length * 1000) / made.rate),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

for (const [language, { voice }] of Object.entries(voices)) {
  const texts = JSON.parse(readFileSync(join(flowsFolder, 'prompts', `${language}.json`), 'utf8')) as Record<
    string,
    string
  >;
  for (const [id, text] of Object.entries(texts)) {
    make(`${language}/${id}.wav`, text, voice, () => render(language, text));
  }
}
let parts: Sound[] | undefined;
for (let part = 1; part <= 5; part++) {
  make(`music/hold-${part}.wav`, `music on hold, part ${part}`, 'synthesised 1', () => {
    parts ??= holdMusic();
    const sound = parts[part - 1];
    if (!sound) throw new Error(`the music has no part ${part}`);
    return sound;
  });
}
make('tones/beep.wav', 'a short signal of 1 kHz', 'synthesised 1', () => beep(1000, 250));

for (const folder of readdirSync(audioFolder, { withFileTypes: true })) {
  if (!folder.isDirectory()) continue;
  for (const file of readdirSync(join(audioFolder, folder.name))) {
    if (!after[`${folder.name}/${file}`]) rmSync(join(audioFolder, folder.name, file));
  }
}
const sorted = Object.fromEntries(Object.entries(after).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(manifestFile, `${JSON.stringify(sorted, null, 1)}\n`);
console.log(`${renderedCount} rendered, ${Object.keys(after).length} files in all`);
