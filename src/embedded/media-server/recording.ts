import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { SAMPLE_RATE_HZ } from '../rtp/g711.ts';
import { wavHeader } from './wav-file.ts';

/** Where a recording may be written; undefined when the path leads out of the directory or is no .wav. */
export function recordingPath(directory: string | undefined, name: string): string | undefined {
  if (directory === undefined || name === '' || name.includes('\0')) return undefined;
  const root = resolve(directory);
  const path = isAbsolute(name) ? resolve(name) : resolve(root, name);
  return path.startsWith(root + sep) && /\.wav$/i.test(path) ? path : undefined;
}

/** Samples waiting for a slow disk; beyond it the recording goes on without them. */
const BACKLOG_SAMPLES_MAX = SAMPLE_RATE_HZ * 60;

/** A WAV file being written: samples go in as they come, the header is completed at the end. */
export class WavRecording {
  readonly path: string;
  readonly #channelCount: number;
  #file: FileHandle | undefined;
  #work: Promise<void>;
  #writtenBytes = 0;
  #waitingSamples = 0;
  #error: unknown;
  sampleCount = 0;

  private constructor(path: string, file: FileHandle, channelCount: number) {
    this.path = path;
    this.#channelCount = channelCount;
    this.#file = file;
    this.#work = file.write(wavHeader(0, channelCount), 0, 44, 0).then(() => undefined);
  }

  /** Creates the file, and its directory when it is missing. */
  static async create(path: string, channelCount: number): Promise<WavRecording> {
    await mkdir(dirname(path), { recursive: true });
    return new WavRecording(path, await open(path, 'w'), channelCount);
  }

  /** What went wrong with the disk, if anything. */
  get error(): unknown {
    return this.#error;
  }

  write(samples: Int16Array): void {
    if (this.#waitingSamples + samples.length > BACKLOG_SAMPLES_MAX) return;
    this.sampleCount += samples.length / this.#channelCount;
    this.#waitingSamples += samples.length;
    const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    this.#then(async (file) => {
      await file.write(bytes, 0, bytes.length, 44 + this.#writtenBytes);
      this.#writtenBytes += bytes.length;
      this.#waitingSamples -= samples.length;
    });
  }

  /** Completes the header and closes; resolves when the file is whole. */
  async end(): Promise<void> {
    this.#then(async (file) => {
      await file.write(wavHeader(this.#writtenBytes, this.#channelCount), 0, 44, 0);
      this.#file = undefined;
      await file.close();
    });
    await this.#work;
  }

  #then(step: (file: FileHandle) => Promise<void>): void {
    this.#work = this.#work
      .then(async () => {
        if (this.#file !== undefined) await step(this.#file);
      })
      .catch((error: unknown) => {
        this.#error ??= error;
      });
  }
}
