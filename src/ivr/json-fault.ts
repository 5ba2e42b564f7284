/**
 * One token of RFC 8259: a structural character, a string, or another scalar; leading white space is passed
 * over.
 */
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y; // eslint-disable-line no-control-regex

/** Objects and lists inside each other; deeper text is refused here, before parsers that recurse. */
export const JSON_DEPTH_MAX = 64;

type Expected = 'value' | 'first item' | 'first key' | 'key' | 'colon' | 'comma or end' | 'nothing';

/** Where text is not JSON of bearable depth, an offset into it; or where a key stands again in its object. */
export interface JsonFault {
  readonly kind: 'not-json' | 'key-twice';
  readonly offset: number;
}

/** What is open: an object with the keys it had so far, or a list. */
type Open = Set<string> | 'list';

/**
 * The first fault of JSON text (RFC 8259), undefined when there is none. The platform's parser tells the
 * place only in its message, which is not for programs, and lets keys pass that stand twice.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const open: Open[] = [];
  let expected: Expected = 'value';
  const end = text.replace(/[ \t\n\r]+$/, '').length;
  let at = 0;
  while (at < end) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    const next: Expected | 'key-twice' | undefined = token ? after(token, expected, open) : undefined;
    if (next === undefined || next === 'key-twice') {
      return { kind: next ?? 'not-json', offset: at + text.slice(at).search(/[^ \t\n\r]/) };
    }
    expected = next;
    at = TOKEN.lastIndex;
  }
  return expected === 'nothing' ? undefined : { kind: 'not-json', offset: end };
}

/** What may follow a token, or undefined when it may not stand here. Keeps the stack of what is open. */
function after(token: RegExpExecArray, expected: Expected, open: Open[]): Expected | 'key-twice' | undefined {
  const [, sign, string] = token;
  const inside = open.at(-1);
  const wantsValue = expected === 'value' || expected === 'first item';
  const done = (): Expected => (open.length === 0 ? 'nothing' : 'comma or end');
  if (sign === undefined) {
    if (
      string === undefined ||
      !(inside instanceof Set) ||
      !(expected === 'key' || expected === 'first key')
    ) {
      return wantsValue ? done() : undefined;
    }
    const key = string.includes('\\') ? (JSON.parse(string) as string) : string.slice(1, -1);
    if (inside.has(key)) return 'key-twice';
    inside.add(key);
    return 'colon';
  }
  if (sign === '{' || sign === '[') {
    if (!wantsValue || open.length >= JSON_DEPTH_MAX) return undefined;
    open.push(sign === '{' ? new Set() : 'list');
    return sign === '{' ? 'first key' : 'first item';
  }
  if (sign === ':') return expected === 'colon' ? 'value' : undefined;
  if (sign === ',') {
    if (expected !== 'comma or end') return undefined;
    return inside instanceof Set ? 'key' : 'value';
  }
  const mayClose = sign === '}' ? inside instanceof Set : inside === 'list';
  const isFirst = expected === (sign === '}' ? 'first key' : 'first item');
  if (!mayClose || !(expected === 'comma or end' || isFirst)) return undefined;
  open.pop();
  return done();
}
