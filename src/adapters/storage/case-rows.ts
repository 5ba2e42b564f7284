/** The shared part of a case; its id is that of the callback or call. */
export interface CaseFileRow {
  id: string;
  kind: string;
  virtualQueue: string;
  customerNumber: string | null;
  /** JSON object. */
  customerData: string;
  openedAtMs: number;
  touchedAtMs: number;
  version: number;
}

/** One agent's part in a case. */
export interface CaseWorkRow {
  subjectId: string;
  agentId: string;
  state: string;
  disposition: string | null;
  openedAtMs: number;
  contactEndedAtMs: number | null;
  doneAtMs: number | null;
}

/** A note of a case. */
export interface CaseNoteRow {
  id: string;
  subjectId: string;
  /** JSON of an Actor. */
  author: string;
  atMs: number;
  text: string;
}
