import type { FineTone } from './fine-tone.ts';
import type { HopSpectrum } from './hop-analyser.ts';
import { isAt, isClosePair, isHarmonic } from './tone-lines.ts';
import type { ToneHop } from './tone-hop.ts';

/** Hops that are remembered to find a tone's onset: more than the slowest decision takes. */
const KEPT_HOPS = 40;
/** Strong hops that make a tone: 50 ms. */
const STEADY_HOPS = 5;
/** Spread of a tone's frequency from hop to hop while it is young. */
const SPREAD_MAX_HZ = 8;
/** Strong hops after which a candidate that is not steady begins anew. */
const SPOILT_HOPS = 8;
/** A hop of a tone holds at least this share of the full power; less when its edge cuts through it … */
const WHOLE_SHARE = 0.8;
const STRONG_SHARE = 0.4;
/** … but a bell's strike may lose so much from hop to hop (a time constant of 40 ms). */
const DECAY_SHARE = 0.58;
/** A young tone of so many hops may have a gap of so many: the windows that a lost packet's edge cuts. */
const GAP_AFTER_HOPS = 3;
const GAP_HOPS_MAX = 2;
const GAP_PURITY_MIN = 0.75;
/** Two lines of which one is a multiple of the other may be a voice: they must stay for longer. */
const HARMONIC_HOPS = 30;
/** … unless the lower one is no pitch of a voice and hardly anything else is heard. */
const VOICE_MAX_HZ = 450;
const CLEAR_PURITY = 0.93;
/** The lowest tone of any kind; below lies a voice's pitch. */
const LOWEST_HZ = 300;
/** Hops before the first fine look and between two: 140 ms and 40 ms. */
const FINE_AFTER_HOPS = 14;
const FINE_EVERY_HOPS = 4;
/** A frequency read twice with the long window agrees within this. */
const FINE_SPREAD_HZ = 4;
/** Agreeing looks at two lines, and at a cluster. */
const FINE_LOOKS = 2;
const CLUSTER_LOOKS = 4;

/** Tonal hops in a row that may become a tone. */
export class ToneCandidate {
  readonly #first = new Float64Array(KEPT_HOPS);
  readonly #firstPower = new Float64Array(KEPT_HOPS);
  readonly #second = new Float64Array(KEPT_HOPS);
  readonly #secondPower = new Float64Array(KEPT_HOPS);
  readonly #centre = new Float64Array(KEPT_HOPS);
  #seen = 0;
  #hops = 0;
  #strong = 0;
  #whole = 0;
  #power = 0;
  #lastPower = 0;
  #low = 0;
  #high = 0;
  #lowMin = 0;
  #lowMax = 0;
  #highMin = 0;
  #highMax = 0;
  #squares = 0;
  #purity = 0;
  #isModulated = false;
  /** Hops in a row that a lost packet has spoilt. */
  #gapHops = 0;
  #fineLow = 0;
  #fineHigh = 0;
  #fineCentroid = 0;
  #fineLooks = 0;
  #clusterLooks = 0;

  get hops(): number {
    return this.#hops;
  }

  /** Power of its strongest hop. */
  get power(): number {
    return this.#power;
  }

  get lowHz(): number {
    return this.#low;
  }

  /** The fine look found sidebands. */
  get isModulated(): boolean {
    return this.#isModulated;
  }

  get highHz(): number {
    return this.#high;
  }

  /** Sum of the squares by which its hops stray from the first one's frequency. */
  get strayedSquare(): number {
    return this.#squares;
  }

  /** Sum of the hops' purity. */
  get purity(): number {
    return this.#purity;
  }

  /** It has stayed on its frequencies for long enough. */
  get isSteady(): boolean {
    if (this.#strong < STEADY_HOPS) return false;
    if (this.#lowMax - this.#lowMin > SPREAD_MAX_HZ || this.#highMax - this.#highMin > SPREAD_MAX_HZ)
      return false;
    if (!isHarmonic(this.#low, this.#high) || this.#strong >= HARMONIC_HOPS) return true;
    return this.#low > VOICE_MAX_HZ && this.#purity >= this.#hops * CLEAR_PURITY;
  }

  /** Its frequency moves as that of two close tones does: look again with the long window. */
  get isWorthFineLook(): boolean {
    return (
      this.#hops >= FINE_AFTER_HOPS &&
      (this.#hops - FINE_AFTER_HOPS) % FINE_EVERY_HOPS === 0 &&
      isClosePair(this.#low)
    );
  }

  reset(): void {
    this.#isModulated = false;
    this.#hops = 0;
    this.#strong = 0;
    this.#gapHops = 0;
    this.#fineLooks = 0;
    this.#clusterLooks = 0;
  }

  /** Every hop, also while a tone sounds: the next one's onset may lie in it. */
  remember(hop: HopSpectrum): void {
    const at = this.#seen % KEPT_HOPS;
    this.#seen++;
    this.#first[at] = hop.firstHz;
    this.#firstPower[at] = hop.firstPower;
    this.#second[at] = hop.secondHz;
    this.#secondPower[at] = hop.secondPower;
    this.#centre[at] = hop.centreMs;
  }

  /** The hop remembered last may continue the candidate, or begin one. */
  take(hop: HopSpectrum, tone: ToneHop): void {
    if (!tone.isTonal || tone.lowHz < LOWEST_HZ) {
      if (this.#isGap(hop)) this.#bridge(hop);
      else this.reset();
      return;
    }
    this.#gapHops = 0;
    if (this.#hops > 0 && !this.#continues(tone)) this.reset();
    if (this.#hops === 0 || this.#isSpoilt()) this.#start(tone);
    else this.#add(tone);
    this.#purity += Math.min(1, tone.power / Math.max(1, hop.bandPower));
  }

  /**
   * @returns whether the fine look, together with those before, makes it a tone; its frequencies are then
   * set.
   */
  takeFine(fine: FineTone): boolean {
    const isSame =
      fine.isTone &&
      Math.abs(fine.lowHz - this.#fineLow) < FINE_SPREAD_HZ &&
      Math.abs(fine.highHz - this.#fineHigh) < FINE_SPREAD_HZ;
    const isSameCluster =
      fine.centroidHz > 0 && Math.abs(fine.centroidHz - this.#fineCentroid) < FINE_SPREAD_HZ;
    this.#fineLooks = isSame ? this.#fineLooks + 1 : fine.isTone ? 1 : 0;
    this.#clusterLooks = isSameCluster ? this.#clusterLooks + 1 : fine.centroidHz > 0 ? 1 : 0;
    this.#fineLow = fine.lowHz;
    this.#fineHigh = fine.highHz;
    this.#fineCentroid = fine.centroidHz;
    this.#isModulated = fine.isModulated;
    if (this.#fineLooks >= FINE_LOOKS) {
      this.#low = fine.lowHz;
      this.#high = fine.highHz;
      return true;
    }
    if (this.#clusterLooks < CLUSTER_LOOKS) return false;
    this.#isModulated = true;
    this.#low = fine.centroidHz;
    this.#high = 0;
    return true;
  }

  /** When the power at these frequencies rose to half of what it is now. */
  startMs(lowHz: number, highHz: number): number {
    const oldest = Math.max(0, this.#seen - KEPT_HOPS);
    const from = Math.max(oldest, this.#seen - this.#hops);
    let reference = 0;
    for (let index = from; index < this.#seen && index < from + 6; index++) {
      reference = Math.max(reference, this.#powerAt(index, lowHz, highHz));
    }
    let index = from;
    while (index < this.#seen - 1 && this.#powerAt(index, lowHz, highHz) < reference / 2) index++;
    while (index > oldest && this.#powerAt(index - 1, lowHz, highHz) >= reference / 2) index--;
    const centre = this.#centre[index % KEPT_HOPS] as number;
    if (index === 0) return 0;
    if (index === oldest) return centre;
    const after = this.#powerAt(index, lowHz, highHz);
    const before = this.#powerAt(index - 1, lowHz, highHz);
    const previous = this.#centre[(index - 1) % KEPT_HOPS] as number;
    return previous + ((centre - previous) * (reference / 2 - before)) / Math.max(1, after - before);
  }

  /** Fills in the newest powers and centres in order; @returns how many. */
  copyPowers(powers: Float64Array, centres: Float64Array): number {
    const count = Math.min(this.#hops, powers.length, KEPT_HOPS);
    for (let i = 0; i < count; i++) {
      const index = this.#seen - count + i;
      powers[i] = this.#powerAt(index, this.#low, this.#high);
      centres[i] = this.#centre[index % KEPT_HOPS] as number;
    }
    return count;
  }

  #powerAt(index: number, lowHz: number, highHz: number): number {
    const at = index % KEPT_HOPS;
    let power = 0;
    if (isAt(this.#first[at] as number, lowHz, highHz)) power += this.#firstPower[at] as number;
    if (isAt(this.#second[at] as number, lowHz, highHz)) power += this.#secondPower[at] as number;
    return power;
  }

  #start(tone: ToneHop): void {
    this.#low = this.#lowMin = this.#lowMax = tone.lowHz;
    this.#high = this.#highMin = this.#highMax = tone.highHz;
    this.#power = tone.power;
    this.#lastPower = tone.power;
    this.#hops = 1;
    this.#strong = 1;
    this.#whole = 1;
    this.#squares = 0;
    this.#purity = 0;
  }

  #add(tone: ToneHop): void {
    this.#hops++;
    // The onset's hops, quieter and smeared, count neither for its length nor for its frequency.
    if (this.#power < tone.power * WHOLE_SHARE) {
      this.#power = tone.power;
      this.#lastPower = tone.power;
      this.#strong = 1;
      this.#whole = 1;
      this.#low = this.#lowMin = this.#lowMax = tone.lowHz;
      this.#high = this.#highMin = this.#highMax = tone.highHz;
      return;
    }
    this.#power = Math.max(this.#power, tone.power);
    const isDecaying = tone.power >= this.#lastPower * DECAY_SHARE;
    this.#lastPower = tone.power;
    if (tone.power < this.#power * STRONG_SHARE && !isDecaying) return;
    this.#strong++;
    // A hop that the edge cuts through smears its line.
    if (tone.power < this.#power * WHOLE_SHARE && !isDecaying) return;
    this.#whole++;
    const strayed = tone.lowHz - this.#low;
    this.#squares += strayed * strayed;
    this.#lowMin = Math.min(this.#lowMin, tone.lowHz);
    this.#lowMax = Math.max(this.#lowMax, tone.lowHz);
    this.#low += strayed / this.#whole;
    if (this.#high === 0 || tone.highHz === 0) return;
    this.#highMin = Math.min(this.#highMin, tone.highHz);
    this.#highMax = Math.max(this.#highMax, tone.highHz);
    this.#high += (tone.highHz - this.#high) / this.#whole;
  }

  /** A packet was lost within the tone: its line is smeared, but still the strongest where it was. */
  #isGap(hop: HopSpectrum): boolean {
    if (this.#hops < GAP_AFTER_HOPS || this.#gapHops >= GAP_HOPS_MAX || this.#high !== 0) return false;
    if (hop.firstPower < hop.bandPower * GAP_PURITY_MIN) return false;
    return Math.abs(hop.firstHz - this.#low) <= Math.max(15, 0.015 * this.#low);
  }

  #bridge(hop: HopSpectrum): void {
    this.#gapHops++;
    this.#hops++;
    this.#purity += Math.min(1, hop.firstPower / Math.max(1, hop.bandPower));
  }

  #continues(tone: ToneHop): boolean {
    const isClose = isClosePair(tone.lowHz) && isClosePair(this.#low);
    const lowMax = isClose ? 60 : Math.max(15, 0.015 * this.#low);
    if ((this.#high === 0) !== (tone.highHz === 0)) {
      // A second line near the limit of what counts comes and goes.
      if (tone.secondShare > 0.12 && !isClose) return false;
      return Math.abs(tone.lowHz - this.#low) <= lowMax;
    }
    if (Math.abs(tone.lowHz - this.#low) > lowMax) return false;
    return Math.abs(tone.highHz - this.#high) <= Math.max(15, 0.015 * this.#high);
  }

  /**
   * A lost packet has smeared one of its hops: from here on it may be steady. Close tones are left their
   * time.
   */
  #isSpoilt(): boolean {
    if (this.#strong < SPOILT_HOPS || isClosePair(this.#low)) return false;
    return this.#lowMax - this.#lowMin > SPREAD_MAX_HZ || this.#highMax - this.#highMin > SPREAD_MAX_HZ;
  }
}
