import type { Digit } from './leg.ts';

/** The parts of a SIP URI that telephony looks at (RFC 3261 §19.1). */
export interface SipUriParts {
  readonly scheme: 'sip' | 'sips' | 'tel';
  readonly user?: string;
  /** Lower case. Undefined for `tel:`. */
  readonly host?: string;
  readonly port?: number;
  readonly transport?: string;
}

/** One entry of a From, To or Contact header (RFC 3261 §20.10, §20.20, §20.39). */
export interface NameAddress {
  readonly displayName?: string;
  /** Without angle brackets; URI parameters kept. */
  readonly uri: string;
  /** Header parameters, names in lower case; a parameter without value reads ''. */
  readonly params: ReadonlyMap<string, string>;
}

/** Longest URI and header that are read; longer ones count as unreadable. */
export const URI_LENGTH_MAX = 512;
const HEADER_LENGTH_MAX = 8192;
const ENTRIES_MAX = 32;

/** Reads a SIP or tel URI; undefined when it is none or too long. */
export function readSipUri(text: string): SipUriParts | undefined {
  if (text.length > URI_LENGTH_MAX) return undefined;
  const tel = /^tel:([^;?]{1,64})/i.exec(text);
  if (tel) return { scheme: 'tel', user: decodeUser(tel[1] ?? '') };
  const match = /^(sips?):(?:([^@\s<>"]{1,128})@)?([^;?:\s<>@]{1,253})(?::(\d{1,5}))?((?:;[^?\s<>]*)?)/i.exec(
    text,
  );
  if (!match) return undefined;
  const [, scheme = 'sip', userInfo, host = '', port, params = ''] = match;
  // RFC 3261 §19.1.1: the user part may carry a password after ":" and telephone parameters after ";".
  const user = userInfo?.split(/[:;]/, 1)[0];
  const transport = /;transport=([a-z]{2,5})/i.exec(params)?.[1]?.toLowerCase();
  if (port !== undefined && Number(port) > 65_535) return undefined;
  return {
    scheme: scheme.toLowerCase() as 'sip' | 'sips',
    host: host.toLowerCase(),
    ...(user !== undefined && { user: decodeUser(user) }),
    ...(port !== undefined && { port: Number(port) }),
    ...(transport !== undefined && { transport }),
  };
}

function decodeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/**
 * Reads a comma-separated list of name-addr or addr-spec with parameters. Undefined when the header is
 * malformed, too long or has more than 32 entries.
 */
export function readNameAddresses(header: string): NameAddress[] | undefined {
  if (header.length > HEADER_LENGTH_MAX) return undefined;
  const entries: NameAddress[] = [];
  for (const part of splitList(header)) {
    const entry = readNameAddress(part);
    if (!entry || entries.length >= ENTRIES_MAX) return undefined;
    entries.push(entry);
  }
  return entries.length > 0 ? entries : undefined;
}

/** Reads one name-addr or addr-spec with parameters; undefined when malformed. */
export function readNameAddress(text: string): NameAddress | undefined {
  const trimmed = text.trim();
  if (trimmed.length > HEADER_LENGTH_MAX) return undefined;
  const open = indexOutsideQuotes(trimmed, '<');
  if (open < 0) {
    // RFC 3261 §20.10: without angle brackets all parameters belong to the header.
    const [uri = '', ...rest] = trimmed.split(';');
    return uri === '' || uri.length > URI_LENGTH_MAX
      ? undefined
      : { uri, params: readParams(rest.join(';')) };
  }
  const close = trimmed.indexOf('>', open);
  if (close < 0) return undefined;
  const uri = trimmed.slice(open + 1, close).trim();
  if (uri === '' || uri.length > URI_LENGTH_MAX) return undefined;
  const displayName = unquote(trimmed.slice(0, open).trim()).slice(0, 128);
  return {
    uri,
    params: readParams(trimmed.slice(close + 1)),
    ...(displayName !== '' && { displayName }),
  };
}

function readParams(text: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const part of splitList(text, ';')) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '') params.set(name, equals < 0 ? '' : unquote(part.slice(equals + 1).trim()));
  }
  return params;
}

function unquote(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}

function indexOutsideQuotes(text: string, wanted: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && quoted) i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (text[i] === wanted && !quoted) return i;
  }
  return -1;
}

function splitList(text: string, separator = ','): string[] {
  const parts: string[] = [];
  let quoted = false;
  let bracketed = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '\\' && quoted) i++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '<') bracketed = true;
    else if (character === '>') bracketed = false;
    else if (character === separator && !bracketed) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The number in a user part, without visual separators (RFC 3966 §5.1.1); undefined when it is not one. */
export function numberOfUser(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  const number = user.replace(/[-.() ]/g, '');
  return /^\+?[0-9*#]{2,20}$/.test(number) ? number : undefined;
}

/**
 * The digit in an INFO body: `application/dtmf-relay` (`Signal=5` and `Duration=160` lines) or
 * `application/dtmf` (the digit alone). Undefined for anything else.
 */
export function digitOfInfo(contentType: string | undefined, body: string | undefined): Digit | undefined {
  if (contentType === undefined || body === undefined || body.length > 256) return undefined;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  let signal: string | undefined;
  if (type === 'application/dtmf-relay')
    signal = /^\s*signal\s*=\s*([0-9A-Da-d*#]{1,2})\s*$/im.exec(body)?.[1];
  else if (type === 'application/dtmf') signal = /^\s*([0-9A-Da-d*#]{1,2})\s*$/.exec(body)?.[1];
  if (signal === undefined) return undefined;
  if (signal === '10') return '*';
  if (signal === '11') return '#';
  return signal.length === 1 ? (signal.toUpperCase() as Digit) : undefined;
}
