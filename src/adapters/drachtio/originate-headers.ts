import { assert } from '../../kernel/errors.ts';
import type { OriginateRequest } from '../../telephony/telephony.ts';

/** Extra headers of one INVITE. */
const HEADERS_MAX = 20;
const HEADER_LENGTH_MAX = 512;

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
    headers[name] = oneLine(value).slice(0, HEADER_LENGTH_MAX);
  }
  const number = request.callerId.number.replace(/[^0-9A-Za-z+*._-]/g, '').slice(0, 64) || 'anonymous';
  const name = oneLine(request.callerId.name ?? '')
    .replace(/["\\]/g, '')
    .replace(/[^\x20-\x7e]/g, '')
    .slice(0, 64);
  // The SIP server puts its own address in place of `localhost`: trunks check From, phones can call back.
  headers['From'] = `${name === '' ? '' : `"${name}" `}<sip:${number}@localhost>`;
  headers['Contact'] = `<sip:${number}@localhost>`;
  return headers;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, ' ').trim();
}
