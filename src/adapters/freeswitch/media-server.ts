import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Counters } from '../../telephony/counters.ts';
import { coalesceWrites } from './coalesced-writes.ts';
import { CodecMemory } from './codec-memory.ts';
import { withDeadline } from './deadline.ts';
import { CODEC_HEADER, MrfClass } from './drachtio-fsmrf.ts';
import type { MrfEndpoint, MrfMediaServer, MrfSip } from './drachtio-fsmrf.ts';
import { EndpointPool } from './endpoint-pool.ts';
import { AudioTapServer } from './audio-tap-server.ts';
import { askEventSocket } from './event-socket-probe.ts';
import { MediaEndpoint } from './media-endpoint.ts';
import { RecordingWatch } from './recording-watch.ts';

/** Where the media server is and how it reaches us. */
export interface MediaServerConfig {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Local address that the media server's outbound event sockets connect to. */
  readonly listenAddress: string;
  /** 0: any free port. */
  readonly listenPort: number;
  /** What the media server is told instead, behind a port mapping. */
  readonly advertisedAddress?: string;
  readonly advertisedPort?: number;
  /** Where tapped audio is taken, on `listenAddress`. 0: any free port. */
  readonly tapPort: number;
  /** SIP profile of the media server. Default `drachtio_mrf`. */
  readonly profile: string;
  /** Directory of prompts and music, as the media server sees it. */
  readonly audioRoot: string;
  /** Directory that recordings go to, as the media server sees it. Absent: nothing is recorded. */
  readonly recordingsRoot?: string;
  /**
   * Endpoints kept ready for outbound calls; 4 is enough for the agents of one moment. 0: none. From
   * originate to the INVITE on the wire, real servers and two busy cores: p50 3.6 ms with four, 15.1 ms
   * without (p95 6.2 and 39.5 ms).
   */
  readonly warmEndpointCount: number;
}

/** Longest wait for one endpoint. */
const ENDPOINT_DEADLINE_MS = 5000;
const PROBE_DEADLINE_MS = 3000;
const PING_INTERVAL_MS = 5000;
/** Unanswered pings in a row after which the server counts as lost though its sockets are open. */
const PINGS_LOST_MAX = 2;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 2000;

/** Getting an endpoint: `refused` carries the media server's SIP status (488: no codec in common). */
export type EndpointOutcome =
  | { readonly kind: 'endpoint'; readonly endpoint: MediaEndpoint }
  | { readonly kind: 'refused'; readonly sipStatus: number }
  | { readonly kind: 'unavailable'; readonly detail: string };

/** How the media server is. */
export interface MediaServerHealth {
  readonly connected: boolean;
  readonly version?: string;
  /** Round trip of the last ping on the event socket. */
  readonly latencyMs?: number;
  /** Milliseconds since the last HEARTBEAT event; undefined before the first. */
  readonly heartbeatAgeMs?: number;
  readonly endpointCount: number;
  readonly warmEndpointCount: number;
  /** Audio can be tapped: mod_audio_fork is loaded. */
  readonly canTap: boolean;
  readonly lastError?: string;
}

/** One media server: connects, reconnects, makes endpoints. Nothing else touches drachtio-fsmrf. */
export class MediaServer {
  /** What those who were offered media have answered. */
  readonly codecs = new CodecMemory();
  readonly #config: MediaServerConfig;
  readonly #sip: MrfSip;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #endpoints = new Set<MediaEndpoint>();
  readonly #taps: AudioTapServer;
  readonly #recordings = new RecordingWatch();
  #canTap = false;
  readonly #pool: EndpointPool;
  #sipLossCount = 0;
  #server: MrfMediaServer | undefined;
  #closed = false;
  #retryMs = RETRY_MIN_MS;
  #timer: TimerHandle | undefined;
  #latencyMs: number | undefined;
  #heartbeatAtMs: number | undefined;
  #pingsLost = 0;
  #lastError: AppError | undefined;
  #connectedWaiters: (() => void)[] = [];
  readonly #connectedListeners = new Set<() => void>();

  constructor(config: MediaServerConfig, sip: MrfSip, clock: Clock, log: Log, counters: Counters) {
    this.#config = config;
    this.#sip = sip;
    this.#clock = clock;
    this.#log = log;
    this.#counters = counters;
    this.#taps = new AudioTapServer({ ...config, listenPort: config.tapPort, log });
    this.#pool = new EndpointPool(config.warmEndpointCount, clock, (codec) => this.#make(undefined, codec));
  }

  /**
   * Starts connecting; resolves when connected. Rejects after `timeoutMs`, but goes on trying until closed.
   */
  async connect(timeoutMs: number): Promise<void> {
    await this.#taps.listen();
    const connected = new Promise<true>((resolve) => this.#connectedWaiters.push(() => resolve(true)));
    void this.#tryConnect();
    if ((await withDeadline(this.#clock, timeoutMs, connected)) === true) return;
    throw (
      this.#lastError ??
      new AppError(
        'MEDIA_SERVER_UNREACHABLE',
        `no event socket at ${this.#config.host}:${this.#config.port}`,
        {
          retryable: true,
        },
      )
    );
  }

  /** Calls `listener` at each connection. */
  onConnected(listener: () => void): void {
    this.#connectedListeners.add(listener);
  }

  /** Audio can be tapped: the server has mod_audio_fork. */
  get canTap(): boolean {
    return this.#canTap;
  }

  get connected(): boolean {
    return this.#server !== undefined;
  }

  /** Starts keeping warm endpoints; call once SIP works. */
  warmUp(): void {
    this.#pool.fill();
  }

  /** An endpoint for a remote offer. Never rejects. */
  endpointFor(remoteSdp: string): Promise<EndpointOutcome> {
    return this.#make(remoteSdp);
  }

  /** An endpoint that makes the offer itself, warm when one is ready, set to the codec. Never rejects. */
  async offeringEndpoint(codec?: string): Promise<EndpointOutcome> {
    const warm = this.#pool.take(codec);
    this.#counters.increment('media_endpoints', warm ? 'warm' : 'cold');
    return warm ? { kind: 'endpoint', endpoint: warm } : this.#make(undefined, codec);
  }

  get health(): MediaServerHealth {
    const nowMs = this.#clock.monotonicMs();
    return {
      connected: this.connected,
      endpointCount: this.#endpoints.size,
      warmEndpointCount: this.#pool.readyCount,
      ...(this.#server?.fsVersion !== undefined && { version: this.#server.fsVersion }),
      canTap: this.#canTap,
      ...(this.#latencyMs !== undefined && { latencyMs: this.#latencyMs }),
      ...(this.#heartbeatAtMs !== undefined && { heartbeatAgeMs: Math.round(nowMs - this.#heartbeatAtMs) }),
      ...(!this.connected && this.#lastError && { lastError: this.#lastError.message }),
    };
  }

  /** SIP is gone: endpoints cannot be told goodbye by BYE; they are killed over the event socket. */
  async killAll(): Promise<void> {
    this.#sipLossCount++;
    this.#pool.empty();
    await Promise.all([...this.#endpoints].map((endpoint) => endpoint.kill()));
  }

  /** Ends a channel that no endpoint of ours stands for. Rejects with MEDIA_SERVER_UNREACHABLE. */
  async killChannel(uuid: string): Promise<void> {
    if (!this.#server) {
      throw new AppError('MEDIA_SERVER_UNREACHABLE', 'the media server is not connected', {
        retryable: true,
      });
    }
    await this.#server.api(`uuid_kill ${uuid}`);
  }

  /** Frees every endpoint and disconnects. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pool.close();
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    await Promise.all([...this.#endpoints].map((endpoint) => endpoint.destroy()));
    await this.#taps.close();
    this.#drop(undefined);
  }

  async #tryConnect(): Promise<void> {
    if (this.#closed) return;
    try {
      const status = await askEventSocket(this.#config, 'sofia status', this.#clock, PROBE_DEADLINE_MS);
      if (!new RegExp(`^\\s*${this.#config.profile}\\s.*sip:mod_sofia@[0-9.]+:\\d+`, 'm').test(status)) {
        throw new AppError(
          'MEDIA_SERVER_PROFILE_MISSING',
          `no SIP profile ${this.#config.profile} is running`,
        );
      }
      await this.#connectMrf();
      this.#retryMs = RETRY_MIN_MS;
    } catch (thrown) {
      this.#lastError =
        thrown instanceof AppError
          ? thrown
          : new AppError('MEDIA_SERVER_UNREACHABLE', messageOf(thrown), { cause: thrown, retryable: true });
      this.#log.warn(
        { code: this.#lastError.code, error: this.#lastError.message },
        'media server not available',
      );
      this.#retry();
    }
  }

  #retry(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.setTimer(this.#retryMs, () => void this.#tryConnect());
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  async #connectMrf(): Promise<void> {
    const { host, port, secret, listenAddress, listenPort, profile } = this.#config;
    const { advertisedAddress, advertisedPort } = this.#config;
    const connecting = new Promise<MrfMediaServer>((resolve, reject) => {
      // The callback form: the library calls it once more for every retry of its own; late servers are let
      // go.
      new MrfClass(this.#sip).connect(
        {
          address: host,
          port,
          secret,
          listenAddress,
          listenPort,
          profile,
          ...(advertisedAddress !== undefined && { advertisedAddress }),
          ...(advertisedPort !== undefined && { advertisedPort }),
        },
        (err, server) => {
          if (!server) reject(err instanceof Error ? err : new Error(String(err)));
          else if (this.#server || this.#closed) release(server);
          else {
            this.#adopt(server);
            resolve(server);
          }
        },
      );
    });
    const server = await withDeadline(this.#clock, PROBE_DEADLINE_MS, connecting);
    if (!server) throw new Error('the media server accepted the connection but did not become ready');
  }

  #adopt(server: MrfMediaServer): void {
    this.#server = server;
    this.#lastError = undefined;
    this.#pingsLost = 0;
    if (server.conn.socket) tuneSocket(server.conn.socket);
    server._server?.server.prependListener('connection', tuneSocket);
    server.conn.on('error', () => this.#lost(server));
    server.on('end', () => this.#lost(server));
    server.conn.on('esl::event::HEARTBEAT::*', () => {
      this.#heartbeatAtMs = this.#clock.monotonicMs();
    });
    // Here and not on the channel's own socket, which closes before the last recording is complete.
    server.conn.sendRecv('event json RECORD_STOP');
    server.conn.on('esl::event::RECORD_STOP::*', (event) => this.#recordings.stopped(event));
    void this.#learnAbilities(server);
    this.#log.info({ host: this.#config.host, port: this.#config.port }, 'media server connected');
    this.#timer = this.#clock.setTimer(PING_INTERVAL_MS, () => void this.#ping(server));
    for (const waiter of this.#connectedWaiters.splice(0)) waiter();
    for (const listener of this.#connectedListeners) listener();
    this.#pool.fill();
  }

  /** Without mod_audio_fork the server works, but nobody can listen to what it receives. */
  async #learnAbilities(server: MrfMediaServer): Promise<void> {
    const asked = server.api('module_exists mod_audio_fork').catch(() => '');
    const reply = await withDeadline(this.#clock, PROBE_DEADLINE_MS, asked);
    if (server !== this.#server) return;
    this.#canTap = reply?.trim() === 'true';
    if (!this.#canTap) this.#log.warn({}, 'no mod_audio_fork: call progress is told by SIP alone');
  }

  async #ping(server: MrfMediaServer): Promise<void> {
    if (server !== this.#server) return;
    const startedAtMs = this.#clock.monotonicMs();
    const reply = await withDeadline(this.#clock, PROBE_DEADLINE_MS, server.api('sofia status'));
    if (server !== this.#server) return;
    if (reply === undefined) {
      if (++this.#pingsLost >= PINGS_LOST_MAX) {
        this.#lost(server);
        // Its sockets are open but nobody is there: the calls on it are dead, whatever TCP says.
        for (const endpoint of this.#endpoints) endpoint.abandon();
        return;
      }
    } else {
      this.#pingsLost = 0;
      this.#latencyMs = this.#clock.monotonicMs() - startedAtMs;
    }
    this.#timer = this.#clock.setTimer(PING_INTERVAL_MS, () => void this.#ping(server));
  }

  #lost(server: MrfMediaServer): void {
    // The library's own reconnection mixes up replies that were pending: a new connection is made instead.
    server.conn.closing = true;
    if (server !== this.#server) return;
    this.#drop(server);
    this.#counters.increment('media_server_lost');
    this.#log.error({ host: this.#config.host, port: this.#config.port }, 'media server lost');
    this.#retry();
  }

  #drop(server: MrfMediaServer | undefined): void {
    const gone = server ?? this.#server;
    this.#server = undefined;
    this.#latencyMs = undefined;
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#pool.empty();
    if (gone) release(gone);
  }

  async #make(remoteSdp: string | undefined, codec?: string): Promise<EndpointOutcome> {
    const server = this.#server;
    if (!server || this.#closed) return { kind: 'unavailable', detail: 'the media server is not connected' };
    const lossCount = this.#sipLossCount;
    const making = server.createEndpoint({
      ...(remoteSdp !== undefined && { remoteSdp }),
      ...(codec !== undefined && { headers: { [CODEC_HEADER]: codec } }),
    });
    try {
      const made = await withDeadline(this.#clock, ENDPOINT_DEADLINE_MS, making);
      if (made) {
        const endpoint = this.#wrap(made, server);
        if (lossCount === this.#sipLossCount) return { kind: 'endpoint', endpoint };
        // Its dialog ended with the SIP server that was lost meanwhile: no answer could be joined to it.
        void endpoint.kill();
        return { kind: 'unavailable', detail: 'the SIP server was lost meanwhile' };
      }
    } catch (thrown) {
      const status = (thrown as { status?: unknown }).status;
      if (typeof status === 'number') return { kind: 'refused', sipStatus: status };
      return { kind: 'unavailable', detail: messageOf(thrown) };
    }
    making.then(
      (late) => void this.#wrap(late, server).destroy(),
      () => undefined,
    );
    this.#counters.increment('media_endpoints', 'timeout');
    return { kind: 'unavailable', detail: `no endpoint within ${ENDPOINT_DEADLINE_MS} ms` };
  }

  #wrap(made: MrfEndpoint, server: MrfMediaServer): MediaEndpoint {
    const endpoint = new MediaEndpoint(made, {
      clock: this.#clock,
      log: this.#log,
      audioRoot: this.#config.audioRoot,
      recordingsRoot: this.#config.recordingsRoot,
      recordings: this.#recordings,
      taps: () => (this.#canTap ? this.#taps : undefined),
      killChannel: async (uuid) => {
        await (this.#server ?? server).api(`uuid_kill ${uuid}`);
      },
    });
    this.#endpoints.add(endpoint);
    void endpoint.gone.then(() => this.#endpoints.delete(endpoint));
    return endpoint;
  }
}

/** Without TCP_NODELAY a command written while another is on its way waits about 42 ms for a delayed ACK. */
function tuneSocket(socket: Socket): void {
  socket.setNoDelay(true);
  coalesceWrites(socket);
}

function release(server: MrfMediaServer): void {
  try {
    server.conn.closing = true;
    server.disconnect();
  } catch {
    // It was half open: nothing is left to close.
  }
}
