import type { NumberRule } from './number-rule.ts';
import { type ParsedNumber, parseNumber } from './phone-number.ts';

/** What a queue asks of a customer's number. */
export interface NumberPolicy {
  /** ISO 3166 region for reading national numbers. */
  readonly defaultCountry: string;
  readonly blockImpossibleNumbers: boolean;
  readonly blockPremiumNumbers: boolean;
}

/** A step of screening, in the order in which they are taken. */
export type ScreeningStep = 'parse' | 'impossible' | 'country' | 'premium' | 'pattern';

/** `step` is the first that failed; later ones were not looked at. */
export type NumberVerdict =
  | { readonly kind: 'permitted'; readonly e164: string; readonly country: string | null }
  | {
      readonly kind: 'refused';
      readonly step: ScreeningStep;
      /** What is wrong and what is allowed, in words. */
      readonly message: string;
      /** Null while the number could not be read. */
      readonly e164: string | null;
      readonly country: string | null;
      /** The blocked pattern that matched, 1 for the first; null for the other steps. */
      readonly pattern: number | null;
    };

/** Why a text is no number that can be called, in words. */
export const numberFaultWords: Readonly<
  Record<Extract<ParsedNumber, { readonly ok: false }>['reason'], string>
> = {
  empty: 'is empty',
  'too-long': 'is longer than any telephone number',
  'not-a-number': 'is not a telephone number',
  impossible: 'has a length that no telephone number there has',
};

/**
 * Screens a number as typed or keyed (product §3 rule 6, §4): read for the queue's country, possible, of a
 * permitted country, no premium rate, not blocked.
 * @param rule the rule assigned to the queue; undefined: every country, no blocked patterns.
 */
export function screenNumber(text: string, policy: NumberPolicy, rule?: NumberRule): NumberVerdict {
  const number = parseNumber(text, policy.defaultCountry, { takeImpossible: !policy.blockImpossibleNumbers });
  if (!number.ok) {
    const nothing = { kind: 'refused', e164: null, country: null, pattern: null } as const;
    const { reason } = number;
    return {
      ...nothing,
      step: reason === 'impossible' ? reason : 'parse',
      message: numberFaultWords[reason],
    };
  }
  const { e164, country } = number;
  const refused = { kind: 'refused', e164, country, pattern: null } as const;
  if (rule && !rule.permits(country)) {
    const where = country === null ? 'belongs to no single country' : `belongs to ${country}`;
    const allowed = rule.countries.join(', ');
    return { ...refused, step: 'country', message: `${where}; rule ${rule.name} permits ${allowed}` };
  }
  if (policy.blockPremiumNumbers && number.isPremium) {
    return { ...refused, step: 'premium', message: 'is a premium-rate number' };
  }
  const blocked = rule?.blocks(e164);
  if (rule && blocked) {
    const message = `is blocked by pattern ${blocked.pattern} of rule ${rule.name}: ${blocked.text}`;
    return { ...refused, step: 'pattern', message, pattern: blocked.pattern };
  }
  return { kind: 'permitted', e164, country };
}
