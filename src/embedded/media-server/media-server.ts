import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { messageOf } from '../../kernel/errors.ts';
import type { AppError } from '../../kernel/errors.ts';
import type { EngineStatistics } from '../rtp/media-orders.ts';
import { SipStack } from '../sip/sip-stack.ts';
import { runApiCommand } from './api-commands.ts';
import type { ApiHost } from './api-commands.ts';
import { createApplications } from './applications.ts';
import { AudioForks } from './audio-fork.ts';
import { AudioLibrary } from './audio-library.ts';
import { CallAcceptance } from './call-acceptance.ts';
import type { Channel } from './channel.ts';
import type { Application, ChannelHost } from './channel.ts';
import { Conferences } from './conferences.ts';
import { Detectors } from './detectors.ts';
import { EventHub } from './event-hub.ts';
import { EventSocketServer } from './event-socket-server.ts';
import { EventSource } from './event-source.ts';
import { Heartbeat } from './heartbeat.ts';
import { MediaLink } from './media-link.ts';
import { DEFAULT_MEDIA_SERVER_LIMITS } from './media-server-options.ts';
import type { MediaServerLimits, MediaServerOptions, MediaServerStatistics } from './media-server-options.ts';
import { Recorder } from './recorder.ts';

const ANY_HOST = '0.0.0.0';
const LOOPBACK = '127.0.0.1';

/** One line for the log: the worker hands it to its parent. */
export type TellFault = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/**
 * A media server at the other end of FreeSWITCH's event socket and SIP: channels, applications, events. All
 * audio is the media thread's.
 */
export class MediaServer {
  readonly #options: MediaServerOptions;
  readonly #limits: MediaServerLimits;
  readonly #tell: TellFault;
  readonly #lost: (error: AppError) => void;
  readonly #hub = new EventHub();
  readonly #channels = new Map<string, Channel>();
  readonly #events: EventSource;
  readonly #startedAtMs = Date.now();
  #media!: MediaLink;
  #stack!: SipStack;
  #calls!: CallAcceptance;
  #eventSocket!: EventSocketServer;
  #conferences!: Conferences;
  #recorder!: Recorder;
  #forks!: AudioForks;
  #heartbeat: Heartbeat | undefined;
  #applications: ReadonlyMap<string, Application> = new Map();

  /**
   * @param lost called when the media thread died: every call is gone and the server must be started anew.
   */
  constructor(options: MediaServerOptions, tell: TellFault, lost: (error: AppError) => void) {
    this.#options = options;
    this.#limits = { ...DEFAULT_MEDIA_SERVER_LIMITS, ...options.limits };
    this.#tell = tell;
    this.#lost = lost;
    const hub = this.#hub;
    this.#events = new EventSource(
      this.#mediaAddress,
      (event) => hub.deliver(event),
      (name, uuid, subclass) => hub.isWanted(name, uuid, subclass),
    );
  }

  get sipPort(): number {
    return this.#stack.addresses[0]?.port ?? 0;
  }

  get eventSocketPort(): number {
    return this.#eventSocket.port;
  }

  get #host(): string {
    return this.#options.host ?? LOOPBACK;
  }

  /** The address written into SDP. */
  get #mediaAddress(): string {
    const { advertisedHost } = this.#options;
    if (advertisedHost !== undefined) return advertisedHost;
    return this.#host === ANY_HOST ? firstAddress() : this.#host;
  }

  /**
   * @throws AppError SIP_LISTEN_FAILED, EVENT_SOCKET_LISTEN_FAILED, WORKER_START_FAILED,
   * MEDIA_PORTS_EXHAUSTED
   */
  async listen(): Promise<void> {
    const options = this.#options;
    this.#media = await MediaLink.start(
      {
        host: this.#host,
        rtpPortMin: options.rtpPortMin ?? 20_000,
        rtpPortMax: options.rtpPortMax ?? 29_999,
        legsMax: this.#limits.sessionsMax,
      },
      {
        digit: (leg, digit, durationSamples, source) =>
          this.#channels.get(leg)?.receiveDigit({ digit, durationSamples }, source),
        talking: (leg, isTalking) => {
          const channel = this.#channels.get(leg);
          if (channel !== undefined) this.#conferences.talking(channel, isTalking);
        },
        lost: (error) => this.#lost(error),
      },
    );
    this.#build();
    await this.#stack.listen({ host: this.#host, port: options.sipPort ?? 0 });
    await this.#eventSocket.listen(options.eventSocketHost ?? this.#host, options.eventSocketPort ?? 0);
    this.#heartbeat = new Heartbeat(this.#events, options.heartbeatMs, {
      sessionCount: () => this.#channels.size,
      sessionCountSinceStart: () => this.#calls.acceptedCount,
      sessionsMax: this.#limits.sessionsMax,
      sessionsPerSecondMax: this.#limits.sessionsPerSecondMax,
    });
  }

  async statistics(): Promise<MediaServerStatistics> {
    const engine: EngineStatistics | undefined = await this.#media.engineStatistics();
    return {
      sessionCount: this.#channels.size,
      sessionCountSinceStart: this.#calls.acceptedCount,
      refusedSessionCount: this.#calls.refusedCount,
      connectionCount: this.#eventSocket.connectionCount,
      conferenceCount: this.#conferences.count,
      recordingCount: this.#recorder.count,
      forkCount: this.#forks.count,
      rtpSocketCount: engine?.socketCount ?? 0,
      legCount: engine?.legCount ?? 0,
      lateTickCount: engine?.lateTickCount ?? 0,
      tickLatenessMaxMs: engine?.tickLatenessMaxMs ?? 0,
      malformedPacketCount: engine?.malformedPacketCount ?? 0,
    };
  }

  /** Hangs up every call, completes recordings, closes every socket. */
  async close(): Promise<void> {
    this.#heartbeat?.close();
    for (const channel of this.#channels.values()) channel.hangup('MANAGER_REQUEST');
    await this.#recorder.close();
    await this.#eventSocket.close();
    await this.#stack.close();
    await this.#media.close();
  }

  #build(): void {
    const { recordingsDirectory, audioDirectories = [] } = this.#options;
    const media = this.#media;
    const directories =
      recordingsDirectory === undefined ? audioDirectories : [...audioDirectories, recordingsDirectory];
    const library = new AudioLibrary(directories, this.#limits.audioFileBytesMax);
    const { recordingSecondsMax } = this.#limits;
    this.#conferences = new Conferences({ media, library, events: this.#events, recordingsDirectory });
    this.#recorder = new Recorder({ media, recordingsDirectory, recordingSecondsMax });
    this.#forks = new AudioForks({ media, isAllowedHost: (host) => this.#isApplicationHost(host) });
    const detectors = new Detectors(media);
    const work = { media, library, conferences: this.#conferences, recorder: this.#recorder, detectors };
    this.#applications = createApplications(work);
    this.#stack = new SipStack({ request: (tx) => this.#calls.receive(tx) });
    this.#stack.onFault = ({ kind, reason, from }) => this.#tell('SIP fault', { kind, reason, from });
    this.#calls = new CallAcceptance({
      stack: this.#stack,
      media,
      channels: this.#channels,
      mediaAddress: this.#mediaAddress,
      channelHost: this.#channelHost(),
      sessionsMax: this.#limits.sessionsMax,
      sessionsPerSecondMax: this.#limits.sessionsPerSecondMax,
      isApplicationHost: (host) => this.#isApplicationHost(host),
      connectApplication: (uuid, host, port) => this.#eventSocket.connectFor(uuid, host, port),
      tell: this.#tell,
    });
    const startedAtMs = this.#startedAtMs;
    const host = this.#apiHost({ ...work, startedAtMs });
    this.#eventSocket = this.#createEventSocket(host);
  }

  #apiHost(
    work: Pick<ApiHost, 'media' | 'library' | 'conferences' | 'recorder' | 'detectors' | 'startedAtMs'>,
  ): ApiHost {
    const towards = this.#host === ANY_HOST ? LOOPBACK : this.#host;
    const sipPort = (): number => this.sipPort;
    return {
      ...work,
      forks: this.#forks,
      channels: this.#channels,
      sessionsMax: this.#limits.sessionsMax,
      get sipAddress() {
        return `${towards}:${sipPort()}`;
      },
      bridge: (channel, other) => this.#bridge(channel, other),
      park: (channel, isBoth) => this.#park(channel, isBoth),
      unknownCommand: (command) => this.#tell('unknown api command', { command }),
    };
  }

  #createEventSocket(host: ApiHost): EventSocketServer {
    return new EventSocketServer(
      {
        hub: this.#hub,
        password: this.#options.password,
        commandBytesMax: this.#limits.commandBytesMax,
        backlogBytesMax: this.#limits.backlogBytesMax,
        api: async (command) => {
          try {
            return await runApiCommand(host, command);
          } catch (error) {
            this.#tell('api command failed', { command, reason: messageOf(error) });
            return '-ERR Internal error\n';
          }
        },
        jobDone: (jobUuid, command, result) => {
          const headers = { 'Job-UUID': jobUuid, 'Job-Command': command.split(' ')[0] ?? '' };
          this.#events.fire('BACKGROUND_JOB', headers, undefined, result);
        },
        sendMessage: (uuid, headers, body) => this.#sendMessage(uuid, headers, body),
        channelData: (uuid) => this.#channels.get(uuid)?.formatData(),
        ownConnectionClosed: (uuid) => {
          // FreeSWITCH goes on with the dialplan, which has nothing more to do.
          this.#channels.get(uuid)?.hangup('NORMAL_CLEARING');
        },
        refused: (reason) => this.#tell('event socket refused', { reason }),
      },
      this.#limits.connectionsMax,
    );
  }

  #sendMessage(uuid: string, headers: ReadonlyMap<string, string>, body: string): string {
    const channel = this.#channels.get(uuid);
    if (channel === undefined) return '-ERR invalid session id [' + uuid + ']';
    const command = headers.get('call-command') ?? '';
    if (command === 'hangup') {
      channel.execute({
        name: 'hangup',
        argument: headers.get('hangup-cause') ?? '',
        uuid: '',
        loopCount: 1,
      });
      return '+OK';
    }
    if (command !== 'execute') return '-ERR invalid call-command';
    const loops = Math.trunc(Number(headers.get('loops') ?? 1)) || 1;
    const isAccepted = channel.execute({
      name: headers.get('execute-app-name') ?? '',
      argument: headers.get('execute-app-arg') ?? body,
      uuid: headers.get('event-uuid') ?? randomUUID(),
      loopCount: loops < 0 ? Infinity : Math.max(1, loops),
    });
    return isAccepted ? '+OK' : '-ERR cannot execute';
  }

  #channelHost(): ChannelHost {
    return {
      events: this.#events,
      queuedApplicationsMax: this.#limits.queuedApplicationsMax,
      variablesMax: this.#limits.variablesMax,
      application: (name) => this.#applications.get(name),
      applicationFailed: (channel, name, error) => {
        this.#tell('application failed', { uuid: channel.uuid, application: name, reason: messageOf(error) });
      },
      release: (channel, cause, isRemote) => {
        this.#unbridge(channel, true);
        this.#channels.delete(channel.uuid);
        this.#calls.release(channel, cause, isRemote);
        this.#media.order({ type: 'close', leg: channel.uuid });
        // After the events of this turn: an interrupted application still completes.
        setImmediate(() => this.#eventSocket.disconnectFor(channel.uuid));
      },
    };
  }

  /** `uuid_bridge`: what both do ends, each hears the other, and one's end is the other's. */
  #bridge(channel: Channel, other: Channel): void {
    for (const one of [channel, other]) {
      this.#unbridge(one, false);
      one.interrupt('transfer', true);
    }
    channel.partner = other;
    other.partner = channel;
    this.#media.order({ type: 'bridge', leg: channel.uuid, other: other.uuid });
    channel.setVariable('last_bridge_to', other.uuid);
    other.setVariable('last_bridge_to', channel.uuid);
    // As in the transcript: both channels tell that they run the bridge, each naming the other.
    for (const [one, partner] of [
      [channel, other],
      [other, channel],
    ] as const) {
      one.fireBrief('CHANNEL_EXECUTE', { Application: 'uuid_bridge', 'Application-Data': partner.uuid });
    }
    channel.fireBrief('CHANNEL_BRIDGE', {
      'Bridge-A-Unique-ID': channel.uuid,
      'Bridge-B-Unique-ID': other.uuid,
    });
  }

  #park(channel: Channel, isBoth: boolean): void {
    const { partner } = channel;
    const parked = isBoth && partner !== undefined ? [channel, partner] : [channel];
    if (partner !== undefined && !isBoth) {
      this.#unbridge(channel, true);
    } else this.#unbridge(channel, false);
    for (const one of parked) {
      one.interrupt('transfer', true);
      one.fireBrief('CHANNEL_PARK', {});
    }
  }

  /** @param isEnd the partner is left alone: it ends too unless it asked to be parked. */
  #unbridge(channel: Channel, isEnd: boolean): void {
    const { partner } = channel;
    if (partner === undefined) return;
    channel.partner = undefined;
    partner.partner = undefined;
    this.#media.order({ type: 'unbridge', leg: channel.uuid });
    channel.fireBrief('CHANNEL_UNBRIDGE', {
      'Bridge-A-Unique-ID': channel.uuid,
      'Bridge-B-Unique-ID': partner.uuid,
    });
    const keeps =
      partner.variables.get('park_after_bridge') === 'true' ||
      partner.variables.get('hangup_after_bridge') === 'false';
    if (isEnd && !keeps) partner.hangup('NORMAL_CLEARING');
  }

  #isApplicationHost(host: string): boolean {
    const allowed = this.#options.applicationHosts ?? [];
    return host.startsWith('127.') || host === 'localhost' || host === this.#host || allowed.includes(host);
  }
}

function firstAddress(): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const entry of list ?? []) if (!entry.internal && entry.family === 'IPv4') return entry.address;
  }
  return LOOPBACK;
}
