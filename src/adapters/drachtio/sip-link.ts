import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import { SrfClass } from './drachtio-srf.ts';
import type { Srf, SrfRequest, SrfResponse } from './drachtio-srf.ts';
import type { SipTrace } from './sip-trace.ts';
import type { SipServerConfig } from './telephony-config.ts';

/** Handlers of requests outside dialogs, by lower-case method. */
export type SipRoutes = Readonly<Record<string, (req: SrfRequest, res: SrfResponse) => void>>;

/** How the SIP server is. */
export interface SipLinkHealth {
  readonly connected: boolean;
  /** As the server says: `v0.9.10`. */
  readonly version?: string;
  /** `udp/192.0.2.1:5060`, `tcp/…`. */
  readonly sipAddresses: readonly string[];
  readonly lastError?: string;
}

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 1000;
const PING_INTERVAL_MS = 15_000;

/**
 * The connection to the SIP server. Each connection has its own Srf: what the old one knew of dialogs is
 * worthless after a loss, and the library's reconnection would keep it.
 */
export class SipLink {
  readonly #config: SipServerConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #routes: SipRoutes;
  readonly #trace: SipTrace;
  readonly #lostListeners = new Set<() => void>();
  readonly #connectedListeners = new Set<() => void>();
  #srf: Srf | undefined;
  #closed = false;
  #retryMs = RETRY_MIN_MS;
  #timer: TimerHandle | undefined;
  #version: string | undefined;
  #sipAddresses: readonly string[] = [];
  #lastError: AppError | undefined;

  constructor(config: SipServerConfig, routes: SipRoutes, trace: SipTrace, clock: Clock, log: Log) {
    this.#config = config;
    this.#routes = routes;
    this.#trace = trace;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Starts connecting; resolves when connected. Rejects after `timeoutMs`, but goes on trying until closed.
   */
  async connect(timeoutMs: number): Promise<void> {
    const connected = new Promise<true>((resolve) => {
      const stop = this.onConnected(() => {
        stop();
        resolve(true);
      });
    });
    this.#tryConnect();
    if ((await withDeadline(this.#clock, timeoutMs, connected)) === true) return;
    throw (
      this.#lastError ??
      new AppError('SIP_SERVER_UNREACHABLE', `no control port at ${this.#config.host}:${this.#config.port}`, {
        retryable: true,
      })
    );
  }

  /** The live Srf. Throws SIP_SERVER_UNREACHABLE when there is none. */
  get srf(): Srf {
    if (this.#srf) return this.#srf;
    throw new AppError('SIP_SERVER_UNREACHABLE', 'the SIP server is not connected', { retryable: true });
  }

  get connected(): boolean {
    return this.#srf !== undefined;
  }

  get health(): SipLinkHealth {
    return {
      connected: this.connected,
      sipAddresses: this.connected ? this.#sipAddresses : [],
      ...(this.#version !== undefined && { version: this.#version }),
      ...(!this.connected && this.#lastError && { lastError: this.#lastError.message }),
    };
  }

  /** Calls `listener` at each loss of a working connection. */
  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Calls `listener` at each connection. */
  onConnected(listener: () => void): () => void {
    this.#connectedListeners.add(listener);
    return () => this.#connectedListeners.delete(listener);
  }

  /** Disconnects for good. Idempotent. */
  close(): void {
    this.#closed = true;
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    const srf = this.#srf;
    this.#srf = undefined;
    if (srf) quietly(() => srf.disconnect());
  }

  #tryConnect(): void {
    if (this.#closed) return;
    const srf = new SrfClass();
    for (const [method, handler] of Object.entries(this.#routes)) srf.use(method, this.#guarded(handler));
    let over = false;
    const fail = (error: AppError): void => {
      if (over) return;
      over = true;
      this.#failed(srf, error);
    };
    srf.on('connect', (err: unknown, addresses?: string, version?: string | null) => {
      if (err || over || this.#closed) {
        quietly(() => srf.disconnect());
        if (err)
          fail(new AppError('SIP_SERVER_REFUSED', 'the SIP server refused the secret', { cause: err }));
        return;
      }
      this.#adopt(srf, addresses ?? '', version ?? undefined);
    });
    const lost = (why: string): void =>
      fail(
        new AppError(
          'SIP_SERVER_UNREACHABLE',
          `control port ${this.#config.host}:${this.#config.port}: ${why}`,
          {
            retryable: true,
          },
        ),
      );
    srf.on('error', (error: unknown) => lost(messageOf(error)));
    srf.on('close', () => lost('closed'));
    srf.connect({
      host: this.#config.host,
      port: this.#config.port,
      secret: this.#config.secret,
      enablePing: true,
      pingInterval: PING_INTERVAL_MS,
      reconnect: { maxAttempts: 1 },
    });
  }

  #adopt(srf: Srf, addresses: string, version: string | undefined): void {
    this.#srf = srf;
    this.#version = version;
    this.#sipAddresses = addresses.split(',').filter((address) => address !== '');
    this.#lastError = undefined;
    this.#retryMs = RETRY_MIN_MS;
    srf.app.client?.wp?.on('msg', (_socket: Socket, message: string) => this.#trace.observe(message));
    this.#log.info({ sipAddresses: this.#sipAddresses, version }, 'SIP server connected');
    for (const listener of this.#connectedListeners) listener();
  }

  #failed(srf: Srf, error: AppError): void {
    this.#lastError = error;
    const wasConnected = this.#srf === srf;
    if (wasConnected) this.#srf = undefined;
    if (this.#closed) return;
    if (wasConnected) {
      this.#log.error({ code: error.code, error: error.message }, 'SIP server lost');
      for (const listener of this.#lostListeners) listener();
    } else this.#log.warn({ code: error.code, error: error.message }, 'SIP server not available');
    this.#timer = this.#clock.setTimer(this.#retryMs, () => this.#tryConnect());
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  /**
   * A fault of ours in one request must not reach the library, which would print and answer in its own way.
   */
  #guarded(
    handler: (req: SrfRequest, res: SrfResponse) => void,
  ): (req: SrfRequest, res: SrfResponse) => void {
    // The library looks at the number of parameters: exactly two.
    return (req, res) => {
      try {
        handler(req, res);
      } catch (thrown) {
        this.#log.error(
          { error: messageOf(thrown), method: req.method },
          'a SIP request could not be handled',
        );
        quietly(() => {
          if (!res.finalResponseSent) res.send(500);
        });
      }
    };
  }
}

/** Runs something whose failure means only that the connection has gone. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The library asserts that a socket exists; without one there is nobody to tell.
  }
}
