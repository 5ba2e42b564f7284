import { AppError } from '../kernel/errors.ts';
import { linearOfALaw, linearOfMuLaw } from './g711-samples.ts';

/** What a WAV file holds: samples of each channel, −1 … 1, and the rate. */
export interface WavSound {
  readonly sampleRateHz: number;
  readonly channels: readonly Float64Array[];
}

/** Bounds the memory one file can ask for: an hour of mono at 48 kHz. */
const FRAMES_MAX = 3600 * 48_000;
const CHANNELS_MAX = 8;
const RATE_MIN_HZ = 4000;
const RATE_MAX_HZ = 192_000;
/** A file is a few chunks; more is junk. */
const CHUNKS_MAX = 1000;

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;

interface WavFormat {
  readonly code: number;
  readonly channelCount: number;
  readonly sampleRateHz: number;
  readonly bitsPerSample: number;
}

type SampleReader = (bytes: Buffer, at: number) => number;

/**
 * Reads a RIFF WAVE file: PCM of 8, 16, 24 and 32 bits, float of 32 and 64 bits, A-law and µ-law, plain or as
 * WAVE_FORMAT_EXTENSIBLE. A data chunk that claims more than there is (a writer to a pipe leaves the size
 * open) is read as far as it goes. Throws `WAV_FILE_INVALID` with the reason for anything else. Source:
 * Microsoft, Multiple channel audio data and WAVE files; RFC 2361 for the format codes.
 */
export function readWav(bytes: Buffer): WavSound {
  if (bytes.length < 12) throw invalid(bytes.length === 0 ? 'the file is empty' : 'too short for a WAV file');
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw invalid('no RIFF/WAVE header');
  }
  let format: WavFormat | undefined;
  let at = 12;
  for (let count = 0; at + 8 <= bytes.length; count++) {
    if (count >= CHUNKS_MAX) throw invalid('too many chunks');
    const name = bytes.toString('latin1', at, at + 4);
    const size = Math.min(bytes.readUInt32LE(at + 4), bytes.length - at - 8);
    const body = at + 8;
    if (name === 'fmt ') format = readFormat(bytes.subarray(body, body + size));
    if (name === 'data') {
      if (format === undefined) throw invalid('its data comes before its format');
      return readSamples(bytes.subarray(body, body + size), format);
    }
    at = body + size + (size % 2);
  }
  throw invalid(format === undefined ? 'no format in it' : 'no samples in it');
}

function invalid(reason: string): AppError {
  return new AppError('WAV_FILE_INVALID', `not a WAV file that can be read: ${reason}`);
}

function readFormat(chunk: Buffer): WavFormat {
  if (chunk.length < 16) throw invalid('its format chunk is cut off');
  const tag = chunk.readUInt16LE(0);
  const code = tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag;
  const channelCount = chunk.readUInt16LE(2);
  const sampleRateHz = chunk.readUInt32LE(4);
  if (channelCount < 1 || channelCount > CHANNELS_MAX) throw invalid(`${channelCount} channels`);
  if (sampleRateHz < RATE_MIN_HZ || sampleRateHz > RATE_MAX_HZ) throw invalid(`a rate of ${sampleRateHz} Hz`);
  return { code, channelCount, sampleRateHz, bitsPerSample: chunk.readUInt16LE(14) };
}

function readSamples(data: Buffer, format: WavFormat): WavSound {
  const read = sampleReader(format);
  const width = format.bitsPerSample / 8;
  const frameBytes = width * format.channelCount;
  const frameCount = Math.floor(data.length / frameBytes);
  if (frameCount > FRAMES_MAX) throw invalid(`longer than ${FRAMES_MAX} samples`);
  const channels = Array.from({ length: format.channelCount }, (_, channel) => {
    const samples = new Float64Array(frameCount);
    for (let i = 0; i < frameCount; i++) samples[i] = read(data, i * frameBytes + channel * width);
    return samples;
  });
  return { sampleRateHz: format.sampleRateHz, channels };
}

function sampleReader({ code, bitsPerSample }: WavFormat): SampleReader {
  switch (`${code}/${bitsPerSample}`) {
    case `${PCM}/8`:
      return (bytes, at) => (bytes.readUInt8(at) - 128) / 128;
    case `${PCM}/16`:
      return (bytes, at) => bytes.readInt16LE(at) / 32768;
    case `${PCM}/24`:
      return (bytes, at) => bytes.readIntLE(at, 3) / 8388608;
    case `${PCM}/32`:
      return (bytes, at) => bytes.readInt32LE(at) / 2147483648;
    case `${FLOAT}/32`:
      return (bytes, at) => finite(bytes.readFloatLE(at));
    case `${FLOAT}/64`:
      return (bytes, at) => finite(bytes.readDoubleLE(at));
    case `${A_LAW}/8`:
      return (bytes, at) => linearOfALaw(bytes.readUInt8(at)) / 32768;
    case `${MU_LAW}/8`:
      return (bytes, at) => linearOfMuLaw(bytes.readUInt8(at)) / 32768;
    default:
      throw invalid(`format ${code} with ${bitsPerSample} bits is not supported`);
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-8, Math.min(8, value)) : 0;
}
