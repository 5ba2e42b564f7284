import type { z } from 'zod';
import type { Fault } from '../kernel/errors.ts';
import type { DocumentLines, YamlPath } from './yaml-document.ts';

/** Fields whose value never appears in a fault, a difference or a log. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'password',
  'secret',
  'privateKey',
  'env',
  'generate',
]);

/** The part of an address before its host (RFC 3986 §3.2.1). */
const PASSWORD_IN_URL = /:\/\/[^/\s]{0,512}@/;

type Issue = z.core.$ZodIssue;

/** Faults told of one entry; each costs a look through the entry for its line. */
const ENTRY_FAULTS_MAX = 50;

/** `queues[0].wrapUpSec` for `['queues', 0, 'wrapUpSec']`. */
export function dottedPath(path: YamlPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** A fault at `path`; its value is told when it is a scalar and no secret. */
export function faultAt(document: DocumentLines, path: YamlPath, message: string, value?: unknown): Fault {
  const line = document.lineOf(path);
  const tell =
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') &&
    // What stands where an entry should be may be anything, a password, too.
    (typeof path.at(-1) === 'string' || path.length > 2) &&
    !path.some((step) => SECRET_FIELDS.has(String(step))) &&
    !(typeof value === 'string' && PASSWORD_IN_URL.test(value));
  return {
    path: dottedPath(path),
    message,
    ...(tell ? { value: typeof value === 'string' ? value.slice(0, 100) : value } : {}),
    ...(line === undefined ? {} : { line }),
  };
}

/**
 * The faults that a schema found in the entry at `path`, in words that say what is allowed.
 * @param allowedKeys fields of the entry, listed where an unknown one was used.
 */
export function schemaFaults(
  document: DocumentLines,
  path: YamlPath,
  entry: unknown,
  issues: readonly Issue[],
  allowedKeys: readonly string[],
): Fault[] {
  return issues.slice(0, ENTRY_FAULTS_MAX).flatMap((issue): Fault[] => {
    const inner = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const at = [...path, ...inner];
    if (issue.code === 'unrecognized_keys') {
      // The value beside a misspelt `password` is still a password: only the key is told.
      const allowed = inner.length === 0 ? `; allowed are ${allowedKeys.join(', ')}` : '';
      return issue.keys
        .slice(0, ENTRY_FAULTS_MAX)
        .map((key) => faultAt(document, [...at, key], `unknown key${allowed}`));
    }
    const value = valueAt(entry, inner);
    return [faultAt(document, at, words(issue, value, String(inner.at(-1) ?? '')), value)];
  });
}

function valueAt(entry: unknown, path: YamlPath): unknown {
  let value = entry;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function words(issue: Issue, value: unknown, field: string): string {
  if (SECRET_FIELDS.has(field) && value !== undefined) {
    return field === 'privateKey'
      ? 'must be a text of 1–8192 characters, {env: NAME} or a sealed value'
      : 'must be a text of 1–512 characters, {env: NAME}, {generate: true} or a sealed value';
  }
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return `is missing; must be ${article(issue.expected)}`;
      return `must be ${article(issue.expected)}`;
    case 'too_small':
      return `must ${amount(issue.origin)} at least ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must ${amount(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((allowed) => JSON.stringify(allowed)).join(', ')}`;
    case 'invalid_key':
      return issue.issues[0] ? `the key ${words(issue.issues[0], '', '')}` : 'the key is not allowed';
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      // The schemas' own words say what is allowed.
      return issue.message;
    default:
      return issue satisfies never;
  }
}

function article(expected: string): string {
  const noun = { string: 'text', int: 'whole number', array: 'list', object: 'mapping', record: 'mapping' }[
    expected
  ];
  if (noun === 'text') return 'text (put it in quotes)';
  return expected === 'boolean' ? 'true or false' : `a ${noun ?? expected}`;
}

function amount(origin: string): string {
  return origin === 'string' || origin === 'array' || origin === 'set' ? 'have' : 'be';
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'set' ? ' entries' : '';
}
