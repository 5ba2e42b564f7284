/** Half the length of the filter's kernel, in zero crossings: 16 keep aliases 70 dB down. */
const ZERO_CROSSINGS = 16;
/** The pass band as a part of the lower Nyquist frequency: what lies above is filtered before it can fold. */
const PASS_BAND = 0.92;
/** The kernel is tabulated this finely between two zero crossings, and read with linear interpolation. */
const STEPS_PER_CROSSING = 256;

const KERNEL = windowedSinc();

/**
 * Samples at another rate: band-limited interpolation (a sinc under a Blackman window), so that nothing above
 * the new Nyquist frequency folds into the telephone band. Rates in Hz, both above 0; the input is not
 * changed.
 */
export function resample(samples: Float64Array, fromHz: number, toHz: number): Float64Array {
  if (fromHz === toHz) return samples;
  const ratio = fromHz / toHz;
  const scale = Math.min(1, toHz / fromHz) * PASS_BAND;
  const reach = ZERO_CROSSINGS / scale;
  const output = new Float64Array(Math.floor(samples.length / ratio));
  for (let i = 0; i < output.length; i++) {
    const centre = i * ratio;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(samples.length - 1, Math.floor(centre + reach));
    let sum = 0;
    for (let k = first; k <= last; k++)
      sum += (samples[k] as number) * kernelAt(Math.abs(k - centre) * scale);
    output[i] = sum * scale;
  }
  return output;
}

function kernelAt(crossings: number): number {
  const place = crossings * STEPS_PER_CROSSING;
  const index = Math.floor(place);
  const below = KERNEL[index] ?? 0;
  return below + (place - index) * ((KERNEL[index + 1] ?? 0) - below);
}

function windowedSinc(): Float64Array {
  const length = ZERO_CROSSINGS * STEPS_PER_CROSSING;
  return Float64Array.from({ length: length + 2 }, (_, at) => {
    if (at === 0) return 1;
    if (at >= length) return 0;
    const angle = (Math.PI * at) / STEPS_PER_CROSSING;
    const place = (Math.PI * at) / length;
    return (Math.sin(angle) / angle) * (0.42 + 0.5 * Math.cos(place) + 0.08 * Math.cos(2 * place));
  });
}
