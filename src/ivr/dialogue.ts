import type { Clock } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { AudioSource, Leg } from '../telephony/leg.ts';
import { DigitBuffer } from './digit-buffer.ts';
import type { Variables } from './flow-facts.ts';
import type { FlowHost } from './flow-host.ts';
import { PhraseSpeaker } from './phrase.ts';
import type { Phrase } from './phrase.ts';

/** Why a dialogue must stop before its flow ends. */
export type StopReason = 'hung-up' | 'agent-taken' | 'stopped';

/**
 * Playbacks of a living leg that may fail before the dialogue gives up: one bad file is not the end of a
 * call.
 */
export const PLAY_FAILURES_MAX = 5;
/** A playback that reads `ended` while the leg's own end has not arrived: how long to wait for it. */
export const LEG_END_GRACE_MS = 1000;

export interface DialogueOptions {
  readonly leg: Leg;
  readonly host: FlowHost;
  readonly clock: Clock;
  readonly log: Log;
  /** BCP 47 tag of the prompts. */
  readonly language: string;
  /** Lengths of audio files in ms, for going on with music; absent ones count as a minute. */
  readonly audioMs: ReadonlyMap<string, number>;
  readonly signal?: AbortSignal | undefined;
  /**
   * State to begin with instead of the flow's initial one: a call that goes on after an agent did not take
   * it.
   */
  readonly startAt?: string | undefined;
}

/**
 * What all verbs of one running flow share: the leg, its digits, the variables, and the one way to be
 * stopped.
 */
export class Dialogue {
  readonly leg: Leg;
  readonly host: FlowHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly audioMs: ReadonlyMap<string, number>;
  readonly digits: DigitBuffer;
  readonly variables: Variables = {};
  /** The caller holds a place in the line. */
  inLine = false;
  booking: { readonly callbackId: string; readonly number: string } | undefined;
  /** What the `queue` verb keeps from one visit to the next. */
  readonly line = {
    announcedAtMs: -Infinity,
    offeredAtMs: -Infinity,
    overflowedAtMs: -Infinity,
    musicMs: 0,
  };
  readonly #speaker: PhraseSpeaker;
  readonly #stop = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #stopReason: StopReason | undefined;
  #playFailureCount = 0;

  constructor(options: DialogueOptions) {
    this.leg = options.leg;
    this.host = options.host;
    this.clock = options.clock;
    this.log = options.log;
    this.audioMs = options.audioMs;
    this.#speaker = new PhraseSpeaker(options.language);
    this.digits = new DigitBuffer(options.leg);
    this.#outer = options.signal;
    void options.leg.ended.then(() => this.#stopFor('hung-up'));
    if (options.leg.termination) this.#stopFor('hung-up');
    if (options.host.agentTaken.aborted) this.#stopFor('agent-taken');
    options.host.agentTaken.addEventListener('abort', this.#onAgentTaken);
    if (this.#outer?.aborted) this.#stopFor('stopped');
    this.#outer?.addEventListener('abort', this.#onOuterAbort);
  }

  /** Aborted once the dialogue must stop. */
  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  /** Leaves no listener behind. */
  close(): void {
    this.host.agentTaken.removeEventListener('abort', this.#onAgentTaken);
    this.#outer?.removeEventListener('abort', this.#onOuterAbort);
    this.digits.close();
  }

  /** Says a phrase with the facts of this moment. */
  async speak(phrase: Phrase | undefined, options: PlaySettings = {}): Promise<void> {
    if (phrase) await this.play(this.#speaker.sources(phrase, this.host.facts(), this.variables), options);
  }

  /**
   * Plays to the end, to a key (`bargeIn`, default true) or to a stop. Without barge-in, keys pressed
   * meanwhile are forgotten; with it, a key already typed ahead skips the playback altogether.
   */
  async play(sources: readonly AudioSource[], options: PlaySettings = {}): Promise<void> {
    const { bargeIn = true, loop = false, until } = options;
    if (sources.length === 0 || this.stopSignal.aborted || until?.aborted) return;
    if (bargeIn && !this.digits.isEmpty) return;
    const playing = new AbortController();
    const halt = (): void => playing.abort();
    this.stopSignal.addEventListener('abort', halt);
    until?.addEventListener('abort', halt);
    if (bargeIn) this.digits.onArrival = halt;
    const outcome = await this.leg.play(sources, { loop, signal: playing.signal });
    this.digits.onArrival = undefined;
    this.stopSignal.removeEventListener('abort', halt);
    until?.removeEventListener('abort', halt);
    if (!bargeIn) this.digits.clear();
    if (outcome === 'ended') await this.#afterFailedPlay();
  }

  /** Resolves after `delayMs`, or at once when the dialogue stops or `until` aborts. */
  pause(delayMs: number, until?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.stopSignal.aborted || until?.aborted) {
        resolve();
        return;
      }
      const settle = (): void => {
        this.clock.clearTimer(timer);
        this.stopSignal.removeEventListener('abort', settle);
        until?.removeEventListener('abort', settle);
        resolve();
      };
      const timer = this.clock.setTimer(delayMs, settle);
      this.stopSignal.addEventListener('abort', settle);
      until?.addEventListener('abort', settle);
    });
  }

  /**
   * A playback said that the call ended: usually it has; else the media failed and the caller still has a
   * call.
   */
  async #afterFailedPlay(): Promise<void> {
    await this.pause(LEG_END_GRACE_MS);
    if (this.stopSignal.aborted) return;
    this.#playFailureCount++;
    this.log.warn({ playFailureCount: this.#playFailureCount }, 'a playback failed on a living leg');
    if (this.#playFailureCount >= PLAY_FAILURES_MAX) {
      throw new AppError('MEDIA_FAILED', 'nothing can be played on this leg', { retryable: true });
    }
  }

  readonly #onAgentTaken = (): void => this.#stopFor('agent-taken');
  readonly #onOuterAbort = (): void => this.#stopFor('stopped');

  #stopFor(reason: StopReason): void {
    // Once booked there is no place left to be taken from: an agent's claim came too late.
    if (reason === 'agent-taken' && this.booking) return;
    // The end of the call outranks whatever stopped the dialogue before it.
    if (this.#stopReason === undefined || reason === 'hung-up') this.#stopReason = reason;
    this.#stop.abort();
  }
}

export interface PlaySettings {
  /** A key stops the playback. Default true. */
  readonly bargeIn?: boolean;
  /** Round and round. Default false. */
  readonly loop?: boolean;
  /** Stops this playback alone. */
  readonly until?: AbortSignal;
}
