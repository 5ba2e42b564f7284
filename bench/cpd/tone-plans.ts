import { type Dice, joined, noise, silence, tone } from './sound.ts';

/** One tone of one country: frequencies and on/off times in ms (ITU-T E.180 supplement 2). */
export interface PlannedTone {
  readonly verdict: 'busy' | 'reorder' | 'ringback';
  readonly country: string;
  readonly frequenciesHz: readonly number[];
  readonly cadenceMs: readonly number[];
}

const row = (
  verdict: PlannedTone['verdict'],
  country: string,
  frequenciesHz: readonly number[],
  ...cadenceMs: readonly number[]
): PlannedTone => ({ verdict, country, frequenciesHz, cadenceMs });

export const PLANNED_TONES: readonly PlannedTone[] = [
  row('busy', 'US', [480, 620], 500, 500),
  row('busy', 'GB', [400], 375, 375),
  row('busy', 'DE', [425], 480, 480),
  row('busy', 'FR', [440], 500, 500),
  row('busy', 'ES', [425], 200, 200),
  row('busy', 'IT', [425], 500, 500),
  row('busy', 'NL', [425], 500, 500),
  row('busy', 'PL', [425], 500, 500),
  row('busy', 'JP', [400], 500, 500),
  row('reorder', 'US', [480, 620], 250, 250),
  row('reorder', 'GB', [400], 400, 350, 225, 525),
  row('reorder', 'DE', [425], 240, 240),
  row('reorder', 'ES', [425], 200, 200, 200, 200, 200, 600),
  row('reorder', 'IT', [425], 200, 200),
  row('reorder', 'NL', [425], 250, 250),
  row('ringback', 'US', [440, 480], 2000, 4000),
  row('ringback', 'GB', [400, 450], 400, 200, 400, 2000),
  row('ringback', 'DE', [425], 1000, 4000),
  row('ringback', 'FR', [440], 1500, 3500),
  row('ringback', 'ES', [425], 1500, 3000),
  row('ringback', 'IT', [425], 1000, 4000),
  row('ringback', 'NL', [425], 1000, 4000),
  row('ringback', 'JP', [384, 416], 1000, 2000),
  row('ringback', 'SE', [425], 1000, 5000),
];

/** A tone in its cadence for `ms`. */
export function cadence(plan: PlannedTone, ms: number, dbfs: number): Float64Array {
  const parts: Float64Array[] = [];
  for (let passed = 0, at = 0; passed < ms; at++) {
    const length = plan.cadenceMs[at % plan.cadenceMs.length] as number;
    parts.push(at % 2 === 0 ? tone(plan.frequenciesHz, length, dbfs) : silence(length));
    passed += length;
  }
  return joined(parts);
}

/** Special information tones (Telcordia GR-674): frequency and length of the three segments. */
export const SITS: readonly {
  readonly verdict: string;
  readonly segments: readonly (readonly [number, number])[];
}[] = [
  {
    verdict: 'sit-intercept',
    segments: [
      [913.8, 274],
      [1370.6, 274],
      [1776.7, 380],
    ],
  },
  {
    verdict: 'sit-vacant',
    segments: [
      [985.2, 380],
      [1370.6, 274],
      [1776.7, 380],
    ],
  },
  {
    verdict: 'sit-nocircuit',
    segments: [
      [985.2, 380],
      [1428.5, 380],
      [1776.7, 380],
    ],
  },
  {
    verdict: 'sit-reorder',
    segments: [
      [913.8, 274],
      [1428.5, 380],
      [1776.7, 380],
    ],
  },
];

export function sit(segments: readonly (readonly [number, number])[], dbfs: number): Float64Array {
  return joined(segments.map(([hz, ms]) => tone([hz], ms, dbfs)));
}

/** The sound of a machine's beep: single, dual, short, long, decaying. */
export function drawBeep(dice: Dice): { name: string; sound: Float64Array } {
  const level = dice.between(-24, -8);
  const kind = dice.next();
  if (kind < 0.45) {
    const hz = dice.pick([
      440, 500, 620, 700, 800, 880, 950, 1000, 1004, 1150, 1200, 1330, 1400, 1500, 1680, 1850, 2000,
    ]);
    const ms = dice.between(180, 900);
    return { name: `${hz} Hz ${Math.round(ms)} ms`, sound: tone([hz], ms, level) };
  }
  if (kind < 0.65) {
    const pair = dice.pick([
      [850, 1700],
      [440, 880],
      [620, 1004],
      [700, 1200],
      [500, 1500],
      [1000, 1400],
    ]);
    const ms = dice.between(180, 800);
    return { name: `${pair.join('+')} Hz ${Math.round(ms)} ms`, sound: tone(pair, ms, level) };
  }
  if (kind < 0.85) {
    const hz = dice.pick([600, 850, 1000, 1100, 1250, 1400, 1750, 2000]);
    const ms = dice.between(80, 160);
    return { name: `${hz} Hz ${Math.round(ms)} ms`, sound: tone([hz], ms, level) };
  }
  const hz = dice.pick([660, 880, 1000, 1320, 1600]);
  const ms = dice.between(350, 800);
  return { name: `${hz} Hz ${Math.round(ms)} ms fading`, sound: tone([hz], ms, level, ms / 2.5) };
}

/** ANSam: 2100 Hz, 15 Hz amplitude modulation of 20 %, phase turned every 450 ms (ITU-T V.8 §3.2). */
export function ansam(ms: number, dbfs: number): Float64Array {
  const plain = tone([2100], ms, dbfs);
  return plain.map((value, i) => {
    const t = i / 8000;
    return value * (1 + 0.2 * Math.sin(2 * Math.PI * 15 * t)) * (Math.floor(t / 0.45) % 2 === 0 ? 1 : -1);
  });
}

/** What a modem sends after its answer tone: noise of the telephone band. */
export function modem(dice: Dice, ms: number, dbfs: number): Float64Array {
  const gain = 10 ** (dbfs / 20);
  return noise(dice, ms * 8, 0.3).map((value) => value * gain);
}
