import type { Fault } from '../kernel/errors.ts';
import { actionSchemas, FLOW_FILE_BYTES_MAX, flowFileSchema, STATES_MAX, verbs } from './flow-document.ts';
import type { FlowDocument, FlowState, Verb } from './flow-document.ts';
import { checkFlow } from './flow-check.ts';
import type { FlowSurroundings } from './flow-check.ts';
import { pathText, readPlacedJson } from './json-place.ts';

export type FlowReading =
  | { readonly kind: 'valid'; readonly flow: FlowDocument }
  | { readonly kind: 'invalid'; readonly faults: readonly Fault[] };

/** Faults told of one file; the rest is cut. */
export const FAULTS_MAX = 50;

interface PlacedFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Reads one flow file completely: JSON, form of every state, then what only the whole shows (targets,
 * reachability, outcomes, loops, prompts). Pure. All faults are told at once, each with its path and line.
 * @param name the file's name without `.json`.
 */
export function readFlow(name: string, text: string, surroundings: FlowSurroundings): FlowReading {
  if (Buffer.byteLength(text) > FLOW_FILE_BYTES_MAX) {
    return refuse([{ path: '', message: `is larger than ${FLOW_FILE_BYTES_MAX} bytes` }]);
  }
  const json = readPlacedJson(text);
  if (json.kind === 'refused') return refuse([json.fault]);
  const place = (faults: readonly PlacedFault[]): FlowReading =>
    refuse(
      faults.slice(0, FAULTS_MAX).map(({ path, message }) => {
        const line = json.lineOf(path);
        return { path: pathText(path), message, ...(line === undefined ? {} : { line }) };
      }),
    );
  const file = flowFileSchema.safeParse(json.value);
  if (!file.success) return place(file.error.issues);
  if (file.data.flow !== name) {
    return place([{ path: ['flow'], message: `must be "${name}", the name of the file` }]);
  }
  if (Object.keys(file.data.states).length > STATES_MAX) {
    return place([{ path: ['states'], message: `has more than ${STATES_MAX} states` }]);
  }
  const faults: PlacedFault[] = [];
  const states: Record<string, FlowState> = {};
  for (const [key, given] of Object.entries(file.data.states)) {
    const read = readState(given);
    if ('state' in read) states[key] = read.state;
    else faults.push(...read.faults.map((fault) => ({ ...fault, path: ['states', key, ...fault.path] })));
  }
  if (faults.length > 0) return place(faults);
  const flow = { name, description: file.data.description, initial: file.data.initial, states };
  const found = checkFlow(flow, surroundings);
  return found.length > 0 ? place(found) : { kind: 'valid', flow };
}

function readState(given: unknown): { state: FlowState } | { faults: readonly PlacedFault[] } {
  const verb = typeof given === 'object' && given !== null && 'do' in given ? given.do : undefined;
  if (typeof verb !== 'string' || !verbs.includes(verb as Verb)) {
    return { faults: [{ path: ['do'], message: `unknown verb; a state does one of ${verbs.join(', ')}` }] };
  }
  const parsed = actionSchemas[verb as Verb].safeParse(given);
  return parsed.success ? { state: parsed.data } : { faults: parsed.error.issues };
}

function refuse(faults: readonly Fault[]): FlowReading {
  return { kind: 'invalid', faults };
}
