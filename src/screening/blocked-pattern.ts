import { RE2JS, RE2JSException } from 're2js';

/** Characters of one pattern; more is a list of numbers, which belongs into several patterns. */
const PATTERN_LENGTH_MAX = 200;
/** Instructions of a compiled pattern: a short text such as `((\d{9}){9}){9}` can stand for a long one. */
const PATTERN_INSTRUCTIONS_MAX = 2000;

/** An administrator's regular expression, made ready. */
export interface BlockedPattern {
  readonly text: string;
  /** True when the pattern matches anywhere in `text`. Linear in its length. */
  matches(text: string): boolean;
}

export type PatternOutcome =
  | { readonly kind: 'compiled'; readonly pattern: BlockedPattern }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Reads a pattern in RE2 syntax: no look-around and no back-references, and in return no input can make it
 * slow. The platform's own engine would stop the event loop for seconds on `^(\d+)+$` and a few dozen digits.
 */
export function compilePattern(text: string): PatternOutcome {
  if (text === '' || text.length > PATTERN_LENGTH_MAX) {
    return { kind: 'refused', message: `must have 1–${PATTERN_LENGTH_MAX} characters` };
  }
  try {
    const compiled = RE2JS.compile(text);
    if (compiled.programSize() > PATTERN_INSTRUCTIONS_MAX) {
      return { kind: 'refused', message: 'its repetitions are too large; write a shorter pattern' };
    }
    return { kind: 'compiled', pattern: { text, matches: (number) => compiled.test(number) } };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, '').replaceAll('`', '"');
    return { kind: 'refused', message: `is not a regular expression that can be used: ${reason}` };
  }
}
