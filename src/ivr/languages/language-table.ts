/** Units of a duration that languages decline. */
export type DurationUnit = 'hour' | 'minute' | 'second';

/** How a clock is read: 12 hours with a part of the day, or 24 hours. */
export type ClockStyle = 12 | 24;

/**
 * What one language needs to speak numbers, ordinals, times and durations by joining prompts. A third
 * language is one more file like `english.ts`, its entry in `languages.ts`, and its prompts.
 *
 * Shared by all languages: `num-0` … `num-99`, `hundred-1` … `hundred-9` (whole: "three hundred"),
 * `thousand`, `ord-hundred-1` … `ord-hundred-9`, `ord-thousand`, `digit-0` … `digit-9`, `digit-star`,
 * `digit-pound`, `digit-plus`, `minus`, `and`, `weekday-1` (Monday) … `weekday-7`, `month-1` … `month-12`,
 * `today`, `tomorrow`, and the zones of `zone-names.ts`.
 */
export interface LanguageTable {
  /** BCP 47 primary tag, the name of the catalogue and of the folder of its audio. */
  readonly tag: string;
  /** The clock used where the caller's preference is not known. */
  readonly clock: ClockStyle;
  /** The prompt for a final 1 with a word after it ("ein" in "ein Uhr"); `num-1` where it does not change. */
  readonly oneJoined: string;
  /**
   * The unit after a number. `single` is the whole phrase for exactly one ("eine Minute"); `forms` is indexed
   * by the language's plural categories (CLDR, `Intl.PluralRules`), `other` being the last resort.
   */
  readonly units: Readonly<Record<DurationUnit, UnitForms>>;
  /** Prompts for an ordinal 0–99. */
  ordinalBelow100(value: number): readonly string[];
  /** Prompts for a time of day; `hour` 0–23, `minute` 0–59. */
  time(hour: number, minute: number, clock: ClockStyle): readonly string[];
  /** Prompts for a date; `weekday` 1 (Monday) – 7, `day` 1–31, `month` 1–12. */
  date(weekday: number, day: number, month: number): readonly string[];
  /** The ids that {@link date} may use beside weekdays, months and ordinals. */
  readonly dateWords: readonly string[];
  /** The ids that {@link time} may use beside numbers. */
  readonly timeWords: readonly string[];
}

export interface UnitForms {
  readonly single: string;
  readonly forms: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };
}
