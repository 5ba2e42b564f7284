import { canonicalHeaderName } from '../sip/sip-headers.ts';
import type { SipHeaders } from '../sip/sip-headers.ts';
import { formatNameAddr, parseNameAddr } from '../sip/name-addr.ts';
import { formatSipUri, parseSipUri } from '../sip/sip-uri.ts';
import type { SipProtocol } from '../sip/sip-flow.ts';
import type { AppSipMessage } from './control-message.ts';

/** Our own side of the transport a message goes over. */
export interface LocalAddress {
  readonly protocol: SipProtocol;
  readonly host: string;
  readonly port: number;
}

/** Headers an application may not set: they are the server's, as drachtio-server has it. */
const SERVER_HEADERS = new Set(['via', 'route', 'record-route', 'rseq', 'content-length']);
/** Headers that are handled one by one where the message is built. */
const DIALOG_HEADERS = new Set(['from', 'to', 'call-id', 'cseq', 'contact', 'max-forwards', 'content-type']);
/** Headers whose `localhost` stands for our address. */
const LOCALHOST_HEADERS = new Set(['from', 'to', 'contact', 'p-asserted-identity']);

/** The last value an application gave for a header; undefined when it gave none. */
export function appHeader(message: AppSipMessage, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return message.headers.findLast(([given]) => given.toLowerCase() === wanted)?.[1];
}

/** Puts the application's other headers into a message, leaving out what is not its to set. */
export function copyAppHeaders(message: AppSipMessage, into: SipHeaders, local: LocalAddress): void {
  for (const [name, value] of message.headers) {
    const key = name.toLowerCase();
    if (SERVER_HEADERS.has(key) || DIALOG_HEADERS.has(key)) continue;
    const filled = LOCALHOST_HEADERS.has(key) ? fillLocalhost(value, local) : value;
    into.append(isSpeltByUser(name) ? name : canonicalHeaderName(name), filled);
  }
}

/** Replaces the host `localhost` of a name-addr by our address and port, as drachtio-server does. */
export function fillLocalhost(value: string, local: LocalAddress): string {
  const address = parseNameAddr(value);
  const uri = address === undefined ? undefined : parseSipUri(address.uri);
  if (address === undefined || uri === undefined) return value;
  if (uri.host.toLowerCase() === 'localhost') {
    uri.host = local.host;
    uri.port = local.port;
  }
  address.uri = formatSipUri(uri);
  return formatNameAddr(address);
}

/** The Contact we give when the application gives none. */
export function defaultContact(local: LocalAddress): string {
  return `<sip:${local.host}:${local.port}${local.protocol === 'tcp' ? ';transport=tcp' : ''}>`;
}

/** The application's Contact with `localhost` filled in and the transport named, or the default one. */
export function contactOf(message: AppSipMessage, local: LocalAddress): string {
  const given = appHeader(message, 'Contact');
  if (given === undefined) return defaultContact(local);
  const filled = fillLocalhost(given, local);
  const address = parseNameAddr(filled);
  const uri = address === undefined ? undefined : parseSipUri(address.uri);
  if (address === undefined || uri === undefined || local.protocol !== 'tcp') return filled;
  const isOurs = uri.host === local.host && uri.port === local.port;
  if (isOurs && !uri.params.has('transport')) uri.params.set('transport', 'tcp');
  address.uri = formatSipUri(uri);
  return formatNameAddr(address);
}

/** A body without a type is SDP when it looks like it; undefined when nobody can say what it is. */
export function contentTypeOf(message: AppSipMessage): string | undefined {
  return (
    appHeader(message, 'Content-Type') ?? (message.body.startsWith('v=0') ? 'application/sdp' : undefined)
  );
}

/**
 * drachtio-srf lower-cases some names of the responses it builds (`cseq`); others keep the user's spelling.
 */
function isSpeltByUser(name: string): boolean {
  return name !== name.toLowerCase();
}
