import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { MediaEndpoint } from './media-endpoint.ts';
import type { EndpointOutcome } from './media-server.ts';

/** A warm endpoint older than this is replaced: media servers end channels that never see media. */
const AGE_MAX_MS = 60_000;
/** Wait after the media server would not make one. */
const RETRY_MS = 2000;

/**
 * Endpoints made ahead, so that an outbound INVITE does not wait for the media server. One is made at a time:
 * the pool must not compete with calls.
 */
export class EndpointPool {
  readonly #size: number;
  readonly #clock: Clock;
  readonly #make: () => Promise<EndpointOutcome>;
  readonly #ready: { readonly endpoint: MediaEndpoint; readonly madeAtMs: number }[] = [];
  #filling = false;
  #closed = false;
  #timer: TimerHandle | undefined;

  constructor(size: number, clock: Clock, make: () => Promise<EndpointOutcome>) {
    this.#size = size;
    this.#clock = clock;
    this.#make = make;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  /** A live endpoint, or undefined; its successor is made in the background. */
  take(): MediaEndpoint | undefined {
    const taken = this.#ready.shift()?.endpoint;
    this.fill();
    return taken;
  }

  /** Makes what is missing, one after the other. */
  fill(): void {
    if (this.#filling || this.#closed || this.#size === 0) return;
    this.#filling = true;
    void this.#fillUp().finally(() => {
      this.#filling = false;
    });
  }

  /** Lets go of all endpoints, without making new ones. */
  empty(): void {
    for (const { endpoint } of this.#ready.splice(0)) void endpoint.destroy();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.empty();
  }

  async #fillUp(): Promise<void> {
    while (!this.#closed && this.#ready.length < this.#size) {
      const outcome = await this.#make();
      if (outcome.kind !== 'endpoint') return this.#later(RETRY_MS);
      if (this.#closed) {
        await outcome.endpoint.destroy();
        return;
      }
      const entry = { endpoint: outcome.endpoint, madeAtMs: this.#clock.monotonicMs() };
      this.#ready.push(entry);
      void outcome.endpoint.gone.then(() => {
        const index = this.#ready.indexOf(entry);
        if (index >= 0) this.#ready.splice(index, 1);
      });
    }
    this.#later(AGE_MAX_MS / 4);
  }

  #later(delayMs: number): void {
    if (this.#closed) return;
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const oldestMs = this.#clock.monotonicMs() - AGE_MAX_MS;
      for (const entry of this.#ready.filter(({ madeAtMs }) => madeAtMs < oldestMs)) {
        this.#ready.splice(this.#ready.indexOf(entry), 1);
        void entry.endpoint.destroy();
      }
      this.fill();
    });
  }
}
