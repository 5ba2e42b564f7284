/**
 * G.711 µ-law (ITU-T G.711, table 2a) written for the tests alone, so that a fault in the product's codec is
 * not mirrored here. Samples are 16-bit.
 */
const BIAS = 0x84;
const CLIP = 32_635;

export function muLawByte(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(Math.round(sample)), CLIP) + BIAS;
  const exponent = 24 - Math.clz32(magnitude >> 0);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

export function muLawSample(byte: number): number {
  const inverted = ~byte & 0xff;
  const exponent = (inverted >> 4) & 0x07;
  const magnitude = (((inverted & 0x0f) << 3) + BIAS) << exponent;
  return (inverted & 0x80) === 0 ? magnitude - BIAS : BIAS - magnitude;
}
