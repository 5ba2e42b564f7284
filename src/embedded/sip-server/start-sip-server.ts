import { threadEntry } from '../../kernel/thread-entry.ts';
import type { SipAddress } from '../sip/sip-flow.ts';
import { superviseWorker } from '../worker-supervisor.ts';
import type { WorkerSupervisor } from '../worker-supervisor.ts';
import type { SipServerOptions, SipServerStatistics } from './sip-server-options.ts';

/** What the worker says when it serves. */
export interface SipServerReady {
  readonly controlPort: number;
  readonly sipAddresses: readonly SipAddress[];
}

/** A SIP server running in a thread of its own. */
export interface RunningSipServer {
  readonly controlHost: string;
  readonly controlPort: number;
  /** One entry a protocol. */
  readonly sipAddresses: readonly SipAddress[];
  /** `up` after a restart, `down` when the thread was lost. */
  readonly supervisor: WorkerSupervisor<SipServerReady>;
  /** Undefined while the thread is down. */
  statistics(): Promise<SipServerStatistics | undefined>;
  close(): Promise<void>;
}

/**
 * Starts the SIP server in a worker thread. Should the thread die it is started again on the same addresses.
 * @throws AppError SIP_LISTEN_FAILED, CONTROL_LISTEN_FAILED or WORKER_START_FAILED.
 */
export async function startSipServer(options: SipServerOptions): Promise<RunningSipServer> {
  const { supervisor, ready } = await superviseWorker<SipServerReady>({
    entry: threadEntry('./sip-server-worker', import.meta.url),
    name: 'sip-server',
    dataFor: (last): SipServerOptions => {
      const sipPort = last?.sipAddresses[0]?.port;
      return last === undefined || sipPort === undefined
        ? options
        : { ...options, sipPort, controlPort: last.controlPort };
    },
  });
  return {
    controlHost: options.controlHost ?? '127.0.0.1',
    controlPort: ready.controlPort,
    sipAddresses: ready.sipAddresses,
    supervisor,
    statistics: async () => (await supervisor.ask('statistics')) as SipServerStatistics | undefined,
    close: () => supervisor.close(),
  };
}
