import type { AnswerableError } from './error-answers.ts';

/** Faults told in one message; the rest show when these are mended. */
const FAULTS_TOLD_MAX = 5;
/** Of a value; what it begins with shows which it is. */
const VALUE_CHARACTERS_MAX = 64;

/**
 * What is wrong, with which fields and values, and why, in one sentence: for the APIs whose errors have no
 * other place for faults.
 * @param fieldNames the application's names of what the API calls otherwise.
 */
export function faultWords(
  { message, faults, extra }: AnswerableError,
  fieldNames: Readonly<Record<string, string>>,
): string {
  const told = faults
    .slice(0, FAULTS_TOLD_MAX)
    .map(({ path, message: words, value }) =>
      path === 'body'
        ? words
        : `${Object.hasOwn(fieldNames, path) ? fieldNames[path] : path}${valueWords(value)} ${words}`,
    );
  const reason = extra?.['reason'];
  return [
    message,
    ...(told.length > 0 ? [told.join('; ')] : []),
    ...(typeof reason === 'string' ? [reason] : []),
  ].join(': ');
}

/** A space and the value as JSON; nothing where there is none to show. */
function valueWords(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return ` ${value}`;
  if (typeof value !== 'string') return '';
  const isLong = value.length > VALUE_CHARACTERS_MAX;
  return ` ${JSON.stringify(isLong ? `${value.slice(0, VALUE_CHARACTERS_MAX)}…` : value)}`;
}

/** The free slots that a refusal for want of room proposes, start → free places. */
export function proposedSlots({ extra }: AnswerableError): Record<string, number> {
  const slots = extra?.['free'] as readonly { readonly start: string; readonly freeCount: number }[];
  return Object.fromEntries(slots.map(({ start, freeCount }) => [start, freeCount]));
}
