import type {
  AudioListener,
  Leg,
  Recording,
  RecordingFacts,
  TransferRequest,
  TransferTarget,
} from '../telephony/leg.ts';
import { SimulatedTransfer } from './simulated-transfer.ts';

/** One recording that was asked for. */
export interface SimulatedRecording {
  readonly path: string;
  /** Set once it has ended. */
  facts: RecordingFacts | undefined;
}

/** 8 kHz, two channels of 16 bits. */
const BYTES_PER_MS = 32;

/** What a leg without sound needs for hold, transfer, mute and recording. */
export class SimulatedControls {
  readonly recordings: SimulatedRecording[] = [];
  muted = false;
  readonly #nowMs: () => number;
  readonly #ended: Promise<unknown>;
  readonly #holdListeners = new Set<(held: boolean) => void>();
  #held = false;
  #tapListener: AudioListener | undefined;
  #transferListener: ((request: TransferRequest) => void) | undefined;

  constructor(nowMs: () => number, ended: Promise<unknown>) {
    this.#nowMs = nowMs;
    this.#ended = ended;
  }

  /** The phone's hold key. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const listener of this.#holdListeners) listener(held);
  }

  /** The phone sends REFER; with `replaces` it joins two of its calls. */
  refer(target: TransferTarget, replaces?: Leg): SimulatedTransfer {
    const transfer = new SimulatedTransfer(target, replaces);
    if (this.#transferListener) this.#transferListener(transfer);
    else transfer.reject(603);
    return transfer;
  }

  onHold(listener: (held: boolean) => void): () => void {
    this.#holdListeners.add(listener);
    return () => this.#holdListeners.delete(listener);
  }

  onTransferRequest(listener: (request: TransferRequest) => void): () => void {
    this.#transferListener = listener;
    return () => {
      if (this.#transferListener === listener) this.#transferListener = undefined;
    };
  }

  /** What the far end says, in one frame. */
  speak(samples: Int16Array): void {
    this.#tapListener?.(samples);
  }

  tap(listener: AudioListener): () => void {
    this.#tapListener = listener;
    return () => {
      if (this.#tapListener === listener) this.#tapListener = undefined;
    };
  }

  record(path: string): Recording {
    const startedAtMs = this.#nowMs();
    const recording: SimulatedRecording = { path, facts: undefined };
    this.recordings.push(recording);
    let settle: (facts: RecordingFacts) => void = () => undefined;
    const ended = new Promise<RecordingFacts>((resolve) => {
      settle = resolve;
    });
    const end = (): void => {
      if (recording.facts) return;
      const durationMs = this.#nowMs() - startedAtMs;
      recording.facts = { durationMs, bytes: 44 + durationMs * BYTES_PER_MS };
      settle(recording.facts);
    };
    void this.#ended.then(end);
    return {
      ended,
      stop: () => {
        end();
        return ended;
      },
    };
  }
}
