import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** Longest text that is looked at; bounds the parser's work on hostile input. */
const NUMBER_LENGTH_MAX = 64;

export type ParsedNumber =
  | { readonly ok: true; readonly e164: string; readonly country: string | null }
  | { readonly ok: false; readonly reason: 'empty' | 'too-long' | 'not-a-number' | 'impossible' };

/**
 * Reads a telephone number as people write or key it, national or international, for a country (ISO 3166).
 * "Possible" in the sense of the ITU numbering plans is required, "assigned" is not: numbering plans change
 * faster than software. Digits that start with the country's own calling code are understood without a plus
 * sign.
 */
export function parseNumber(text: string, country: string): ParsedNumber {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, reason: 'empty' };
  if (trimmed.length > NUMBER_LENGTH_MAX) return { ok: false, reason: 'too-long' };
  const region = isSupportedCountry(country) ? country : undefined;
  const number =
    possible(trimmed, region) ?? (/^\d{8,15}$/.test(trimmed) ? possible(`+${trimmed}`, region) : undefined);
  if (number) return { ok: true, e164: number.number, country: number.country ?? null };
  const digits = trimmed.replaceAll(/\D/g, '');
  return { ok: false, reason: digits === '' ? 'not-a-number' : 'impossible' };
}

function possible(
  text: string,
  region: CountryCode | undefined,
): ReturnType<typeof parsePhoneNumberFromString> {
  const number = parsePhoneNumberFromString(text, {
    ...(region && { defaultCountry: region }),
    extract: false,
  });
  return number?.isPossible() ? number : undefined;
}
