import { readNameAddresses, readSipUri } from './sip-uri-reader.ts';
import type { SipSource } from './sip-source.ts';

/** A REGISTER as the registrar needs it. */
export interface RegisterRequest {
  /** User part of the To URI: the address of record. */
  readonly aorUser: string;
  readonly callId: string;
  readonly cseq: number;
  /** Raw Contact header; undefined when there is none (a query). */
  readonly contact?: string;
  /** Raw Expires header. */
  readonly expires?: string;
  /** Raw Authorization header. */
  readonly authorization?: string;
  readonly userAgent?: string;
  readonly source: SipSource;
}

/** A final response to REGISTER. `headers` values may be lists, one header line each. */
export interface RegisterResponse {
  readonly status: 200 | 400 | 401 | 403 | 423 | 500;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** One contact asked for. */
export interface WantedContact {
  readonly uri: string;
  readonly preference: number;
  /** 0 removes. Undefined: none given. */
  readonly expiresSec?: number;
  readonly instance?: string;
}

/** `all`: `Contact: *`; `none`: a query; `malformed`: 400. */
export type WantedContacts =
  | { readonly kind: 'list'; readonly contacts: readonly WantedContact[] }
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' };

/** Expires values above are read as this (RFC 3261 §20.19 allows up to 2^32 − 1). */
const EXPIRES_SEC_MAX = 2 ** 32 - 1;

/** Reads delta-seconds; malformed values read as undefined (RFC 3261 §10.3: treated as the default). */
export function readDeltaSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d{1,10}\s*$/.test(text)) return undefined;
  return Math.min(Number(text), EXPIRES_SEC_MAX);
}

/** Reads the Contact header of a REGISTER (RFC 3261 §10.2.1, §10.3). */
export function readWantedContacts(request: RegisterRequest): WantedContacts {
  if (request.contact === undefined || request.contact.trim() === '') return { kind: 'none' };
  const headerExpiresSec = readDeltaSeconds(request.expires);
  if (request.contact.trim() === '*') {
    // RFC 3261 §10.3 step 6: "*" only together with Expires: 0.
    return headerExpiresSec === 0 ? { kind: 'all' } : { kind: 'malformed' };
  }
  const entries = readNameAddresses(request.contact);
  if (!entries) return { kind: 'malformed' };
  const contacts: WantedContact[] = [];
  for (const { uri, params } of entries) {
    const parts = readSipUri(uri);
    if (parts?.host === undefined) return { kind: 'malformed' };
    const expiresSec = readDeltaSeconds(params.get('expires')) ?? headerExpiresSec;
    const instance = params.get('+sip.instance')?.slice(0, 128);
    contacts.push({
      uri,
      preference: readPreference(params.get('q')),
      ...(expiresSec !== undefined && { expiresSec }),
      ...(instance !== undefined && instance !== '' && { instance }),
    });
  }
  return { kind: 'list', contacts };
}

function readPreference(q: string | undefined): number {
  return q !== undefined && /^(?:0(?:\.\d{1,3})?|1(?:\.0{1,3})?)$/.test(q)
    ? Math.round(Number(q) * 1000)
    : 1000;
}
