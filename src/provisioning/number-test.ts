import type { NumberPolicy, NumberVerdict } from '../screening/screen-number.ts';
import { screenNumber } from '../screening/screen-number.ts';
import type { LiveDirectory } from './live-directory.ts';

/** A number rule as it is shown: what it says and whom it binds. */
export interface NumberRuleView {
  readonly name: string;
  readonly countries: readonly string[];
  readonly blockedPatterns: readonly string[];
  /** Names of the queues it is assigned to; while there are any it cannot be removed. */
  readonly queues: readonly string[];
}

/** How a number is to be tested against a rule. */
export interface NumberTestRequest {
  /** As somebody would type or key it. */
  readonly number: string;
  /** By this queue's settings: its country and what it blocks. */
  readonly queue?: string;
  /** ISO 3166 country for reading a national number; default the queue's, else the rule's first. */
  readonly country?: string;
}

/** What a rule would do, or which name in the question is not known. */
export type NumberTestOutcome =
  | { readonly kind: 'tested'; readonly verdict: NumberVerdict }
  | { readonly kind: 'unknown'; readonly what: 'rule' | 'queue' };

/** Every number rule in force with the queues that it is assigned to. */
export function numberRuleViews(directory: LiveDirectory): readonly NumberRuleView[] {
  return directory.numberRules().map(({ name, countries, blockedPatterns }) => ({
    name,
    countries,
    blockedPatterns,
    queues: directory
      .queues()
      .filter(({ numberRule }) => numberRule === name)
      .map((queue) => queue.name),
  }));
}

/** Tries a number on a rule, assigned or not, without making anything. */
export function testNumber(
  directory: LiveDirectory,
  ruleName: string,
  { number, queue, country }: NumberTestRequest,
): NumberTestOutcome {
  const rule = directory.numberRule(ruleName);
  if (!rule) return { kind: 'unknown', what: 'rule' };
  const settings = queue === undefined ? undefined : directory.queue(queue);
  if (queue !== undefined && !settings) return { kind: 'unknown', what: 'queue' };
  const policy: NumberPolicy = {
    defaultCountry: country ?? settings?.defaultCountry ?? rule.countries[0] ?? '',
    blockImpossibleNumbers: settings?.blockImpossibleNumbers ?? true,
    blockPremiumNumbers: settings?.blockPremiumNumbers ?? true,
  };
  return { kind: 'tested', verdict: screenNumber(number, policy, rule) };
}
