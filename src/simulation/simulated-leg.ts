import type { CallId } from '../kernel/ids.ts';
import type { SimulatedClock } from '../kernel/simulated-clock.ts';
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
} from '../telephony/leg.ts';
import type { Termination } from '../telephony/termination.ts';
import { SimulatedControls } from './simulated-controls.ts';

export const remoteHangup: Termination = { bucket: 'success', reason: 'remote-hangup' };
const localHangup: Termination = { bucket: 'success', reason: 'local-hangup' };

/** From our BYE to the end of the leg. */
const BYE_MS = 4;

export interface SimulatedLegOptions {
  readonly callId: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly number: string;
  readonly clock: SimulatedClock;
  readonly audioMs: ReadonlyMap<string, number>;
}

/** A leg with a person at the far end: the person hears what is played and presses keys in virtual time. */
export class SimulatedLeg implements Leg {
  readonly callId: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly remote: Party;
  readonly ended: Promise<Termination>;
  termination: Termination | undefined;
  /** The person at the far end hears these prompts. */
  onHeard: (promptIds: readonly string[]) => void = () => undefined;
  /** The phone's own keys: hold and transfer; what was muted and recorded. */
  readonly controls: SimulatedControls;
  readonly #options: SimulatedLegOptions;
  readonly #listeners = new Set<(digit: Digit) => void>();
  #resolveEnded: (termination: Termination) => void = () => undefined;
  #stopPlaying: ((outcome: PlayOutcome) => void) | undefined;

  constructor(options: SimulatedLegOptions) {
    this.#options = options;
    this.callId = options.callId;
    this.direction = options.direction;
    this.remote = { uri: `sip:${options.number}@simulated`, number: options.number };
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.controls = new SimulatedControls(() => options.clock.nowMs(), this.ended);
  }

  get muted(): boolean {
    return this.controls.muted;
  }

  press(digit: Digit): void {
    if (this.termination) return;
    for (const listener of this.#listeners) listener(digit);
  }

  /** The call is over now: by the far end (default) or lost. */
  end(termination: Termination = remoteHangup): void {
    if (this.termination) return;
    this.termination = termination;
    this.#stopPlaying?.('ended');
    this.#resolveEnded(termination);
  }

  play(sources: readonly AudioSource[], options: PlayOptions = {}): Promise<PlayOutcome> {
    this.#stopPlaying?.('stopped');
    if (this.termination) return Promise.resolve('ended');
    const { clock } = this.#options;
    const heard = promptIds(sources);
    return new Promise((resolve) => {
      const stop = (): void => settle('stopped');
      const settle = (outcome: PlayOutcome): void => {
        if (timer) clock.clearTimer(timer);
        options.signal?.removeEventListener('abort', stop);
        this.#stopPlaying = undefined;
        resolve(outcome);
      };
      const lengthMs = sources.reduce((sum, source) => sum + this.#lengthMs(source), 0);
      const timer = options.loop ? undefined : clock.setTimer(lengthMs, () => settle('done'));
      this.#stopPlaying = settle;
      options.signal?.addEventListener('abort', stop);
      if (options.signal?.aborted) stop();
      else this.onHeard(heard);
    });
  }

  onDigit(listener: (digit: Digit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async sendDigits(): Promise<void> {
    await Promise.resolve();
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

  async hangUp(): Promise<void> {
    if (!this.termination) this.#options.clock.setTimer(BYE_MS, () => this.end(localHangup));
    await this.ended;
  }

  #lengthMs(source: AudioSource): number {
    if (source.kind === 'silence') return source.durationMs;
    if (source.kind === 'tone') return source.onMs + source.offMs;
    return this.#options.audioMs.get(source.path) ?? 1000;
  }
}

/** `en/offer.wav` → `offer`; other sources are left out. */
export function promptIds(sources: readonly AudioSource[]): string[] {
  return sources.flatMap((source) =>
    source.kind === 'file' ? [source.path.replace(/^.*\//, '').replace(/\.wav$/, '')] : [],
  );
}
