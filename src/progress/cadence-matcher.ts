import type { ProgressTone } from './progress-event.ts';
import { TONE_ROWS, type ToneRow } from './tone-plans.ts';
import type { Tone } from './tone.ts';

/** Bursts that are remembered. */
const BURSTS_MAX = 8;
/** How far a frequency may be off: 12 Hz (E.180 allows 15 Hz around 425 Hz), less where pairs lie close. */
const FREQUENCY_TOLERANCE_HZ = 12;
const CLOSE_PAIR_TOLERANCE_HZ = 6;
/** Distance of a modulated tone's sidebands: 33 Hz on either side. */
const SIDEBANDS_MAX_HZ = 70;
/** How far a sound or pause may be off: 15 %, but 40 ms at least. */
const TIME_TOLERANCE = 0.15;
const TIME_TOLERANCE_MIN_MS = 40;
/** A burst that began with the stream may have lost its beginning. */
const CUT_BEFORE_MS = 60;
/** Ringback's pause is longer than any busy tone's: so much of it is proof. */
const RINGBACK_PAUSE_MS = 1200;
/** Of two kinds that fit about as well, the one that more countries have is meant. */
const COST_MARGIN = 0.15;
const COUNTRY_MARGIN = 0.4;

/** The plan of a country that is expected counts before all others when it fits so well. */
const OWN_COST_MAX = 0.6;

/** One sound of a cadence. */
export interface Burst {
  readonly startMs: number;
  readonly endMs: number;
  readonly lowHz: number;
  readonly highHz: number;
}

/** The kind of tone that the bursts up to now are, and whose. */
export interface CadenceMatch {
  readonly tone: ProgressTone;
  readonly countries: readonly string[];
  readonly startMs: number;
}

/** A row that the bursts fit. */
interface Fit {
  readonly row: ToneRow;
  readonly cost: number;
  readonly startMs: number;
}

/** Compares the last bursts with the rows of the table. */
export class CadenceMatcher {
  readonly #countries: readonly string[];
  readonly #bursts: Burst[] = [];

  /** @param countries ISO 3166-1 codes, in any case, of those whose plans come first, the likeliest first. */
  constructor(countries: readonly string[]) {
    this.#countries = countries.map((code) => code.toUpperCase());
  }

  get last(): Burst | undefined {
    return this.#bursts.at(-1);
  }

  clear(): void {
    this.#bursts.length = 0;
  }

  /** A burst has ended. Another frequency begins a new cadence. */
  add(tone: Tone): void {
    const last = this.last;
    if (last !== undefined && !isSameFrequency(last, tone)) this.clear();
    if (this.#bursts.length === BURSTS_MAX) this.#bursts.shift();
    this.#bursts.push({
      startMs: tone.startMs,
      endMs: tone.endMs,
      lowHz: tone.lowHz,
      highHz: tone.highHz,
    });
  }

  /** @param pauseMs for how long there has been no tone since the last burst. */
  match(pauseMs: number): CadenceMatch | undefined {
    const fits: Fit[] = [];
    for (const row of TONE_ROWS) {
      const fit = this.#fit(row, pauseMs);
      if (fit !== undefined) fits.push({ row, ...fit });
    }
    for (const country of this.#countries) {
      const own = fits.filter(({ row, cost }) => row.countries.includes(country) && cost <= OWN_COST_MAX);
      if (own.length > 0) return bestOf(own);
    }
    return bestOf(fits);
  }

  /** The rows that have this tone's frequencies within half of what a cadence allows: exchanges are exact. */
  rowsOf(tone: Frequencies): readonly ToneRow[] {
    return TONE_ROWS.filter((row) => frequencyCost(row, tone) <= 0.5);
  }

  #fit(row: ToneRow, pauseMs: number): { cost: number; startMs: number } | undefined {
    const last = this.last;
    if (last === undefined) return undefined;
    const frequency = frequencyCost(row, last);
    if (frequency > 1) return undefined;
    let best: { cost: number; startMs: number } | undefined;
    for (let phase = 0; phase < row.cadenceMs.length; phase += 2) {
      const fit = this.#fitAt(row, phase, pauseMs);
      if (fit !== undefined && (best === undefined || fit.cost < best.cost)) best = fit;
    }
    return best === undefined ? undefined : { cost: best.cost + frequency / 4, startMs: best.startMs };
  }

  /** The last burst is taken for the sound at `phase`; the ones before must fit backwards. */
  #fitAt(row: ToneRow, phase: number, pauseMs: number): { cost: number; startMs: number } | undefined {
    const cadence = row.cadenceMs;
    const sounds = cadence.length / 2;
    let cost = 0;
    let compared = 0;
    let pauses = 0;
    let whole = 0;
    let at = phase;
    let index = this.#bursts.length - 1;
    for (; index >= 0 && pauses <= sounds + 2; index--) {
      const burst = this.#bursts[index] as Burst;
      const lengthMs = burst.endMs - burst.startMs;
      const want = cadence[at] as number;
      const isCut = burst.startMs < CUT_BEFORE_MS && lengthMs < want;
      const error = isCut ? 0 : timeCost(lengthMs, want);
      if (error > 1) break;
      cost += error;
      compared++;
      if (!isCut) whole++;
      const before = this.#bursts[index - 1];
      if (before === undefined) break;
      at = (at + cadence.length - 2) % cadence.length;
      const pauseError = timeCost(burst.startMs - before.endMs, cadence[at + 1] as number);
      if (pauseError > 1) {
        index--;
        break;
      }
      cost += pauseError;
      compared++;
      pauses++;
    }
    const pauseWanted = cadence[phase + 1] as number;
    const isPausing = pauseMs >= Math.min(RINGBACK_PAUSE_MS, 0.6 * pauseWanted) && pauseWanted > 900;
    const isEnough =
      row.tone === 'ringback'
        ? whole >= sounds && pauses >= sounds - 1 && (isPausing || pauses >= sounds)
        : pauses >= Math.max(2, sounds === 2 ? 3 : sounds) && whole >= 2;
    if (!isEnough) return undefined;
    const first = this.#bursts[Math.max(0, Math.min(index, this.#bursts.length - 1))];
    return { cost: cost / compared, startMs: first?.startMs ?? 0 };
  }
}

/** Of rows that fit, the kind that is meant. */
function bestOf(fits: readonly Fit[]): CadenceMatch | undefined {
  if (fits.length === 0) return undefined;
  const best = Math.min(...fits.map((fit) => fit.cost));
  const near = fits.filter((fit) => fit.cost <= best + COST_MARGIN);
  const votes = new Map<ProgressTone, number>();
  for (const { row } of near) votes.set(row.tone, (votes.get(row.tone) ?? 0) + row.countries.length);
  const tone = [...votes].sort((one, other) => other[1] - one[1])[0]?.[0];
  const mine = fits.filter((fit) => fit.row.tone === tone && fit.cost <= best + COUNTRY_MARGIN);
  if (tone === undefined || mine.length === 0) return undefined;
  return {
    tone,
    countries: [...new Set(mine.flatMap((fit) => fit.row.countries))],
    startMs: Math.min(...mine.map((fit) => fit.startMs)),
  };
}

type Frequencies = Pick<Tone, 'lowHz' | 'highHz'>;

/** Whether two sounds may be bursts of one cadence. */
export function isSameFrequency(one: Frequencies, other: Frequencies): boolean {
  // A modulated tone is read now as one line, now as two: its centre stays.
  const centre = (tone: Frequencies): number =>
    tone.highHz !== 0 && tone.highHz - tone.lowHz < 94 ? (tone.lowHz + tone.highHz) / 2 : tone.lowHz;
  return Math.abs(centre(one) - centre(other)) <= 26;
}

function timeCost(actualMs: number, wantedMs: number): number {
  return Math.abs(actualMs - wantedMs) / Math.max(TIME_TOLERANCE_MIN_MS, TIME_TOLERANCE * wantedMs);
}

/** 0 (exact) … 1 (at the limit); more is another tone. */
function frequencyCost(row: ToneRow, tone: Frequencies): number {
  const [low = 0, high = 0] = row.frequenciesHz;
  if (row.isModulated) {
    const isSpread = tone.highHz !== 0 && tone.highHz - tone.lowHz <= SIDEBANDS_MAX_HZ;
    if (tone.highHz !== 0 && !isSpread) return Infinity;
    const centre = isSpread ? (tone.lowHz + tone.highHz) / 2 : tone.lowHz;
    return Math.abs(centre - low) / (2 * FREQUENCY_TOLERANCE_HZ);
  }
  if ((high === 0) !== (tone.highHz === 0)) return Infinity;
  const isClose = high !== 0 && high - low < 94;
  const tolerance = isClose ? CLOSE_PAIR_TOLERANCE_HZ : FREQUENCY_TOLERANCE_HZ;
  return Math.max(Math.abs(tone.lowHz - low), Math.abs(tone.highHz - high)) / tolerance;
}
