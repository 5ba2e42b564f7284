import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { FlowFile, FlowFiles, FlowSource } from '../../ivr/flow-library.ts';

/** Editors write a file in several steps; the folder counts as quiet after this. */
export const QUIET_MS = 300;
/** Larger text files are not read; the library refuses the rest by its own limits. */
const TEXT_BYTES_MAX = 1024 * 1024;
const WAV_HEADER_BYTES = 44;
const AUDIO_FILES_MAX = 10_000;

export interface FlowFolderOptions {
  /** Holds `*.json`, `prompts/*.json` and `audio/<language>/*.wav`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The flows folder on disk. */
export class FlowFolder implements FlowSource {
  readonly #options: FlowFolderOptions;

  constructor(options: FlowFolderOptions) {
    this.#options = options;
  }

  /** Rejects with the file system's error when the folder itself cannot be read. */
  async read(): Promise<FlowFiles> {
    const { folder } = this.#options;
    return {
      flows: await readTexts(folder, ''),
      catalogues: await readTexts(folder, 'prompts'),
      audioMs: await readAudio(join(folder, 'audio')),
    };
  }

  watch(listener: () => void): () => void {
    const { clock, folder, log } = this.#options;
    let timer: TimerHandle | undefined;
    const onChange = (): void => {
      if (timer) clock.clearTimer(timer);
      timer = clock.setTimer(QUIET_MS, listener);
    };
    const watchers: FSWatcher[] = [];
    for (const place of [folder, join(folder, 'prompts')]) {
      try {
        const watcher = watch(place, { persistent: false }, onChange);
        watcher.on('error', (error) => log.warn({ place, err: error }, 'a folder is no longer watched'));
        watchers.push(watcher);
      } catch (error) {
        log.warn({ place, err: error }, 'a folder cannot be watched; reload by command');
      }
    }
    return () => {
      if (timer) clock.clearTimer(timer);
      for (const watcher of watchers) watcher.close();
    };
  }
}

async function readTexts(folder: string, below: string): Promise<FlowFile[]> {
  const names = (await readdir(join(folder, below))).filter((name) => name.endsWith('.json')).sort();
  return await Promise.all(
    names.map(async (name) => {
      const file = join(folder, below, name);
      const { size } = await stat(file);
      const path = below === '' ? name : `${below}/${name}`;
      // An over-long file is passed on cut off: it is then refused as broken JSON instead of filling the
      // memory.
      const text = size > TEXT_BYTES_MAX ? '' : await readFile(file, 'utf8');
      return { path, text };
    }),
  );
}

/** Paths and lengths of `<folder>/<file>.wav`, one level deep. */
async function readAudio(root: string): Promise<ReadonlyMap<string, number>> {
  const lengths = new Map<string, number>();
  for (const folder of await readdir(root, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const name of await readdir(join(root, folder.name))) {
      if (!name.endsWith('.wav') || lengths.size >= AUDIO_FILES_MAX) continue;
      const lengthMs = await wavLengthMs(join(root, folder.name, name));
      if (lengthMs !== undefined) lengths.set(`${folder.name}/${name}`, lengthMs);
    }
  }
  return lengths;
}

/** From the canonical 44-byte header; undefined when the file has another form. */
async function wavLengthMs(file: string): Promise<number | undefined> {
  const handle = await open(file);
  try {
    const header = Buffer.alloc(WAV_HEADER_BYTES);
    const { bytesRead } = await handle.read(header, 0, WAV_HEADER_BYTES, 0);
    if (bytesRead < WAV_HEADER_BYTES || header.toString('latin1', 0, 4) !== 'RIFF') return undefined;
    const bytesPerSecond = header.readUInt32LE(28);
    if (bytesPerSecond === 0) return undefined;
    const { size } = await handle.stat();
    return Math.round(((size - WAV_HEADER_BYTES) * 1000) / bytesPerSecond);
  } finally {
    await handle.close();
  }
}
