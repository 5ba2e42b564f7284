import type { Fault } from '../kernel/errors.ts';
import { type CallInNumber, callInNumberSchema, POOL_NUMBERS_MAX } from './call-in-group.ts';

/** Bytes of a file at most: 10 000 lines of the longest kind. */
export const CSV_BYTES_MAX = 1_048_576;
const FAULTS_MAX = 200;

/** The pool of a file, or every fault with its line; nothing is taken from a file with a fault. */
export type CsvOutcome =
  | { readonly kind: 'read'; readonly numbers: readonly CallInNumber[] }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/**
 * Reads a pool from comma-separated lines `number,description` (RFC 4180: quotes, CRLF or LF). The
 * description may be empty; a first line without any digit is a heading; empty lines count for nothing.
 */
export function readPoolCsv(text: string): CsvOutcome {
  const faults: Fault[] = [];
  const firstLineOf = new Map<string, number>();
  const numbers: CallInNumber[] = [];
  const told = (line: number, message: string, value?: string): void => {
    if (faults.length < FAULTS_MAX) {
      faults.push({ path: `line ${line}`, line, message, ...(value !== undefined && { value }) });
    }
  };
  for (const { line, fields, unclosed } of csvLines(text.replace(/^\uFEFF/, ''))) {
    const [number = '', description = '', ...rest] = fields.map((field) => field.trim());
    if (fields.every((field) => field.trim() === '')) continue;
    if (line === 1 && !/\d/.test(fields.join(''))) continue;
    if (unclosed) {
      told(line, 'has a quotation mark that is not closed');
      continue;
    }
    if (rest.some((field) => field !== '')) {
      told(line, 'has more than two fields; a description with a comma needs quotation marks');
      continue;
    }
    const entry = callInNumberSchema.safeParse({ number, description });
    if (!entry.success) {
      for (const { path, message } of entry.error.issues) {
        told(line, `${String(path[0])} ${message}`, path[0] === 'number' ? number : description);
      }
      continue;
    }
    const digits = number.replace(/^\+/, '');
    const before = firstLineOf.get(digits);
    if (before !== undefined) {
      told(line, `number is in line ${before} already`, number);
      continue;
    }
    firstLineOf.set(digits, line);
    numbers.push(entry.data);
    if (numbers.length > POOL_NUMBERS_MAX) {
      told(line, `has the ${POOL_NUMBERS_MAX + 1}st number; a group has at most ${POOL_NUMBERS_MAX}`);
      break;
    }
  }
  if (faults.length === 0 && numbers.length === 0) faults.push({ path: 'line 1', message: 'has no number' });
  return faults.length > 0 ? { kind: 'refused', faults } : { kind: 'read', numbers };
}

interface CsvLine {
  readonly line: number;
  readonly fields: readonly string[];
  readonly unclosed: boolean;
}

/** Fields do not go over the end of a line: a forgotten quotation mark spoils one line, not the file. */
function* csvLines(text: string): Generator<CsvLine> {
  let line = 0;
  for (const row of text.split(/\r\n|\n|\r/)) {
    line++;
    const fields: string[] = [];
    let field = '';
    let quoted = false;
    for (let at = 0; at < row.length; at++) {
      const character = row.charAt(at);
      if (quoted && character === '"' && row.charAt(at + 1) === '"') {
        field += '"';
        at++;
      } else if (character === '"' && (quoted || field.trim() === '')) {
        quoted = !quoted;
        if (quoted) field = '';
      } else if (character === ',' && !quoted) {
        fields.push(field);
        field = '';
      } else field += character;
    }
    yield { line, fields: [...fields, field], unclosed: quoted };
  }
}
