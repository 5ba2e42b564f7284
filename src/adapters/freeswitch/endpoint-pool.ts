import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { MediaEndpoint } from './media-endpoint.ts';
import type { EndpointOutcome } from './media-server.ts';

/** A warm endpoint older than this is replaced: media servers end channels that never see media. */
const AGE_MAX_MS = 60_000;
/** Wait after the media server would not make one. */
const RETRY_MS = 2000;

interface WarmEndpoint {
  readonly endpoint: MediaEndpoint;
  readonly codec: string | undefined;
  readonly madeAtMs: number;
}

/**
 * Endpoints made ahead, so that an outbound INVITE does not wait for the media server, and set to the codecs
 * that were asked for last, so that the answer does not wait for a change of codec. One is made at a time:
 * the pool must not compete with calls.
 */
export class EndpointPool {
  readonly #size: number;
  readonly #clock: Clock;
  readonly #make: (codec: string | undefined) => Promise<EndpointOutcome>;
  readonly #ready: WarmEndpoint[] = [];
  /** Codecs of the last endpoints taken, as many as the pool has. */
  readonly #wanted: (string | undefined)[] = [];
  #filling = false;
  #closed = false;
  #timer: TimerHandle | undefined;

  constructor(size: number, clock: Clock, make: (codec: string | undefined) => Promise<EndpointOutcome>) {
    this.#size = size;
    this.#clock = clock;
    this.#make = make;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  /**
   * A live endpoint, set to the codec when there is such a one, or undefined; its successor is made in the
   * background.
   */
  take(codec?: string): MediaEndpoint | undefined {
    this.#wanted.push(codec);
    if (this.#wanted.length > this.#size) this.#wanted.shift();
    const at = this.#ready.findIndex((entry) => entry.codec === codec);
    const [taken] = this.#ready.splice(Math.max(0, at), 1);
    this.fill();
    return taken?.endpoint;
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
      const codec = this.#missingCodec();
      const outcome = await this.#make(codec);
      if (outcome.kind !== 'endpoint') return this.#later(RETRY_MS);
      if (this.#closed) {
        await outcome.endpoint.destroy();
        return;
      }
      const entry = { endpoint: outcome.endpoint, codec, madeAtMs: this.#clock.monotonicMs() };
      this.#ready.push(entry);
      void outcome.endpoint.gone.then(() => {
        const index = this.#ready.indexOf(entry);
        if (index >= 0) this.#ready.splice(index, 1);
      });
    }
    this.#later(AGE_MAX_MS / 4);
  }

  /** The codec of the latest endpoint taken that no ready one stands for. */
  #missingCodec(): string | undefined {
    const ready = this.#ready.map(({ codec }) => codec);
    for (const codec of this.#wanted.toReversed()) {
      const at = ready.indexOf(codec);
      if (at < 0) return codec;
      ready.splice(at, 1);
    }
    return undefined;
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
