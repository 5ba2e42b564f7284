import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordingFolder } from '../../../src/adapters/recordings/recording-folder.ts';

const PATH = '2026-03-02/recording_1.wav';
let root: string;
let folder: RecordingFolder;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'turnkeeper-recordings-'));
  folder = new RecordingFolder(root);
  await folder.prepare(PATH);
});
afterEach(() => rmSync(root, { recursive: true }));

/** A stereo WAV file of `ms` milliseconds whose header says `saidBytes` of data. */
function wav(ms: number, saidBytes = ms * 32): Buffer {
  const bytes = Buffer.alloc(44 + ms * 32, 7);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + saidBytes, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(32_000, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(saidBytes, 40);
  return bytes;
}

describe('the folder of recordings', () => {
  it('measures a file, and mends the header of one whose writer was killed', async () => {
    writeFileSync(join(root, PATH), wav(1000));
    expect(await folder.measure(PATH)).toEqual({ durationMs: 1000, bytes: 32_044 });
    writeFileSync(join(root, PATH), wav(1000, 0));
    expect(await folder.measure(PATH)).toEqual({ durationMs: 1000, bytes: 32_044 });
    expect(readFileSync(join(root, PATH))).toEqual(wav(1000));
  });

  it('knows nothing of a file that is not there, cut short, or something else', async () => {
    expect(await folder.measure('2026-03-02/none.wav')).toBeUndefined();
    expect(await folder.size('2026-03-02/none.wav')).toBeUndefined();
    expect(await folder.read('2026-03-02/none.wav', 0, 1)).toBeUndefined();
    writeFileSync(join(root, PATH), wav(0).subarray(0, 20));
    expect(await folder.measure(PATH)).toBeUndefined();
    writeFileSync(join(root, PATH), 'x'.repeat(100));
    expect(await folder.measure(PATH)).toBeUndefined();
  });

  it('reads a part, both ends included, and deletes once or again', async () => {
    writeFileSync(join(root, PATH), Buffer.from('0123456789'));
    const parts: Uint8Array[] = [];
    for await (const part of (await folder.read(PATH, 2, 5)) ?? []) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('2345');
    expect(await folder.size(PATH)).toBe(10);
    await folder.remove(PATH);
    await folder.remove(PATH);
    expect(existsSync(join(root, PATH))).toBe(false);
  });

  it('never leaves its root', async () => {
    await expect(folder.size('../outside.wav')).rejects.toThrow('below its root');
  });
});
