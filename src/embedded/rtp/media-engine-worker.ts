/* The thread in which all RTP is received, paced and sent; started by the media server's control thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../kernel/errors.ts';
import { MediaEngine } from './media-engine.ts';
import type { MediaEngineOptions, MediaOrder, MediaReport } from './media-orders.ts';

assert(parentPort !== null, 'this module runs in a worker thread');
const port = parentPort;
const engine = new MediaEngine(workerData as MediaEngineOptions, (report: MediaReport) => {
  port.postMessage(report);
});
port.on('message', (order: MediaOrder) => {
  engine.handle(order);
  if (order.type === 'shutdown') port.close();
});
engine.start();
port.postMessage({ type: 'ready' } satisfies MediaReport);
