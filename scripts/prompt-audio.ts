/** Samples of one channel, −1 … 1, at a rate in Hz. */
export interface Sound {
  readonly rate: number;
  readonly samples: Float64Array;
}

/** Reads a 16-bit PCM WAV file of one channel. Throws on anything else. */
export function readWav(bytes: Buffer): Sound {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error('not a WAV file');
  }
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4);
    // espeak-ng writes to a pipe and leaves the size open.
    const size = Math.min(bytes.readUInt32LE(at + 4), bytes.length - at - 8);
    const body = at + 8;
    if (name === 'fmt ') {
      const [format, channels, bits] = [body, body + 2, body + 14].map((place) => bytes.readUInt16LE(place));
      if (format !== 1 || channels !== 1 || bits !== 16) throw new Error('not 16-bit PCM mono');
      rate = bytes.readUInt32LE(body + 4);
    } else if (name === 'data') {
      const samples = new Float64Array(Math.floor(size / 2));
      for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(body + 2 * i) / 32768;
      return { rate, samples };
    }
    at = body + size + (size % 2);
  }
  throw new Error('no samples in the WAV file');
}

/** A canonical 44-byte header and 16-bit PCM samples. */
export function writeWav(sound: Sound): Buffer {
  const bytes = Buffer.alloc(44 + 2 * sound.samples.length);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sound.rate, 24);
  bytes.writeUInt32LE(2 * sound.rate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * sound.samples.length, 40);
  sound.samples.forEach((value, i) => {
    bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, value)) * 32767), 44 + 2 * i);
  });
  return bytes;
}

const KERNEL_ZEROS = 24;

/** Band-limited resampling with a Blackman-windowed sinc; the cut-off is 0.46 of the lower rate. */
export function resample(sound: Sound, rate: number): Sound {
  if (sound.rate === rate) return sound;
  const ratio = sound.rate / rate;
  const cutOff = 0.92 * Math.min(1, rate / sound.rate);
  const half = Math.ceil(KERNEL_ZEROS / cutOff);
  const samples = new Float64Array(Math.floor(sound.samples.length / ratio));
  for (let i = 0; i < samples.length; i++) {
    const centre = i * ratio;
    const first = Math.max(0, Math.ceil(centre - half));
    const last = Math.min(sound.samples.length - 1, Math.floor(centre + half));
    let sum = 0;
    for (let k = first; k <= last; k++) {
      const x = k - centre;
      const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half);
      const sinc = x === 0 ? cutOff : Math.sin(Math.PI * cutOff * x) / (Math.PI * x);
      sum += (sound.samples[k] ?? 0) * sinc * window;
    }
    samples[i] = sum;
  }
  return { rate, samples };
}

/**
 * Removes what lies below `floorDb` (dBFS) at both ends, leaving `keepMs` of it, and fades both edges over 5
 * ms.
 */
export function trim(sound: Sound, floorDb: number, keepMs: { lead: number; tail: number }): Sound {
  const floor = 10 ** (floorDb / 20);
  const { samples, rate } = sound;
  let first = 0;
  while (first < samples.length && Math.abs(samples[first] ?? 0) < floor) first++;
  let last = samples.length - 1;
  while (last > first && Math.abs(samples[last] ?? 0) < floor) last--;
  const from = Math.max(0, first - Math.round((keepMs.lead * rate) / 1000));
  const to = Math.min(samples.length, last + 1 + Math.round((keepMs.tail * rate) / 1000));
  return fadeEdges({ rate, samples: samples.slice(from, to) }, 5);
}

/** Raises from and sinks to silence over `fadeMs`, so that joined files do not click. */
export function fadeEdges(sound: Sound, fadeMs: number): Sound {
  const samples = Float64Array.from(sound.samples);
  const length = Math.min(samples.length >> 1, Math.round((fadeMs * sound.rate) / 1000));
  for (let i = 0; i < length; i++) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * i) / length);
    samples[i] = (samples[i] ?? 0) * gain;
    const mirror = samples.length - 1 - i;
    samples[mirror] = (samples[mirror] ?? 0) * gain;
  }
  return { rate: sound.rate, samples };
}

/** The level of the frames (20 ms) within 20 dB of the loudest one, in dBFS: pauses do not count. */
export function activeLevelDb(sound: Sound): number {
  const frame = Math.max(1, Math.round(sound.rate / 50));
  const powers: number[] = [];
  for (let at = 0; at + frame <= sound.samples.length; at += frame) {
    let sum = 0;
    for (let i = at; i < at + frame; i++) sum += (sound.samples[i] ?? 0) ** 2;
    powers.push(sum / frame);
  }
  const loudest = powers.reduce((a, b) => Math.max(a, b), 0);
  const active = powers.filter((power) => power > loudest / 100);
  const mean = active.reduce((a, b) => a + b, 0) / Math.max(1, active.length);
  return 10 * Math.log10(mean + 1e-12);
}

/**
 * Brings the active level to `levelDb`, peaks held below `peakDb` by a smooth limiter (5 ms look-ahead, 50 ms
 * release).
 */
export function level(sound: Sound, levelDb: number, peakDb: number): Sound {
  const gain = 10 ** ((levelDb - activeLevelDb(sound)) / 20);
  const ceiling = 10 ** (peakDb / 20);
  const ahead = Math.round(sound.rate * 0.005);
  const release = Math.exp(-1 / (sound.rate * 0.05));
  const samples = sound.samples.map((value) => value * gain);
  const needed = samples.map((value) => Math.min(1, ceiling / Math.max(1e-9, Math.abs(value))));
  let held = 1;
  for (let i = 0; i < samples.length; i++) {
    let lowest = 1;
    for (let k = i; k <= Math.min(samples.length - 1, i + ahead); k++)
      lowest = Math.min(lowest, needed[k] ?? 1);
    held = Math.min(lowest, 1 - (1 - held) * release);
    samples[i] = (samples[i] ?? 0) * held;
  }
  return { rate: sound.rate, samples };
}

/** Lifts what lies above `cornerHz` by up to `gainDb` (one-pole shelf): consonants that 8 kHz would bury. */
export function brighten(sound: Sound, cornerHz: number, gainDb: number): Sound {
  const step = 1 - Math.exp((-2 * Math.PI * cornerHz) / sound.rate);
  const extra = 10 ** (gainDb / 20) - 1;
  let low = 0;
  const samples = sound.samples.map((value) => {
    low += step * (value - low);
    return value + extra * (value - low);
  });
  return { rate: sound.rate, samples };
}
