// Made by bench/cpd/tune.ts from the tuning part of the corpus; change it there.
import type { AnswerProfile, AnswerRules } from './answer-rules.ts';

/** Thresholds of each profile. */
export const ANSWER_RULES: Readonly<Record<AnswerProfile, AnswerRules>> = {
  'favour-person': {
    person: [
      { talkMaxMs: 1000, quietMs: 500, score: 0.97 },
      { talkMaxMs: 2000, quietMs: 600, score: 0.9 },
      { talkMaxMs: 5200, quietMs: 720, score: 0.85 },
    ],
    machineTalkMs: 5200,
    machineScore: 0.97,
  },
  neutral: {
    person: [
      { talkMaxMs: 1000, quietMs: 600, score: 0.97 },
      { talkMaxMs: 2000, quietMs: 700, score: 0.9 },
      { talkMaxMs: 4400, quietMs: 800, score: 0.85 },
    ],
    machineTalkMs: 4400,
    machineScore: 0.95,
  },
  'favour-machine': {
    person: [
      { talkMaxMs: 1000, quietMs: 700, score: 0.97 },
      { talkMaxMs: 2000, quietMs: 900, score: 0.9 },
      { talkMaxMs: 3600, quietMs: 1000, score: 0.85 },
    ],
    machineTalkMs: 3600,
    machineScore: 0.9,
  },
};
