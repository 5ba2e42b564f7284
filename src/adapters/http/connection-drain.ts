import type { Server as NodeServer } from 'node:http';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';

/**
 * Ends every connection when the server closes: at once where no request is in progress, after `graceMs` in
 * any case. Node by itself waits for ever for a client that connected and says nothing: to it such a
 * connection is not idle.
 */
export class ConnectionDrain {
  readonly #server: NodeServer;
  readonly #clock: Clock;
  readonly #graceMs: number;
  #inProgressCount = 0;
  #timer: TimerHandle | undefined;
  #isDraining = false;

  constructor(server: NodeServer, clock: Clock, graceMs: number) {
    this.#server = server;
    this.#clock = clock;
    this.#graceMs = graceMs;
    server.on('request', (_request, response) => {
      this.#inProgressCount++;
      // `close` comes exactly once, whether the answer was finished or the client went away.
      response.once('close', () => {
        this.#inProgressCount--;
        this.#closeIfDone();
      });
    });
    server.on('close', () => {
      this.#stop();
    });
  }

  /** Call when closing begins. Idempotent. */
  start(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#timer = this.#clock.setTimer(this.#graceMs, () => {
      this.#server.closeAllConnections();
    });
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (!this.#isDraining || this.#inProgressCount > 0) return;
    this.#stop();
    // After this turn of the loop, so that the last answer's bytes have left.
    setImmediate(() => {
      this.#server.closeAllConnections();
    });
  }

  #stop(): void {
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
