/** The two G.711 laws; the names are those of SDP (RFC 3551 §6). */
export type G711Law = 'PCMU' | 'PCMA';

/** Samples per second of every audio path here. */
export const SAMPLE_RATE_HZ = 8000;

/** A byte of silence in each law. */
export const SILENCE_BYTE: Readonly<Record<G711Law, number>> = { PCMU: 0xff, PCMA: 0xd5 };

const MU_BIAS = 0x84;
const MU_CLIP = 32635;

function muLawToLinear(byte: number): number {
  const inverted = ~byte & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + MU_BIAS) << ((inverted & 0x70) >> 4);
  return inverted & 0x80 ? MU_BIAS - magnitude : magnitude - MU_BIAS;
}

function linearToMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const exponent = 31 - Math.clz32(magnitude >> 7);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function aLawToLinear(byte: number): number {
  const toggled = byte ^ 0x55;
  const exponent = (toggled & 0x70) >> 4;
  const base = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? base : (base + 0x100) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

function linearToALaw(sample: number): number {
  // ITU-T G.711: negative values are one's complement before quantising.
  const isNegative = sample < 0;
  const magnitude = Math.min(isNegative ? ~sample : sample, 32767) >> 4;
  const exponent = magnitude < 16 ? 0 : 31 - Math.clz32(magnitude) - 3;
  const mantissa = exponent === 0 ? magnitude : (magnitude >> (exponent - 1)) & 0x0f;
  return ((exponent << 4) | (mantissa & 0x0f) | (isNegative ? 0 : 0x80)) ^ 0x55;
}

function decodeTable(decode: (byte: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, byte) => decode(byte));
}

/** Indexed by the sample's 16 bits read as unsigned. */
function encodeTable(encode: (sample: number) => number): Uint8Array {
  return Uint8Array.from({ length: 65536 }, (_, bits) => encode((bits << 16) >> 16));
}

const DECODE: Readonly<Record<G711Law, Int16Array>> = {
  PCMU: decodeTable(muLawToLinear),
  PCMA: decodeTable(aLawToLinear),
};
const ENCODE: Readonly<Record<G711Law, Uint8Array>> = {
  PCMU: encodeTable(linearToMuLaw),
  PCMA: encodeTable(linearToALaw),
};
const TRANSCODE: Readonly<Record<G711Law, Uint8Array>> = {
  PCMU: Uint8Array.from(DECODE.PCMU, (sample) => ENCODE.PCMA[sample & 0xffff] ?? 0),
  PCMA: Uint8Array.from(DECODE.PCMA, (sample) => ENCODE.PCMU[sample & 0xffff] ?? 0),
};

/** Expands G.711 bytes (ITU-T G.711) to 16-bit linear samples. */
export function decodeG711(law: G711Law, bytes: Uint8Array): Int16Array {
  const table = DECODE[law];
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = table[bytes[i] ?? 0] ?? 0;
  return samples;
}

/** Compresses linear samples into `into` from `offset` on; one byte a sample. */
export function encodeG711(law: G711Law, samples: Int16Array, into: Uint8Array, offset = 0): void {
  const table = ENCODE[law];
  for (let i = 0; i < samples.length; i++) into[offset + i] = table[(samples[i] ?? 0) & 0xffff] ?? 0;
}

/** Turns bytes of `law` into the other law, in place, from `offset` on. */
export function transcodeG711(law: G711Law, bytes: Uint8Array, offset: number): void {
  const table = TRANSCODE[law];
  for (let i = offset; i < bytes.length; i++) bytes[i] = table[bytes[i] ?? 0] ?? 0;
}
