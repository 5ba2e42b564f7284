import { numberOfUser, readNameAddress, readSipUri } from '../../telephony/sip-uri-reader.ts';
import type { Party } from '../../telephony/leg.ts';
import type { SipSource } from '../../telephony/sip-source.ts';
import type { SrfRequest } from './drachtio-srf.ts';

/** What we understand, for Allow headers (RFC 3261 §20.5). */
export const ALLOWED_METHODS = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REFER, REGISTER';

/** Largest request that is looked at, headers and body together. */
export const REQUEST_LENGTH_MAX = 32_768;

/** Extensions that may be required of us (RFC 3261 §8.2.2.3): session timers are the phone's to keep. */
const EXTENSIONS = new Set(['timer', '100rel', 'replaces', 'outbound', 'path', 'gruu', 'norefersub']);

/** The required extensions that we do not know, for an Unsupported header; empty when all is well. */
export function unsupportedExtensions(require: string | undefined): string[] {
  return (require ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && !EXTENSIONS.has(name));
}

/** The socket that a request came from. */
export function sourceOf(req: SrfRequest): SipSource {
  return {
    address: req.source_address,
    port: req.source_port,
    transport: req.protocol === 'tcp' ? 'tcp' : 'udp',
  };
}

/**
 * The caller as the request tells it: P-Asserted-Identity when From has no number and privacy is not asked
 * for (RFC 3325 §9.1), else From.
 */
export function callerOf(req: SrfRequest, trusted: boolean): Party {
  const from = partyOf(req.get('From'));
  const asserted = trusted ? partyOf(req.get('P-Asserted-Identity')?.split(',', 1)[0]) : undefined;
  const isPrivate = /\b(?:id|user|header|critical)\b/i.test(req.get('Privacy') ?? '');
  if (from?.number === undefined && asserted?.number !== undefined && !isPrivate) return asserted;
  return from ?? { uri: 'sip:anonymous@anonymous.invalid' };
}

function partyOf(header: string | undefined): Party | undefined {
  const entry = header === undefined ? undefined : readNameAddress(header);
  const uri = entry && readSipUri(entry.uri);
  if (!entry || !uri) return undefined;
  const number = numberOfUser(uri.user);
  return {
    uri: entry.uri.split(';', 1)[0] ?? entry.uri,
    ...(number !== undefined && { number }),
    ...(entry.displayName !== undefined && { displayName: entry.displayName }),
  };
}
