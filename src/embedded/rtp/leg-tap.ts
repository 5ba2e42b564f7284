import { DtmfDetector } from './dtmf-detector.ts';
import { FRAME_SAMPLES } from './media-leg.ts';
import type { MediaReport, TapKind } from './media-orders.ts';
import { ToneDetector } from './tone-detector.ts';

/** Frames gathered before a recording's audio is handed over: 200 ms. */
const RECORD_BATCH_FRAMES = 10;
/** A longer gap (a machine that was suspended) is shortened to a minute. */
const MISSED_FRAMES_MAX = 3000;

/** Something that listens to a leg: called with each 20 ms frame of both directions. */
export interface LegTap {
  isPaused: boolean;
  frame(read: Int16Array, write: Int16Array): void;
  /** So many frames were never taken, the machine having no time: for what keeps time. */
  missed?(frameCount: number): void;
  /** Hands over what is left. */
  end(): void;
}

/** Makes a tap of that kind; what it hears goes out as reports. */
export function createLegTap(
  leg: string,
  tap: number,
  kind: TapKind,
  report: (report: MediaReport) => void,
): LegTap {
  switch (kind.type) {
    case 'dtmf':
      return dtmfTap(leg, report);
    case 'tone':
      return toneTap(leg, tap, new ToneDetector(kind.frequenciesHz, kind.hitsMin), report);
    case 'record': {
      const combine = kind.isReadOnly ? readOnly : kind.isStereo ? interleave : mix;
      return recordTap(audioTap(leg, tap, combine, RECORD_BATCH_FRAMES, report));
    }
    case 'fork': {
      const combine = kind.mix === 'mono' ? readOnly : kind.mix === 'stereo' ? interleave : mix;
      return audioTap(leg, tap, combine, 1, report);
    }
    default:
      return kind satisfies never;
  }
}

type Combine = (read: Int16Array, write: Int16Array) => Int16Array;

const readOnly: Combine = (read) => read.slice();

const mix: Combine = (read, write) =>
  read.map((sample, i) => Math.max(-32768, Math.min(32767, sample + (write[i] ?? 0))));

const interleave: Combine = (read, write) => {
  const both = new Int16Array(read.length * 2);
  for (let i = 0; i < read.length; i++) {
    both[2 * i] = read[i] ?? 0;
    both[2 * i + 1] = write[i] ?? 0;
  }
  return both;
};

function audioTap(
  leg: string,
  tap: number,
  combine: Combine,
  batchFrames: number,
  report: (report: MediaReport) => void,
): LegTap {
  let batch: Int16Array[] = [];
  const flush = (): void => {
    if (batch.length === 0) return;
    const samples = batch.length === 1 ? batch[0] : concatSamples(batch);
    batch = [];
    if (samples !== undefined) report({ type: 'audio', leg, tap, samples });
  };
  return {
    isPaused: false,
    frame: (read, write) => {
      batch.push(combine(read, write));
      if (batch.length >= batchFrames) flush();
    },
    end: flush,
  };
}

/** A recording lasts as long as what it records: silence stands for the frames that were missed. */
function recordTap(tap: LegTap): LegTap {
  const silence = new Int16Array(FRAME_SAMPLES);
  return {
    ...tap,
    missed: (frameCount) => {
      for (let left = Math.min(frameCount, MISSED_FRAMES_MAX); left > 0; left--) tap.frame(silence, silence);
    },
  };
}

function concatSamples(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function dtmfTap(leg: string, report: (report: MediaReport) => void): LegTap {
  const detector = new DtmfDetector();
  return {
    isPaused: false,
    frame: (read) => {
      for (const digit of detector.push(read)) {
        const durationSamples = detector.heldSamples;
        report({ type: 'digit', leg, digit, durationSamples, source: 'INBAND_AUDIO' });
      }
    },
    end: () => undefined,
  };
}

function toneTap(
  leg: string,
  tap: number,
  detector: ToneDetector,
  report: (report: MediaReport) => void,
): LegTap {
  return {
    isPaused: false,
    frame: (read) => {
      if (detector.push(read)) report({ type: 'tone', leg, tap });
    },
    end: () => undefined,
  };
}
