import type { ProgressEventSink } from './frame.ts';
import { powerNear, BIN_HZ } from './hop-analyser.ts';
import type { HopSpectrum } from './hop-analyser.ts';
import { signalPower } from './tone-hop.ts';

const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
const KEYS = ['123A', '456B', '789C', '*0#D'];
/**
 * A key's frequencies are right to 1.8 % (Q.23) and wrong from 3 % on (Q.24); hops cut by an edge read 1 %
 * off.
 */
const TOLERANCE = 0.026;
/** The mean over a key must be nearer. */
const MEAN_TOLERANCE = 0.022;
/**
 * The lower tone may be 8 dB weaker (normal twist 4 dB and a line's slope) or 8 dB stronger (Q.24 §2.3,
 * margin).
 */
const TWIST_MAX = 6.5;
/** Share of the sound in the two tones: talk has less (Q.24 §3). */
const PURITY_MIN = 0.82;
/** Each tone: −42 dBm0. */
const POWER_MIN = 8000;
/** A key is 40 ms at least, and 23 ms are none (Q.24 §2.4): hops that hold half of its power. */
const LENGTH_MIN_MS = 30;
/**
 * Makers of beeps like round numbers: 700 + 1200 Hz is near a 1 (697 + 1209 Hz), and is none. No key's
 * frequency is within 2 Hz of a multiple of 50, and a phone's error does not bring both there.
 */
const ROUND_STEP_HZ = 50;
const ROUND_WITHIN_HZ = 1.6;
const BEEP_HOPS_MIN = 6;
/** Hops without the key that end it; shorter gaps are lost packets. */
const MISSED_HOPS = 2;
const KEPT_HOPS = 8;

/** Hears pressed keys in the audio (ITU-T Q.23, Q.24). */
export class KeyDetector {
  readonly #emit: ProgressEventSink;
  readonly #powers = new Float64Array(KEPT_HOPS);
  readonly #centres = new Float64Array(KEPT_HOPS);
  #hops = 0;
  #key = '';
  #missed = 0;
  #startMs = 0;
  #power = 0;
  #strong = 0;
  #lowSum = 0;
  #highSum = 0;
  #row = 0;
  #column = 0;

  constructor(emit: ProgressEventSink) {
    this.#emit = emit;
  }

  /** A key sounds, or may. */
  get isPressed(): boolean {
    return this.#key !== '';
  }

  take(hop: HopSpectrum, noisePower: number): void {
    const key = this.#read(hop, noisePower);
    if (this.#key === '') {
      if (key !== '') this.#press(key, hop);
      return;
    }
    const power =
      powerNear(hop.power, ROWS_HZ[this.#row] as number, BIN_HZ, 3) +
      powerNear(hop.power, COLUMNS_HZ[this.#column] as number, BIN_HZ, 3);
    this.#keep(power, hop.centreMs);
    if (key === this.#key) {
      this.#missed = 0;
      if (power > this.#power * 0.5) this.#note(hop);
      this.#power = Math.max(this.#power, power);
      return;
    }
    this.#missed++;
    if (this.#missed >= MISSED_HOPS && power < this.#power * 0.5) this.#release(hop.positionSamples / 8);
    else if (this.#missed >= MISSED_HOPS * 3) this.#release(hop.positionSamples / 8);
  }

  finish(endMs: number): void {
    if (this.#key !== '') this.#release(endMs);
  }

  #read(hop: HopSpectrum, noisePower: number): string {
    const { firstPower, secondPower } = hop;
    if (firstPower < POWER_MIN || secondPower < POWER_MIN) return '';
    if (firstPower > secondPower * TWIST_MAX) return '';
    if (firstPower + secondPower < signalPower(hop, noisePower) * PURITY_MIN) return '';
    const row = nearest(ROWS_HZ, Math.min(hop.firstHz, hop.secondHz));
    const column = nearest(COLUMNS_HZ, Math.max(hop.firstHz, hop.secondHz));
    return row < 0 || column < 0 ? '' : (KEYS[row]?.charAt(column) ?? '');
  }

  #press(key: string, hop: HopSpectrum): void {
    this.#key = key;
    this.#row = KEYS.findIndex((row) => row.includes(key));
    this.#column = KEYS[this.#row]?.indexOf(key) ?? 0;
    this.#hops = 0;
    this.#missed = 0;
    this.#strong = 0;
    this.#lowSum = 0;
    this.#highSum = 0;
    this.#startMs = hop.centreMs;
    this.#power = hop.firstPower + hop.secondPower;
    this.#keep(this.#power, hop.centreMs);
    this.#note(hop);
  }

  #note(hop: HopSpectrum): void {
    const power = hop.firstPower + hop.secondPower;
    if (this.#power < power * 0.5) {
      // The first hop caught only the onset: the edge lies where half of the power is reached.
      this.#strong = 0;
      this.#lowSum = 0;
      this.#highSum = 0;
      this.#startMs = hop.centreMs - (10 * (power / 2)) / (power - this.#power);
    }
    this.#strong++;
    this.#lowSum += Math.min(hop.firstHz, hop.secondHz);
    this.#highSum += Math.max(hop.firstHz, hop.secondHz);
  }

  #keep(power: number, centreMs: number): void {
    this.#powers[this.#hops % KEPT_HOPS] = power;
    this.#centres[this.#hops % KEPT_HOPS] = centreMs;
    this.#hops++;
  }

  #release(nowMs: number): void {
    const digit = this.#key;
    this.#key = '';
    const endMs = this.#endMs();
    const isOnPitch =
      Math.abs(this.#lowSum / this.#strong / (ROWS_HZ[this.#row] as number) - 1) < MEAN_TOLERANCE &&
      Math.abs(this.#highSum / this.#strong / (COLUMNS_HZ[this.#column] as number) - 1) < MEAN_TOLERANCE;
    const isBeep =
      this.#strong >= BEEP_HOPS_MIN &&
      isRound(this.#lowSum / this.#strong) &&
      isRound(this.#highSum / this.#strong);
    if (this.#strong < 3 || isBeep || !isOnPitch || endMs - this.#startMs < LENGTH_MIN_MS) return;
    this.#emit({ type: 'DTMF_HEARD', digit, startMs: this.#startMs, endMs, reportedAtMs: nowMs });
  }

  #endMs(): number {
    const half = this.#power / 2;
    for (let index = this.#hops - 1; index > 0 && index > this.#hops - KEPT_HOPS; index--) {
      const before = this.#powers[(index - 1) % KEPT_HOPS] as number;
      const after = this.#powers[index % KEPT_HOPS] as number;
      if (before < half || after >= half) continue;
      return (this.#centres[(index - 1) % KEPT_HOPS] as number) + (10 * (before - half)) / (before - after);
    }
    return this.#centres[(this.#hops - 1) % KEPT_HOPS] as number;
  }
}

function nearest(list: readonly number[], hz: number): number {
  return list.findIndex((wanted) => Math.abs(hz / wanted - 1) <= TOLERANCE);
}

function isRound(hz: number): boolean {
  return Math.abs(hz - Math.round(hz / ROUND_STEP_HZ) * ROUND_STEP_HZ) <= ROUND_WITHIN_HZ;
}

/** Whether a pair of frequencies is a key's, and not a beep's of round numbers. */
export function isKeyPair(lowHz: number, highHz: number): boolean {
  return (
    nearest(ROWS_HZ, lowHz) >= 0 && nearest(COLUMNS_HZ, highHz) >= 0 && !(isRound(lowHz) && isRound(highHz))
  );
}
