/**
 * Power spectrum of a real, Hann-windowed block by one complex FFT of half its length. An instance holds its
 * tables and scratch memory and may serve any number of streams, one after the other.
 *
 * `power[k]` (k = 0 … size/2) is scaled so that the bins of a sine's main lobe add up to its mean square.
 */
export class PowerTransform {
  readonly power: Float64Array;
  readonly #size: number;
  readonly #half: number;
  readonly #window: Float64Array;
  readonly #order: Uint16Array;
  readonly #cosine: Float64Array;
  readonly #sine: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  readonly #scale: number;

  /** @param size samples of a block, a power of two from 16 to 4096. */
  constructor(size: number) {
    const half = size / 2;
    this.#size = size;
    this.#half = half;
    this.power = new Float64Array(half + 1);
    this.#window = new Float64Array(size);
    let energy = 0;
    for (let i = 0; i < size; i++) {
      const weight = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size);
      this.#window[i] = weight;
      energy += weight * weight;
    }
    this.#scale = 2 / (size * energy);
    this.#cosine = new Float64Array(half);
    this.#sine = new Float64Array(half);
    for (let k = 0; k < half; k++) {
      this.#cosine[k] = Math.cos((2 * Math.PI * k) / size);
      this.#sine[k] = -Math.sin((2 * Math.PI * k) / size);
    }
    this.#order = bitReversed(half);
    this.#real = new Float64Array(half);
    this.#imaginary = new Float64Array(half);
  }

  /**
   * Fills `power` from the `size` samples of a ring that end before `end`.
   *
   * @param ring length a power of two, at least `size`.
   * @param end index of the sample after the block's last; taken modulo the ring's length.
   */
  analyse(ring: Float64Array, end: number): void {
    const mask = ring.length - 1;
    const first = end - this.#size + ring.length;
    const real = this.#real;
    const imaginary = this.#imaginary;
    const window = this.#window;
    const order = this.#order;
    for (let i = 0; i < this.#half; i++) {
      const at = 2 * (order[i] as number);
      real[i] = (ring[(first + at) & mask] as number) * (window[at] as number);
      imaginary[i] = (ring[(first + at + 1) & mask] as number) * (window[at + 1] as number);
    }
    this.#transform();
    this.#split();
  }

  /** Decimation in time over half the size; twiddle factors are every second one of the full circle. */
  #transform(): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    const cosine = this.#cosine;
    const sine = this.#sine;
    const half = this.#half;
    // The first two passes in one: their factors are 1 and −i.
    for (let i = 0; i < half; i += 4) {
      const ar = real[i] as number;
      const ai = imaginary[i] as number;
      const br = real[i + 1] as number;
      const bi = imaginary[i + 1] as number;
      const cr = real[i + 2] as number;
      const ci = imaginary[i + 2] as number;
      const dr = real[i + 3] as number;
      const di = imaginary[i + 3] as number;
      const abr = ar + br;
      const abi = ai + bi;
      const cdr = cr + dr;
      const cdi = ci + di;
      real[i] = abr + cdr;
      imaginary[i] = abi + cdi;
      real[i + 2] = abr - cdr;
      imaginary[i + 2] = abi - cdi;
      real[i + 1] = ar - br + (ci - di);
      imaginary[i + 1] = ai - bi - (cr - dr);
      real[i + 3] = ar - br - (ci - di);
      imaginary[i + 3] = ai - bi + (cr - dr);
    }
    for (let span = 4; span < half; span *= 2) {
      const step = this.#size / (2 * span);
      for (let k = 0; k < span; k++) {
        const wr = cosine[k * step] as number;
        const wi = sine[k * step] as number;
        for (let i = k; i < half; i += 2 * span) {
          const j = i + span;
          const yr = (real[j] as number) * wr - (imaginary[j] as number) * wi;
          const yi = (real[j] as number) * wi + (imaginary[j] as number) * wr;
          real[j] = (real[i] as number) - yr;
          imaginary[j] = (imaginary[i] as number) - yi;
          real[i] = (real[i] as number) + yr;
          imaginary[i] = (imaginary[i] as number) + yi;
        }
      }
    }
  }

  /** Even and odd samples were transformed as one complex signal: take them apart and join them. */
  #split(): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    const half = this.#half;
    const power = this.power;
    const scale = this.#scale;
    const dc = (real[0] as number) + (imaginary[0] as number);
    const nyquist = (real[0] as number) - (imaginary[0] as number);
    power[0] = dc * dc * scale * 0.5;
    power[half] = nyquist * nyquist * scale * 0.5;
    for (let k = 1; k < half; k++) {
      const m = half - k;
      const evenReal = 0.5 * ((real[k] as number) + (real[m] as number));
      const evenImaginary = 0.5 * ((imaginary[k] as number) - (imaginary[m] as number));
      const oddReal = 0.5 * ((imaginary[k] as number) + (imaginary[m] as number));
      const oddImaginary = -0.5 * ((real[k] as number) - (real[m] as number));
      const wr = this.#cosine[k] as number;
      const wi = this.#sine[k] as number;
      const xr = evenReal + oddReal * wr - oddImaginary * wi;
      const xi = evenImaginary + oddReal * wi + oddImaginary * wr;
      power[k] = (xr * xr + xi * xi) * scale;
    }
  }
}

function bitReversed(count: number): Uint16Array {
  const order = new Uint16Array(count);
  const bits = Math.log2(count);
  for (let i = 0; i < count; i++) {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
    order[i] = reversed;
  }
  return order;
}
