import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FlowFolder } from '../../src/adapters/flows/flow-folder.ts';
import { phrasesOf } from '../../src/ivr/flow-check.ts';
import { FlowLibrary } from '../../src/ivr/flow-library.ts';
import { FAULT_PROMPT } from '../../src/ivr/flow-runner.ts';
import { languages } from '../../src/ivr/languages/languages.ts';
import { promptsOf } from '../../src/ivr/phrase.ts';
import { vocabularyOf } from '../../src/ivr/say.ts';
import { SystemClock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';

const flowsFolder = join(import.meta.dirname, '../../flows');
const audioFolder = join(flowsFolder, 'audio');
const AUDIO_BYTES_MAX = 16 * 1024 * 1024;

interface ManifestEntry {
  readonly text: string;
  readonly voice: string;
  readonly durationMs: number;
  readonly sha256: string;
}
const manifest = JSON.parse(readFileSync(join(audioFolder, 'manifest.json'), 'utf8')) as Record<
  string,
  ManifestEntry
>;

function audioFiles(): string[] {
  return readdirSync(audioFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((folder) => readdirSync(join(audioFolder, folder.name)).map((name) => `${folder.name}/${name}`));
}

function textsOf(language: string): Record<string, string> {
  return JSON.parse(readFileSync(join(flowsFolder, 'prompts', `${language}.json`), 'utf8')) as Record<
    string,
    string
  >;
}

let library: FlowLibrary;
beforeAll(async () => {
  const source = new FlowFolder({ folder: flowsFolder, clock: new SystemClock(), log: silentLog });
  library = new FlowLibrary({ source, log: silentLog });
  await library.reload();
});

test('the flows of the repository are valid', () => {
  expect(library.faults).toEqual([]);
  expect(library.names).toEqual([
    'agent-codes',
    'agent-whisper',
    'call-in-match',
    'inbound',
    'machine-message',
    'outbound-confirm',
  ]);
});

describe.each([...languages.keys()])('in "%s"', (language) => {
  test('every prompt used by a flow or by say has a text and audio', () => {
    const table = languages.get(language);
    const used = library.names.flatMap((name) =>
      Object.values(library.require(name).flow.states).flatMap((state) =>
        phrasesOf(state).flatMap(([, phrase]) => promptsOf(phrase)),
      ),
    );
    const wanted = [...new Set([FAULT_PROMPT, ...used, ...(table ? vocabularyOf(table) : [])])];
    const texts = textsOf(language);
    const files = new Set(audioFiles());
    expect(wanted.filter((id) => !texts[id] || !files.has(`${language}/${id}.wav`))).toEqual([]);
  });

  test('every text is used: prompts nobody hears are removed', () => {
    const table = languages.get(language);
    const used = new Set([FAULT_PROMPT, ...(table ? vocabularyOf(table) : [])]);
    for (const name of library.names) {
      for (const state of Object.values(library.require(name).flow.states)) {
        for (const [, phrase] of phrasesOf(state)) for (const id of promptsOf(phrase)) used.add(id);
      }
    }
    expect(Object.keys(textsOf(language)).filter((id) => !used.has(id))).toEqual([]);
  });

  test('no audio is stale: each was made from the text that stands in the catalogue', () => {
    const stale = Object.entries(textsOf(language)).filter(
      ([id, text]) => manifest[`${language}/${id}.wav`]?.text !== text,
    );
    expect(stale.map(([id]) => id)).toEqual([]);
  });
});

describe('the audio', () => {
  test('is exactly what the manifest lists, byte for byte', () => {
    expect(audioFiles().sort()).toEqual(Object.keys(manifest).sort());
    const damaged = Object.entries(manifest).filter(
      ([path, { sha256 }]) => createHash('sha256').update(readFileSync(join(audioFolder, path))).digest('hex') !== sha256,
    );
    expect(damaged.map(([path]) => path)).toEqual([]);
  }); // prettier-ignore

  test('is 16-bit PCM, one channel, 8 kHz, begins and ends in silence, and never clips', () => {
    const wrong = Object.keys(manifest).filter((path) => {
      const bytes = readFileSync(join(audioFolder, path));
      const form = [20, 22, 34].map((place) => bytes.readUInt16LE(place));
      const samples = new Int16Array(
        bytes.buffer.slice(bytes.byteOffset + 44, bytes.byteOffset + bytes.length),
      );
      const edges = [samples[0] ?? 0, samples.at(-1) ?? 0].map(Math.abs);
      const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
      const isRight =
        form.join() === '1,1,16' &&
        bytes.readUInt32LE(24) === 8000 &&
        bytes.readUInt32LE(40) === bytes.length - 44;
      return !isRight || Math.max(...edges) > 64 || peak > 24_000 || peak < 500;
    });
    expect(wrong).toEqual([]);
  });

  test('stays small enough for a repository', () => {
    const bytes = audioFiles().reduce((sum, path) => sum + readFileSync(join(audioFolder, path)).length, 0);
    expect(bytes).toBeLessThan(AUDIO_BYTES_MAX);
  });
});
