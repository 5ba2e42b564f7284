import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MACHINE_CATEGORIES, OTHER_COUNT, PERSON_CATEGORIES, type Scene, Stage } from './scenes.ts';
import { HARD_CATEGORIES, hardScene } from './hard-scenes.ts';
import { Dice, msOf, RATE_HZ } from './sound.ts';
import { type CorpusFolder, describeLine, type Label, transmit } from './take.ts';

/** Where the corpus lies; ignored by git. */
export const AUDIO_FOLDER = fileURLToPath(new URL('./audio/', import.meta.url));
/** Part of every seed: another number makes another corpus. */
const SEED = 'turnkeeper-1';

/** Categories of `tuning-beeps` and how many files of each. */
const BEEP_CATEGORIES: readonly (readonly [string, number])[] = [
  ['person-after-ringback', 150],
  ['person-foreign-ringback', 70],
  ['person-very-late', 60],
  ['person-noise', 40],
  ['person-tv', 40],
  ['person-babble', 30],
  ['machine-greeting', 50],
  ['machine-music', 50],
  ['machine-coded', 50],
  ['machine-late-beep', 40],
  ['machine-tight-beep', 40],
];

interface Order {
  readonly id: string;
  readonly make: (stage: Stage, dice: Dice) => Scene;
}

/**
 * The labels of a part, its files made where they are missing. Stops after `budgetSec` seconds and returns
 * undefined when files remain to be made: call it again.
 */
export function provideCorpus(name: CorpusFolder, budgetSec: number): Label[] | undefined {
  const part = name === 'held-back' ? name : 'tuning';
  const folder = join(AUDIO_FOLDER, name);
  const labelsPath = join(folder, 'labels.jsonl');
  const orders = name === 'tuning-beeps' ? ordersOfBeeps() : ordersOf();
  if (existsSync(labelsPath)) {
    const labels = readFileSync(labelsPath, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Label);
    if (labels.length === orders.length) return labels;
  }
  mkdirSync(folder, { recursive: true });
  const endAtMs = performance.now() + budgetSec * 1000;
  const stage = new Stage(part, join(AUDIO_FOLDER, 'phrases'));
  const labels: Label[] = [];
  for (const { id, make } of orders) {
    const labelPath = join(folder, `${id}.json`);
    if (existsSync(labelPath)) {
      labels.push(JSON.parse(readFileSync(labelPath, 'utf8')) as Label);
      continue;
    }
    if (performance.now() > endAtMs) return undefined;
    labels.push(record(name, id, make(stage, new Dice(`${SEED} ${name} ${id}`)), folder));
  }
  writeFileSync(`${labelsPath}.new`, labels.map((label) => `${JSON.stringify(label)}\n`).join(''));
  renameSync(`${labelsPath}.new`, labelsPath);
  return labels;
}

function ordersOf(): Order[] {
  const orders: Order[] = [];
  for (const [category, count] of PERSON_CATEGORIES) {
    for (let at = 0; at < count; at++)
      orders.push({ id: `${category}-${at}`, make: (stage, dice) => stage.person(dice, category) });
  }
  for (const [category, count] of MACHINE_CATEGORIES) {
    for (let at = 0; at < count; at++)
      orders.push({ id: `${category}-${at}`, make: (stage, dice) => stage.machine(dice, category) });
  }
  for (let at = 0; at < OTHER_COUNT; at++)
    orders.push({ id: `other-${at}`, make: (stage, dice) => stage.other(dice, at) });
  for (const [category, count] of HARD_CATEGORIES) {
    for (let at = 0; at < count; at++)
      orders.push({ id: `${category}-${at}`, make: (stage, dice) => hardScene(stage, dice, category) });
  }
  return orders;
}

/** The hard categories and those of the first scenes, by their names. */
function ordersOfBeeps(): Order[] {
  const isHard = (category: string): boolean => HARD_CATEGORIES.some(([name]) => name === category);
  return BEEP_CATEGORIES.flatMap(([category, count]) =>
    Array.from({ length: count }, (_, at) => ({
      id: `${category}-${at}`,
      make: (stage: Stage, dice: Dice): Scene => {
        if (isHard(category)) return hardScene(stage, dice, category);
        return category.startsWith('person') ? stage.person(dice, category) : stage.machine(dice, category);
      },
    })),
  );
}

function record(part: CorpusFolder, id: string, scene: Scene, folder: string): Label {
  const samples = transmit(scene.take, scene.line, new Dice(`${SEED} line ${part} ${id}`));
  const { verdict, category, voice, text, country, isEarly, take } = scene;
  const label: Label = {
    file: `${id}.wav`,
    part,
    verdict,
    category,
    voice,
    text,
    ...(country === undefined ? {} : { country }),
    ...(isEarly === true ? { isEarly } : {}),
    segments: take.segments,
    ...(take.beep === undefined ? {} : { beep: take.beep }),
    durationMs: msOf(samples.length),
    line: describeLine(scene.line),
  };
  writeFileSync(join(folder, label.file), wavOf(samples));
  writeFileSync(join(folder, `${id}.json`), JSON.stringify(label));
  return label;
}

function wavOf(samples: Int16Array): Buffer {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE_HZ, 24);
  bytes.writeUInt32LE(2 * RATE_HZ, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * samples.length, 40);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i] as number, 44 + 2 * i);
  return bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const part of ['tuning', 'held-back', 'tuning-beeps'] as const) {
    const labels = provideCorpus(part, 50);
    console.log(
      labels === undefined ? `${part}: more to be made, run again` : `${part}: ${labels.length} files`,
    );
    if (labels === undefined) break;
  }
}
