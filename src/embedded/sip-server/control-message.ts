import { randomUUID } from 'node:crypto';
import { isToken } from '../sip/sip-params.ts';
import type { SipTarget } from '../sip/sip-flow.ts';

/** A SIP message as the application writes it: what it leaves out, the server fills in. */
export interface AppSipMessage {
  readonly start:
    | { readonly kind: 'request'; readonly method: string; readonly uri: string }
    | { readonly kind: 'response'; readonly status: number; readonly reason: string };
  /** In order, names as written. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What an application asks of the server: one control message, by its second field. */
export type AppMessage =
  | { readonly kind: 'authenticate'; readonly id: string; readonly secret: string }
  | { readonly kind: 'ping'; readonly id: string }
  | { readonly kind: 'route' | 'remove_route'; readonly id: string; readonly verb: string }
  | {
      readonly kind: 'sip';
      readonly id: string;
      readonly transactionId: string;
      readonly dialogId: string;
      /** Where to send the request instead of its Request-URI; empty when not given. */
      readonly routeUri: string;
      readonly message: AppSipMessage;
    }
  | { readonly kind: 'proxy'; readonly id: string }
  | { readonly kind: 'invalid'; readonly id: string; readonly reason: string };

/** Header lines an application may give in one message. */
const APP_HEADER_COUNT_MAX = 128;

/** Reads one control message of an application. Never throws. */
export function parseAppMessage(text: string): AppMessage {
  const lineEnd = text.indexOf('\r\n');
  const head = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const fields = head.split('|');
  const id = fields[0] ?? '';
  const kind = fields[1] ?? '';
  switch (kind) {
    case 'authenticate':
      return { kind: 'authenticate', id, secret: fields[2] ?? '' };
    case 'ping':
      return { kind: 'ping', id };
    case 'route':
    case 'remove_route':
      return { kind, id, verb: (fields[2] ?? '').toLowerCase() };
    case 'proxy':
      return { kind: 'proxy', id };
    case 'sip': {
      const message = lineEnd < 0 ? undefined : parseAppSip(text.slice(lineEnd + 2));
      if (message === undefined) return { kind: 'invalid', id, reason: 'Invalid SIP message' };
      return {
        kind: 'sip',
        id,
        transactionId: fields[2] ?? '',
        dialogId: fields[3] ?? '',
        routeUri: fields[4] ?? '',
        message,
      };
    }
    default:
      return {
        kind: 'invalid',
        id,
        reason: fields.length < 2 ? 'Invalid message format' : 'Unknown message type',
      };
  }
}

function parseAppSip(text: string): AppSipMessage | undefined {
  const split = text.indexOf('\r\n\r\n');
  const head = split < 0 ? text : text.slice(0, split);
  const lines = head.split('\r\n');
  const start = parseStart(lines[0] ?? '');
  if (start === undefined || lines.length > APP_HEADER_COUNT_MAX + 1) return undefined;
  const headers: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    // A line break smuggled into a value would be a header of its own here; a bare one would be on the wire.
    if (line === '' || !isToken(name) || line.includes('\n') || line.includes('\r')) continue;
    headers.push([name, line.slice(colon + 1).trim()]);
  }
  return { start, headers, body: split < 0 ? '' : text.slice(split + 4) };
}

function parseStart(line: string): AppSipMessage['start'] | undefined {
  const parts = line.split(' ');
  if (parts[0] === 'SIP/2.0') {
    const status = Number(parts[1]);
    if (!Number.isInteger(status) || status < 100 || status > 699) return undefined;
    return { kind: 'response', status, reason: parts.slice(2).join(' ') };
  }
  const [method, uri] = parts;
  if (method === undefined || uri === undefined || !isToken(method)) return undefined;
  return { kind: 'request', method: method.toUpperCase(), uri };
}

/** `<id>|response|<id of the request>|OK|…` */
export function formatOk(requestId: string, detail?: string): string {
  return `${randomUUID()}|response|${requestId}|OK${detail === undefined ? '' : `|${detail}`}`;
}

/**
 * The refusal of a request; `word` is NO before anything was tried and NOK after, as drachtio-server words
 * them.
 */
export function formatNotOk(requestId: string, reason: string, word: 'NO' | 'NOK' = 'NOK'): string {
  return `${randomUUID()}|response|${requestId}|${word}|${reason}`;
}

/** Who or what a SIP message told to the application goes with. */
export interface SipNotice {
  readonly source: 'network' | 'application';
  readonly peer: SipTarget;
  readonly transactionId: string;
  readonly dialogId: string;
  /** Our own `host|port`, told for requests outside a dialog. */
  readonly receivedOn?: { readonly host: string; readonly port: number };
  readonly text: string;
}

/** `<id>|sip|network|…` with the SIP message after it. */
export function formatSip(notice: SipNotice, nowMs: number): string {
  const { receivedOn } = notice;
  const at = receivedOn === undefined ? '' : `${receivedOn.host}|${receivedOn.port}|`;
  const meta = formatMeta(notice.source, notice.peer, notice.text, nowMs);
  return `${randomUUID()}|sip|${meta}|${notice.transactionId}|${notice.dialogId}|${at}\r\n${notice.text}`;
}

/** The echo of a request the application had sent. */
export function formatRequestSent(id: string, notice: SipNotice, nowMs: number): string {
  const meta = formatMeta(notice.source, notice.peer, notice.text, nowMs);
  return formatOk(id, `${meta}|${notice.transactionId}|Msg sent:|\r\n${notice.text}`);
}

/** The echo of a response the application had sent. */
export function formatResponseSent(id: string, notice: SipNotice, nowMs: number): string {
  const meta = formatMeta(notice.source, notice.peer, notice.text, nowMs);
  return formatOk(id, `${meta}|${notice.transactionId}|${notice.dialogId}||Msg sent:|\r\n${notice.text}`);
}

function formatMeta(source: string, peer: SipTarget, text: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().slice(11, 23);
  return `${source}|${Buffer.byteLength(text)}|${peer.protocol}|${peer.address}|${peer.port}|${time}000`;
}
