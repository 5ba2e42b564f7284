import type { FrameProcessor, ProgressEventSink } from './frame.ts';
import { HopAnalyser } from './hop-analyser.ts';
import type { HopSpectrum } from './hop-analyser.ts';
import type { Hop } from './hop.ts';
import { LevelWatch } from './level-watch.ts';
import { NoiseFloor } from './noise-floor.ts';
import type { ProgressEvent } from './progress-event.ts';
import { ToneTracker } from './tone-tracker.ts';
import type { Tone } from './tone.ts';
import { toneFrequenciesHz } from './tone.ts';
import { VoiceActivity } from './voice-activity.ts';

/** Events of one stream; what comes after is dropped. An hour of busy tone makes 22 000. */
const EVENTS_MAX = 50_000;

/** What a `ProgressListener` is made with. */
export interface ProgressListenerOptions {
  readonly onEvent: ProgressEventSink;
  /** Called every 10 ms with the same object: read it, never keep it. */
  readonly onHop?: (hop: Hop) => void;
  /** ISO 3166-1 codes of the countries whose tones are expected; default all that are known. */
  readonly countries?: readonly string[];
}

/** Everything that can be heard in one direction of a call, from one look at each 10 ms. */
export class ProgressListener implements FrameProcessor {
  readonly #options: ProgressListenerOptions;
  readonly #analyser: HopAnalyser;
  readonly #noise = new NoiseFloor();
  readonly #tones: ToneTracker;
  readonly #voice: VoiceActivity;
  readonly #levels: LevelWatch;
  #events = 0;
  #isFinished = false;

  constructor(options: ProgressListenerOptions) {
    this.#options = options;
    const emit = (event: ProgressEvent): void => {
      if (++this.#events <= EVENTS_MAX) options.onEvent(event);
    };
    this.#analyser = new HopAnalyser((hop) => {
      this.#take(hop);
    });
    this.#voice = new VoiceActivity(emit);
    this.#levels = new LevelWatch(emit);
    this.#tones = new ToneTracker(
      {
        onToneStarted: (tone, nowMs) => {
          this.#voice.toneStarted(tone.startMs, nowMs);
          emit(toneStarted(tone, nowMs));
        },
        onToneEnded: (tone, nowMs) => {
          emit(toneEnded(tone, nowMs));
        },
      },
      this.#analyser,
    );
  }

  push(frame: Int16Array): void {
    if (this.#isFinished) return;
    this.#levels.push(frame);
    this.#analyser.push(frame);
  }

  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const endMs = this.#analyser.positionSamples / 8;
    this.#tones.finish(endMs);
    this.#voice.finish(endMs);
    this.#levels.finish(endMs);
  }

  #take(hop: HopSpectrum): void {
    this.#levels.take(hop);
    this.#noise.measure(hop);
    this.#tones.take(hop, this.#noise.noisePower);
    const isSounding = this.#tones.isSounding;
    this.#voice.take(hop, this.#noise, isSounding, this.#tones.isSuspected);
    this.#noise.learn(isSounding || this.#tones.isSuspected, this.#voice.hop.isVoiced);
    this.#options.onHop?.(this.#voice.hop);
  }
}

function toneStarted(tone: Tone, nowMs: number): ProgressEvent {
  return {
    type: 'TONE_STARTED',
    startMs: tone.startMs,
    reportedAtMs: nowMs,
    frequenciesHz: toneFrequenciesHz(tone),
    levelDbm0: tone.levelDbm0,
  };
}

function toneEnded(tone: Tone, nowMs: number): ProgressEvent {
  return {
    type: 'TONE_ENDED',
    startMs: tone.startMs,
    endMs: tone.endMs,
    reportedAtMs: nowMs,
    frequenciesHz: toneFrequenciesHz(tone),
    levelDbm0: tone.levelDbm0,
  };
}
