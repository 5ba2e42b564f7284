/**
 * Parameters of a header value or a URI in order: lower-case name → value, `''` for a flag (`;lr`, `;rport`).
 * A quoted value keeps its quotes, so that it can be written back as it came.
 */
export type SipParams = Map<string, string>;

/**
 * `;name=value` parts, nothing before the first `;`. Undefined when a name is empty or no token (RFC 3261
 * §25.1).
 */
export function parseSipParams(text: string): SipParams | undefined {
  const params: SipParams = new Map();
  let i = 0;
  const { length } = text;
  while (i < length) {
    i = skipSpace(text, i);
    if (i >= length) break;
    if (text[i] !== ';') return undefined;
    const end = endOfParam(text, i + 1);
    if (end < 0) return undefined;
    const part = text.slice(i + 1, end);
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim();
    if (name === '' || !isParamName(name)) return undefined;
    const key = name.toLowerCase();
    // RFC 3261 §7.3.1: a parameter name must not appear twice; the first one counts.
    if (!params.has(key)) params.set(key, equals < 0 ? '' : part.slice(equals + 1).trim());
    i = end;
  }
  return params;
}

/** `;name=value` for every parameter. */
export function formatSipParams(params: SipParams): string {
  let text = '';
  for (const [name, value] of params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** Where the next `;` outside quotes is, the length at the end, −1 when a quote is not closed. */
function endOfParam(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ';') return i;
  }
  return quoted ? -1 : text.length;
}

/** Token characters, and what URI parameters may hold besides (RFC 3261 §25.1 `paramchar`). */
function isParamName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || c === 0x22 || c === 0x2c || c === 0x3c || c === 0x3e || c === 0x40 || c === 0x7f)
      return false;
  }
  return true;
}

/** The index of the first character at or after `from` that is no space or tab. */
export function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && (text[i] === ' ' || text[i] === '\t')) i++;
  return i;
}

/** True for a token of RFC 3261 §25.1: letters, digits and ``-.!%*_+`'~``. */
export function isToken(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const alphanumeric = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
    if (!alphanumeric && !"-.!%*_+`'~".includes(text[i] ?? '')) return false;
  }
  return true;
}
