import { decodeG711, SAMPLE_RATE_HZ } from '../rtp/g711.ts';

const FORMAT_PCM = 1;
const FORMAT_ALAW = 6;
const FORMAT_MULAW = 7;
const FORMAT_EXTENSIBLE = 0xfffe;

interface WavFormat {
  readonly code: number;
  readonly channelCount: number;
  readonly rateHz: number;
  readonly bits: number;
}

/** Reads a RIFF/WAVE file as 8 kHz mono linear audio; undefined when its kind is not supported. */
export function readWav(bytes: Buffer): Int16Array | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'RIFF') return undefined;
  if (bytes.toString('latin1', 8, 12) !== 'WAVE') return undefined;
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = bytes.toString('latin1', at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (id === 'fmt ' && length >= 16 && start + 16 <= bytes.length) {
      const code = bytes.readUInt16LE(start);
      const isExtensible = code === FORMAT_EXTENSIBLE && length >= 26 && start + 26 <= bytes.length;
      format = {
        code: isExtensible ? bytes.readUInt16LE(start + 24) : code,
        channelCount: bytes.readUInt16LE(start + 2),
        rateHz: bytes.readUInt32LE(start + 4),
        bits: bytes.readUInt16LE(start + 14),
      };
    } else if (id === 'data' && format !== undefined) {
      // A recorder that was cut off leaves a length of 0 or −1: what is there is taken.
      const end = length === 0 || start + length > bytes.length ? bytes.length : start + length;
      return decode(bytes.subarray(start, end), format);
    }
    at = start + length + (length & 1);
  }
  return undefined;
}

function decode(data: Buffer, format: WavFormat): Int16Array | undefined {
  const samples = linearOf(data, format);
  if (samples === undefined || format.channelCount < 1 || format.channelCount > 2) return undefined;
  const mono = format.channelCount === 2 ? downmix(samples) : samples;
  return resample(mono, format.rateHz);
}

function linearOf(data: Buffer, format: WavFormat): Int16Array | undefined {
  if (format.code === FORMAT_ALAW) return decodeG711('PCMA', data);
  if (format.code === FORMAT_MULAW) return decodeG711('PCMU', data);
  if (format.code !== FORMAT_PCM) return undefined;
  if (format.bits === 8) return Int16Array.from(data, (byte) => (byte - 128) << 8);
  if (format.bits !== 16) return undefined;
  const samples = new Int16Array(Math.floor(data.length / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(i * 2);
  return samples;
}

function downmix(samples: Int16Array): Int16Array {
  const mono = new Int16Array(samples.length >> 1);
  for (let i = 0; i < mono.length; i++) mono[i] = ((samples[2 * i] ?? 0) + (samples[2 * i + 1] ?? 0)) >> 1;
  return mono;
}

/**
 * To 8 kHz: averaged over the window of one output sample, which keeps the worst aliases out of a telephone
 * line.
 */
function resample(samples: Int16Array, rateHz: number): Int16Array | undefined {
  if (rateHz === SAMPLE_RATE_HZ) return samples;
  if (rateHz < 4_000 || rateHz > 192_000) return undefined;
  const step = rateHz / SAMPLE_RATE_HZ;
  const out = new Int16Array(Math.floor(samples.length / step));
  for (let i = 0; i < out.length; i++) {
    const from = Math.floor(i * step);
    const to = Math.max(from + 1, Math.floor((i + 1) * step));
    let sum = 0;
    for (let j = from; j < to; j++) sum += samples[j] ?? 0;
    out[i] = Math.round(sum / (to - from));
  }
  return out;
}

/** The 44 bytes at the head of a 16-bit PCM file. */
export function wavHeader(dataBytes: number, channelCount: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(FORMAT_PCM, 20);
  header.writeUInt16LE(channelCount, 22);
  header.writeUInt32LE(SAMPLE_RATE_HZ, 24);
  header.writeUInt32LE(SAMPLE_RATE_HZ * channelCount * 2, 28);
  header.writeUInt16LE(channelCount * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
