import type { FrameProcessor, ProgressEventSink } from './frame.ts';
import { BeepDetector } from './beep-detector.ts';
import { FaxDetector } from './fax-detector.ts';
import { HopAnalyser } from './hop-analyser.ts';
import type { HopSpectrum } from './hop-analyser.ts';
import type { Hop } from './hop.ts';
import { KeyDetector } from './key-detector.ts';
import { LevelWatch } from './level-watch.ts';
import { NoiseFloor } from './noise-floor.ts';
import type { ProgressEvent } from './progress-event.ts';
import { ProgressToneDetector } from './progress-tone-detector.ts';
import { SitDetector } from './sit-detector.ts';
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
  /**
   * ISO 3166-1 codes of the countries whose tones are expected, the likeliest first: what fits several plans
   * is theirs. Tones of others are known all the same. Default: all alike.
   */
  readonly countries?: readonly string[];
}

/** So many voiced hops of the seven before a tone make it the end of a word. */
const VOICED_BEFORE_MIN = 3;
/** Speech that began so shortly before a tone was the tone's beginning. */
const TONE_ONSET_MS = 60;

/** Everything that can be heard in one direction of a call, from one look at each 10 ms. */
export class ProgressListener implements FrameProcessor {
  readonly #onHop: ((hop: Hop) => void) | undefined;
  readonly #emit: ProgressEventSink;
  readonly #analyser: HopAnalyser;
  readonly #noise = new NoiseFloor();
  readonly #tones: ToneTracker;
  readonly #voice: VoiceActivity;
  readonly #levels: LevelWatch;
  readonly #keys: KeyDetector;
  readonly #fax: FaxDetector;
  readonly #sit: SitDetector;
  readonly #progress: ProgressToneDetector;
  readonly #beeps: BeepDetector;
  #events = 0;
  /** Beginning of the first speech. */
  #spokeFromMs = Infinity;
  #isAfterVoice = false;
  #isFinished = false;

  constructor(options: ProgressListenerOptions) {
    this.#onHop = options.onHop;
    this.#emit = (event) => {
      if (event.type === 'SPEECH_STARTED') this.#speechStarted(event.startMs);
      if (event.type === 'SIT_HEARD' || event.type === 'PROGRESS_TONE_HEARD') this.#beeps.drop();
      if (event.type === 'PROGRESS_TONE_HEARD' && event.tone === 'ringback')
        this.#beeps.ringbackHeard(event.frequenciesHz);
      if (++this.#events <= EVENTS_MAX) options.onEvent(event);
    };
    this.#analyser = new HopAnalyser((hop) => {
      this.#take(hop);
    });
    this.#voice = new VoiceActivity(this.#emit);
    this.#levels = new LevelWatch(this.#emit);
    this.#keys = new KeyDetector(this.#emit);
    this.#fax = new FaxDetector(this.#emit);
    this.#sit = new SitDetector(this.#emit);
    this.#progress = new ProgressToneDetector(this.#emit, options.countries);
    this.#beeps = new BeepDetector(this.#emit);
    this.#tones = new ToneTracker(
      {
        onToneStarted: (tone, nowMs) => {
          this.#isAfterVoice = this.#voice.voicedHopsBefore(tone.startMs) >= VOICED_BEFORE_MIN;
          this.#voice.toneStarted(tone.startMs, nowMs);
          if (this.#spokeFromMs > tone.startMs - TONE_ONSET_MS) this.#spokeFromMs = Infinity;
          this.#emit(toneStarted(tone, nowMs));
        },
        onToneEnded: (tone, nowMs) => {
          this.#toneEnded(tone, nowMs);
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
    this.#keys.finish(endMs);
    this.#tones.finish(endMs);
    this.#beeps.finish(endMs);
    this.#voice.finish(endMs);
    this.#levels.finish(endMs);
  }

  #take(hop: HopSpectrum): void {
    const nowMs = hop.positionSamples / 8;
    this.#levels.take(hop);
    this.#noise.measure(hop);
    const noisePower = this.#noise.noisePower;
    this.#keys.take(hop, noisePower);
    this.#tones.take(hop, noisePower);
    const tone = this.#tones.tone;
    if (tone !== undefined) this.#fax.take(tone, nowMs);
    this.#progress.take(tone, nowMs);
    const isSounding = tone !== undefined;
    const isSuspected = this.#tones.isSuspected || this.#keys.isPressed;
    this.#sit.pass(nowMs, isSounding || isSuspected);
    this.#voice.take(hop, this.#noise, isSounding, isSuspected);
    this.#beeps.take(this.#voice.hop, isSounding || isSuspected, nowMs);
    this.#noise.learn(isSounding || isSuspected, this.#voice.hop.isVoiced);
    this.#onHop?.(this.#voice.hop);
  }

  #speechStarted(startMs: number): void {
    this.#spokeFromMs = Math.min(this.#spokeFromMs, startMs);
    this.#progress.speechStarted();
  }

  /** Each tone is offered to all who may know it; what nobody knows may be a beep. */
  #toneEnded(tone: Tone, nowMs: number): void {
    this.#emit(toneEnded(tone, nowMs));
    const planBurst = this.#progress.burstOf(tone);
    const isFax = this.#fax.toneEnded(tone, nowMs);
    this.#beeps.toneEnded(tone, {
      planBurst,
      isFax,
      hasSpoken: this.#spokeFromMs < tone.startMs,
      isAfterVoice: this.#isAfterVoice,
    });
    this.#sit.toneEnded(tone, nowMs);
    this.#progress.toneEnded(tone, nowMs);
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
