import type { RecordingFacts } from '../../telephony/leg.ts';
import type { EslEvent } from './drachtio-fsmrf.ts';

/** 8 kHz: what a leg records in. */
export const RECORDING_RATE_HZ = 8000;
/** Two channels of 16 bits. */
const BYTES_PER_SAMPLE = 4;
const WAV_HEADER_BYTES = 44;

/** Size and length of a recording of so many samples. */
export function recordingFacts(sampleCount: number): RecordingFacts {
  return {
    durationMs: Math.round((sampleCount * 1000) / RECORDING_RATE_HZ),
    bytes: WAV_HEADER_BYTES + sampleCount * BYTES_PER_SAMPLE,
  };
}

/** Waits for the media server's word that a recording is complete, also after its channel has ended. */
export class RecordingWatch {
  readonly #waiting = new Map<string, (facts: RecordingFacts) => void>();

  /** Resolves when the file is complete; `forget` gives up waiting. */
  expect(uuid: string, path: string): { complete: Promise<RecordingFacts>; forget: () => void } {
    const key = `${uuid} ${path}`;
    const complete = new Promise<RecordingFacts>((resolve) => {
      this.#waiting.set(key, resolve);
    });
    return { complete, forget: () => this.#waiting.delete(key) };
  }

  /** A RECORD_STOP event. */
  stopped(event: EslEvent): void {
    const key = `${event.getHeader('Unique-ID') ?? ''} ${event.getHeader('Record-File-Path') ?? ''}`;
    const resolve = this.#waiting.get(key);
    if (!resolve) return;
    this.#waiting.delete(key);
    const samples = Number(event.getHeader('variable_record_samples') ?? 0);
    resolve(recordingFacts(Number.isFinite(samples) ? Math.max(0, samples) : 0));
  }
}
