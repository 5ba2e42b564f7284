import {
  type CountryCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
  type PhoneNumber,
} from 'libphonenumber-js/max';

/** Longest text that is looked at; bounds the parser's work on hostile input. */
const NUMBER_LENGTH_MAX = 64;
/** ITU-T E.164 §6.2.1: fifteen digits with the country code; fewer than seven are nobody's whole number. */
const E164 = /^\+\d{7,15}$/;

export type ParsedNumber =
  | {
      readonly ok: true;
      readonly e164: string;
      /** ISO 3166; null for numbers of no single country and where the plan does not know the number. */
      readonly country: string | null;
      readonly isPremium: boolean;
    }
  | { readonly ok: false; readonly reason: 'empty' | 'too-long' | 'not-a-number' | 'impossible' };

/** How a number is read. */
export interface ParseOptions {
  /** Take numbers whose length the plan does not have: plans change faster than software. Default false. */
  readonly takeImpossible?: boolean;
}

/**
 * Reads a telephone number as people write or key it, national or international, for a country (ISO 3166).
 * "Possible" in the sense of the ITU numbering plans is required, "assigned" is not: numbering plans change
 * faster than software. Digits that start with the country's own calling code are understood without a plus
 * sign.
 */
export function parseNumber(text: string, country: string, options: ParseOptions = {}): ParsedNumber {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, reason: 'empty' };
  if (trimmed.length > NUMBER_LENGTH_MAX) return { ok: false, reason: 'too-long' };
  const region = isSupportedCountry(country) ? country : undefined;
  const number =
    possible(trimmed, region) ?? (/^\d{8,15}$/.test(trimmed) ? possible(`+${trimmed}`, region) : undefined);
  if (number) return described(number);
  const other = options.takeImpossible === true ? read(trimmed, region) : undefined;
  if (other && E164.test(other.number)) return described(other);
  const digits = trimmed.replaceAll(/\D/g, '');
  return { ok: false, reason: digits === '' ? 'not-a-number' : 'impossible' };
}

function described(number: PhoneNumber): ParsedNumber & { readonly ok: true } {
  return {
    ok: true,
    e164: number.number,
    country: number.country ?? null,
    isPremium: number.getType() === 'PREMIUM_RATE',
  };
}

function possible(text: string, region: CountryCode | undefined): PhoneNumber | undefined {
  const number = read(text, region);
  return number?.isPossible() ? number : undefined;
}

function read(text: string, region: CountryCode | undefined): PhoneNumber | undefined {
  return parsePhoneNumberFromString(text, { ...(region && { defaultCountry: region }), extract: false });
}
