import { goertzelPower, meanSquare } from './goertzel.ts';

const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
const KEYS = ['123A', '456B', '789C', '*0#D'];
/** 102 samples (12.75 ms): the block length with which all eight frequencies fall apart well at 8 kHz. */
const BLOCK_SAMPLES = 102;
/**
 * Blocks in a row that must agree before a key counts, and that must differ before it is over (ITU-T Q.24: 40
 * ms).
 */
const HITS_MIN = 2;
const MISSES_MIN = 2;
/** About −36 dBm0 a tone. */
const POWER_MIN = 60_000 / 4;
/** Twist between the two tones, as power ratio: 8 dB. */
const TWIST_MAX = 6.3;
/** The strongest of a group must stand out by this. */
const RELATIVE_MIN = 6.3;
/** Share of the block's energy in the two tones: speech has less. */
const SHARE_MIN = 0.8;

/** Hears key presses in audio (ITU-T Q.24). */
export class DtmfDetector {
  readonly #block = new Int16Array(BLOCK_SAMPLES);
  #filled = 0;
  #candidate: string | undefined;
  #hits = 0;
  #active: string | undefined;
  #misses = 0;
  #activeSamples = 0;

  /** @returns the keys recognised in these samples, in order; each once however long it is held. */
  push(samples: Int16Array): string[] {
    const heard: string[] = [];
    for (let i = 0; i < samples.length; i++) {
      this.#block[this.#filled++] = samples[i] ?? 0;
      if (this.#filled < BLOCK_SAMPLES) continue;
      this.#filled = 0;
      const key = this.#judge(detectKey(this.#block));
      if (key !== undefined) heard.push(key);
    }
    return heard;
  }

  /** How long the last key has been held, in samples. */
  get heldSamples(): number {
    return this.#activeSamples;
  }

  #judge(key: string | undefined): string | undefined {
    if (this.#active !== undefined) {
      this.#activeSamples += BLOCK_SAMPLES;
      this.#misses = key === this.#active ? 0 : this.#misses + 1;
      if (this.#misses < MISSES_MIN) return undefined;
      this.#active = undefined;
      this.#hits = 0;
      this.#candidate = undefined;
    }
    if (key === undefined) {
      this.#hits = 0;
      this.#candidate = undefined;
      return undefined;
    }
    this.#hits = key === this.#candidate ? this.#hits + 1 : 1;
    this.#candidate = key;
    if (this.#hits < HITS_MIN) return undefined;
    this.#active = key;
    this.#misses = 0;
    this.#activeSamples = this.#hits * BLOCK_SAMPLES;
    return key;
  }
}

function detectKey(block: Int16Array): string | undefined {
  const row = strongest(block, ROWS_HZ);
  const column = strongest(block, COLUMNS_HZ);
  if (row === undefined || column === undefined) return undefined;
  const twist = row.power / column.power;
  if (twist > TWIST_MAX || twist < 1 / TWIST_MAX) return undefined;
  if ((2 * (row.power + column.power)) / meanSquare(block) < SHARE_MIN) return undefined;
  return KEYS[row.index]?.charAt(column.index);
}

function strongest(
  block: Int16Array,
  frequenciesHz: readonly number[],
): { index: number; power: number } | undefined {
  const powers = frequenciesHz.map((hz) => goertzelPower(block, hz));
  const power = Math.max(...powers);
  const index = powers.indexOf(power);
  if (power < POWER_MIN) return undefined;
  const isClear = powers.every((other, at) => at === index || power > other * RELATIVE_MIN);
  return isClear ? { index, power } : undefined;
}
