import type { SipFlow, SipTarget } from './sip-flow.ts';
import type { SipRequest } from './sip-message.ts';
import { tagOf } from './name-addr.ts';
import { DEFAULT_SIP_PORT } from './next-hop.ts';
import { BRANCH_COOKIE, formatVia, parseCSeq, parseVia } from './via.ts';

/** RFC 3261 §17.1.3: the branch of the top Via and the method. */
export function clientKeyOf(topVia: string, method: string): string {
  return `c|${parseVia(topVia)?.params.get('branch') ?? ''}|${method}`;
}

/**
 * RFC 3261 §17.2.3: branch, sent-by and method, ACK and CANCEL meaning the INVITE. Requests of RFC 2543,
 * whose branch is no identifier, are told apart by what that section lists instead.
 */
export function serverKeyOf(request: SipRequest): string {
  const top = request.headers.list('Via')[0] ?? '';
  const via = parseVia(top);
  const branch = via?.params.get('branch') ?? '';
  const method = request.method === 'ACK' || request.method === 'CANCEL' ? 'INVITE' : request.method;
  if (branch.length > BRANCH_COOKIE.length && branch.startsWith(BRANCH_COOKIE)) {
    return `s|${branch}|${via?.host.toLowerCase() ?? ''}:${via?.port ?? DEFAULT_SIP_PORT}|${method}`;
  }
  const { headers } = request;
  const number = parseCSeq(headers.get('CSeq') ?? '')?.number ?? 0;
  return `s|2543|${headers.get('Call-ID')}|${tagOf(headers.get('From')) ?? ''}|${number}|${top}|${method}`;
}

/** What an ACK for a 2xx shares with its INVITE, whatever its branch: Call-ID, From tag, CSeq number. */
export function ackKeyOf(request: SipRequest): string {
  const { headers } = request;
  const number = parseCSeq(headers.get('CSeq') ?? '')?.number ?? 0;
  return `${headers.get('Call-ID')}|${tagOf(headers.get('From')) ?? ''}|${number}`;
}

/** Notes on the top Via where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4). */
export function markReceived(request: SipRequest, flow: SipFlow): void {
  const vias = request.headers.list('Via');
  const via = parseVia(vias[0] ?? '');
  if (via === undefined) return;
  const asksForPort = via.params.has('rport');
  if (!asksForPort && via.host === flow.address) return;
  if (asksForPort) via.params.set('rport', String(flow.port));
  if (asksForPort || via.host !== flow.address) via.params.set('received', flow.address);
  request.headers.setAll('Via', [formatVia(via), ...vias.slice(1)]);
}

/** Where the response goes (RFC 3261 §18.2.2, RFC 3581 §4), for a request that `markReceived` has seen. */
export function replyTargetOf(request: SipRequest, flow: SipFlow): SipTarget {
  const { protocol, address } = flow;
  if (protocol === 'tcp') return { protocol, address, port: flow.port };
  const via = parseVia(request.headers.list('Via')[0] ?? '');
  if (via === undefined || via.params.has('rport')) return { protocol, address, port: flow.port };
  return { protocol, address, port: via.port ?? DEFAULT_SIP_PORT };
}
