import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FlowFolder } from '../../../src/adapters/flows/flow-folder.ts';
import { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';

let folder: string;
let library: FlowLibrary;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flows-'));
  cpSync(join(import.meta.dirname, '../../../flows'), folder, { recursive: true });
  const source = new FlowFolder({ folder, clock: new SystemClock(), log: silentLog });
  library = new FlowLibrary({ source, log: silentLog });
});

afterEach(() => {
  library.close();
  rmSync(folder, { recursive: true });
});

/** Resolves at the next reload that the library itself begins. */
function reloaded(): Promise<void> {
  return new Promise((resolve) => {
    const reload = library.reload.bind(library);
    library.reload = async () => {
      const faults = await reload();
      resolve();
      return faults;
    };
  });
}

test('the repository folder is read with the length of every audio file', async () => {
  expect(await library.reload()).toEqual([]);
  const manifest = JSON.parse(readFileSync(join(folder, 'audio/manifest.json'), 'utf8')) as Record<
    string,
    { durationMs: number }
  >;
  const lengths = Object.entries(manifest).map(([path, { durationMs }]) => [path, durationMs] as const);
  expect(new Map(library.audioMs)).toEqual(new Map(lengths));
});

test('a file that is edited is put into force by itself, a broken one is not', async () => {
  await library.reload();
  library.watch();
  const file = join(folder, 'inbound.json');
  const original = readFileSync(file, 'utf8');

  let news = reloaded();
  writeFileSync(file, original.replace('"offerEverySec": 300', '"offerEverySec": 60'));
  await news;
  expect(library.faults).toEqual([]);
  const edited = library.require('inbound');
  expect(edited.flow.states['line']).toMatchObject({ offerEverySec: 60 });

  news = reloaded();
  writeFileSync(file, original.replace('"done": "hours"', '"done": "nowhere"'));
  await news;
  expect(library.faults).toMatchObject([{ file: 'inbound.json', path: 'states.greeting.on.done', line: 7 }]);
  expect(library.require('inbound')).toBe(edited);
});

test('audio that is no WAV counts as missing', async () => {
  writeFileSync(join(folder, 'audio/en/greeting.wav'), 'not sound');
  const faults = await library.reload();
  expect(faults.map(({ file, path }) => `${file} ${path}`)).toEqual([
    'prompts/en.json greeting',
    'inbound.json states.greeting.phrase',
    // It continues there.
    'call-in-match.json states.line.flow',
  ]);
});

test('a folder that does not exist is a fault, not a crash', async () => {
  const source = new FlowFolder({ folder: join(folder, 'gone'), clock: new SystemClock(), log: silentLog });
  const lost = new FlowLibrary({ source, log: silentLog });
  lost.watch();
  expect(await lost.reload()).toMatchObject([{ file: '.' }]);
  lost.close();
});
