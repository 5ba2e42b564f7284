import type { Actor } from '../callback/callback.ts';

/**
 * How far an agent is with a case. `WORKING`: previewing, ringing or talking. `WRAP_UP`: after-call work.
 * `UNDISPOSED`: after-call work is over and a required disposition is still missing. `DONE`: nothing is left.
 */
export const WorkState = {
  working: 'WORKING',
  wrapUp: 'WRAP_UP',
  undisposed: 'UNDISPOSED',
  done: 'DONE',
} as const;
export type WorkState = (typeof WorkState)[keyof typeof WorkState];

/** What a case is about: a callback or a plain inbound call, with what was known when an agent got it. */
export interface CaseSubject {
  /** The callback's or call's id; a case has the id of its subject. */
  readonly id: string;
  readonly kind: 'callback' | 'call';
  readonly virtualQueue: string;
  /** E.164; null when withheld. */
  readonly customerNumber: string | null;
  /** Key-value data carried with the customer; at most {@link CASE_DATA_CHARACTERS_MAX} as JSON. */
  readonly customerData: Readonly<Record<string, string>>;
}

/** The part of a case that all agents who worked on it share. */
export interface CaseFile extends CaseSubject {
  readonly openedAtMs: number;
  /** When anything of the case was last changed; retention goes by it. */
  readonly touchedAtMs: number;
  /** Raised by one with every change of the file, a note or a work. */
  readonly version: number;
}

/** One agent's part in a case; after a transfer there are several. */
export interface CaseWork {
  readonly subjectId: string;
  readonly agentId: string;
  readonly state: WorkState;
  /** One of the queue's codes; null: none chosen. */
  readonly disposition: string | null;
  readonly openedAtMs: number;
  /** When the agent's last conversation of it ended; null while it lasts. */
  readonly contactEndedAtMs: number | null;
  readonly doneAtMs: number | null;
}

/** Something an agent or supervisor wrote down; never changed. */
export interface CaseNote {
  /** `note_…`; the same id is kept once. */
  readonly id: string;
  readonly subjectId: string;
  readonly author: Actor;
  readonly atMs: number;
  readonly text: string;
}

/** A case with everything of it, notes oldest first. */
export interface Case extends CaseFile {
  readonly works: readonly CaseWork[];
  readonly notes: readonly CaseNote[];
}

/** Notes of one case; bounds what is sent with every change of it. */
export const CASE_NOTES_MAX = 50;
/** Characters of one note. */
export const NOTE_CHARACTERS_MAX = 2000;
/** Customer data as JSON: as much as a callback takes. */
export const CASE_DATA_CHARACTERS_MAX = 8192;

/** The part of a transaction that keeps cases. */
export interface CaseTx {
  findCaseFile(subjectId: string): Promise<CaseFile | undefined>;
  /** Inserts or replaces the shared part. */
  putCaseFile(file: CaseFile): Promise<void>;
  /** Every agent's part, in order of opening. */
  caseWorks(subjectId: string): Promise<CaseWork[]>;
  /** Inserts or replaces one agent's part. */
  putCaseWork(work: CaseWork): Promise<void>;
  /** Cases an agent has a part in, in these states; the latest opened first, at most `limit`. */
  caseWorksOf(agentId: string, states: readonly WorkState[], limit: number): Promise<CaseWork[]>;
  /** Every part that is WORKING or WRAP_UP; asked once at a start. */
  caseWorksInProgress(): Promise<CaseWork[]>;
  /** Nothing is kept when a note of this id is there already. */
  insertCaseNote(note: CaseNote): Promise<void>;
  /** Oldest first, at most {@link CASE_NOTES_MAX}. */
  caseNotes(subjectId: string): Promise<CaseNote[]>;
  /** Appends to the same history as callbacks: subject kind `case`. */
  appendCaseEvent(event: {
    readonly subjectId: string;
    readonly atMs: number;
    readonly kind: CaseEventKind;
    readonly actor: Actor;
    readonly data: Readonly<Record<string, unknown>>;
  }): Promise<void>;
  /** Deletes cases last touched before `touchedBeforeMs` with works and notes; at most `limit`; how many. */
  deleteOldCases(touchedBeforeMs: number, limit: number): Promise<number>;
}

/** What happened to a case; customers' data and notes' texts are not in the history. */
export type CaseEventKind =
  | 'CASE_OPENED'
  | 'CONTACT_ENDED'
  | 'NOTE_ADDED'
  | 'DISPOSITION_CHOSEN'
  | 'DATA_CHANGED'
  | 'LEFT_UNDISPOSED'
  | 'MARKED_DONE';
