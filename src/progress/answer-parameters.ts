// Made by bench/cpd/tune.ts from the tuning part of the corpus; change it there.
import type { AnswerProfile, AnswerRules } from './answer-rules.ts';

/** Thresholds of each profile. */
export const ANSWER_RULES: Readonly<Record<AnswerProfile, AnswerRules>> = {
  'favour-person': {
    person: [
      {
        talkMaxMs: 700,
        quietMs: 380,
        score: 0.94,
      },
      {
        talkMaxMs: 1900,
        quietMs: 600,
        score: 0.85,
      },
      {
        talkMaxMs: 2800,
        quietMs: 680,
        score: 0.97,
      },
      {
        talkMaxMs: 4800,
        quietMs: 700,
        score: 0.88,
      },
    ],
    machineTalkMs: 4800,
    machineScore: 0.99,
  },
  neutral: {
    person: [
      {
        talkMaxMs: 500,
        quietMs: 380,
        score: 0.98,
      },
      {
        talkMaxMs: 1200,
        quietMs: 620,
        score: 0.85,
      },
      {
        talkMaxMs: 4600,
        quietMs: 860,
        score: 0.87,
      },
    ],
    machineTalkMs: 4600,
    machineScore: 0.99,
  },
  'favour-machine': {
    person: [
      {
        talkMaxMs: 500,
        quietMs: 380,
        score: 0.98,
      },
      {
        talkMaxMs: 700,
        quietMs: 1140,
        score: 0.96,
      },
      {
        talkMaxMs: 3800,
        quietMs: 1160,
        score: 0.92,
      },
    ],
    machineTalkMs: 3800,
    machineScore: 0.97,
  },
};
