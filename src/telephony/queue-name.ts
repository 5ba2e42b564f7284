import { z } from 'zod';

/** Longest name, in UTF-16 code units. */
const LENGTH_MAX = 64;
/**
 * Letters with their marks and digits of any script, and the punctuation that names of lines have elsewhere.
 */
const CHARACTER = String.raw`[\p{L}\p{M}\p{Nd}._\-/:@&+()']`;
const WORDS = `${CHARACTER}+(?: ${CHARACTER}+)*`;
const NAME = new RegExp(String.raw`^(?=[\p{L}\p{Nd}])${WORDS}$`, 'u');
/** The beginning of a name; it may end between two words. */
const BEGINNING = new RegExp(String.raw`^(?:(?=[\p{L}\p{Nd}])${WORDS} ?)?$`, 'u');
/** Fillers, joiners and variation selectors: letters and marks by their category, and nothing to see. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
/** Whatever resolves `..` must find nothing to resolve. */
const EMPTY_PART = /\/\/|\/\.{1,2}(?:\/|$)|\/$/;

const QUEUE_NAME_RULE =
  "must be 1–64 letters, digits, single spaces and . _ - / : @ & + ( ) ', and start with a letter or digit";
const PATTERN_RULE = `must be a queue name, or its beginning and *; a name ${QUEUE_NAME_RULE}`;

/** The rule that a name breaks, in words; undefined: it is one. */
function brokenRule(name: string, shape: RegExp, words: string): string | undefined {
  if (name.length > LENGTH_MAX || !shape.test(name)) return words;
  if (INVISIBLE.test(name)) return 'must have no invisible characters';
  if (EMPTY_PART.test(name)) return 'must have something other than . and .. between and after slashes';
  return undefined;
}

function followsRules(text: z.ZodString, ruleBroken: (name: string) => string | undefined): z.ZodString {
  return text.superRefine((name, context) => {
    const message = ruleBroken(name);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/** For the OpenAPI document; what the pattern would say few languages can read. */
const LENGTHS = { minLength: 1, maxLength: LENGTH_MAX };

/**
 * The name of a virtual queue, as configuration gives it: 1–64 letters and digits of any script, single
 * spaces between them, and `. _ - / : @ & + ( ) '`; the first is a letter or digit; in Unicode form NFC, so
 * that one name is one text wherever it is compared (UAX #15). docs/decisions/0012-queue-names.md says what
 * is kept out and why.
 */
export const queueNameSchema = followsRules(z.string(), (name) => {
  const isNormal = name === name.normalize('NFC');
  return isNormal
    ? brokenRule(name, NAME, QUEUE_NAME_RULE)
    : 'must be in Unicode form NFC: letters with accents as one character each';
}).meta(LENGTHS);

/** A queue's name in a request: as {@link queueNameSchema}, in any Unicode form, read as NFC. */
export const askedQueueSchema = followsRules(z.string().normalize('NFC'), (name) =>
  brokenRule(name, NAME, QUEUE_NAME_RULE),
).meta({ ...LENGTHS, description: `A virtual queue: ${QUEUE_NAME_RULE.replace('must be ', '')}` });

/** One queue's name, or the beginning of names and `*`: what an access group lists. Read as NFC. */
export const queuePatternSchema = followsRules(z.string().normalize('NFC'), (pattern) =>
  pattern.endsWith('*')
    ? brokenRule(pattern.slice(0, -1).replace(/\/$/, ''), BEGINNING, PATTERN_RULE)
    : brokenRule(pattern, NAME, PATTERN_RULE),
);
