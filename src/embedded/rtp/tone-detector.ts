import { toneShare } from './goertzel.ts';

const BLOCK_SAMPLES = 160;
const SHARE_MIN = 0.6;
const LEVEL_MIN = 10_000;

/** Tells when given frequencies sound together for a number of 20 ms blocks in a row. */
export class ToneDetector {
  readonly #frequenciesHz: readonly number[];
  readonly #hitsMin: number;
  #hits = 0;

  /** @param hitsMin blocks of 20 ms in a row; FreeSWITCH's `hits`, default 1. */
  constructor(frequenciesHz: readonly number[], hitsMin = 1) {
    this.#frequenciesHz = frequenciesHz;
    this.#hitsMin = Math.max(1, hitsMin);
  }

  /** @returns true when the tone has just been recognised; then it begins anew. */
  push(frame: Int16Array): boolean {
    const block = frame.subarray(0, BLOCK_SAMPLES);
    let energy = 0;
    for (let i = 0; i < block.length; i++) energy += (block[i] ?? 0) ** 2;
    const isTone = energy / block.length > LEVEL_MIN && toneShare(block, this.#frequenciesHz) >= SHARE_MIN;
    this.#hits = isTone ? this.#hits + 1 : 0;
    if (this.#hits < this.#hitsMin) return false;
    this.#hits = 0;
    return true;
  }
}
