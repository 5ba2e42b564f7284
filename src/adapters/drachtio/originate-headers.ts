import { assert } from '../../kernel/errors.ts';
import type { OriginateRequest } from '../../telephony/telephony.ts';

/** Extra headers of one INVITE. */
const HEADERS_MAX = 20;
/** A case's data alone may have 1000. */
const HEADER_LENGTH_MAX = 1024;
/** Of one character: four bytes. */
const ESCAPE_LENGTH_MAX = 12;

/**
 * What phones look at to answer by themselves: Snom, Grandstream and baresip the first, Polycom and Yealink
 * the second (RFC 7462 §4 leaves the parameter to the phones).
 */
const AUTO_ANSWER = {
  'Call-Info': '<sip:localhost>;answer-after=0',
  'Alert-Info': '<http://localhost>;info=alert-autoanswer',
};

/**
 * Headers of an outbound INVITE: From with the caller id, the wish to be answered by the phone itself, and
 * the extra ones. Only `X-` names and Alert-Info are taken, and values lose their line ends: nothing given by
 * a caller or an API may add a header of its own.
 */
export function originateHeaders(request: OriginateRequest): Record<string, string> {
  const extra = Object.entries(request.headers ?? {});
  assert(extra.length <= HEADERS_MAX, `at most ${HEADERS_MAX} extra headers`);
  const headers: Record<string, string> = {};
  if (request.autoAnswer === true) Object.assign(headers, AUTO_ANSWER);
  for (const [name, value] of extra) {
    assert(/^(?:X-[A-Za-z0-9-]{1,64}|Alert-Info)$/.test(name), `an X- header, not ${JSON.stringify(name)}`);
    headers[name] = cut(inAscii(oneLine(value)));
  }
  const number = request.callerId.number.replace(/[^0-9A-Za-z+*._-]/g, '').slice(0, 64) || 'anonymous';
  const name = displayName(request.callerId.name ?? '');
  // The SIP server puts its own address in place of `localhost`: trunks check From, phones can call back.
  headers['From'] = `${name === '' ? '' : `"${name}" `}<sip:${number}@localhost>`;
  headers['Contact'] = `<sip:${number}@localhost>`;
  return headers;
}

/**
 * What is no ASCII percent-encoded (RFC 3986 §2.5): phones and screens do not agree on how to read it. A
 * queue's name has no `%` of its own: decoding gives it back.
 */
function inAscii(value: string): string {
  return value.replace(/\p{Surrogate}/gu, '').replace(/[^\x20-\x7e]+/g, (text) => encodeURIComponent(text));
}

/** At most {@link HEADER_LENGTH_MAX}, and no part of an escape at the end. */
function cut(value: string): string {
  const rest = value.slice(0, HEADER_LENGTH_MAX);
  for (let end = rest.length; rest.length < value.length && end > rest.length - ESCAPE_LENGTH_MAX; end--) {
    if (isDecodable(rest.slice(0, end))) return rest.slice(0, end);
  }
  return rest;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A name as phones show it: letters without their accents; without what has no such form. */
function displayName(name: string): string {
  return oneLine(name)
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]+|["\\]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, 64);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, ' ').trim();
}
