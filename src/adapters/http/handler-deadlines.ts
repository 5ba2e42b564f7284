import type { FastifyReply } from 'fastify';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';

/** How often overdue requests are looked for; a deadline is kept this exactly. */
const SWEEP_MS = 1000;
const RETRY_SEC = 5;

/**
 * Ends requests whose handlers wait for ever: 503 after the route's `handlerMaxMs`, or the connection when
 * the answer has begun and nobody reads it. Fastify's own `handlerTimeout` stops counting once a body has
 * been read, and makes an AbortController and an exception for every request.
 */
export class HandlerDeadlines {
  readonly #clock: Clock;
  /** Monotonic ms by reply, in the order in which they came; bounded by the connections there may be. */
  readonly #dueAtMs = new Map<FastifyReply, number>();
  #sweep: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called before other hooks are added: their time counts. */
  watch(server: Server): void {
    server.addHook('onRequest', (request, reply, done) => {
      const { handlerMaxMs = httpLimits.handlerMaxMs } = request.routeOptions.config;
      this.#dueAtMs.set(reply, this.#clock.monotonicMs() + handlerMaxMs);
      // Always comes, also for a client that has gone.
      reply.raw.once('close', () => this.#dueAtMs.delete(reply));
      this.#schedule();
      done();
    });
    server.addHook('onClose', (_server, done) => {
      if (this.#sweep) this.#clock.clearTimer(this.#sweep);
      done();
    });
  }

  #schedule(): void {
    if (this.#sweep) return;
    this.#sweep = this.#clock.setTimer(SWEEP_MS, () => {
      this.#sweep = undefined;
      this.#endOverdue();
      if (this.#dueAtMs.size > 0) this.#schedule();
    });
  }

  #endOverdue(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [reply, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs) continue;
      this.#dueAtMs.delete(reply);
      // A hijacked reply (a socket of the feed) is somebody else's.
      if (reply.sent) continue;
      if (reply.raw.headersSent) reply.raw.destroy();
      else {
        const error = new HttpError('TEMPORARILY_UNAVAILABLE', 'this took too long', {
          retryAfterSec: RETRY_SEC,
        });
        void reply.send(error);
      }
    }
  }
}
