/** Bounds of the media server: beyond them new work is refused, calls in progress go on. */
export interface MediaServerLimits {
  /** Channels at once; more INVITEs get 503; default 4 000. */
  readonly sessionsMax: number;
  /** New channels per second, with a burst of as many; default 500. */
  readonly sessionsPerSecondMax: number;
  /** Event socket connections from applications; default 64. */
  readonly connectionsMax: number;
  /** Bytes of one event socket command; default 65 536. */
  readonly commandBytesMax: number;
  /** Bytes waiting for a slow event socket client before it is dropped; default 16 MiB. */
  readonly backlogBytesMax: number;
  /** Applications waiting on one channel; default 100. */
  readonly queuedApplicationsMax: number;
  /** Channel variables of one channel; default 500. */
  readonly variablesMax: number;
  /** Bytes of an audio file that is played; default 64 MiB. */
  readonly audioFileBytesMax: number;
  /** Seconds of one recording; default 14 400. */
  readonly recordingSecondsMax: number;
}

export const DEFAULT_MEDIA_SERVER_LIMITS: MediaServerLimits = {
  sessionsMax: 4_000,
  sessionsPerSecondMax: 500,
  connectionsMax: 64,
  commandBytesMax: 65_536,
  backlogBytesMax: 16 * 1024 * 1024,
  queuedApplicationsMax: 100,
  variablesMax: 500,
  audioFileBytesMax: 64 * 1024 * 1024,
  recordingSecondsMax: 14_400,
};

/** Where and how the media server runs. Plain data: it crosses to a worker thread. */
export interface MediaServerOptions {
  /** IPv4 address of SIP, RTP and the event socket; default 127.0.0.1. */
  readonly host?: string;
  /** 0 (default) takes a free port, the same for UDP and TCP. */
  readonly sipPort?: number;
  /** Address written into SDP when `host` is 0.0.0.0. */
  readonly advertisedHost?: string;
  /** Default: `host`. */
  readonly eventSocketHost?: string;
  /** 0 (default) takes a free port. */
  readonly eventSocketPort?: number;
  /** What applications authenticate with. */
  readonly password: string;
  /** Default 20 000. */
  readonly rtpPortMin?: number;
  /** Default 29 999. */
  readonly rtpPortMax?: number;
  /** Directories files may be played from; relative names are looked up in each in turn. */
  readonly audioDirectories?: readonly string[];
  /** Directory recordings are written to, and may be played from; without it nothing is recorded. */
  readonly recordingsDirectory?: string;
  /**
   * Hosts an INVITE may make the media server connect to (X-esl-outbound); default: the loopback and `host`.
   * It bounds what a forged INVITE can reach.
   */
  readonly applicationHosts?: readonly string[];
  /** Time between HEARTBEAT events, ms; default 20 000. */
  readonly heartbeatMs?: number;
  readonly limits?: Partial<MediaServerLimits>;
}

/** What the media server holds and has counted; for health, metrics and tests. */
export interface MediaServerStatistics {
  readonly sessionCount: number;
  readonly sessionCountSinceStart: number;
  readonly refusedSessionCount: number;
  readonly connectionCount: number;
  readonly conferenceCount: number;
  readonly recordingCount: number;
  readonly forkCount: number;
  readonly rtpSocketCount: number;
  readonly legCount: number;
  readonly lateTickCount: number;
  readonly tickLatenessMaxMs: number;
  readonly malformedPacketCount: number;
}
