import { z } from 'zod';
import { AppError, messageOf } from '../kernel/errors.ts';
import type { Fault } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { FlowSurroundings } from './flow-check.ts';
import { FlowMachine } from './flow-machine.ts';
import { readFlow } from './flow-reader.ts';
import { pathText, readPlacedJson } from './json-place.ts';
import { languages } from './languages/languages.ts';
import { promptIdSchema } from './phrase.ts';
import { vocabularyOf } from './say.ts';

/** Flow files read at most; the rest is told as a fault. */
export const FLOWS_MAX = 200;
/** Prompts of one catalogue at most. */
export const PROMPTS_MAX = 5000;

/** One text file of the flows folder, its path relative to it. */
export interface FlowFile {
  readonly path: string;
  readonly text: string;
}

/** Everything in the flows folder at one moment. */
export interface FlowFiles {
  /** `<name>.json` of the folder itself. */
  readonly flows: readonly FlowFile[];
  /** `prompts/<language>.json`: prompt id → text. */
  readonly catalogues: readonly FlowFile[];
  /** Lengths in ms of the audio files, by path relative to the audio root. */
  readonly audioMs: ReadonlyMap<string, number>;
}

/** The flows folder as the library sees it (adapters/flows). */
export interface FlowSource {
  read(): Promise<FlowFiles>;
  /** Calls the listener after files have changed, once they are quiet. Returns the way to stop. */
  watch(listener: () => void): () => void;
}

/** What is wrong with one file of the folder. */
export interface FlowFileFault extends Fault {
  /** Relative to the flows folder: `inbound.json`. */
  readonly file: string;
}

export interface FlowLibraryOptions {
  readonly source: FlowSource;
  readonly log: Log;
}

const catalogueSchema = z.record(promptIdSchema, z.string().min(1).max(500));

/**
 * The flows in force. A file that becomes invalid keeps its last valid flow in force and is told among the
 * faults; a file that disappears takes its flow with it. Running dialogues keep the flow they began with.
 */
export class FlowLibrary {
  readonly #source: FlowSource;
  readonly #log: Log;
  #machines: ReadonlyMap<string, FlowMachine> = new Map();
  #faults: readonly FlowFileFault[] = [];
  #audioMs: ReadonlyMap<string, number> = new Map();
  #prompts: ReadonlySet<string> = new Set();
  #stopWatching: (() => void) | undefined;
  #reloading: Promise<readonly FlowFileFault[]> | undefined;

  constructor(options: FlowLibraryOptions) {
    this.#source = options.source;
    this.#log = options.log;
  }

  /** The flow in force, or undefined when none of that name was ever valid. */
  get(name: string): FlowMachine | undefined {
    return this.#machines.get(name);
  }

  /** The flow in force; AppError FLOW_UNKNOWN, with the file's faults, when there is none. */
  require(name: string): FlowMachine {
    const machine = this.#machines.get(name);
    if (machine) return machine;
    const faults = this.#faults.filter(({ file }) => file === `${name}.json`);
    throw new AppError('FLOW_UNKNOWN', `there is no valid flow named "${name}"`, { faults });
  }

  /** Names of the flows in force, sorted. */
  get names(): readonly string[] {
    return [...this.#machines.keys()].sort();
  }

  /** What was wrong at the last reload; empty when everything read is in force. */
  get faults(): readonly FlowFileFault[] {
    return this.#faults;
  }

  /** Ids of prompts that have text and audio in one language at least. */
  get prompts(): ReadonlySet<string> {
    return this.#prompts;
  }

  /** Lengths in ms of all audio files, for `runFlow`. */
  get audioMs(): ReadonlyMap<string, number> {
    return this.#audioMs;
  }

  /**
   * Reads the folder again and puts every valid flow into force. Resolves to the faults, which are also
   * logged. One reload at a time: a call during a reload begins another one after it.
   */
  async reload(): Promise<readonly FlowFileFault[]> {
    const before = this.#reloading;
    const mine = (before ?? Promise.resolve()).then(() => this.#reload());
    this.#reloading = mine;
    const faults = await mine;
    if (this.#reloading === mine) this.#reloading = undefined;
    return faults;
  }

  /** Reloads whenever files change, until {@link close}. */
  watch(): void {
    this.#stopWatching ??= this.#source.watch(() => void this.reload());
  }

  close(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  async #reload(): Promise<readonly FlowFileFault[]> {
    let files: FlowFiles;
    try {
      files = await this.#source.read();
    } catch (thrown) {
      // What is in force stays: a folder that cannot be read is no reason to stop answering calls.
      this.#faults = [{ file: '.', path: '', message: `cannot be read: ${messageOf(thrown)}` }];
      this.#tell();
      return this.#faults;
    }
    const { surroundings, faults } = readCatalogues(files);
    const machines = new Map<string, FlowMachine>();
    for (const { path, text } of files.flows.slice(0, FLOWS_MAX)) {
      const name = path.replace(/\.json$/, '');
      const reading = readFlow(name, text, surroundings);
      if (reading.kind === 'valid') {
        machines.set(name, new FlowMachine(reading.flow));
        continue;
      }
      faults.push(...reading.faults.map((fault) => ({ file: path, ...fault })));
      const previous = this.#machines.get(name);
      if (previous) machines.set(name, previous);
    }
    faults.push(...continuationFaults(machines));
    for (const { path } of files.flows.slice(FLOWS_MAX)) {
      faults.push({ file: path, path: '', message: `is one flow too many; at most ${FLOWS_MAX} are read` });
    }
    this.#machines = machines;
    this.#audioMs = files.audioMs;
    this.#prompts = new Set([...surroundings.prompts.values()].flatMap((ids) => [...ids]));
    this.#faults = faults;
    this.#tell();
    return faults;
  }

  #tell(): void {
    for (const fault of this.#faults) this.#log.error({ ...fault }, 'a file of the flows folder was refused');
    this.#log.info({ flows: this.names, faultCount: this.#faults.length }, 'flows read');
  }
}

/** `continue` must lead to a flow and a state that are there; such a flow is told of and stays in force. */
function continuationFaults(machines: ReadonlyMap<string, FlowMachine>): FlowFileFault[] {
  return [...machines].flatMap(([name, { flow }]) =>
    Object.entries(flow.states).flatMap(([stateName, state]) => {
      if (state.do !== 'continue') return [];
      const target = machines.get(state.flow);
      const fault = (field: string, message: string): FlowFileFault[] => [
        { file: `${name}.json`, path: `states.${stateName}.${field}`, message },
      ];
      if (!target) return fault('flow', `there is no valid flow "${state.flow}"`);
      if (state.at === undefined || target.flow.states[state.at]) return [];
      return fault('at', `"${state.flow}" has no state "${state.at}"`);
    }),
  );
}

/**
 * Reads the catalogues and compares them with the audio and with what numbers and times need. A prompt counts
 * as present only when it has both text and audio.
 */
function readCatalogues(files: FlowFiles): { surroundings: FlowSurroundings; faults: FlowFileFault[] } {
  const faults: FlowFileFault[] = [];
  const prompts = new Map<string, ReadonlySet<string>>();
  for (const { path, text } of files.catalogues) {
    const language = path.replace(/^.*\//, '').replace(/\.json$/, '');
    const read = readCatalogue(path, text);
    if ('faults' in read) {
      faults.push(...read.faults);
      continue;
    }
    const present = Object.keys(read.texts).filter((id) => files.audioMs.has(`${language}/${id}.wav`));
    prompts.set(language, new Set(present));
    for (const id of Object.keys(read.texts).filter(
      (wanted) => !files.audioMs.has(`${language}/${wanted}.wav`),
    )) {
      faults.push({ file: path, path: id, message: `has no audio: ${language}/${id}.wav is missing` });
    }
    const table = languages.get(language);
    if (!table)
      faults.push({ file: path, path: '', message: `"${language}" is not a language that can be spoken` });
    for (const id of table ? vocabularyOf(table) : []) {
      if (!(id in read.texts))
        faults.push({ file: path, path: id, message: 'is needed for numbers and times' });
    }
  }
  if (files.catalogues.length === 0)
    faults.push({ file: 'prompts', path: '', message: 'holds no catalogue' });
  return { surroundings: { prompts, audio: new Set(files.audioMs.keys()) }, faults };
}

function readCatalogue(
  path: string,
  text: string,
): { texts: Record<string, string> } | { faults: FlowFileFault[] } {
  const json = readPlacedJson(text);
  if (json.kind === 'refused') return { faults: [{ file: path, ...json.fault }] };
  const parsed = catalogueSchema.safeParse(json.value);
  if (!parsed.success) {
    return {
      faults: parsed.error.issues.map((issue) => {
        const line = json.lineOf(issue.path);
        const place = line === undefined ? {} : { line };
        return { file: path, path: pathText(issue.path), message: issue.message, ...place };
      }),
    };
  }
  if (Object.keys(parsed.data).length <= PROMPTS_MAX) return { texts: parsed.data };
  return { faults: [{ file: path, path: '', message: `has more than ${PROMPTS_MAX} prompts` }] };
}
