import type { Worker } from 'node:worker_threads';
import { AppError, messageOf } from '../../kernel/errors.ts';
import { threadEntry } from '../../kernel/thread-entry.ts';
import type {
  EngineStatistics,
  LegStatistics,
  MediaEngineOptions,
  MediaOrder,
  MediaReport,
} from '../rtp/media-orders.ts';
import { spawnWorker } from '../worker-supervisor.ts';

/** What the media thread reports without being asked. */
export interface MediaLinkHandlers {
  digit(leg: string, digit: string, durationSamples: number, source: 'RTP' | 'INBAND_AUDIO'): void;
  talking(leg: string, isTalking: boolean): void;
  /** The thread died: every call is lost. */
  lost(error: AppError): void;
}

/** What a tap tells its owner. */
export interface TapHandlers {
  audio?(samples: Int16Array): void;
  tone?(): void;
}

const OPEN_TIMEOUT_MS = 5_000;

/** The control thread's end of the message port to the media thread. */
export class MediaLink {
  readonly #worker: Worker;
  readonly #handlers: MediaLinkHandlers;
  readonly #opening = new Map<string, (outcome: number | AppError) => void>();
  readonly #plays = new Map<number, (samples: number) => void>();
  readonly #taps = new Map<number, TapHandlers>();
  readonly #questions = new Map<number, (value: LegStatistics | EngineStatistics) => void>();
  #count = 0;
  #isClosing = false;

  private constructor(worker: Worker, handlers: MediaLinkHandlers) {
    this.#worker = worker;
    this.#handlers = handlers;
    worker.on('message', (report: MediaReport) => this.#receive(report));
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.on('exit', () => {
      if (this.#isClosing) return;
      const why = cause === undefined ? 'it exited' : messageOf(cause);
      handlers.lost(new AppError('WORKER_LOST', `media thread died: ${why}`, { cause, retryable: true }));
    });
  }

  /** Starts the media thread. @throws AppError WORKER_START_FAILED */
  static async start(options: MediaEngineOptions, handlers: MediaLinkHandlers): Promise<MediaLink> {
    const entry = threadEntry('../rtp/media-engine-worker', import.meta.url);
    const worker = spawnWorker(entry, 'media-engine', options);
    await new Promise<void>((resolve, reject) => {
      const failed = (error: unknown): void => {
        reject(new AppError('WORKER_START_FAILED', `media thread: ${messageOf(error)}`, { cause: error }));
      };
      worker.once('error', failed);
      // Only these listeners are taken off again: Node's own keep the port reading.
      worker.once('message', () => {
        worker.off('error', failed);
        resolve();
      });
    });
    return new MediaLink(worker, handlers);
  }

  /** A number for a play or a tap. */
  nextId(): number {
    return ++this.#count;
  }

  order(order: MediaOrder): void {
    if (!this.#isClosing) this.#worker.postMessage(order, []);
  }

  /** Binds the sockets of a leg. @throws AppError MEDIA_PORTS_EXHAUSTED */
  open(leg: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const finish = (outcome: number | AppError): void => {
        clearTimeout(patience);
        this.#opening.delete(leg);
        if (typeof outcome === 'number') resolve(outcome);
        else reject(outcome);
      };
      const patience = setTimeout(() => {
        finish(new AppError('MEDIA_PORTS_EXHAUSTED', 'the media thread did not answer', { retryable: true }));
      }, OPEN_TIMEOUT_MS);
      this.#opening.set(leg, finish);
      this.order({ type: 'open', leg });
    });
  }

  /** Resolves with the samples played when the play ended, by itself or stopped. */
  whenPlayed(play: number): Promise<number> {
    return new Promise((resolve) => this.#plays.set(play, resolve));
  }

  /** Ends the wait for a play whose leg is gone. */
  forgetPlay(play: number): void {
    this.#plays.get(play)?.(0);
    this.#plays.delete(play);
  }

  onTap(tap: number, handlers: TapHandlers): void {
    this.#taps.set(tap, handlers);
  }

  /** To be called when nothing more is wanted of a tap. */
  forgetTap(tap: number): void {
    this.#taps.delete(tap);
  }

  async legStatistics(leg: string): Promise<LegStatistics | undefined> {
    const value = await this.#ask(leg);
    return 'sentPacketCount' in value ? value : undefined;
  }

  async engineStatistics(): Promise<EngineStatistics | undefined> {
    const value = await this.#ask(undefined);
    return 'legCount' in value ? value : undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.order({ type: 'shutdown' });
    this.#isClosing = true;
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const patience = setTimeout(() => void this.#worker.terminate(), 2_000);
    await ended;
    clearTimeout(patience);
  }

  #ask(leg: string | undefined): Promise<LegStatistics | EngineStatistics> {
    const id = this.nextId();
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      this.order({ type: 'statistics', id, leg });
    });
  }

  #receive(report: MediaReport): void {
    switch (report.type) {
      case 'opened':
        this.#opening.get(report.leg)?.(report.port);
        return;
      case 'open-failed':
        this.#opening.get(report.leg)?.(
          new AppError('MEDIA_PORTS_EXHAUSTED', report.reason, { retryable: true }),
        );
        return;
      case 'played':
      case 'conference-played':
        this.#plays.get(report.play)?.(report.samples);
        this.#plays.delete(report.play);
        return;
      case 'digit':
        this.#handlers.digit(report.leg, report.digit, report.durationSamples, report.source);
        return;
      case 'audio':
        this.#taps.get(report.tap)?.audio?.(report.samples);
        return;
      case 'tone':
        this.#taps.get(report.tap)?.tone?.();
        return;
      case 'talking':
        this.#handlers.talking(report.leg, report.isTalking);
        return;
      case 'statistics':
        this.#questions.get(report.id)?.(report.value);
        this.#questions.delete(report.id);
        return;
      case 'ready':
        return;
      default:
        report satisfies never;
    }
  }
}
