import { formatSipParams, isToken, parseSipParams } from './sip-params.ts';
import type { SipParams } from './sip-params.ts';
import { isDigits, parseHostPort } from './sip-uri.ts';

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** Upper case: UDP, TCP, TLS … */
  transport: string;
  host: string;
  port: number | undefined;
  /** `branch`, `received`, `rport` (`''` when asked for but not filled in, RFC 3581 §3) … */
  params: SipParams;
}

/** What every branch made by RFC 3261 §8.1.1.7 begins with. */
export const BRANCH_COOKIE = 'z9hG4bK';

/** Takes one Via value apart; undefined when it is malformed or of another protocol or version. */
export function parseVia(value: string): Via | undefined {
  const firstSlash = value.indexOf('/');
  const secondSlash = value.indexOf('/', firstSlash + 1);
  if (firstSlash < 0 || secondSlash < 0) return undefined;
  if (value.slice(0, firstSlash).trim().toUpperCase() !== 'SIP') return undefined;
  if (value.slice(firstSlash + 1, secondSlash).trim() !== '2.0') return undefined;
  const rest = value.slice(secondSlash + 1).trim();
  const space = indexOfSpace(rest);
  if (space < 0) return undefined;
  const transport = rest.slice(0, space);
  if (!isToken(transport)) return undefined;
  const sentBy = rest.slice(space).trim();
  const semicolon = sentBy.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? sentBy : sentBy.slice(0, semicolon));
  const params = parseSipParams(semicolon < 0 ? '' : sentBy.slice(semicolon));
  if (hostPort === undefined || params === undefined) return undefined;
  return { transport: transport.toUpperCase(), host: hostPort.host, port: hostPort.port, params };
}

export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${formatSipParams(via.params)}`;
}

/** A CSeq value (RFC 3261 §20.16). */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/**
 * Takes a CSeq apart; undefined when the number is none below 2^31 (RFC 3261 §8.1.1.5) or the method no
 * token.
 */
export function parseCSeq(value: string): CSeq | undefined {
  const trimmed = value.trim();
  const space = indexOfSpace(trimmed);
  if (space < 0) return undefined;
  const digits = trimmed.slice(0, space);
  const method = trimmed.slice(space).trim();
  if (!isDigits(digits) || digits.length > 12 || !isToken(method)) return undefined;
  const number = Number(digits);
  return number < 2 ** 31 ? { number, method } : undefined;
}

function indexOfSpace(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ' ' || text[i] === '\t') return i;
  }
  return -1;
}
