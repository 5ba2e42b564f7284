/** Digits of a telephone number that stay readable, enough to tell two callers apart. */
const VISIBLE_DIGIT_COUNT = 3;
/** Runs of digits shorter than this are counts, ports, extensions or times, not customers' numbers. */
const NUMBER_DIGITS_MIN = 7;

/** Names of fields that hold a customer's number, however short and whether as text or as a number. */
export const numberFieldPattern = /(?:number|phone|^ani)$/i;

/**
 * `+12025550123` → `+********123`; a number of three digits or fewer is hidden whole. Other characters stay.
 */
export function maskNumber(number: string): string {
  const digitCount = number.replace(/\D/g, '').length;
  const visibleCount = digitCount > VISIBLE_DIGIT_COUNT ? VISIBLE_DIGIT_COUNT : 0;
  let seen = 0;
  return number.replace(/\d/g, (digit) => (++seen > digitCount - visibleCount ? digit : '*'));
}

/**
 * Masks every telephone number inside a text: E.164 with or without `+`, grouped with spaces, dots, brackets
 * or hyphens, and the user part of SIP and tel URIs. What belongs to a longer word is left alone (our ids are
 * letters and digits after an underscore), and so are addresses (`127.0.0.1`), dates (`2026-01-05T09:00:00Z`)
 * and decimal fractions.
 */
export function maskNumbersIn(text: string): string {
  return text
    .replace(SIP_USER, (_match, scheme: string, user: string) => scheme + maskNumber(user))
    .replace(GROUPED_NUMBER, (candidate) =>
      isTelephoneNumber(candidate) ? maskNumber(candidate) : candidate,
    );
}

/** A numeric user part of any length is somebody's number: extensions too. */
const SIP_USER = /\b((?:sips?|tel):)(\+?[\d*#().-]{2,32})(?=[@;>\s?]|$)/gi;
/** At most 32 characters, each step linear: nothing here backtracks over the same text twice. */
const GROUPED_NUMBER = /(?<![\w.+:-])\+?\(?\d[\d ().-]{5,30}\d(?![\w:])/g;

const ISO_DATE = /^\d{4}-\d{2}-\d{2}/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const FRACTION = /^\d+\.\d+$/;

function isTelephoneNumber(candidate: string): boolean {
  if (ISO_DATE.test(candidate) || IPV4.test(candidate) || FRACTION.test(candidate)) return false;
  return candidate.replace(/\D/g, '').length >= NUMBER_DIGITS_MIN;
}
