import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, isAbsolute, resolve, sep } from 'node:path';
import type { AudioSegment } from '../rtp/audio-source.ts';
import { decodeG711 } from '../rtp/g711.ts';
import { parseToneScript } from '../rtp/tone-script.ts';
import { readWav } from './wav-file.ts';

/** What a file name of `playback` comes to. */
export interface Playable {
  readonly segments: readonly AudioSegment[];
  readonly isEndless: boolean;
  /** What `Playback-File-Type` says. */
  readonly type: string;
}

interface CachedFile {
  readonly stamp: string;
  readonly samples: Int16Array;
}

/** Decoded audio kept in memory. */
const CACHE_BYTES_MAX = 256 * 1024 * 1024;
/** Parts of one file_string. */
const PARTS_MAX = 256;
/** Silence at the beginning of a file_string. */
const LIST_LEAD_MS = 250;
/** For so long a file is not looked up again: a hundred callers a second hear the same greeting. */
const FRESH_MS = 500;
const FRESH_MAX = 1000;

/** Finds what is to be played: files below the allowed directories, tone, silence and local streams. */
export class AudioLibrary {
  readonly #directories: readonly string[];
  readonly #fileBytesMax: number;
  readonly #cache = new Map<string, CachedFile>();
  #cachedBytes = 0;
  /** Files looked up a moment ago, by the name they were asked for. */
  readonly #fresh = new Map<string, { readonly untilMs: number; readonly samples: Int16Array }>();

  constructor(directories: readonly string[], fileBytesMax: number) {
    this.#directories = directories.map((directory) => resolve(directory));
    this.#fileBytesMax = fileBytesMax;
  }

  /** Reads a playback argument; undefined when there is no such file or it cannot be played. */
  async find(name: string): Promise<Playable | undefined> {
    const [path = '', seek] = name.split('@@');
    const startSample = Math.max(0, Math.trunc(Number(seek ?? 0)) || 0);
    // {key=value} settings in front of a name are for modules we do not have.
    const spec = path.replace(/^\{[^}]*\}/, '').trim();
    if (spec.startsWith('file_string://')) return this.#concatenation(spec.slice(14));
    if (spec.startsWith('silence_stream://')) return silence(spec.slice(17));
    if (spec.startsWith('tone_stream://')) return tone(spec.slice(14));
    if (spec.startsWith('local_stream://')) return this.#localStream(spec.slice(15));
    if (/^[a-z_]+:\/\//i.test(spec)) return undefined;
    const samples = await this.#load(spec);
    if (samples === undefined) return undefined;
    return { segments: [{ kind: 'pcm', samples, startSample }], isEndless: false, type: 'file' };
  }

  async #concatenation(text: string): Promise<Playable | undefined> {
    const names = text.split('!').slice(0, PARTS_MAX);
    const segments: AudioSegment[] = [{ kind: 'silence', durationMs: LIST_LEAD_MS, noiseDivisor: 0 }];
    for (const name of names) {
      const part = await this.find(name);
      if (part === undefined) return undefined;
      segments.push(...part.segments);
    }
    return { segments, isEndless: false, type: 'file_string' };
  }

  /**
   * Music on hold: the file of that name, over and over; FreeSWITCH takes it from a directory of that name.
   */
  async #localStream(name: string): Promise<Playable | undefined> {
    for (const candidate of [name, `${name}.wav`, `moh/${name}.wav`, `${name}/${name}.wav`]) {
      const samples = await this.#load(candidate);
      if (samples === undefined || samples.length === 0) continue;
      return { segments: [{ kind: 'pcm', samples }], isEndless: true, type: 'local_stream' };
    }
    return undefined;
  }

  /** The real path when the file lies in an allowed directory; links do not lead out. */
  async #locate(name: string): Promise<string | undefined> {
    if (name === '' || name.includes('\0')) return undefined;
    for (const directory of this.#directories) {
      const root = await realpath(directory).catch(() => undefined);
      if (root === undefined) continue;
      const path = await realpath(isAbsolute(name) ? name : resolve(root, name)).catch(() => undefined);
      if (path !== undefined && path.startsWith(root + sep)) return path;
    }
    return undefined;
  }

  async #load(name: string): Promise<Int16Array | undefined> {
    const nowMs = performance.now();
    const fresh = this.#fresh.get(name);
    if (fresh !== undefined && fresh.untilMs > nowMs) return fresh.samples;
    const samples = await this.#read(name);
    if (this.#fresh.size >= FRESH_MAX) this.#fresh.clear();
    if (samples === undefined) this.#fresh.delete(name);
    else this.#fresh.set(name, { untilMs: nowMs + FRESH_MS, samples });
    return samples;
  }

  async #read(name: string): Promise<Int16Array | undefined> {
    const path = await this.#locate(name);
    if (path === undefined) return undefined;
    const info = await stat(path).catch(() => undefined);
    if (info === undefined || !info.isFile() || info.size > this.#fileBytesMax) return undefined;
    const stamp = `${info.mtimeMs}:${info.size}`;
    const known = this.#cache.get(path);
    if (known?.stamp === stamp) {
      this.#cache.delete(path);
      this.#cache.set(path, known);
      return known.samples;
    }
    const bytes = await readFile(path).catch(() => undefined);
    const decoded = bytes === undefined ? undefined : decodeFile(path, bytes);
    if (decoded === undefined) return undefined;
    const samples = new Int16Array(new SharedArrayBuffer(decoded.length * 2));
    samples.set(decoded);
    this.#remember(path, { stamp, samples });
    return samples;
  }

  #remember(path: string, file: CachedFile): void {
    this.#cachedBytes += file.samples.byteLength - (this.#cache.get(path)?.samples.byteLength ?? 0);
    this.#cache.delete(path);
    this.#cache.set(path, file);
    for (const [oldest, { samples }] of this.#cache) {
      if (this.#cachedBytes <= CACHE_BYTES_MAX || oldest === path) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= samples.byteLength;
    }
  }
}

function decodeFile(path: string, bytes: Buffer): Int16Array | undefined {
  switch (extname(path).toLowerCase()) {
    case '.wav':
      return readWav(bytes);
    case '.pcmu':
    case '.ulaw':
      return decodeG711('PCMU', bytes);
    case '.pcma':
    case '.alaw':
      return decodeG711('PCMA', bytes);
    case '.r8':
    case '.raw': {
      const samples = new Int16Array(bytes.length >> 1);
      for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2);
      return samples;
    }
    default:
      return undefined;
  }
}

function silence(text: string): Playable | undefined {
  const [duration = '', noise = '0'] = text.split(',');
  const durationMs = Number(duration);
  if (duration.trim() === '' || !Number.isFinite(durationMs)) return undefined;
  const noiseDivisor = Math.max(0, Math.trunc(Number(noise)) || 0);
  const segments: AudioSegment[] = [{ kind: 'silence', durationMs, noiseDivisor }];
  return { segments, isEndless: false, type: 'silence_stream' };
}

function tone(text: string): Playable | undefined {
  const script = parseToneScript(text);
  if (script === undefined) return undefined;
  return { segments: [{ kind: 'tone', script }], isEndless: false, type: 'tone_stream' };
}
