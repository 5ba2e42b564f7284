/**
 * G.711 A-law (ITU-T G.711, table 1a) written for the tests alone, so that a fault in the product's codec is
 * not mirrored here. Samples are 16-bit.
 */
const EVEN_BITS = 0x55;

export function aLawByte(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = Math.min(Math.abs(Math.round(sample)), 32_767);
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  const mantissa = (exponent === 0 ? magnitude >> 4 : magnitude >> (exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ EVEN_BITS;
}

export function aLawSample(byte: number): number {
  const code = byte ^ EVEN_BITS;
  const exponent = (code >> 4) & 0x07;
  const step = ((code & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? step : (step + 0x100) << (exponent - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
}
