/* The thread the SIP server runs in; started by start-sip-server.ts through the worker supervisor. */
import { parentPort, workerData } from 'node:worker_threads';
import { AppError, assert, messageOf } from '../../kernel/errors.ts';
import type { WorkerOrder, WorkerReport } from '../worker-supervisor.ts';
import { SipServer } from './sip-server.ts';
import type { SipServerOptions } from './sip-server-options.ts';
import type { SipServerReady } from './start-sip-server.ts';

assert(parentPort !== null, 'this module runs in a worker thread');
const port = parentPort;
const report = (message: WorkerReport): void => port.postMessage(message);
const server = new SipServer(workerData as SipServerOptions);

port.on('message', (order: WorkerOrder) => {
  if (order.type === 'ask') {
    report({ type: 'answer', id: order.id, value: server.statistics });
    return;
  }
  void server.close().finally(() => port.close());
});

try {
  await server.listen();
  const info: SipServerReady = { controlPort: server.controlPort, sipAddresses: server.sipAddresses };
  report({ type: 'ready', info });
} catch (error) {
  const code = error instanceof AppError ? error.code : 'WORKER_START_FAILED';
  report({ type: 'failed', code, message: messageOf(error) });
}
