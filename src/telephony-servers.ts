import { randomBytes } from 'node:crypto';
import type { TelephonyConfig } from './adapters/drachtio/telephony-config.ts';
import type { Config } from './config/config.ts';
import type { RunningMediaServer } from './embedded/media-server/start-media-server.ts';
import type { Clock, TimerHandle } from './kernel/clock.ts';
import type { Log } from './kernel/log.ts';
import { MetricName, type Metrics } from './kernel/metrics.ts';

/** How often the media server is asked for its log lines. */
const FAULT_INTERVAL_MS = 5000;

/** The two servers that telephony drives: real ones, or the embedded ones started here. */
export interface TelephonyServers {
  readonly config: TelephonyConfig;
  /** Where phones reach the embedded SIP server; undefined for real servers, which say so themselves. */
  readonly sipAddress: { readonly host: string; readonly port: number } | undefined;
  close(): Promise<void>;
}

/** Gives the addresses of the real servers, or starts the embedded ones on the loopback. */
export async function startTelephonyServers(
  config: Config,
  clock: Clock,
  log: Log,
  metrics: Metrics,
): Promise<TelephonyServers> {
  const common = {
    listenAddress: config.eventSocketListen.host,
    listenPort: config.eventSocketListen.port,
    ...(config.eventSocketAdvertise && {
      advertisedAddress: config.eventSocketAdvertise.host,
      advertisedPort: config.eventSocketAdvertise.port,
    }),
    profile: config.freeswitchProfile,
    audioRoot: config.mediaAudioRoot,
    recordingsRoot: config.mediaRecordingsRoot,
    tapPort: config.audioTapPort,
    warmEndpointCount: config.warmEndpointCount,
  };
  if (config.telephony.mode === 'real') {
    const { drachtio, freeswitch } = config.telephony;
    return {
      config: {
        sipServer: { ...drachtio, secret: config.drachtioSecret },
        mediaServer: { ...common, ...freeswitch, secret: config.freeswitchSecret },
        admission: config.admission,
        digestAlgorithms: config.digestAlgorithms,
        dialogCheckIntervalMs: config.callCheckIntervalMs,
      },
      sipAddress: undefined,
      close: () => Promise.resolve(),
    };
  }
  return startEmbedded(config, common, clock, log, metrics);
}

async function startEmbedded(
  config: Config,
  common: Omit<TelephonyConfig['mediaServer'], 'host' | 'port' | 'secret'>,
  clock: Clock,
  log: Log,
  metrics: Metrics,
): Promise<TelephonyServers> {
  // Loaded only where they are used: an installation with real servers never runs them.
  const { startSipServer } = await import('./embedded/sip-server/start-sip-server.ts');
  const { startMediaServer } = await import('./embedded/media-server/start-media-server.ts');
  const { sip } = config;
  const secret = randomBytes(24).toString('base64url');
  const advertised = sip.advertisedHost === undefined ? {} : { advertisedHost: sip.advertisedHost };
  const sipServer = await startSipServer({ sipHost: sip.host, sipPort: sip.port, secret, ...advertised });
  const mediaServer = await startMediaServer({
    host: sip.host,
    ...advertised,
    eventSocketHost: '127.0.0.1',
    password: secret,
    rtpPortMin: sip.rtpPortMin,
    rtpPortMax: sip.rtpPortMax,
    audioDirectories: [config.audioRoot],
    recordingsDirectory: config.recordingsRoot,
  }).catch(async (error: unknown) => {
    await sipServer.close();
    throw error;
  });
  const servers = { sip: sipServer.supervisor, media: mediaServer.supervisor };
  for (const [server, supervisor] of Object.entries(servers)) {
    supervisor.on('down', (reason: unknown) => log.error({ server, reason }, 'embedded server lost'));
    supervisor.on('up', () => {
      log.warn({ server }, 'embedded server serves again');
      metrics.count(MetricName.embeddedRestartsTotal, { server });
    });
  }
  const faultTimer = reportFaults(mediaServer, clock, log);
  return {
    config: {
      sipServer: { host: sipServer.controlHost, port: sipServer.controlPort, secret },
      mediaServer: {
        ...common,
        host: mediaServer.eventSocketHost,
        port: mediaServer.eventSocketPort,
        secret,
      },
      admission: config.admission,
      digestAlgorithms: config.digestAlgorithms,
      dialogCheckIntervalMs: config.callCheckIntervalMs,
    },
    sipAddress: { host: sip.advertisedHost ?? sip.host, port: sipServer.sipAddresses[0]?.port ?? sip.port },
    close: async () => {
      faultTimer.stop();
      await mediaServer.close();
      await sipServer.close();
    },
  };
}

/** The media server's own log lines (unknown commands, refusals) come through its thread's message port. */
function reportFaults(mediaServer: RunningMediaServer, clock: Clock, log: Log): { stop: () => void } {
  let timer: TimerHandle | undefined;
  let stopped = false;
  const ask = async (): Promise<void> => {
    for (const fault of await mediaServer.faults())
      log.warn({ server: 'media', ...fault }, 'media server fault');
  };
  const next = (): void => {
    if (stopped) return;
    timer = clock.setTimer(FAULT_INTERVAL_MS, () => {
      // While the thread is down there is nothing to ask.
      ask().then(next, next);
    });
  };
  next();
  return {
    stop: () => {
      stopped = true;
      if (timer) clock.clearTimer(timer);
    },
  };
}
