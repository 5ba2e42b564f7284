import { parseNameAddr } from './name-addr.ts';
import { SipHeaders } from './sip-headers.ts';
import type { SipMessage, SipRequest } from './sip-message.ts';
import { isToken } from './sip-params.ts';
import { isDigits, parseSipUri } from './sip-uri.ts';
import { parseCSeq, parseVia } from './via.ts';

/** Bounds of one message: what a hostile peer may make us hold or look at. */
export const SIP_MESSAGE_LIMITS = {
  /** Bytes of a whole message. */
  messageBytesMax: 65_536,
  /** Header lines, after unfolding. */
  headerCountMax: 128,
  /** Characters of one header, after unfolding. */
  headerCharactersMax: 8_192,
} as const;

/**
 * A parsed message, or why it is none. `status` is what to answer with when the headers sufficed to answer at
 * all (RFC 3261 §8.2, §18.3, §21.4.1); `request` then is what could be read.
 */
export type ParsedSipMessage =
  | { readonly outcome: 'message'; readonly message: SipMessage }
  | {
      readonly outcome: 'malformed';
      readonly reason: string;
      readonly status?: 400 | 505 | 513;
      readonly request?: SipRequest;
    };

interface HeadBlock {
  readonly lines: string[];
  /** Which limit was passed; `lines` then is what an answer needs, as far as it fits. */
  readonly excess: string | undefined;
  /** Where the body starts. */
  readonly bodyAt: number;
}

/**
 * Parses one datagram, or one framed message of a stream. Linear in its size, never throws. A body longer
 * than Content-Length is cut, a shorter one makes the message malformed (RFC 3261 §18.3).
 */
export function parseSipMessage(bytes: Buffer): ParsedSipMessage {
  if (bytes.length > SIP_MESSAGE_LIMITS.messageBytesMax) return malformed('message too long');
  const head = readHead(bytes);
  if (typeof head === 'string') return malformed(head);
  const startLine = head.lines[0] ?? '';
  const headers = new SipHeaders();
  let fault: string | undefined;
  for (let i = 1; i < head.lines.length; i++) {
    const line = head.lines[i] ?? '';
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!isToken(name)) fault ??= 'header line without a name';
    else headers.append(name, line.slice(colon + 1).trim());
  }
  const body = bytes.subarray(head.bodyAt);
  const started = startLine.startsWith('SIP/')
    ? parseStatusLine(startLine, headers, body)
    : parseRequestLine(startLine, headers, body);
  if ('outcome' in started) return started;
  // RFC 3261 §21.5.7
  if (head.excess !== undefined) {
    return started.kind === 'request' ? refuse(started, head.excess, 513) : malformed(head.excess);
  }
  fault ??= checkHeaders(started) ?? cutBody(started);
  if (fault === undefined) return { outcome: 'message', message: started };
  return started.kind === 'request' ? refuse(started, fault, 400) : malformed(fault);
}

/**
 * The header block unfolded into logical lines (RFC 3261 §7.3.1), or what is wrong with it. What is beyond a
 * limit is left out, except for the headers that an answer is made of.
 */
function readHead(bytes: Buffer): HeadBlock | string {
  const { headerCountMax, headerCharactersMax } = SIP_MESSAGE_LIMITS;
  const lines: string[] = [];
  let excess: string | undefined;
  /** The header before was left out, and so is what continues it. */
  let isLeftOut = false;
  let at = 0;
  // RFC 3261 §7.5: empty lines before the start line are ignored.
  while (at < bytes.length && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
  for (;;) {
    const lineFeed = bytes.indexOf(0x0a, at);
    if (lineFeed < 0) return 'no end of headers';
    const end = lineFeed > at && bytes[lineFeed - 1] === 0x0d ? lineFeed - 1 : lineFeed;
    if (end === at) return lines.length === 0 ? 'no start line' : { lines, excess, bodyAt: lineFeed + 1 };
    const isFolded = (bytes[at] === 0x20 || bytes[at] === 0x09) && lines.length > 0;
    const isTooLong = end - at > headerCharactersMax;
    if (isTooLong && lines.length === 0) return 'start line too long';
    if (isFolded && lines.length === 1 && !isLeftOut) return 'start line folded';
    if (isFolded && !isLeftOut) {
      const joined = isTooLong ? '' : `${lines.at(-1)} ${bytes.toString('utf8', at, end).trim()}`;
      isLeftOut = isTooLong || joined.length > headerCharactersMax;
      if (isLeftOut) lines.pop();
      else lines[lines.length - 1] = joined;
      if (isLeftOut) excess ??= 'header too long';
    } else if (!isFolded) {
      const isOneTooMany = lines.length > headerCountMax;
      if (isTooLong) excess ??= 'header line too long';
      else if (isOneTooMany) excess ??= 'too many headers';
      isLeftOut = isTooLong || (isOneTooMany && !isOfAnswer(bytes, at));
      // Of the headers of an answer there are a few; hundreds of them are not answered.
      if (!isLeftOut && lines.length >= 2 * headerCountMax) return 'too many headers';
      if (!isLeftOut) lines.push(bytes.toString('utf8', at, end));
    }
    at = lineFeed + 1;
  }
}

/** RFC 3261 §8.2.6.2: an answer is made of these, here also by their compact names (§7.3.3). */
const NAMES_OF_ANSWER = new Set(['via', 'v', 'from', 'f', 'to', 't', 'call-id', 'i', 'cseq']);
const NAME_OF_ANSWER_LENGTH_MAX = 16;

function isOfAnswer(bytes: Buffer, at: number): boolean {
  const text = bytes.toString('latin1', at, at + NAME_OF_ANSWER_LENGTH_MAX);
  const colon = text.indexOf(':');
  return colon > 0 && NAMES_OF_ANSWER.has(text.slice(0, colon).trimEnd().toLowerCase());
}

function parseRequestLine(line: string, headers: SipHeaders, body: Buffer): SipMessage | ParsedSipMessage {
  // RFC 3261 §7.1: method, URI and version with one space between.
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  const method = line.slice(0, Math.max(first, 0));
  if (!isToken(method)) return malformed('not a SIP start line');
  const version = line.slice(last + 1);
  const uri = line.slice(first + 1, Math.max(last, first + 1));
  const request: SipRequest = { kind: 'request', method, uri, headers, body };
  if (!version.toUpperCase().startsWith('SIP/')) {
    const spaced = line.trimEnd().toUpperCase().endsWith('SIP/2.0');
    return spaced ? refuse(request, 'space after the version', 400) : malformed('not a SIP start line');
  }
  if (version.toUpperCase() !== 'SIP/2.0') return refuse(request, 'SIP version not supported', 505);
  const scheme = uri.slice(0, Math.max(uri.indexOf(':'), 0)).toLowerCase();
  const isSip = scheme === 'sip' || scheme === 'sips';
  if (!isToken(scheme) || uri.includes(' ') || uri.includes('<')) {
    return refuse(request, 'malformed Request-URI', 400);
  }
  const parsed = isSip ? parseSipUri(uri) : undefined;
  if (isSip && parsed === undefined) return refuse(request, 'malformed Request-URI', 400);
  // RFC 3261 §19.1.1: a Request-URI carries no header part.
  if (parsed?.headers !== undefined) return refuse(request, 'headers in the Request-URI', 400);
  return request;
}

function parseStatusLine(line: string, headers: SipHeaders, body: Buffer): SipMessage | ParsedSipMessage {
  const parts = line.split(' ', 2);
  if ((parts[0] ?? '').toUpperCase() !== 'SIP/2.0') return malformed('SIP version not supported');
  const code = parts[1] ?? '';
  if (code.length !== 3 || !isDigits(code)) return malformed('malformed status code');
  const status = Number(code);
  if (status < 100 || status > 699) return malformed('status code out of range');
  const reason = line.slice((parts[0] ?? '').length + 1 + code.length + 1);
  return { kind: 'response', status, reason, headers, body };
}

/** RFC 3261 §8.1.1: the six headers, once each where once is allowed, each of them readable. */
function checkHeaders(message: SipMessage): string | undefined {
  const { headers } = message;
  for (const name of ['Call-ID', 'CSeq', 'From', 'To']) {
    const count = headers.getAll(name).length;
    if (count !== 1) return count === 0 ? `${name} missing` : `${name} given more than once`;
  }
  for (const name of ['Max-Forwards', 'Content-Length', 'Content-Type']) {
    if (headers.getAll(name).length > 1) return `${name} given more than once`;
  }
  if (headers.get('Call-ID') === '') return 'Call-ID empty';
  const cseq = parseCSeq(headers.get('CSeq') ?? '');
  if (cseq === undefined) return 'malformed CSeq';
  if (message.kind === 'request' && cseq.method !== message.method) return 'CSeq names another method';
  for (const name of ['From', 'To']) {
    if (parseNameAddr(headers.get(name) ?? '') === undefined) return `malformed ${name}`;
  }
  const vias = headers.list('Via');
  if (vias.length === 0) return 'Via missing';
  if (vias.some((via) => parseVia(via) === undefined)) return 'malformed Via';
  const forwards = headers.get('Max-Forwards');
  if (forwards !== undefined && (!isDigits(forwards) || Number(forwards) > 255))
    return 'malformed Max-Forwards';
  for (const name of ['Contact', 'Route', 'Record-Route']) {
    if (headers.list(name).some((value) => parseNameAddr(value) === undefined)) return `malformed ${name}`;
  }
  return undefined;
}

function cutBody(message: SipMessage): string | undefined {
  const given = message.headers.get('Content-Length');
  if (given === undefined) return undefined;
  if (!isDigits(given) || given.length > 8) return 'malformed Content-Length';
  const length = Number(given);
  if (length > message.body.length) return 'body shorter than Content-Length';
  message.body = message.body.subarray(0, length);
  return undefined;
}

/** Malformed, but its Via, From, To, Call-ID and CSeq may still be answered. */
function refuse(request: SipRequest, reason: string, status: 400 | 505 | 513): ParsedSipMessage {
  const isAnswerable =
    request.method !== 'ACK' &&
    ['Via', 'From', 'To', 'Call-ID', 'CSeq'].every((name) => request.headers.has(name));
  return isAnswerable ? { outcome: 'malformed', reason, status, request } : malformed(reason);
}

function malformed(reason: string): ParsedSipMessage {
  return { outcome: 'malformed', reason };
}
