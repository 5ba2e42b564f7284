import { maskNumber, maskNumbersIn } from './number-mask.ts';
import { secretFieldPattern } from './secret-fields.ts';

const REMOVED = '[removed]';
/** Bounds of one line: a log must not stall or fill a disk because somebody sent something large. */
const DEPTH_MAX = 6;
const MEMBERS_MAX = 100;
const TEXT_CHARACTERS_MAX = 8192;

/**
 * Fields that are a person's number whatever they look like; what was dialled is masked like any text: `5000`
 * stays.
 */
const NUMBER_FIELD = /number$|^(?:ani|from|to|caller|callee|msisdn|phone)$/i;
/**
 * Credentials inside texts: header values (SIP and HTTP), digest parameters, our keys, sealed secrets, URI
 * passwords.
 */
const SECRETS_IN_TEXT: readonly [RegExp, string][] = [
  [
    /\b((?:proxy-)?authorization|x-api-key|cookie|set-cookie)(["']?\s*[:=]\s*)[^\r\n]{1,4096}/gi,
    `$1$2${REMOVED}`,
  ],
  [
    /\b(response|cnonce|password|passwd|secret|token)(["']?\s*[:=]\s*)("[^"]{0,512}"|[^\s,;&"']{1,512})/gi,
    `$1$2${REMOVED}`,
  ],
  [/\b(Bearer|Basic|Digest) +[\w+/=.-]{8,4096}/g, `$1 ${REMOVED}`],
  [/\bt[ks]_[\w-]{20,64}/g, REMOVED],
  [/\bsealed:v\d+:[\w+/=.:-]{1,4096}/g, REMOVED],
  [/\b(sips?:[^\s:@;>]{1,64}):[^\s@;>]{1,128}@/gi, `$1:${REMOVED}@`],
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{1,64}):[^\s/@]{1,256}@/gi, `$1:${REMOVED}@`],
];

/** Every pattern above needs one of these: most texts (ids, states, words) have none and cost one look. */
const MAY_HOLD_SECRET = /[:=]|bearer|basic|digest|t[ks]_/i;

/**
 * A copy of `value` fit for a log: secret fields and credentials in texts removed, telephone numbers masked
 * when `maskNumbers`, errors as `{name, code, message, cause}`, depth and size limited. Never throws.
 */
export function redacted(value: unknown, maskNumbers: boolean): unknown {
  return clean(value, maskNumbers, 0);
}

function clean(value: unknown, maskNumbers: boolean, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value, maskNumbers);
  if (typeof value === 'bigint') return cleanText(String(value), maskNumbers);
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  }
  if (depth >= DEPTH_MAX) return '[deep]';
  if (value instanceof Date) return value;
  if (value instanceof Error) return cleanError(value, maskNumbers, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) {
    return value.slice(0, MEMBERS_MAX).map((item) => clean(item, maskNumbers, depth + 1));
  }
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value).slice(0, MEMBERS_MAX)) {
    result[key] = cleanMember(key, item, maskNumbers, depth);
  }
  return result;
}

function cleanMember(key: string, item: unknown, maskNumbers: boolean, depth: number): unknown {
  if (secretFieldPattern.test(key)) return item === null || item === undefined ? item : REMOVED;
  if (maskNumbers && NUMBER_FIELD.test(key) && typeof item === 'string') {
    const text = cleanText(item, true);
    // A word in such a field is a name (a queue, an agent), not a number.
    return /^\+?[\d*#\s().-]+$/.test(text) ? maskNumber(text) : text;
  }
  return clean(item, maskNumbers, depth + 1);
}

function cleanError(error: Error, maskNumbers: boolean, depth: number): object {
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    message: cleanText(error.message, maskNumbers),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, maskNumbers, depth + 1) }),
  };
}

function cleanText(text: string, maskNumbers: boolean): string {
  let result =
    text.length > TEXT_CHARACTERS_MAX
      ? `${text.slice(0, TEXT_CHARACTERS_MAX)}…[${text.length - TEXT_CHARACTERS_MAX} more]`
      : text;
  if (MAY_HOLD_SECRET.test(result)) {
    for (const [pattern, replacement] of SECRETS_IN_TEXT) result = result.replace(pattern, replacement);
  }
  return maskNumbers && /\d/.test(result) ? maskNumbersIn(result) : result;
}
