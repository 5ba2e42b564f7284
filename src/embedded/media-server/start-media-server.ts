import { threadEntry } from '../../kernel/thread-entry.ts';
import { superviseWorker } from '../worker-supervisor.ts';
import type { WorkerSupervisor } from '../worker-supervisor.ts';
import type { MediaServerOptions, MediaServerStatistics } from './media-server-options.ts';

/** What the worker says when it serves. */
export interface MediaServerReady {
  readonly sipPort: number;
  readonly eventSocketPort: number;
}

/** Something the media server wants logged: an unknown command, a refused connection. */
export interface MediaServerFault {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A media server running in threads of its own: one for control, one for RTP. */
export interface RunningMediaServer {
  readonly eventSocketHost: string;
  readonly eventSocketPort: number;
  readonly sipHost: string;
  readonly sipPort: number;
  /** `up` after a restart, `down` when the threads were lost. */
  readonly supervisor: WorkerSupervisor<MediaServerReady>;
  /** Undefined while the threads are down. */
  statistics(): Promise<MediaServerStatistics | undefined>;
  /** What happened since the last question; at most 100 lines are kept. */
  faults(): Promise<readonly MediaServerFault[]>;
  close(): Promise<void>;
}

/**
 * Starts the media server in worker threads. Should they die they are started again on the same addresses.
 * @throws AppError SIP_LISTEN_FAILED, EVENT_SOCKET_LISTEN_FAILED, MEDIA_PORTS_EXHAUSTED or
 * WORKER_START_FAILED.
 */
export async function startMediaServer(options: MediaServerOptions): Promise<RunningMediaServer> {
  const { supervisor, ready } = await superviseWorker<MediaServerReady>({
    entry: threadEntry('./media-server-worker', import.meta.url),
    name: 'media-server',
    dataFor: (last): MediaServerOptions =>
      last === undefined
        ? options
        : { ...options, sipPort: last.sipPort, eventSocketPort: last.eventSocketPort },
  });
  const host = options.host ?? '127.0.0.1';
  const reachable = (address: string): string => (address === '0.0.0.0' ? '127.0.0.1' : address);
  return {
    eventSocketHost: reachable(options.eventSocketHost ?? host),
    eventSocketPort: ready.eventSocketPort,
    sipHost: reachable(host),
    sipPort: ready.sipPort,
    supervisor,
    statistics: async () => (await supervisor.ask('statistics')) as MediaServerStatistics | undefined,
    faults: async () => ((await supervisor.ask('faults')) ?? []) as readonly MediaServerFault[],
    close: () => supervisor.close(),
  };
}
