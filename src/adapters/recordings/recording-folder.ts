import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { assert } from '../../kernel/errors.ts';
import type { RecordingFiles } from '../../recording/recording-store.ts';

/** RIFF header with one format and one data chunk, as both media servers write it. */
const HEADER_BYTES = 44;
const RIFF_PREFIX_BYTES = 8;

/** Recordings as files of a folder that the media server writes to. */
export class RecordingFolder implements RecordingFiles {
  readonly #root: string;

  /** @param root absolute path. */
  constructor(root: string) {
    this.#root = root;
  }

  async prepare(path: string): Promise<void> {
    await mkdir(dirname(this.#full(path)), { recursive: true });
  }

  async measure(path: string): Promise<{ durationMs: number; bytes: number } | undefined> {
    const file = await ifThere(open(this.#full(path), 'r+'));
    if (!file) return undefined;
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0);
      const { size: bytes } = await file.stat();
      if (bytesRead < HEADER_BYTES || header.toString('latin1', 0, 4) !== 'RIFF') return undefined;
      if (header.toString('latin1', 36, 40) !== 'data') return undefined;
      const bytesPerSecond = header.readUInt32LE(28);
      if (bytesPerSecond === 0) return undefined;
      const dataBytes = bytes - HEADER_BYTES;
      if (header.readUInt32LE(40) !== dataBytes) {
        header.writeUInt32LE(bytes - RIFF_PREFIX_BYTES, 4);
        header.writeUInt32LE(dataBytes, 40);
        await file.write(header, 0, HEADER_BYTES, 0);
      }
      return { durationMs: Math.floor((dataBytes * 1000) / bytesPerSecond), bytes };
    } finally {
      await file.close();
    }
  }

  async remove(path: string): Promise<void> {
    await rm(this.#full(path), { force: true });
  }

  async read(path: string, from: number, to: number): Promise<AsyncIterable<Uint8Array> | undefined> {
    const file = await ifThere(open(this.#full(path), 'r'));
    if (!file) return undefined;
    return createReadStream('', { fd: file, start: from, end: to });
  }

  async size(path: string): Promise<number | undefined> {
    return (await ifThere(stat(this.#full(path))))?.size;
  }

  #full(path: string): string {
    const full = resolve(this.#root, path);
    assert(full.startsWith(`${this.#root}${sep}`), 'a recording lies below its root');
    return full;
  }
}

/** Undefined when the file is not there; other failures are thrown. */
async function ifThere<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
