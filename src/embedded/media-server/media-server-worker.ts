/* The thread of the media server's control part; started by start-media-server.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { AppError, assert, messageOf } from '../../kernel/errors.ts';
import type { WorkerOrder, WorkerReport } from '../worker-supervisor.ts';
import { MediaServer } from './media-server.ts';
import type { MediaServerOptions } from './media-server-options.ts';
import type { MediaServerFault, MediaServerReady } from './start-media-server.ts';

assert(parentPort !== null, 'this module runs in a worker thread');
const port = parentPort;
const report = (message: WorkerReport): void => port.postMessage(message);

/** Lines kept for the parent, which asks for them. */
const FAULTS_MAX = 100;
let faults: MediaServerFault[] = [];

const server = new MediaServer(
  workerData as MediaServerOptions,
  (message, fields) => {
    if (faults.length < FAULTS_MAX) faults.push({ message, fields });
  },
  // The supervisor starts both threads anew.
  (error) => {
    throw error;
  },
);

port.on('message', (order: WorkerOrder) => {
  if (order.type === 'ask') {
    if (order.question === 'faults') {
      report({ type: 'answer', id: order.id, value: faults });
      faults = [];
      return;
    }
    void server.statistics().then((value) => report({ type: 'answer', id: order.id, value }));
    return;
  }
  void server.close().finally(() => port.close());
});

try {
  await server.listen();
  const info: MediaServerReady = { sipPort: server.sipPort, eventSocketPort: server.eventSocketPort };
  report({ type: 'ready', info });
} catch (error) {
  const code = error instanceof AppError ? error.code : 'WORKER_START_FAILED';
  report({ type: 'failed', code, message: messageOf(error) });
}
