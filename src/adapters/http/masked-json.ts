import { maskNumber, maskNumbersIn, numberFieldPattern } from '../logging/number-mask.ts';
import { secretFieldPattern } from '../logging/secret-fields.ts';
import { maskedDeep } from './api-views.ts';

/** Deeper than anything we take; bounds the walk. */
const DEPTH_MAX = 8;
/** Our own keys and tokens, wherever they stand. */
const CREDENTIAL = /\b(?:tk|ts)_[A-Za-z0-9_-]{43}/g;

/**
 * JSON text of what came in or was changed, fit to be kept: values of secret fields removed, telephone
 * numbers masked. What is longer than `charactersMax` is cut and then reads `{"cut": "<its beginning>"}`.
 */
export function maskedJson(value: unknown, charactersMax: number): string {
  const json = JSON.stringify(maskedDeep(withoutSecrets(value))) ?? 'null';
  const text = json.replace(CREDENTIAL, '[removed]');
  if (text.length <= charactersMax) return text;
  // Escaping at most doubles the length of JSON text.
  return JSON.stringify({ cut: text.slice(0, Math.floor(charactersMax / 2) - 16) });
}

/** A body without fields is not kept: in a configuration document nothing tells secrets from the rest. */
export function fieldsOf(body: unknown): unknown {
  return typeof body === 'string' ? `[${body.length} characters of text]` : body;
}

/** The text with keys and tokens of ours removed and telephone numbers masked. */
export function maskedText(text: string): string {
  return maskNumbersIn(text.replace(CREDENTIAL, '[removed]'));
}

function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // Not as it came: a secret may stand below, and a text of many levels cannot be made by recursion.
  if (depth >= DEPTH_MAX) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keptOf(key, item, depth)]));
}

function keptOf(key: string, item: unknown, depth: number): unknown {
  if (secretFieldPattern.test(key)) return '[removed]';
  const isScalar = typeof item === 'string' || typeof item === 'number';
  return isScalar && numberFieldPattern.test(key)
    ? maskNumber(String(item))
    : withoutSecrets(item, depth + 1);
}
