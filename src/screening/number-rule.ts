import { isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { assert } from '../kernel/errors.ts';
import { nameSchema } from '../telephony/directory.ts';
import { type BlockedPattern, compilePattern } from './blocked-pattern.ts';

/** Patterns of one rule; each is looked at before every dial. */
const PATTERNS_MAX = 200;
const COUNTRIES_MAX = 250;

/** A country as ISO 3166 names it, of those that have a numbering plan: `US`, `GB`. */
export const countrySchema = z
  .string()
  .refine(
    (code): boolean => isSupportedCountry(code),
    'must be an ISO 3166 code of a country with telephones, such as US',
  );

const patternSchema = z.string().superRefine((text, context) => {
  const outcome = compilePattern(text);
  if (outcome.kind === 'refused') context.addIssue({ code: 'custom', message: outcome.message });
});

/** Which numbers may be called: named, assigned to queues by `numberRule` (product §4). */
export const numberRuleSchema = z.strictObject({
  name: nameSchema,
  /** Numbers of other countries are refused. */
  countries: z.array(countrySchema).min(1).max(COUNTRIES_MAX),
  /**
   * Regular expressions (RE2 syntax). A number is blocked when one is found anywhere in it, in international
   * form with the plus sign or without: `^1900` and `^\+1900` block the same numbers.
   */
  blockedPatterns: z.array(patternSchema).max(PATTERNS_MAX).default([]),
});
export type NumberRuleSettings = z.infer<typeof numberRuleSchema>;

/** A number that a rule does not let pass. `pattern`: 1 for the first. */
export type RuleRefusal =
  | { readonly step: 'country'; readonly country: string | null }
  | { readonly step: 'pattern'; readonly pattern: number; readonly text: string };

/** A rule made ready; never changed once built. */
export class NumberRule {
  readonly name: string;
  readonly countries: readonly string[];
  readonly blockedPatterns: readonly string[];
  readonly #permitted: ReadonlySet<string>;
  readonly #patterns: readonly BlockedPattern[];

  /** @param settings as `numberRuleSchema` took them. */
  constructor(settings: NumberRuleSettings) {
    this.name = settings.name;
    this.countries = settings.countries;
    this.blockedPatterns = settings.blockedPatterns;
    this.#permitted = new Set(settings.countries);
    this.#patterns = settings.blockedPatterns.map((text) => {
      const outcome = compilePattern(text);
      assert(outcome.kind === 'compiled', 'patterns were checked when they were applied');
      return outcome.pattern;
    });
  }

  /** False for a number of no single country: satellite, shared-cost and unassigned ones. */
  permits(country: string | null): boolean {
    return country !== null && this.#permitted.has(country);
  }

  /** The first pattern that blocks an E.164 number with its plus sign. */
  blocks(e164: string): (RuleRefusal & { readonly step: 'pattern' }) | undefined {
    const digits = e164.replace(/^\+/, '');
    const index = this.#patterns.findIndex((pattern) => pattern.matches(digits) || pattern.matches(e164));
    const found = this.#patterns[index];
    return found && { step: 'pattern', pattern: index + 1, text: found.text };
  }
}
