import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import { SimulatedControls } from '../../src/simulation/simulated-controls.ts';
import { promptIds } from '../../src/simulation/simulated-leg.ts';
import type {
  AudioListener,
  AudioSource,
  Digit,
  Leg,
  Party,
  PlayOptions,
  PlayOutcome,
  Recording,
  TransferRequest,
} from '../../src/telephony/leg.ts';
import type { Termination } from '../../src/telephony/termination.ts';

/** One playback as the fake leg was asked for it. */
export interface FakePlayback {
  readonly sources: readonly AudioSource[];
  readonly loop: boolean;
  readonly atMs: number;
  outcome: PlayOutcome | undefined;
}

/**
 * A leg without a telephone: plays in virtual time, remembers everything, has its keys pressed by the test.
 */
export class FakeLeg implements Leg {
  readonly callId = 'call_fake';
  readonly direction: 'inbound' | 'outbound' = 'inbound';
  readonly remote: Party = { uri: 'sip:2125550147@127.0.0.1', number: '2125550147' };
  readonly ended: Promise<Termination>;
  readonly playbacks: FakePlayback[] = [];
  readonly sentDigits: string[] = [];
  termination: Termination | undefined;
  /** Makes every further playback read `ended` although the leg lives: broken media. */
  mediaFails = false;
  readonly controls: SimulatedControls;
  #listeners = new Set<(digit: Digit) => void>();
  #resolveEnded: (termination: Termination) => void = () => undefined;
  #current: { playback: FakePlayback; settle: (outcome: PlayOutcome) => void } | undefined;
  readonly #clock: SimulatedClock;
  readonly #audioMs: ReadonlyMap<string, number>;

  constructor(clock: SimulatedClock, audioMs: ReadonlyMap<string, number> = new Map()) {
    this.#clock = clock;
    this.#audioMs = audioMs;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.controls = new SimulatedControls(() => clock.nowMs(), this.ended);
  }

  /** What can be heard now; an empty list is silence. */
  get playing(): readonly AudioSource[] {
    return this.#current?.playback.sources ?? [];
  }

  /** Prompt ids of what can be heard now. */
  get playingIds(): string[] {
    return promptIds(this.playing);
  }

  /** Listeners on digits: 0 once a dialogue has closed. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  press(digits: string): void {
    for (const digit of digits) for (const listener of this.#listeners) listener(digit as Digit);
  }

  /** The far end hangs up. */
  end(termination: Termination = { bucket: 'success', reason: 'remote-hangup' }): void {
    if (this.termination) return;
    this.termination = termination;
    this.#current?.settle('ended');
    this.#resolveEnded(termination);
  }

  play(sources: readonly AudioSource[], options: PlayOptions = {}): Promise<PlayOutcome> {
    this.#current?.settle('stopped');
    const playback: FakePlayback = {
      sources,
      loop: options.loop ?? false,
      atMs: this.#clock.nowMs(),
      outcome: undefined,
    };
    this.playbacks.push(playback);
    if (this.termination || this.mediaFails) {
      playback.outcome = 'ended';
      return Promise.resolve('ended');
    }
    return new Promise((resolve) => {
      const stop = (): void => settle('stopped');
      const settle = (outcome: PlayOutcome): void => {
        if (timer) this.#clock.clearTimer(timer);
        options.signal?.removeEventListener('abort', stop);
        this.#current = undefined;
        playback.outcome = outcome;
        resolve(outcome);
      };
      const lengthMs = sources.reduce((sum, source) => sum + this.#lengthMs(source), 0);
      const timer = playback.loop ? undefined : this.#clock.setTimer(lengthMs, () => settle('done'));
      this.#current = { playback, settle };
      if (options.signal?.aborted) stop();
      options.signal?.addEventListener('abort', stop);
    });
  }

  onDigit(listener: (digit: Digit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sendDigits(digits: string): Promise<void> {
    this.sentDigits.push(digits);
    return Promise.resolve();
  }

  onHold(listener: (held: boolean) => void): () => void {
    return this.controls.onHold(listener);
  }

  onTransferRequest(listener: (request: TransferRequest) => void): () => void {
    return this.controls.onTransferRequest(listener);
  }

  setMuted(muted: boolean): Promise<void> {
    this.controls.muted = muted;
    return Promise.resolve();
  }

  record(path: string): Promise<Recording> {
    return Promise.resolve(this.controls.record(path));
  }

  tap(listener: AudioListener): (() => void) | undefined {
    return this.controls.tap(listener);
  }

  hangUp(): Promise<void> {
    this.end({ bucket: 'success', reason: 'local-hangup' });
    return Promise.resolve();
  }

  #lengthMs(source: AudioSource): number {
    if (source.kind === 'silence') return source.durationMs;
    if (source.kind === 'tone') return source.onMs + source.offMs;
    return this.#audioMs.get(source.path) ?? 1000;
  }
}
