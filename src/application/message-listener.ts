import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { levelDbm0, SAMPLE_RATE_HZ } from '../progress/frame.ts';
import type { Leg } from '../telephony/leg.ts';

/** What is quieter is silence: below speech, above the noise of a quiet room on a telephone line. */
const SPEECH_MIN_DBM0 = -42;
/** How often it is looked whether the silence has lasted long enough. */
const LOOK_EVERY_MS = 250;
/** A look that comes so late is no look: what was said meanwhile has yet to arrive. */
const LATE_MIN_MS = 500;

export interface MessageListenerOptions {
  readonly leg: Leg;
  readonly clock: Clock;
  /** Silence that ends a message. */
  readonly silenceMs: number;
}

/**
 * Listens to somebody who leaves a message. A line that is louder than the threshold all the time never falls
 * silent: then the key, the hang-up or the time ends the message.
 */
export class MessageListener {
  /** Resolves when it has been silent for long enough; never where the leg cannot be listened to. */
  readonly silent: Promise<void>;
  readonly #clock: Clock;
  readonly #stopTap: (() => void) | undefined;
  readonly #silenceMs: number;
  #fallSilent: () => void = () => undefined;
  #timer: TimerHandle | undefined;
  #hasHeard = false;
  #lastSpeechMs: number;
  #spokenSampleCount = 0;

  constructor({ leg, clock, silenceMs }: MessageListenerOptions) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#lastSpeechMs = clock.monotonicMs();
    this.#stopTap = leg.tap((samples) => this.#hear(samples));
    this.silent = new Promise((resolve) => {
      this.#fallSilent = resolve;
    });
  }

  /** The caller may speak: silence counts from now on. */
  begin(): void {
    this.#lastSpeechMs = this.#clock.monotonicMs();
    if (this.#stopTap) this.#look(this.#lastSpeechMs);
  }

  /** Stops listening. Tells how long somebody spoke; undefined: nothing could be heard. */
  close(): { readonly spokenMs: number } | undefined {
    this.#stopTap?.();
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    if (!this.#hasHeard) return undefined;
    return { spokenMs: Math.round((this.#spokenSampleCount * 1000) / SAMPLE_RATE_HZ) };
  }

  #look(dueMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const isLate = nowMs - dueMs >= LATE_MIN_MS;
    // Without a single sample nobody knows whether the stream works: that is no silence.
    if (this.#hasHeard && !isLate && nowMs - this.#lastSpeechMs >= this.#silenceMs) {
      this.#fallSilent();
    } else {
      this.#timer = this.#clock.setTimer(LOOK_EVERY_MS, () => this.#look(nowMs + LOOK_EVERY_MS));
    }
  }

  #hear(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#hasHeard = true;
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    if (levelDbm0(sum / samples.length) < SPEECH_MIN_DBM0) return;
    this.#lastSpeechMs = this.#clock.monotonicMs();
    this.#spokenSampleCount += samples.length;
  }
}
