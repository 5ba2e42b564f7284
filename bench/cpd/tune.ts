import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type AnswerProfile,
  type AnswerRules,
  decideByTiming,
  isGreetingBeep,
  type PersonRule,
} from '../../src/progress/answer-rules.ts';
import { REVISION_PAUSE_MS, REVISION_TALK_MS } from '../../src/progress/answer-classifier.ts';
import { judge } from './judge.ts';
import { provideCorpus } from './make-corpus.ts';
import { greetingEndMs, type Label } from './take.ts';

/** Speech and beep of a call, from the detector or from the labels: all that a threshold can depend on. */
export interface CallTiming {
  readonly isMachine: boolean;
  readonly phrases: readonly { readonly startMs: number; readonly endMs: number }[];
  /** Instant at which a beep was known, and its start. */
  readonly beep?: { readonly startMs: number; readonly knownAtMs: number };
  readonly greetingEndMs: number;
}

/** How bad each error is, in machines taken for people; and a second of waiting of a person. */
interface Costs {
  readonly personLost: number;
  readonly waitedSec: number;
}

const COSTS: Readonly<Record<AnswerProfile, Costs>> = {
  'favour-person': { personLost: 25, waitedSec: 0.1 },
  neutral: { personLost: 4, waitedSec: 0.05 },
  'favour-machine': { personLost: 1, waitedSec: 0.02 },
};
/**
 * The product rule: a person is decided within 0.8 s of the greeting's end; what hearing costs is taken off.
 */
const QUIET_MAX_MS: Readonly<Record<AnswerProfile, number>> = {
  'favour-person': 700,
  neutral: 900,
  'favour-machine': 1200,
};
/**
 * Room above the longest greeting of a person of the tuning part: people of the world talk longer than ours.
 */
const MACHINE_TALK_MIN_MS: Readonly<Record<AnswerProfile, number>> = {
  'favour-person': 5400,
  neutral: 3600,
  'favour-machine': 3000,
};
const TALK_BOUNDS_MS = [500, 700, 900, 1200, 1500, 1900, 2300, 2800];
const STEP_MS = 20;

/** What the rules say of a call, by its timing alone: beep before decision, decision, silence. */
export function decideCall(
  call: CallTiming,
  rules: AnswerRules,
): { isMachine: boolean; atMs: number } | undefined {
  const first = call.phrases[0];
  if (first === undefined) return undefined;
  for (const [at, { endMs }] of call.phrases.entries()) {
    const talkMs = endMs - first.startMs;
    if (talkMs >= rules.machineTalkMs) return { isMachine: true, atMs: first.startMs + rules.machineTalkMs };
    const nextMs = call.phrases[at + 1]?.startMs ?? Infinity;
    const rule = rules.person.find(({ talkMaxMs }) => talkMs <= talkMaxMs);
    const timing = {
      onsetMs: first.startMs,
      talkMs,
      quietMs: rule?.quietMs ?? 0,
      phraseCount: at + 1,
      lastPhraseMs: 0,
    };
    const decision = decideByTiming(timing, rules);
    const decidedAtMs = endMs + timing.quietMs;
    const beepAtMs = call.beep?.knownAtMs ?? Infinity;
    if (decision === undefined || decidedAtMs > nextMs) continue;
    // A beep is waited for, or takes the verdict back: the thresholds of the classifier.
    const isBeeped =
      beepAtMs < nextMs &&
      (beepAtMs <= decidedAtMs ? talkMs >= 600 : isGreetingBeep(talkMs, (call.beep?.startMs ?? 0) - endMs));
    if (!isBeeped && talksOn(call)) return { isMachine: true, atMs: first.startMs + REVISION_TALK_MS };
    return isBeeped ? { isMachine: true, atMs: beepAtMs } : { isMachine: false, atMs: decidedAtMs };
  }
  return undefined;
}

/** Some talk is as long as that of a machine that pauses: the classifier takes a person back for it. */
function talksOn({ phrases }: CallTiming): boolean {
  let onsetMs = phrases[0]?.startMs ?? 0;
  return phrases.some(({ startMs, endMs }, at) => {
    if (startMs - (phrases[at - 1]?.endMs ?? startMs) >= REVISION_PAUSE_MS) onsetMs = startMs;
    return endMs - onsetMs >= REVISION_TALK_MS;
  });
}

/** Rules that cost least on the calls: a threshold of silence for each length of talk, and one of talk. */
export function tuneRules(calls: readonly CallTiming[], profile: AnswerProfile): AnswerRules {
  const quiets = Array.from({ length: 40 }, (_, at) => 380 + STEP_MS * at).filter(
    (ms) => ms <= QUIET_MAX_MS[profile],
  );
  const talks = Array.from({ length: 6 }, (_, at) => MACHINE_TALK_MIN_MS[profile] + 200 * at);
  let best: AnswerRules | undefined;
  let bestCost = Infinity;
  for (const machineTalkMs of talks) {
    let rules = rulesOf(
      TALK_BOUNDS_MS.map(() => QUIET_MAX_MS[profile]),
      machineTalkMs,
      QUIET_MAX_MS[profile],
    );
    // One threshold at a time, twice over; longer talk never waits less.
    for (let round = 0; round < 2; round++) {
      for (const at of rules.person.keys()) rules = bestQuiet(calls, rules, at, quiets, COSTS[profile]);
    }
    const cost = costOf(calls, rules, COSTS[profile]);
    if (cost < bestCost - 1e-9) {
      bestCost = cost;
      best = rules;
    }
  }
  return withScores(calls, best as AnswerRules);
}

function rulesOf(quiets: readonly number[], machineTalkMs: number, lastQuietMs: number): AnswerRules {
  const person = TALK_BOUNDS_MS.map((talkMaxMs, at) => ({
    talkMaxMs,
    quietMs: quiets[at] ?? lastQuietMs,
    score: 0,
  }));
  return {
    person: [...person, { talkMaxMs: machineTalkMs, quietMs: lastQuietMs, score: 0 }],
    machineTalkMs,
    machineScore: 0,
  };
}

function bestQuiet(
  calls: readonly CallTiming[],
  rules: AnswerRules,
  at: number,
  quiets: readonly number[],
  costs: Costs,
): AnswerRules {
  let best = rules;
  let bestCost = Infinity;
  const below = rules.person[at - 1]?.quietMs ?? 0;
  for (const quietMs of quiets) {
    if (quietMs < below) continue;
    const person = rules.person.map((rule, place) => (place === at ? { ...rule, quietMs } : rule));
    const tried = { ...rules, person };
    const cost = costOf(calls, tried, costs);
    if (cost < bestCost) {
      bestCost = cost;
      best = tried;
    }
  }
  return best;
}

function costOf(calls: readonly CallTiming[], rules: AnswerRules, costs: Costs): number {
  let cost = 0;
  for (const call of calls) {
    const decision = decideCall(call, rules);
    if (decision === undefined) cost += 1;
    else if (!call.isMachine && decision.isMachine) cost += costs.personLost;
    else if (call.isMachine && !decision.isMachine) cost += 1;
    else if (!call.isMachine)
      cost += (costs.waitedSec * Math.max(0, decision.atMs - call.greetingEndMs)) / 1000;
  }
  return cost;
}

function withScores(calls: readonly CallTiming[], rules: AnswerRules): AnswerRules {
  const people = rules.person.map(() => 1);
  const all = rules.person.map(() => 2);
  let [machines, talkers] = [1, 2];
  for (const call of calls) {
    const first = call.phrases[0];
    const decision = decideCall(call, rules);
    if (first === undefined || decision === undefined) continue;
    if (decision.isMachine) {
      talkers++;
      if (call.isMachine) machines++;
      continue;
    }
    const last = call.phrases.findLast(({ endMs }) => endMs < decision.atMs);
    const talkMs = (last ?? first).endMs - first.startMs;
    const at = rules.person.findIndex(({ talkMaxMs }) => talkMs <= talkMaxMs);
    all[at] = (all[at] ?? 0) + 1;
    if (!call.isMachine) people[at] = (people[at] ?? 0) + 1;
  }
  const score = (good: number, of: number): number => Math.round((100 * good) / of) / 100;
  const person: PersonRule[] = rules.person.map((rule, at) => ({
    ...rule,
    score: score(people[at] ?? 0, all[at] ?? 1),
  }));
  return { ...rules, person: merged(person), machineScore: score(machines, talkers) };
}

/** Neighbours with the same silence are one rule, with the lower score. */
function merged(rules: readonly PersonRule[]): PersonRule[] {
  const kept: PersonRule[] = [];
  for (const rule of rules) {
    const last = kept.at(-1);
    if (last?.quietMs === rule.quietMs)
      kept[kept.length - 1] = { ...rule, score: Math.min(last.score, rule.score) };
    else kept.push(rule);
  }
  return kept;
}

/** Timing as the labels have it: what a perfect ear would hear. */
export function timingOfLabel(label: Label): CallTiming {
  const phrases: { startMs: number; endMs: number }[] = [];
  for (const [startMs, endMs] of label.segments) {
    const last = phrases.at(-1);
    if (last !== undefined && startMs - last.endMs < 200) last.endMs = endMs;
    else phrases.push({ startMs, endMs });
  }
  const beep = label.beep === undefined ? {} : { beep: { startMs: label.beep[0], knownAtMs: label.beep[1] } };
  return {
    isMachine: label.verdict === 'machine',
    phrases,
    ...beep,
    greetingEndMs: greetingEndMs(label.segments) ?? 0,
  };
}

/** Timing as the detector hears it. */
export function timingOfFile(label: Label): CallTiming {
  const { phrases, beeps } = judge(label);
  const onsetMs = phrases[0]?.startMs ?? 0;
  const beep = beeps.find(({ startMs }) => startMs > onsetMs);
  return {
    ...timingOfLabel(label),
    phrases,
    ...(beep === undefined ? {} : { beep: { startMs: beep.startMs, knownAtMs: beep.reportedAtMs } }),
  };
}

export function isSpoken(label: Label): boolean {
  return label.verdict === 'human' || label.verdict === 'machine';
}

function main(): void {
  const labels = provideCorpus('tuning', 50)?.filter(isSpoken);
  if (labels === undefined) return console.log('the tuning part is not complete: run again');
  const calls = labels.map(timingOfFile);
  const profiles: AnswerProfile[] = ['favour-person', 'neutral', 'favour-machine'];
  const rules = Object.fromEntries(profiles.map((profile) => [profile, tuneRules(calls, profile)]));
  for (const profile of profiles) {
    const made = calls.map((call) => ({ call, said: decideCall(call, rules[profile] as AnswerRules) }));
    const lost = made.filter(({ call, said }) => !call.isMachine && said?.isMachine === true).length;
    const missed = made.filter(({ call, said }) => call.isMachine && said?.isMachine !== true).length;
    const machines = calls.filter(({ isMachine }) => isMachine).length;
    console.log(
      `${profile}: ${lost} of ${calls.length - machines} people lost, ${missed} of ${machines} machines missed`,
    );
  }
  const text = [
    '// Made by bench/cpd/tune.ts from the tuning part of the corpus; change it there.',
    "import type { AnswerProfile, AnswerRules } from './answer-rules.ts';",
    '',
    '/** Thresholds of each profile. */',
    `export const ANSWER_RULES: Readonly<Record<AnswerProfile, AnswerRules>> = ${JSON.stringify(rules, undefined, 2)};`,
    '',
  ].join('\n');
  writeFileSync(fileURLToPath(new URL('../../src/progress/answer-parameters.ts', import.meta.url)), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
