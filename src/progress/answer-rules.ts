import type { TurnTiming } from './speech-turn.ts';

/** How doubt is decided: for the person (default), evenly, or for the machine. */
export type AnswerProfile = 'favour-person' | 'neutral' | 'favour-machine';

/**
 * Somebody talked for at most `talkMaxMs`, then was quiet for `quietMs`: a person who waits for an answer.
 */
export interface PersonRule {
  readonly talkMaxMs: number;
  readonly quietMs: number;
  /** Part of those who fulfilled the rule in the tuning part that were people. */
  readonly score: number;
}

/** Thresholds of one profile; made by bench/cpd/tune.ts. */
export interface AnswerRules {
  /** By rising `talkMaxMs`; the first that fits counts. */
  readonly person: readonly PersonRule[];
  /** Somebody has talked for so long, short pauses included: a machine. */
  readonly machineTalkMs: number;
  readonly machineScore: number;
}

/** Talk or silence that is decided by its timing. */
export interface TimingDecision {
  readonly answer: 'person' | 'machine';
  readonly score: number;
  readonly reason: string;
}

/** A person's verdict is taken back for a beep only after so much talk … */
const BEEP_TALK_MIN_MS = 900;
/** … and so soon after the last word; after a whole sentence, which is no hello, also later. */
const BEEP_QUIET_MAX_MS = 2200;
const SENTENCE_MIN_MS = 2000;
const BEEP_AFTER_SENTENCE_MAX_MS = 4500;

/**
 * Whether a beep so long after so much talk is that of a machine, though its silence was a person's. Pure.
 */
export function isGreetingBeep(talkMs: number, quietMs: number): boolean {
  const quietMaxMs = talkMs >= SENTENCE_MIN_MS ? BEEP_AFTER_SENTENCE_MAX_MS : BEEP_QUIET_MAX_MS;
  return talkMs >= BEEP_TALK_MIN_MS && quietMs <= quietMaxMs;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The decision that the timing allows at this instant, or undefined: listen on. Pure. */
export function decideByTiming(timing: TurnTiming, rules: AnswerRules): TimingDecision | undefined {
  const { talkMs, quietMs } = timing;
  if (talkMs >= rules.machineTalkMs) {
    return {
      answer: 'machine',
      score: rules.machineScore,
      reason: `talks for ${seconds(talkMs)} without waiting for an answer`,
    };
  }
  const rule = rules.person.find(({ talkMaxMs }) => talkMs <= talkMaxMs);
  if (rule === undefined || quietMs < rule.quietMs) return undefined;
  return {
    answer: 'person',
    score: rule.score,
    reason: `spoke for ${seconds(talkMs)}, then waited for ${seconds(quietMs)}`,
  };
}
