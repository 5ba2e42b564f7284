import { SystemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { SipAddress } from '../sip/sip-flow.ts';
import { SipStack } from '../sip/sip-stack.ts';
import type { SipStackFault } from '../sip/sip-stack-options.ts';
import { DEFAULT_SIP_TIMERS } from '../sip/sip-timers.ts';
import { Admission } from './admission.ts';
import type { ControlConnection } from './control-connection.ts';
import { ControlServer } from './control-server.ts';
import { InboundRequests } from './inbound-requests.ts';
import { OutboundRequests } from './outbound-requests.ts';
import { ServerCore } from './server-core.ts';
import { DEFAULT_SIP_SERVER_LIMITS } from './sip-server-options.ts';
import type { SipServerOptions, SipServerStatistics } from './sip-server-options.ts';

/** The version told to applications: that of the drachtio-server whose behaviour this follows. */
const PROTOCOL_VERSION = 'v0.9.10-turnkeeper';

/**
 * A drachtio-server in TypeScript: SIP on one side, drachtio's control protocol on the other, so that
 * drachtio-srf drives it unchanged. What differs on purpose: when an application's connection is lost its
 * calls are ended (drachtio-server leaves them to the peer), methods nobody handles are answered 405 (it
 * drops them), and `proxy` is refused.
 */
export class SipServer {
  readonly #stack: SipStack;
  readonly #control: ControlServer;
  readonly #core: ServerCore;
  readonly #inbound: InboundRequests;
  readonly #outbound: OutboundRequests;
  readonly #options: SipServerOptions;
  #controlPort = 0;
  #controlRejectedCount = 0;

  constructor(options: SipServerOptions, clock: Clock = new SystemClock()) {
    this.#options = options;
    const limits = { ...DEFAULT_SIP_SERVER_LIMITS, ...options.limits };
    const timers = { ...DEFAULT_SIP_TIMERS, ...options.timers };
    const admission = new Admission(limits, clock, () => ({
      dialogCount: this.#core.dialogs.count,
      ringingCount: this.#inbound.ringingCount,
      transactionCount: this.#stack.serverTransactionCount,
    }));
    this.#stack = new SipStack(
      { request: (tx) => this.#inbound.receive(tx), admit: (request) => admission.judge(request) },
      {
        clock,
        timers,
        // drachtio-server answers 100 Trying before it asks anybody.
        tryingAfterMs: 0,
        ...(options.advertisedHost === undefined ? {} : { advertisedHost: options.advertisedHost }),
      },
    );
    this.#core = new ServerCore(this.#stack, clock);
    this.#control = new ControlServer(options.secret, {
      describe: () => this.#describe(),
      authenticated: () => undefined,
      sip: (connection, message) => {
        if (message.message.start.kind === 'response') this.#inbound.respond(connection, message);
        else this.#outbound.send(connection, message);
      },
      closed: (connection) => this.#abandon(connection),
      rejected: () => this.#controlRejectedCount++,
    });
    const patience = { silentMs: limits.silentApplicationMs, ringingMs: limits.ringingMs };
    this.#inbound = new InboundRequests(this.#core, timers, patience, (m) => this.#control.choose(m));
    this.#outbound = new OutboundRequests(this.#core, limits.ringingMs);
  }

  get sipAddresses(): readonly SipAddress[] {
    return this.#stack.addresses;
  }

  get controlPort(): number {
    return this.#controlPort;
  }

  get statistics(): SipServerStatistics {
    return {
      dialogCount: this.#core.dialogs.count,
      inboundCount: this.#inbound.count,
      outboundCount: this.#outbound.count,
      clientTransactionCount: this.#stack.clientTransactionCount,
      serverTransactionCount: this.#stack.serverTransactionCount,
      connectionCount: this.#stack.connectionCount,
      applicationCount: this.#control.applicationCount,
      ...this.#stack.counters,
      controlRejectedCount: this.#controlRejectedCount,
    };
  }

  /** Set to hear of malformed messages and of faults in this program. */
  set onFault(listener: ((fault: SipStackFault) => void) | undefined) {
    this.#stack.onFault = listener;
  }

  /**
   * Binds both sides.
   * @throws AppError SIP_LISTEN_FAILED or CONTROL_LISTEN_FAILED.
   */
  async listen(): Promise<void> {
    await this.#stack.listen({
      host: this.#options.sipHost ?? '127.0.0.1',
      port: this.#options.sipPort ?? 0,
    });
    try {
      const host = this.#options.controlHost ?? '127.0.0.1';
      this.#controlPort = await this.#control.listen(host, this.#options.controlPort ?? 0);
    } catch (error) {
      await this.#stack.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#control.close();
    await this.#stack.close();
    this.#inbound.close();
    this.#outbound.close();
  }

  /** `<contacts>|<version>|<local addresses>`, both lists as `udp/host:port,tcp/host:port`. */
  #describe(): string {
    const list = this.#stack.addresses.map(({ protocol, host, port }) => {
      const shown = host === '0.0.0.0' ? (this.#options.advertisedHost ?? host) : host;
      return `${protocol}/${shown}:${port}`;
    });
    return `${list.join(',')}|${PROTOCOL_VERSION}|${list.join(',')}`;
  }

  /** An application's connection is lost: no call may stay up that nobody looks after. */
  #abandon(connection: ControlConnection): void {
    this.#inbound.abandon(connection);
    this.#outbound.abandon(connection);
    for (const dialog of this.#core.dialogs) {
      if (dialog.owner !== connection || !dialog.isConfirmed) continue;
      this.#core.endDialog(dialog, 'SIP ;cause=503 ;text="application disconnected"');
    }
  }
}
