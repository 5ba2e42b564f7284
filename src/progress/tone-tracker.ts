import { levelDbm0 } from './frame.ts';
import { BIN_HZ, LOBE_BINS, powerNear } from './hop-analyser.ts';
import type { HopAnalyser, HopSpectrum } from './hop-analyser.ts';
import { readFineTone } from './fine-tone.ts';
import type { FineTone } from './fine-tone.ts';
import { ToneCandidate } from './tone-candidate.ts';
import { readToneHop, signalPower } from './tone-hop.ts';
import type { ToneHop } from './tone-hop.ts';
import type { Tone } from './tone.ts';

/** Hops of powers that are kept to find the edge of a tone afterwards: 120 ms. */
const KEPT_HOPS = 12;
/** Hops after the onset at which the frequencies are read with the long window. */
const REFINE_AT_HOPS = 15;
/** A tone is over when it has been missed for so many hops; shorter gaps are lost packets. */
const MISSED_HOPS = 3;
/** A hop misses the tone when its power falls by 12 dB against the last ones … */
const FALL = 0.06;
/** … or under −56 dBm0 … */
const POWER_MIN = 650;
/** … or when less than this share of the sound lies in it. */
const PURITY_MIN = 0.5;
/** A hop's step of level counts at most so much: a lost packet makes no voice of a tone. */
const STEP_MAX_DB = 2.5;
/** Frequencies are read from hops with at least this share of the power before them. */
const WHOLE_SHARE = 0.45;
/** The fine look must find so much of the sound in two lines to make two of one. */
const NEW_LINE_PURITY = 0.94;
/** Lines below belong to what else is heard. */
const LOWEST_HZ = 300;
/** Hops before the edge that are no part of a tone's inside. */
const EDGE_HOPS = 2;

/** What a `ToneTracker` tells. The tone is the caller's to keep. */
export interface ToneSink {
  onToneStarted(tone: Tone, nowMs: number): void;
  onToneEnded(tone: Tone, nowMs: number): void;
}

/**
 * Finds steady tones of one or two frequencies between 200 and 3400 Hz, and their edges to a few ms: where
 * the energy in a Hann window is half of the full one, the edge is at the window's centre.
 */
export class ToneTracker {
  readonly #sink: ToneSink;
  readonly #analyser: HopAnalyser;
  readonly #candidate = new ToneCandidate();
  readonly #toneHop: ToneHop = { isTonal: false, lowHz: 0, highHz: 0, power: 0, secondShare: 0 };
  readonly #fine: FineTone = {
    isTone: false,
    purity: 0,
    isModulated: false,
    lowHz: 0,
    highHz: 0,
    centroidHz: 0,
  };
  readonly #powers = new Float64Array(KEPT_HOPS);
  readonly #centres = new Float64Array(KEPT_HOPS);
  #isSounding = false;
  #hops = 0;
  #missed = 0;
  #startMs = 0;
  #lowHz = 0;
  #highHz = 0;
  #isModulated = false;
  #level = 0;
  #strayed = 0;
  #ups = 0;
  #net = 0;
  #inside = 0;
  #lastInsideDb = 0;
  #purity = 0;

  constructor(sink: ToneSink, analyser: HopAnalyser) {
    this.#sink = sink;
    this.#analyser = analyser;
  }

  /** A tone sounds now. */
  get isSounding(): boolean {
    return this.#isSounding;
  }

  /** Not yet known to be a tone, but steady for two hops or more. */
  get isSuspected(): boolean {
    return this.#candidate.hops >= 2;
  }

  /** The tone that sounds, up to now. */
  get tone(): Tone | undefined {
    return this.#isSounding
      ? this.#describe(this.#centres[(this.#hops - 1) % KEPT_HOPS] as number)
      : undefined;
  }

  take(hop: HopSpectrum, noisePower: number): void {
    readToneHop(hop, noisePower, this.#toneHop);
    this.#candidate.remember(hop);
    if (this.#isSounding) {
      this.#follow(hop, noisePower);
      if (this.#isSounding) return;
    }
    this.#candidate.take(hop, this.#toneHop);
    if (this.#candidate.isSteady) this.#begin(hop, this.#candidate.lowHz, this.#candidate.highHz);
    else if (this.#candidate.isWorthFineLook) {
      readFineTone(this.#analyser.longPower(), this.#fine);
      if (this.#candidate.takeFine(this.#fine))
        this.#begin(hop, this.#candidate.lowHz, this.#candidate.highHz);
    }
  }

  /** The stream ends at this instant; a tone that sounds until then is told. */
  finish(endMs: number): void {
    if (!this.#isSounding) return;
    const end = this.#missed > 0 ? this.#findEnd() : endMs;
    this.#end(end, endMs);
  }

  #begin(hop: HopSpectrum, lowHz: number, highHz: number): void {
    this.#isSounding = true;
    this.#startMs = this.#candidate.startMs(lowHz, highHz);
    this.#lowHz = lowHz;
    this.#highHz = highHz;
    this.#isModulated = this.#candidate.isModulated;
    this.#hops = this.#candidate.copyPowers(this.#powers, this.#centres);
    this.#level = this.#candidate.power;
    this.#missed = 0;
    this.#strayed = this.#candidate.strayedSquare;
    this.#inside = this.#candidate.hops;
    this.#ups = 0;
    this.#net = 0;
    this.#lastInsideDb = NaN;
    this.#purity = this.#candidate.purity;
    this.#candidate.reset();
    this.#sink.onToneStarted(this.#describe(hop.centreMs), hop.positionSamples / 8);
  }

  #follow(hop: HopSpectrum, noisePower: number): void {
    const isClose = this.#highHz !== 0 && this.#highHz - this.#lowHz < 2 * LOBE_BINS * BIN_HZ;
    let power = powerNear(
      hop.power,
      isClose ? (this.#lowHz + this.#highHz) / 2 : this.#lowHz,
      BIN_HZ,
      LOBE_BINS,
    );
    if (this.#highHz !== 0 && !isClose) power += powerNear(hop.power, this.#highHz, BIN_HZ, LOBE_BINS);
    const at = this.#hops % KEPT_HOPS;
    this.#powers[at] = power;
    this.#centres[at] = hop.centreMs;
    this.#hops++;
    const signal = signalPower(hop, noisePower);
    const isMissed =
      power < POWER_MIN ||
      power < this.#before() * FALL ||
      power < signal * PURITY_MIN ||
      this.#hasMoved(hop, isClose);
    if (isMissed) {
      this.#missed++;
      if (this.#missed >= MISSED_HOPS) this.#end(this.#findEnd(), hop.positionSamples / 8);
      return;
    }
    this.#missed = 0;
    this.#observe(hop, power, signal, isClose);
    if (this.#hops === REFINE_AT_HOPS + EDGE_HOPS) this.#refine();
  }

  /** Strongest of the hops before the first that was missed. */
  #before(): number {
    let strongest = 0;
    for (let back = 2 + this.#missed; back < 6 + this.#missed; back++) {
      const index = this.#hops - back;
      if (index < 0 || back > KEPT_HOPS) break;
      strongest = Math.max(strongest, this.#powers[index % KEPT_HOPS] as number);
    }
    return strongest;
  }

  /** Another line has taken the tone's place, near enough to lie in its bins. */
  #hasMoved(hop: HopSpectrum, isClose: boolean): boolean {
    // In this range two close tones beat, and the strongest bin goes to and fro.
    if (isClose || (hop.firstHz > 320 && hop.firstHz < 540)) return false;
    // What is under the tone may be louder for a moment.
    return !this.#isOurs(hop.firstHz) && !(hop.secondHz !== 0 && this.#isOurs(hop.secondHz));
  }

  #isOurs(hz: number): boolean {
    return Math.min(Math.abs(hz - this.#lowHz), Math.abs(hz - this.#highHz)) <= Math.max(20, 0.02 * hz);
  }

  #observe(hop: HopSpectrum, power: number, signal: number, isClose: boolean): void {
    this.#inside++;
    this.#purity += Math.min(1, power / Math.max(1, signal));
    if (!isClose) {
      const isLow =
        this.#highHz === 0 || Math.abs(hop.firstHz - this.#lowHz) < Math.abs(hop.firstHz - this.#highHz);
      const strayed = hop.firstHz - (isLow ? this.#lowHz : this.#highHz);
      // The windows that a lost packet cuts are smeared, and music may be louder for a moment.
      const isWhole = power >= this.#before() * WHOLE_SHARE && this.#isOurs(hop.firstHz);
      if (isWhole) this.#strayed += strayed * strayed;
    }
    // The hop of two hops ago lies inside the tone if this one still hears it.
    const index = this.#hops - 1 - EDGE_HOPS;
    if (index < EDGE_HOPS) return;
    const db = 10 * Math.log10(Math.max(1, this.#powers[index % KEPT_HOPS] as number));
    if (!Number.isNaN(this.#lastInsideDb)) {
      const step = Math.max(-STEP_MAX_DB, Math.min(STEP_MAX_DB, db - this.#lastInsideDb));
      this.#ups += Math.abs(step);
      this.#net += step;
    }
    this.#lastInsideDb = db;
  }

  #refine(): void {
    readFineTone(this.#analyser.longPower(), this.#fine);
    if (!this.#fine.isTone || this.#fine.lowHz < LOWEST_HZ) return;
    const isSame = [this.#fine.lowHz, this.#fine.highHz].some((hz) => Math.abs(hz - this.#lowHz) < 45);
    if (!isSame) return;
    // A second line where none was seen before is noise, or the trace of a lost packet, unless it is close
    // and clear.
    const isNew = this.#highHz === 0 && this.#fine.highHz !== 0;
    const distanceHz = this.#fine.highHz - this.#fine.lowHz;
    if (isNew && (distanceHz > LOBE_BINS * BIN_HZ || this.#fine.purity < NEW_LINE_PURITY)) return;
    this.#lowHz = this.#fine.lowHz;
    this.#highHz = this.#fine.highHz;
    this.#isModulated = this.#fine.isModulated;
  }

  #end(endMs: number, nowMs: number): void {
    const tone = this.#describe(Math.max(endMs, this.#startMs + 1));
    this.#isSounding = false;
    this.#candidate.reset();
    this.#sink.onToneEnded(tone, nowMs);
  }

  /** The instant at which the power fell to half of what it was before the first missed hop. */
  #findEnd(): number {
    const lastHeard = this.#hops - 1 - this.#missed;
    let reference = 0;
    for (let index = lastHeard; index > lastHeard - 4 && index >= 0; index--) {
      reference = Math.max(reference, this.#powers[index % KEPT_HOPS] as number);
    }
    for (let index = this.#hops - 1; index > lastHeard - 5 && index > 0; index--) {
      const before = this.#powers[(index - 1) % KEPT_HOPS] as number;
      const after = this.#powers[index % KEPT_HOPS] as number;
      if (before < reference / 2 || after >= before) continue;
      const from = this.#centres[(index - 1) % KEPT_HOPS] as number;
      const to = this.#centres[index % KEPT_HOPS] as number;
      return from + ((to - from) * Math.min(before - after, before - reference / 2)) / (before - after);
    }
    return this.#centres[Math.max(0, lastHeard) % KEPT_HOPS] as number;
  }

  #describe(endMs: number): Tone {
    const steps = Math.max(1, this.#inside);
    return {
      startMs: this.#startMs,
      endMs,
      lowHz: this.#lowHz,
      highHz: this.#highHz,
      isModulated: this.#isModulated,
      levelDbm0: levelDbm0(this.#level),
      frequencyWanderHz: Math.sqrt(this.#strayed / steps),
      levelWanderDb: Math.max(0, this.#ups - Math.abs(this.#net)) / steps,
      purity: this.#purity / steps,
    };
  }
}
