import { SipHeaders } from './sip-headers.ts';
import { withTag } from './name-addr.ts';

/** A SIP request (RFC 3261 §7.1). */
export interface SipRequest {
  readonly kind: 'request';
  method: string;
  /** The Request-URI as it stands on the wire. */
  uri: string;
  headers: SipHeaders;
  body: Buffer;
}

/** A SIP response (RFC 3261 §7.2). */
export interface SipResponse {
  readonly kind: 'response';
  /** 100 … 699 */
  status: number;
  reason: string;
  headers: SipHeaders;
  body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

/** Headers given in a call: pairs in order, or a record when order does not matter. */
export type HeaderInput = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/**
 * What a message may be given beside its start line. A body needs `contentType` (default `application/sdp`).
 */
export interface MessageParts {
  readonly headers?: HeaderInput;
  readonly body?: string | Buffer;
  readonly contentType?: string;
}

const EMPTY = Buffer.alloc(0);

/**
 * A request with just these headers: the stack adds Via, Max-Forwards and Content-Length when it sends it.
 */
export function createRequest(method: string, uri: string, parts: MessageParts = {}): SipRequest {
  const request: SipRequest = { kind: 'request', method, uri, headers: new SipHeaders(), body: EMPTY };
  fill(request, parts);
  return request;
}

/**
 * A response to `request` (RFC 3261 §8.2.6.2): Via, From, To, Call-ID, CSeq copied, Timestamp too for 100,
 * and Record-Route for what may make a dialog (§12.1.1). `toTag` is put on To unless the request had one
 * there.
 */
export function createResponse(
  request: SipRequest,
  status: number,
  parts: MessageParts & { readonly reason?: string; readonly toTag?: string } = {},
): SipResponse {
  const headers = new SipHeaders();
  for (const via of request.headers.getAll('Via')) headers.append('Via', via);
  if (status > 100 && status < 300) {
    for (const route of request.headers.getAll('Record-Route')) headers.append('Record-Route', route);
  }
  headers.append('From', request.headers.get('From') ?? '');
  const to = request.headers.get('To') ?? '';
  headers.append('To', parts.toTag === undefined || status === 100 ? to : withTag(to, parts.toTag));
  headers.append('Call-ID', request.headers.get('Call-ID') ?? '');
  headers.append('CSeq', request.headers.get('CSeq') ?? '');
  const timestamp = status === 100 ? request.headers.get('Timestamp') : undefined;
  if (timestamp !== undefined) headers.append('Timestamp', timestamp);
  const reason = parts.reason ?? reasonPhraseOf(status);
  const response: SipResponse = { kind: 'response', status, reason, headers, body: EMPTY };
  fill(response, parts);
  return response;
}

/** The bytes for the wire. Content-Length is always written, and right (RFC 3261 §20.14). */
export function serializeSipMessage(message: SipMessage): Buffer {
  const start =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  let head = start;
  let lengthWritten = false;
  for (const { name, value } of message.headers) {
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (!lengthWritten) head += `Content-Length: ${message.body.length}\r\n`;
      lengthWritten = true;
    } else head += `${name}: ${value}\r\n`;
  }
  if (!lengthWritten) head += `Content-Length: ${message.body.length}\r\n`;
  const headBytes = Buffer.from(`${head}\r\n`);
  return message.body.length === 0 ? headBytes : Buffer.concat([headBytes, message.body]);
}

/** The message as text (the body read as UTF-8), the way it goes over the wire. */
export function sipMessageText(message: SipMessage): string {
  return serializeSipMessage(message).toString('utf8');
}

function fill(message: SipMessage, parts: MessageParts): void {
  const given = parts.headers ?? [];
  const pairs = Symbol.iterator in given ? given : Object.entries(given);
  for (const [name, value] of pairs) message.headers.append(name, value);
  if (parts.body === undefined || parts.body.length === 0) return;
  message.body = typeof parts.body === 'string' ? Buffer.from(parts.body) : parts.body;
  if (!message.headers.has('Content-Type')) {
    message.headers.append('Content-Type', parts.contentType ?? 'application/sdp');
  }
}

/** Reason phrases (RFC 3261 §21 and the later registrations in use). */
const REASON_PHRASES: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  421: 'Extension Required',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
};

/** The usual reason phrase of a status; of its class when the status has none of its own. */
export function reasonPhraseOf(status: number): string {
  const known = REASON_PHRASES[status];
  if (known !== undefined) return known;
  if (status < 200) return 'Session Progress';
  if (status < 300) return 'OK';
  if (status < 400) return 'Redirect';
  if (status < 500) return 'Request Failure';
  return status < 600 ? 'Server Failure' : 'Global Failure';
}
