import { type Document, LineCounter, parseDocument } from 'yaml';
import type { Fault } from '../kernel/errors.ts';
import { JSON_DEPTH_MAX, jsonFault } from './json-fault.ts';

/** JSON text read with the places of its parts. */
export type PlacedJson =
  | {
      readonly kind: 'read';
      readonly value: unknown;
      lineOf(path: readonly PropertyKey[]): number | undefined;
    }
  | { readonly kind: 'refused'; readonly fault: Fault };

const messages = {
  'not-json': `is not JSON, or more than ${JSON_DEPTH_MAX} deep`,
  'key-twice': 'has a key twice',
} as const;

/**
 * Parses strict JSON and tells lines. JSON is a subset of YAML 1.2, whose parser knows places; it takes its
 * time, and is asked only when a line is.
 */
export function readPlacedJson(text: string): PlacedJson {
  const found = jsonFault(text);
  if (found) {
    const line = text.slice(0, found.offset).split('\n').length;
    return { kind: 'refused', fault: { path: '', message: messages[found.kind], line } };
  }
  const value: unknown = JSON.parse(text);
  const lines = new LineCounter();
  let document: Document | undefined;
  return {
    kind: 'read',
    value,
    lineOf(path) {
      document ??= parseDocument(text, { lineCounter: lines, prettyErrors: false });
      // The nearest part that exists: a missing field is reported where it should stand.
      for (let length = path.length; length >= 0; length--) {
        const keys = path.slice(0, length);
        const node: unknown = length === 0 ? document.contents : document.getIn(keys, true);
        const range = (node as { range?: readonly number[] } | null | undefined)?.range;
        if (range) return lines.linePos(range[0] ?? 0).line;
      }
      return undefined;
    },
  };
}

/** `states.offer.on.1`, `states.menu.phrase[0]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}
