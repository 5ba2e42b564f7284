/**
 * One token of RFC 8259: a structural character, a string, or another scalar; leading white space is passed
 * over.
 */
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y; // eslint-disable-line no-control-regex

/** Objects and lists inside each other; deeper text is refused here, before parsers that recurse. */
export const JSON_DEPTH_MAX = 64;

type Expected = 'value' | 'first item' | 'first key' | 'key' | 'colon' | 'comma or end' | 'nothing';

/**
 * Where text stops being JSON (RFC 8259): an offset into it, or undefined when it is JSON of bearable depth.
 * The platform's parser tells the place only in its message, which is not for programs.
 */
export function jsonFaultOffset(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  const end = text.replace(/[ \t\n\r]+$/, '').length;
  let at = 0;
  while (at < end) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    const next: Expected | undefined = token ? after(token, expected, open) : undefined;
    if (!next) return at + text.slice(at).search(/[^ \t\n\r]/);
    expected = next;
    at = TOKEN.lastIndex;
  }
  return expected === 'nothing' ? undefined : end;
}

/** What may follow a token, or undefined when it may not stand here. Keeps the stack of what is open. */
function after(token: RegExpExecArray, expected: Expected, open: ('{' | '[')[]): Expected | undefined {
  const [, sign, string] = token;
  const wantsValue = expected === 'value' || expected === 'first item';
  const done = (): Expected => (open.length === 0 ? 'nothing' : 'comma or end');
  if (sign === undefined) {
    if (string !== undefined && (expected === 'key' || expected === 'first key')) return 'colon';
    return wantsValue ? done() : undefined;
  }
  if (sign === '{' || sign === '[') {
    if (!wantsValue || open.length >= JSON_DEPTH_MAX) return undefined;
    open.push(sign);
    return sign === '{' ? 'first key' : 'first item';
  }
  if (sign === ':') return expected === 'colon' ? 'value' : undefined;
  const inside = open.at(-1);
  if (sign === ',') {
    if (expected !== 'comma or end') return undefined;
    return inside === '{' ? 'key' : 'value';
  }
  const mayClose = sign === '}' ? inside === '{' : inside === '[';
  const isFirst = expected === (sign === '}' ? 'first key' : 'first item');
  if (!mayClose || !(expected === 'comma or end' || isFirst)) return undefined;
  open.pop();
  return done();
}
