import { formatSipParams, isToken, parseSipParams } from './sip-params.ts';
import type { SipParams } from './sip-params.ts';

/**
 * A From, To, Contact, Route … value (RFC 3261 §20.10): who, and the header's parameters (`tag`, `expires`,
 * `q`).
 */
export interface NameAddr {
  /** Without quotes and escapes; undefined when none was given. */
  displayName: string | undefined;
  /** The URI as it came, of any scheme; `*` for a Contact that removes all (RFC 3261 §10.2.2). */
  uri: string;
  params: SipParams;
}

/** Takes one name-addr or addr-spec apart; undefined when it is malformed. One pass. */
export function parseNameAddr(value: string): NameAddr | undefined {
  const text = value.trim();
  if (text === '*') return { displayName: undefined, uri: '*', params: new Map() };
  const name = parseDisplayName(text);
  if (name === undefined) return undefined;
  if (text[name.next] === '<') {
    const close = text.indexOf('>', name.next);
    if (close < 0) return undefined;
    const uri = text.slice(name.next + 1, close);
    const params = parseSipParams(text.slice(close + 1));
    return isUri(uri) && params !== undefined ? { displayName: name.displayName, uri, params } : undefined;
  }
  if (name.displayName !== undefined) return undefined;
  // RFC 3261 §20: without angle brackets every parameter belongs to the header, and `?` or `,` may not stand
  // in the URI.
  const semicolon = text.indexOf(';');
  const uri = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  if (!isUri(uri) || uri.includes('?') || uri.includes(',')) return undefined;
  const params = parseSipParams(semicolon < 0 ? '' : text.slice(semicolon));
  return params === undefined ? undefined : { displayName: undefined, uri, params };
}

export function formatNameAddr(address: NameAddr): string {
  if (address.uri === '*') return '*';
  const quoted = address.displayName?.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  const name = quoted === undefined || quoted === '' ? '' : `"${quoted}" `;
  return `${name}<${address.uri}>${formatSipParams(address.params)}`;
}

/** The `tag` parameter of a From or To value; undefined when there is none or the value is malformed. */
export function tagOf(value: string | undefined): string | undefined {
  const tag = value === undefined ? undefined : parseNameAddr(value)?.params.get('tag');
  return tag === '' ? undefined : tag;
}

/** The value with its `tag` parameter set, everything else as it came. */
export function withTag(value: string, tag: string): string {
  const address = parseNameAddr(value);
  if (address === undefined || address.params.has('tag')) return value;
  // An addr-spec without brackets stays valid: its parameters are the header's anyway.
  return `${value};tag=${tag}`;
}

function parseDisplayName(text: string): { displayName: string | undefined; next: number } | undefined {
  if (text.startsWith('"')) {
    let name = '';
    for (let i = 1; i < text.length; i++) {
      const c = text[i] ?? '';
      if (c === '\\') name += text[++i] ?? '';
      else if (c === '"') {
        let next = i + 1;
        while (text[next] === ' ' || text[next] === '\t') next++;
        return text[next] === '<' ? { displayName: name, next } : undefined;
      } else name += c;
    }
    return undefined;
  }
  const open = text.indexOf('<');
  if (open < 0) return { displayName: undefined, next: 0 };
  const semicolon = text.indexOf(';');
  if (semicolon >= 0 && semicolon < open) return { displayName: undefined, next: 0 };
  const words = text.slice(0, open).trim();
  if (words === '') return { displayName: undefined, next: open };
  // RFC 3261 §25.1: an unquoted display name is tokens. Letters beyond ASCII are let through: they are met in
  // practice.
  const isName = words.split(/[ \t]+/).every((word) => isToken(word) || isBeyondAscii(word));
  return isName ? { displayName: words, next: open } : undefined;
}

function isBeyondAscii(word: string): boolean {
  let beyond = false;
  for (let i = 0; i < word.length; i++) {
    const c = word.charCodeAt(i);
    if (c > 0x7f) beyond = true;
    else if (!isToken(word[i] ?? '')) return false;
  }
  return beyond;
}

/** A scheme, a colon, something, and neither space nor control characters (RFC 3986 §3.1). */
function isUri(uri: string): boolean {
  const colon = uri.indexOf(':');
  if (colon < 1 || colon === uri.length - 1) return false;
  for (let i = 0; i < uri.length; i++) {
    const c = uri.charCodeAt(i);
    if (c <= 0x20 || c === 0x7f || c === 0x22 || c === 0x3c || c === 0x3e) return false;
    if (i < colon && !isSchemeCharacter(c, i)) return false;
  }
  return true;
}

function isSchemeCharacter(c: number, at: number): boolean {
  if ((c >= 65 && c <= 90) || (c >= 97 && c <= 122)) return true;
  return at > 0 && ((c >= 48 && c <= 57) || c === 43 || c === 45 || c === 46);
}
