/** Compact header names and what they stand for (RFC 3261 §7.3.3 and the later registrations at IANA). */
const COMPACT_NAMES: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

/** Names whose usual spelling is not "each word capitalised". */
const SPECIAL_SPELLINGS: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  'mime-version': 'MIME-Version',
  rack: 'RAck',
  rseq: 'RSeq',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
};

/** The long form of a compact header name; any other name as it is. */
export function expandHeaderName(name: string): string {
  return (name.length === 1 ? COMPACT_NAMES[name.toLowerCase()] : undefined) ?? name;
}

/** The usual spelling of a header name: `cseq` → `CSeq`, `max-forwards` → `Max-Forwards`, `f` → `From`. */
export function canonicalHeaderName(name: string): string {
  const expanded = expandHeaderName(name);
  const lower = expanded.toLowerCase();
  const special = SPECIAL_SPELLINGS[lower];
  if (special !== undefined) return special;
  return lower
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-');
}

/** One header line: the name as it is spelt on the wire, the value unfolded and trimmed. */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

interface KeyedHeader extends SipHeader {
  readonly key: string;
}

/**
 * The headers of one message, in order, names compared without regard to case and compact form (RFC 3261
 * §7.3.1). Spelling and order survive, so that headers nobody here knows pass through unchanged.
 */
export class SipHeaders implements Iterable<SipHeader> {
  #entries: KeyedHeader[] = [];

  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) this.append(name, value);
  }

  /** Header lines held. */
  get count(): number {
    return this.#entries.length;
  }

  [Symbol.iterator](): Iterator<SipHeader> {
    return this.#entries[Symbol.iterator]();
  }

  has(name: string): boolean {
    const key = keyOf(name);
    return this.#entries.some((entry) => entry.key === key);
  }

  /** The value of the first line of that name. */
  get(name: string): string | undefined {
    const key = keyOf(name);
    return this.#entries.find((entry) => entry.key === key)?.value;
  }

  /** The values of every line of that name, in order, not split at commas. */
  getAll(name: string): string[] {
    const key = keyOf(name);
    return this.#entries.filter((entry) => entry.key === key).map((entry) => entry.value);
  }

  /**
   * Every value of that name, lines split at top-level commas (Via, Route, Record-Route, Contact, Supported
   * …).
   */
  list(name: string): string[] {
    return this.getAll(name).flatMap((line) => splitHeaderList(line));
  }

  /** True when a comma list such as Supported or Require holds the token, without regard to case. */
  listHas(name: string, token: string): boolean {
    const wanted = token.toLowerCase();
    return this.list(name).some((value) => value.toLowerCase() === wanted);
  }

  append(name: string, value: string): void {
    const expanded = expandHeaderName(name);
    this.#entries.push({ name: expanded, key: expanded.toLowerCase(), value });
  }

  prepend(name: string, value: string): void {
    const expanded = expandHeaderName(name);
    this.#entries.unshift({ name: expanded, key: expanded.toLowerCase(), value });
  }

  /**
   * Puts one line of that name in the place of the first one, dropping the others; appends when there is
   * none.
   */
  set(name: string, value: string): void {
    const expanded = expandHeaderName(name);
    const key = expanded.toLowerCase();
    const at = this.#entries.findIndex((entry) => entry.key === key);
    if (at < 0) {
      this.#entries.push({ name: expanded, key, value });
      return;
    }
    const kept = this.#entries[at]?.name ?? expanded;
    this.#entries[at] = { name: kept, key, value };
    this.#entries = this.#entries.filter((entry, i) => i <= at || entry.key !== key);
  }

  /** Puts lines of that name, one a value, where the first one stood (at the end when there was none). */
  setAll(name: string, values: readonly string[]): void {
    const expanded = expandHeaderName(name);
    const key = expanded.toLowerCase();
    const found = this.#entries.findIndex((entry) => entry.key === key);
    const at = found < 0 ? this.#entries.length : found;
    const rest = this.#entries.filter((entry, i) => i > at && entry.key !== key);
    const lines = values.map((value) => ({ name: expanded, key, value }));
    this.#entries = [...this.#entries.slice(0, at), ...lines, ...rest];
  }

  remove(name: string): void {
    const key = keyOf(name);
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  clone(): SipHeaders {
    const copy = new SipHeaders();
    copy.#entries = this.#entries.slice();
    return copy;
  }
}

function keyOf(name: string): string {
  return expandHeaderName(name).toLowerCase();
}

/**
 * Splits a header value at commas outside quotes and angle brackets (RFC 3261 §7.3.1), trimming each part and
 * dropping empty ones. One pass.
 */
export function splitHeaderList(value: string): string[] {
  if (!value.includes(',')) {
    const only = value.trim();
    return only === '' ? [] : [only];
  }
  const parts: string[] = [];
  let quoted = false;
  let inAngle = false;
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    const c = value[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '<') inAngle = true;
    else if (c === '>') inAngle = false;
    else if (c === ',' && !inAngle) {
      parts.push(value.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts.filter((part) => part !== '');
}
