import { LineCounter, parseDocument } from 'yaml';
import type { Fault } from '../kernel/errors.ts';
import { JSON_DEPTH_MAX, jsonFaultOffset } from './json-fault.ts';

/** JSON text read with the places of its parts. */
export type PlacedJson =
  | {
      readonly kind: 'read';
      readonly value: unknown;
      lineOf(path: readonly PropertyKey[]): number | undefined;
    }
  | { readonly kind: 'refused'; readonly fault: Fault };

/**
 * Parses strict JSON and remembers lines. JSON is a subset of YAML 1.2, whose parser knows places and sees
 * keys that stand twice, which `JSON.parse` lets pass.
 */
export function readPlacedJson(text: string): PlacedJson {
  const faultOffset = jsonFaultOffset(text);
  if (faultOffset !== undefined) {
    const line = text.slice(0, faultOffset).split('\n').length;
    const message = `is not JSON, or more than ${JSON_DEPTH_MAX} deep`;
    return { kind: 'refused', fault: { path: '', message, line } };
  }
  const value: unknown = JSON.parse(text);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const first = document.errors[0];
  if (first) {
    const fault = { path: '', message: 'has a key twice', line: lines.linePos(first.pos[0]).line };
    return { kind: 'refused', fault };
  }
  return {
    kind: 'read',
    value,
    lineOf(path) {
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
