import {
  type Alias,
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { Fault } from '../kernel/errors.ts';
import { messageOf } from '../kernel/errors.ts';
import { DOCUMENT_BYTES_MAX } from './document.ts';

/**
 * Uses of anchors at most: what a document of aliases of aliases would blow up to is refused before it is
 * built.
 */
const ALIASES_MAX = 100;

const TOO_MANY_ALIASES = `anchors are used more than ${ALIASES_MAX} times`;

/** Where something stands in the document: section, index, field and so on. */
export type YamlPath = readonly (string | number)[];

/** Tells in which line of a document something stands. */
export interface DocumentLines {
  /** The line of a field, or of the nearest thing around it that exists. */
  lineOf(path: YamlPath): number | undefined;
}

/** Fields whose text may look like a number: `number: 5000` means the digits as written. */
const TEXT_FIELDS = new Set([
  'id',
  'name',
  'number',
  'sipUser',
  'password',
  'username',
  'dialPrefix',
  'callerIdNumber',
  'queue',
  'overflowQueue',
  'flow',
  'trunk',
  'businessHours',
  'immediateOfferHours',
  'capacityRule',
  'numberRule',
  'callbackApplication',
  'agentWhisper',
  'agentInstructions',
  'callerIdName',
  'blockedPatterns',
]);

// The library's own messages quote the text they stumble over, which may be a password: its codes are put in
// words here.
const WORDS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias must not have a tag or an anchor',
  BAD_ALIAS: 'the alias is not usable here; put text that starts with "*" or "&" in quotes',
  BAD_INDENT: 'the indentation is wrong',
  BAD_SCALAR_START: 'text must not start with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a nested block must start on its own line; a value with ": " in it needs quotes',
  DUPLICATE_KEY: 'this key is there already',
  MISSING_CHAR: 'a closing quote, bracket, colon or comma is missing',
  MULTIPLE_ANCHORS: 'more than one anchor on one value',
  MULTIPLE_DOCS: 'only one document a file is allowed',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line',
  TAB_AS_INDENT: 'tabs must not be used for indentation',
  TAG_RESOLVE_FAILED: 'tags (starting with "!") are not allowed; put the text in quotes',
  UNEXPECTED_TOKEN: 'unexpected text',
};

/** A parsed document that knows the line of everything in it. */
export class YamlDocument implements DocumentLines {
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  private constructor(value: unknown, document: Document.Parsed, lines: LineCounter) {
    this.value = value;
    this.#document = document;
    this.#lines = lines;
  }

  /** Parses YAML 1.2 (core schema) within the limits, or tells every fault of its syntax with its line. */
  static parse(
    text: string,
  ):
    | { readonly kind: 'parsed'; readonly document: YamlDocument }
    | { readonly kind: 'refused'; readonly faults: Fault[] } {
    if (Buffer.byteLength(text) > DOCUMENT_BYTES_MAX) {
      return refused({ path: '', message: `the document is larger than ${DOCUMENT_BYTES_MAX} bytes` });
    }
    const lines = new LineCounter();
    try {
      // The library's own search for repeated keys is quadratic: minutes for a mapping of 60 000 keys.
      const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
      const problems = [...document.errors, ...document.warnings];
      if (problems.length > 0) {
        const faults = problems.map((problem) => ({
          path: '',
          message: WORDS[problem.code] ?? 'this is not valid YAML',
          line: lines.linePos(problem.pos[0]).line,
        }));
        return { kind: 'refused', faults };
      }
      const faults = [...aliasFaults(document, lines), ...repeatedKeys(document, lines)];
      if (faults.length > 0) return { kind: 'refused', faults };
      keepDigitsAsText(document);
      const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
      return { kind: 'parsed', document: new YamlDocument(value, document, lines) };
    } catch (error) {
      if (error instanceof RangeError)
        return refused({ path: '', message: 'the document is nested too deeply' });
      // The library's name for aliases that expand to too much.
      if (error instanceof ReferenceError) return refused({ path: '', message: TOO_MANY_ALIASES });
      return refused({ path: '', message: `the document cannot be read (${errorName(error)})` });
    }
  }

  /** The line of a field, or of the nearest thing around it that exists. */
  lineOf(path: YamlPath): number | undefined {
    let node: unknown = this.#document.contents;
    let line = lineAt(node, this.#lines);
    for (const step of path) {
      let found: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(step));
        if (!pair) break;
        line = lineAt(pair.key, this.#lines) ?? line;
        found = pair.value;
      } else if (isSeq(node) && typeof step === 'number') {
        found = node.items[step];
        line = lineAt(found, this.#lines) ?? line;
      }
      if (found === undefined || found === null) break;
      node = found;
    }
    return line;
  }
}

/** Aliases are counted before any is followed: each look-up reads the document. */
function aliasFaults(document: Document.Parsed, lines: LineCounter): Fault[] {
  const aliases: Alias[] = [];
  visit(document, {
    Alias(_, alias) {
      aliases.push(alias);
      return aliases.length > ALIASES_MAX ? visit.BREAK : undefined;
    },
  });
  if (aliases.length > ALIASES_MAX) return [{ path: '', message: TOO_MANY_ALIASES }];
  return aliases
    .filter((alias) => alias.resolve(document) === undefined)
    .map((alias) => {
      const line = lineAt(alias, lines);
      const message = 'there is no such anchor; put text that starts with "*" in quotes';
      return { path: '', message, ...(line === undefined ? {} : { line }) };
    });
}

function repeatedKeys(document: Document.Parsed, lines: LineCounter): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string | undefined>();
      for (const { key } of map.items) {
        const text = keyText(key);
        const line = lineAt(key, lines);
        if (text === undefined || seen.has(text)) {
          const message = text === undefined ? 'a key must be plain text' : 'this key is there already';
          faults.push({ path: '', message, ...(line === undefined ? {} : { line }) });
        }
        seen.add(text);
      }
    },
  });
  return faults;
}

function keepDigitsAsText(document: Document.Parsed): void {
  visit(document, {
    Pair(_, pair) {
      if (!TEXT_FIELDS.has(keyText(pair.key) ?? '')) return;
      for (const value of isSeq(pair.value) ? pair.value.items : [pair.value]) {
        if (isScalar(value) && typeof value.value === 'number' && value.source !== undefined) {
          value.value = value.source;
        }
      }
    },
  });
}

function keyText(key: unknown): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

function lineAt(node: unknown, lines: LineCounter): number | undefined {
  const range = (node as Node | null | undefined)?.range;
  return range ? lines.linePos(range[0]).line : undefined;
}

function refused(fault: Fault): { readonly kind: 'refused'; readonly faults: Fault[] } {
  return { kind: 'refused', faults: [fault] };
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : messageOf(error).slice(0, 40);
}
