import { outcomes } from './flow-document.ts';
import type { FlowDocument, FlowState } from './flow-document.ts';
import { promptsOf } from './phrase.ts';
import type { Phrase } from './phrase.ts';

/** What a flow may refer to outside itself. */
export interface FlowSurroundings {
  /**
   * Prompt ids that have a text and audio, by language tag; a flow's prompts must exist in every language.
   */
  readonly prompts: ReadonlyMap<string, ReadonlySet<string>>;
  /** Files of the audio folder, for music: `music/hold-1.wav`. */
  readonly audio: ReadonlySet<string>;
}

interface CheckFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const KEY = /^[0-9*#A-D]$/;
/** The outcome of a state that was entered more often than its `visitsMax`. */
export const EXHAUSTED = 'exhausted';

/** Finds what only the whole flow shows. Pure; an empty list means valid. */
export function checkFlow(flow: FlowDocument, surroundings: FlowSurroundings): CheckFault[] {
  const faults: CheckFault[] = [];
  if (!flow.states[flow.initial])
    faults.push({ path: ['initial'], message: `no state is named "${flow.initial}"` });
  for (const [name, state] of Object.entries(flow.states)) {
    faults.push(...targetFaults(flow, name, state), ...outcomeFaults(name, state));
    faults.push(...limitFaults(name, state), ...soundFaults(name, state, surroundings));
  }
  if (faults.length > 0) return faults;
  return [...unreachableFaults(flow), ...loopFaults(flow)];
}

/**
 * Where an outcome leads, by the state's own transition or the verb's documented stand-in; undefined:
 * nowhere.
 */
export function targetOf(state: FlowState, outcome: string): string | undefined {
  const { instead } = outcomes[state.do];
  for (let wanted: string | undefined = outcome; wanted !== undefined; wanted = instead[wanted]) {
    const target = state.on[wanted];
    if (target !== undefined) return target;
  }
  return undefined;
}

/** Outcomes of `queue` that there are only with a condition; each needs a transition of its own. */
const conditionOf: Readonly<Record<string, 'offerWhen' | 'overflowWhen'>> = {
  'offer-due': 'offerWhen',
  'overflow-due': 'overflowWhen',
};

/** Every outcome that a state can have. */
export function possibleOutcomes(state: FlowState): string[] {
  const { required, instead, keys } = outcomes[state.do];
  const named = [...required, ...Object.keys(instead)].filter((outcome) => {
    const condition = conditionOf[outcome];
    return condition === undefined || (state.do === 'queue' && state[condition] !== undefined);
  });
  if (keys) named.push(...Object.keys(state.on).filter((outcome) => KEY.test(outcome)));
  if (state.visitsMax !== undefined) named.push(EXHAUSTED);
  return named;
}

function targetFaults(flow: FlowDocument, name: string, state: FlowState): CheckFault[] {
  return Object.entries(state.on)
    .filter(([, target]) => !flow.states[target])
    .map(([outcome, target]) => ({
      path: ['states', name, 'on', outcome],
      message: `no state is named "${target}"`,
    }));
}

function outcomeFaults(name: string, state: FlowState): CheckFault[] {
  const path = ['states', name, 'on'];
  const possible = possibleOutcomes(state);
  const faults: CheckFault[] = Object.keys(state.on)
    .filter((outcome) => !possible.includes(outcome))
    .map((outcome) => ({
      path: [...path, outcome],
      message: `"${state.do}" has no outcome "${outcome}"; it has ${possible.join(', ') || 'none: it ends the flow'}`,
    }));
  const needed = possible.filter((outcome) => outcome in conditionOf || !targetOf(state, outcome));
  for (const outcome of needed.filter((wanted) => !state.on[wanted])) {
    faults.push({ path, message: `has no transition for the outcome "${outcome}" of "${state.do}"` });
  }
  if (outcomes[state.do].keys && !Object.keys(state.on).some((outcome) => KEY.test(outcome))) {
    faults.push({ path, message: `"${state.do}" has no key; name at least one of 0–9, *, #` });
  }
  return faults;
}

function limitFaults(name: string, state: FlowState): CheckFault[] {
  if (state.do !== 'collect' || state.digitsMin <= state.digitsMax) return [];
  return [{ path: ['states', name, 'digitsMin'], message: 'must not be above digitsMax' }];
}

/** The phrases of a state with the field each stands in. */
export function phrasesOf(state: FlowState): [field: string, phrase: Phrase][] {
  const fields = ['phrase', 'announce', 'invalidPhrase', 'silencePhrase'] as const;
  const record = state as Partial<Record<(typeof fields)[number], unknown>>;
  return fields.flatMap((field): [string, Phrase][] => {
    const phrase = record[field];
    return phrase === undefined ? [] : [[field, phrase as Phrase]];
  });
}

function soundFaults(name: string, state: FlowState, surroundings: FlowSurroundings): CheckFault[] {
  const faults: CheckFault[] = [];
  for (const [field, phrase] of phrasesOf(state)) {
    for (const id of new Set(promptsOf(phrase))) {
      const missing = [...surroundings.prompts]
        .filter(([, ids]) => !ids.has(id))
        .map(([language]) => language);
      if (missing.length === 0) continue;
      const message = `the prompt "${id}" has no text or no audio in ${missing.join(', ')}`;
      faults.push({ path: ['states', name, field], message });
    }
  }
  if (state.do === 'queue') {
    state.music.forEach((file, index) => {
      if (surroundings.audio.has(file)) return;
      faults.push({ path: ['states', name, 'music', index], message: `there is no audio file "${file}"` });
    });
  }
  return faults;
}

function unreachableFaults(flow: FlowDocument): CheckFault[] {
  const reached = new Set([flow.initial]);
  // A set grows while it is walked: every state is visited once.
  for (const name of reached) {
    for (const target of Object.values(flow.states[name]?.on ?? {})) reached.add(target);
  }
  return Object.keys(flow.states)
    .filter((name) => !reached.has(name))
    .map((name) => ({ path: ['states', name], message: 'cannot be reached from the initial state' }));
}

/**
 * A loop that turns while the caller does nothing would hold a dead line for ever, or turn without a pause.
 * So: follow only the outcomes that need no act of the caller; waiting in the line and counted states
 * (`visitsMax`) break a loop.
 */
function loopFaults(flow: FlowDocument): CheckFault[] {
  const finished = new Set<string>();
  const trail: string[] = [];
  const faults: CheckFault[] = [];
  const walk = (name: string): void => {
    const again = trail.indexOf(name);
    if (again >= 0) {
      const loop = [...trail.slice(again), name].join(' → ');
      const message = `goes round without the caller doing anything: ${loop}; count one state with visitsMax`;
      faults.push({ path: ['states', name, 'on'], message });
      return;
    }
    const state = flow.states[name];
    if (!state || finished.has(name)) return;
    trail.push(name);
    for (const target of idleTargets(state)) walk(target);
    trail.pop();
    finished.add(name);
  };
  for (const name of Object.keys(flow.states)) walk(name);
  return faults;
}

/** `recorded` and `kept`: somebody has spoken; the dues come after a wait in the line. */
const NEEDS_THE_CALLER = new Set([
  'invalid',
  'collected',
  'too-few',
  'too-many',
  'offer-due',
  'overflow-due',
  'recorded',
  'kept',
]);

function idleTargets(state: FlowState): string[] {
  if (state.visitsMax !== undefined) {
    const target = state.on[EXHAUSTED];
    return target === undefined ? [] : [target];
  }
  return possibleOutcomes(state).flatMap((outcome) => {
    if (NEEDS_THE_CALLER.has(outcome) || KEY.test(outcome)) return [];
    return targetOf(state, outcome) ?? [];
  });
}
