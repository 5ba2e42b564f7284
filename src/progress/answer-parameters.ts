// Made by bench/cpd/tune.ts from the tuning part of the corpus; change it there.
import type { AnswerProfile, AnswerRules } from './answer-rules.ts';

/** Thresholds of each profile. */
export const ANSWER_RULES: Readonly<Record<AnswerProfile, AnswerRules>> = {
  'favour-person': {
    person: [
      {
        talkMaxMs: 1200,
        quietMs: 380,
        score: 0.88,
      },
      {
        talkMaxMs: 1500,
        quietMs: 480,
        score: 0.91,
      },
      {
        talkMaxMs: 1900,
        quietMs: 520,
        score: 0.95,
      },
      {
        talkMaxMs: 2300,
        quietMs: 580,
        score: 0.88,
      },
      {
        talkMaxMs: 2800,
        quietMs: 620,
        score: 0.98,
      },
      {
        talkMaxMs: 5400,
        quietMs: 700,
        score: 0.86,
      },
    ],
    machineTalkMs: 5400,
    machineScore: 1,
  },
  neutral: {
    person: [
      {
        talkMaxMs: 700,
        quietMs: 380,
        score: 0.95,
      },
      {
        talkMaxMs: 1200,
        quietMs: 600,
        score: 0.89,
      },
      {
        talkMaxMs: 4600,
        quietMs: 860,
        score: 0.89,
      },
    ],
    machineTalkMs: 4600,
    machineScore: 0.99,
  },
  'favour-machine': {
    person: [
      {
        talkMaxMs: 500,
        quietMs: 1000,
        score: 0.99,
      },
      {
        talkMaxMs: 700,
        quietMs: 1140,
        score: 0.97,
      },
      {
        talkMaxMs: 3800,
        quietMs: 1160,
        score: 0.94,
      },
    ],
    machineTalkMs: 3800,
    machineScore: 0.98,
  },
};
