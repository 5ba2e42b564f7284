import { DateTime } from 'luxon';
import { UTC_PROMPT, zoneNames } from './zone-names.ts';
import type { ClockStyle, DurationUnit, LanguageTable } from './languages/language-table.ts';

/** One piece of something said: a prompt of the language's catalogue, or a pause. */
export type SpokenPart =
  | { readonly kind: 'prompt'; readonly id: string }
  | { readonly kind: 'pause'; readonly durationMs: number };

/** Numbers beyond this are said as this: the tables go no further. */
export const SPOKEN_NUMBER_MAX = 999_999;
/** Digits of one number read out; more is cut, so that no input can speak for minutes. */
export const SPOKEN_DIGITS_MAX = 20;

const GROUP_PAUSE_MS = 280;
const DIGIT_GROUP = 3;

const digitPrompts: Readonly<Record<string, string>> = {
  '*': 'digit-star',
  '#': 'digit-pound',
  '+': 'digit-plus',
};

/** Speaks values in one language by joining prompts (product §5). Pure: returns what to play, in order. */
export class Say {
  readonly #table: LanguageTable;
  readonly #plural: Intl.PluralRules;

  constructor(table: LanguageTable) {
    this.#table = table;
    this.#plural = new Intl.PluralRules(table.tag);
  }

  /**
   * A cardinal number, 0 – {@link SPOKEN_NUMBER_MAX}; fractions are cut, anything outside is brought to the
   * limit.
   */
  number(value: number): SpokenPart[] {
    return prompts(this.#cardinal(spokenInteger(value)));
  }

  /** An ordinal number, same limits: "third", "twenty-first". */
  ordinal(value: number): SpokenPart[] {
    return prompts(this.#ordinal(spokenInteger(value)));
  }

  /**
   * Digit by digit in groups of three (the last may have four); `+`, `*` and `#` are named, anything else is
   * skipped.
   */
  digits(text: string): SpokenPart[] {
    const spoken = (text.match(/[0-9*#+]/g) ?? []).slice(0, SPOKEN_DIGITS_MAX);
    const parts: SpokenPart[] = [];
    const lead = spoken[0] === '+' ? 1 : 0;
    spoken.forEach((character, index) => {
      if (index > 0) {
        const place = index - lead;
        const isLast = spoken.length - index === 1;
        const isBreak = place > 0 && place % DIGIT_GROUP === 0 && !isLast;
        if (isBreak) parts.push({ kind: 'pause', durationMs: GROUP_PAUSE_MS });
      }
      parts.push({ kind: 'prompt', id: digitPrompts[character] ?? `digit-${character}` });
    });
    return parts;
  }

  /** A length of time in seconds, exactly: "one hour and five minutes"; parts that are 0 are left out. */
  duration(seconds: number): SpokenPart[] {
    const total = spokenInteger(seconds);
    const units: [DurationUnit, number][] = [
      ['hour', Math.floor(total / 3600)],
      ['minute', Math.floor((total % 3600) / 60)],
      ['second', total % 60],
    ];
    const present = units.filter(([, count]) => count > 0);
    if (present.length === 0) return prompts(this.#counted(0, 'second'));
    return prompts(
      present.flatMap(([unit, count], index) => {
        const joined = index > 0 && index === present.length - 1 ? ['and'] : [];
        return [...joined, ...this.#counted(count, unit)];
      }),
    );
  }

  /**
   * An estimated wait in seconds, as coarse as it is known: up to a minute "less than one minute", up to an
   * hour in minutes rounded up, beyond in quarters of an hour rounded up.
   */
  wait(seconds: number): SpokenPart[] {
    const total = spokenInteger(seconds);
    if (total < 60) return prompts(['under-a-minute']);
    const minutes = Math.ceil(total / 60);
    if (minutes <= 60) return this.duration(minutes * 60);
    return this.duration(Math.ceil(minutes / 15) * 900);
  }

  /** A time of day. `hour` 0–23, `minute` 0–59; `clock` defaults to the language's. */
  time(hour: number, minute: number, clock: ClockStyle = this.#table.clock): SpokenPart[] {
    return prompts(this.#table.time(hour, minute, clock));
  }

  /** The time of day of an instant (UTC epoch ms) in an IANA zone. */
  timeAt(atMs: number, zone: string, clock?: ClockStyle): SpokenPart[] {
    const local = DateTime.fromMillis(atMs, { zone });
    return this.time(local.hour, local.minute, clock ?? this.#table.clock);
  }

  /** The day of an instant in a zone: "today", "tomorrow", or weekday and date. */
  day(atMs: number, zone: string, nowMs: number): SpokenPart[] {
    const day = DateTime.fromMillis(atMs, { zone }).startOf('day');
    const today = DateTime.fromMillis(nowMs, { zone }).startOf('day');
    if (day.hasSame(today, 'day')) return prompts(['today']);
    if (day.hasSame(today.plus({ days: 1 }), 'day')) return prompts(['tomorrow']);
    return prompts(this.#table.date(day.weekday, day.day, day.month));
  }

  /**
   * A time zone by the name that people use for it; one without such a name by its distance from UTC then.
   */
  zone(zone: string, atMs: number): SpokenPart[] {
    const name = zoneNames.get(zone);
    if (name !== undefined) return prompts([name]);
    const offsetMinutes = DateTime.fromMillis(atMs, { zone }).offset;
    if (offsetMinutes === 0) return prompts([UTC_PROMPT]);
    const sign = offsetMinutes < 0 ? 'minus' : 'digit-plus';
    return [...prompts([UTC_PROMPT, sign]), ...this.duration(Math.abs(offsetMinutes) * 60)];
  }

  #cardinal(value: number): string[] {
    if (value < 100) return [`num-${value}`];
    const ids: string[] = [];
    if (value >= 1000) ids.push(...this.#joined(Math.floor(value / 1000)), 'thousand');
    const rest = value % 1000;
    if (rest >= 100) ids.push(`hundred-${Math.floor(rest / 100)}`);
    if (rest % 100 > 0) ids.push(`num-${rest % 100}`);
    return ids;
  }

  /** A cardinal with a word after it: a final 1 changes in some languages. */
  #joined(value: number): string[] {
    const ids = this.#cardinal(value);
    if (value % 100 === 1) ids[ids.length - 1] = this.#table.oneJoined;
    return ids;
  }

  #ordinal(value: number): string[] {
    if (value >= 1000 && value % 1000 === 0) return [...this.#joined(value / 1000), 'ord-thousand'];
    const thousands = value >= 1000 ? [...this.#joined(Math.floor(value / 1000)), 'thousand'] : [];
    const hundreds = Math.floor((value % 1000) / 100);
    const rest = value % 100;
    if (hundreds > 0 && rest === 0) return [...thousands, `ord-hundred-${hundreds}`];
    const front = hundreds > 0 ? [`hundred-${hundreds}`] : [];
    return [...thousands, ...front, ...this.#table.ordinalBelow100(rest)];
  }

  #counted(count: number, unit: DurationUnit): string[] {
    const { single, forms } = this.#table.units[unit];
    if (count === 1) return [single];
    return [...this.#joined(count), forms[this.#plural.select(count)] ?? forms.other];
  }
}

/**
 * Every prompt id that {@link Say} may use in a language; each must have a text and audio (checked by a
 * test).
 */
export function vocabularyOf(table: LanguageTable): ReadonlySet<string> {
  const ids = new Set([
    'thousand',
    'ord-thousand',
    'and',
    'under-a-minute',
    table.oneJoined,
    ...table.timeWords,
  ]);
  for (const id of ['today', 'tomorrow', 'minus', UTC_PROMPT, ...table.dateWords]) ids.add(id);
  for (const id of zoneNames.values()) ids.add(id);
  for (let n = 1; n <= 7; n++) ids.add(`weekday-${n}`);
  for (let n = 1; n <= 12; n++) ids.add(`month-${n}`);
  for (const id of Object.values(digitPrompts)) ids.add(id);
  for (let n = 0; n < 10; n++) ids.add(`digit-${n}`);
  for (let n = 0; n < 100; n++) {
    ids.add(`num-${n}`);
    for (const id of table.ordinalBelow100(n)) ids.add(id);
  }
  for (let n = 1; n < 10; n++) ids.add(`hundred-${n}`).add(`ord-hundred-${n}`);
  for (const { single, forms } of Object.values(table.units)) {
    ids.add(single);
    for (const id of Object.values(forms)) ids.add(id);
  }
  return ids;
}

function prompts(ids: readonly string[]): SpokenPart[] {
  return ids.map((id) => ({ kind: 'prompt', id }));
}

function spokenInteger(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(SPOKEN_NUMBER_MAX, Math.max(0, Math.floor(value)));
}
