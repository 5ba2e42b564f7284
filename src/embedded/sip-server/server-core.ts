import { isIPv4 } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import { numericTargetOf } from '../sip/next-hop.ts';
import { parseNameAddr } from '../sip/name-addr.ts';
import type { SipFlow, SipTarget } from '../sip/sip-flow.ts';
import { sipMessageText } from '../sip/sip-message.ts';
import type { SipMessage, SipRequest, SipResponse } from '../sip/sip-message.ts';
import type { SipStack } from '../sip/sip-stack.ts';
import { parseSipUri } from '../sip/sip-uri.ts';
import type { LocalAddress } from './app-headers.ts';
import { formatRequestSent, formatSip } from './control-message.ts';
import type { ControlConnection } from './control-connection.ts';
import { DialogStore } from './server-dialog.ts';
import type { ServerDialog } from './server-dialog.ts';

/**
 * What both directions of the server share: the stack, the dialogs, and how messages are told to
 * applications.
 */
export class ServerCore {
  readonly dialogs = new DialogStore();
  readonly clock: Clock;
  readonly stack: SipStack;

  constructor(stack: SipStack, clock: Clock) {
    this.stack = stack;
    this.clock = clock;
  }

  /** Our address as a peer sees it. */
  localTowards(peer: SipTarget): LocalAddress {
    const hostPort = this.stack.hostPortTowards(peer.address);
    const colon = hostPort.lastIndexOf(':');
    return {
      protocol: peer.protocol,
      host: hostPort.slice(0, colon),
      port: Number(hostPort.slice(colon + 1)),
    };
  }

  /** Tells an application of a SIP message from the network. */
  tell(
    owner: ControlConnection,
    message: SipMessage,
    peer: SipTarget,
    ids: { readonly transactionId: string; readonly dialogId: string },
    receivedOn?: SipFlow,
  ): void {
    const at =
      receivedOn === undefined
        ? {}
        : { receivedOn: { host: receivedOn.localAddress, port: receivedOn.localPort } };
    const notice = { source: 'network' as const, peer, ...ids, ...at, text: sipMessageText(message) };
    owner.send(formatSip(notice, this.clock.nowMs()));
  }

  /** Answers an application that its request has left. */
  echo(
    owner: ControlConnection,
    requestId: string,
    request: SipRequest,
    peer: SipTarget,
    transactionId: string,
  ): void {
    const local = this.localTowards(peer);
    const from = { protocol: peer.protocol, address: local.host, port: local.port };
    const notice = {
      source: 'application' as const,
      peer: from,
      transactionId,
      dialogId: '',
      text: sipMessageText(request),
    };
    owner.send(formatRequestSent(requestId, notice, this.clock.nowMs()));
  }

  /**
   * Where requests inside a dialog go: over the peer's own TCP connection while it is open, to where it
   * really is when its Contact is not that (NAT, as drachtio-server does), else by the dialog's route.
   */
  targetOf(dialog: ServerDialog): SipTarget | undefined {
    const { peer, sip } = dialog;
    if (peer !== undefined && (peer.protocol === 'udp' || this.stack.isConnected(peer))) return peer;
    return sip === undefined ? undefined : numericTargetOf(sip.nextHopUri);
  }

  /** The peer's real address when it must be used in place of its Contact; undefined otherwise. */
  peerToUse(message: SipMessage, flow: SipTarget): SipTarget | undefined {
    if (flow.protocol === 'tcp') return flow;
    if (message.headers.has('Record-Route')) return undefined;
    const contact = parseNameAddr(message.headers.list('Contact')[0] ?? '');
    const uri = contact === undefined ? undefined : parseSipUri(contact.uri);
    if (uri === undefined || uri.params.get('transport')?.toLowerCase() === 'tcp') return undefined;
    return isIPv4(uri.host) && uri.host === flow.address ? undefined : flow;
  }

  /** A BYE the application did not ask for: sent, and told to it so that it forgets the call. */
  endDialog(dialog: ServerDialog, reason: string): void {
    this.dialogs.remove(dialog);
    const target = this.targetOf(dialog);
    if (dialog.sip === undefined || target === undefined) return;
    const bye = dialog.sip.createRequest('BYE', { headers: { Reason: reason } });
    this.stack.sendRequest(bye, target, {});
    if (dialog.owner.isClosed) return;
    const notice = {
      source: 'application' as const,
      peer: target,
      transactionId: 'unsolicited',
      dialogId: dialog.id,
      text: sipMessageText(bye),
    };
    dialog.owner.send(formatSip(notice, this.clock.nowMs()));
  }
}

/** True for the answers that make a dialog. */
export function isSuccess(response: SipResponse): boolean {
  return response.status >= 200 && response.status < 300;
}
