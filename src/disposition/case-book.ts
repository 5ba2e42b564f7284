import type { Actor } from '../callback/callback.ts';
import {
  type Case,
  CASE_DATA_CHARACTERS_MAX,
  CASE_NOTES_MAX,
  type CaseEventKind,
  type CaseFile,
  type CaseSubject,
  type CaseTx,
  type CaseWork,
} from './case.ts';

/** What a queue asks of agents at the end of a case. */
export interface DispositionRules {
  /** Codes that may be chosen, in the order in which they are shown. */
  readonly codes: readonly string[];
  /** A case cannot be marked done without one. */
  readonly required: boolean;
}

/** Why a change of a case is refused; nothing was changed. */
export type CaseRefusal =
  /** There is no such case, or the agent has no part in it. */
  | { readonly kind: 'no-case' }
  | { readonly kind: 'unknown-disposition'; readonly code: string; readonly allowed: readonly string[] }
  | { readonly kind: 'disposition-required'; readonly allowed: readonly string[] }
  | { readonly kind: 'too-many-notes'; readonly max: number }
  | { readonly kind: 'data-too-large'; readonly max: number };

export type CaseOutcome =
  /** `repeated`: it was so before; nothing was changed. */
  | { readonly kind: 'changed' | 'repeated'; readonly found: Case }
  | { readonly kind: 'refused'; readonly refusal: CaseRefusal };

/** Who changes which agent's part of which case, and when. */
export interface CaseChange {
  readonly subjectId: string;
  readonly agentId: string;
  readonly actor: Actor;
  readonly nowMs: number;
}

/** The case with all its parts; undefined: there is none. */
export async function readCase(tx: CaseTx, subjectId: string): Promise<Case | undefined> {
  const file = await tx.findCaseFile(subjectId);
  if (!file) return undefined;
  return { ...file, works: await tx.caseWorks(subjectId), notes: await tx.caseNotes(subjectId) };
}

/**
 * An agent got the customer: the case begins, or goes on with another agent. What the first agent changed of
 * the customer's data stays.
 */
export async function openCase(
  tx: CaseTx,
  subject: CaseSubject,
  { agentId, actor, nowMs }: Omit<CaseChange, 'subjectId'>,
): Promise<CaseOutcome> {
  const subjectId = subject.id;
  const before = await readCase(tx, subjectId);
  const mine = workOf(before, agentId);
  if (before && mine?.state === 'WORKING') return { kind: 'repeated', found: before };
  if (!before) await tx.putCaseFile({ ...subject, openedAtMs: nowMs, touchedAtMs: nowMs, version: 0 });
  const work: CaseWork = mine
    ? { ...mine, state: 'WORKING', contactEndedAtMs: null, doneAtMs: null }
    : { ...newWork, subjectId, agentId, openedAtMs: nowMs };
  await tx.putCaseWork(work);
  return stored(tx, { subjectId, agentId, actor, nowMs }, 'CASE_OPENED', { queue: subject.virtualQueue });
}

/** The conversation is over, after-call work begins. Nothing happens when this agent was not talking. */
export async function contactEnded(tx: CaseTx, change: CaseChange): Promise<CaseOutcome> {
  const found = await ownCase(tx, change);
  if (!found) return refused({ kind: 'no-case' });
  if (found.mine.state !== 'WORKING') return { kind: 'repeated', found };
  await tx.putCaseWork({ ...found.mine, state: 'WRAP_UP', contactEndedAtMs: change.nowMs });
  return stored(tx, change, 'CONTACT_ENDED');
}

/**
 * After-call work is over, by time or because the agent went on to something else: the case is done, or left
 * undisposed while a required disposition is missing. An agent who never talked (`isContact` false) owes
 * none.
 */
export async function workEnded(
  tx: CaseTx,
  change: CaseChange,
  rules: DispositionRules,
  isContact = true,
): Promise<CaseOutcome> {
  const found = await ownCase(tx, change);
  if (!found) return refused({ kind: 'no-case' });
  const { mine } = found;
  if (mine.state === 'DONE' || mine.state === 'UNDISPOSED') return { kind: 'repeated', found };
  const contactEndedAtMs = mine.contactEndedAtMs ?? change.nowMs;
  const owes = isContact && rules.required && mine.disposition === null;
  if (owes) {
    await tx.putCaseWork({ ...mine, state: 'UNDISPOSED', contactEndedAtMs });
    return stored(tx, change, 'LEFT_UNDISPOSED');
  }
  await tx.putCaseWork({ ...mine, state: 'DONE', contactEndedAtMs, doneAtMs: change.nowMs });
  return stored(tx, change, 'MARKED_DONE', { disposition: mine.disposition, byAgent: false });
}

/** Mark Done: refused while the queue requires a disposition and none is chosen. */
export async function markDone(
  tx: CaseTx,
  change: CaseChange,
  rules: DispositionRules,
): Promise<CaseOutcome> {
  const found = await ownCase(tx, change);
  if (!found) return refused({ kind: 'no-case' });
  const { mine } = found;
  if (mine.state === 'DONE') return { kind: 'repeated', found };
  if (rules.required && mine.disposition === null) {
    return refused({ kind: 'disposition-required', allowed: rules.codes });
  }
  const contactEndedAtMs = mine.contactEndedAtMs ?? change.nowMs;
  await tx.putCaseWork({ ...mine, state: 'DONE', contactEndedAtMs, doneAtMs: change.nowMs });
  return stored(tx, change, 'MARKED_DONE', { disposition: mine.disposition, byAgent: true });
}

/** Chooses what came of it, during the call or after, also to correct it once the case is done. */
export async function chooseDisposition(
  tx: CaseTx,
  change: CaseChange,
  code: string,
  rules: DispositionRules,
): Promise<CaseOutcome> {
  const found = await ownCase(tx, change);
  if (!found) return refused({ kind: 'no-case' });
  const { mine } = found;
  if (!rules.codes.includes(code)) {
    return refused({ kind: 'unknown-disposition', code, allowed: rules.codes });
  }
  if (mine.disposition === code) return { kind: 'repeated', found };
  await tx.putCaseWork({ ...mine, disposition: code });
  return stored(tx, change, 'DISPOSITION_CHOSEN', { disposition: code, before: mine.disposition });
}

/** Writes a note; one of the same id is written once. */
export async function addNote(
  tx: CaseTx,
  change: CaseChange,
  note: { readonly id: string; readonly text: string },
): Promise<CaseOutcome> {
  const found = await ownCase(tx, change);
  if (!found) return refused({ kind: 'no-case' });
  if (found.notes.some(({ id }) => id === note.id)) return { kind: 'repeated', found };
  if (found.notes.length >= CASE_NOTES_MAX) return refused({ kind: 'too-many-notes', max: CASE_NOTES_MAX });
  const { subjectId, actor: author, nowMs: atMs } = change;
  await tx.insertCaseNote({ ...note, subjectId, author, atMs });
  return stored(tx, change, 'NOTE_ADDED', { characterCount: note.text.length });
}

/** Changes customer data key by key; null removes a key. */
export async function changeData(
  tx: CaseTx,
  change: CaseChange,
  changes: Readonly<Record<string, string | null>>,
): Promise<CaseOutcome> {
  const found = await ownCase(tx, change);
  if (!found) return refused({ kind: 'no-case' });
  const merged = Object.entries({ ...found.customerData, ...changes });
  const customerData = Object.fromEntries(
    merged.filter((entry): entry is [string, string] => entry[1] !== null),
  );
  if (isSameData(customerData, found.customerData)) return { kind: 'repeated', found };
  if (JSON.stringify(customerData).length > CASE_DATA_CHARACTERS_MAX) {
    return refused({ kind: 'data-too-large', max: CASE_DATA_CHARACTERS_MAX });
  }
  const { works: _works, notes: _notes, mine: _mine, ...file } = found;
  await tx.putCaseFile({ ...file, customerData });
  return stored(tx, change, 'DATA_CHANGED', { keys: Object.keys(changes) });
}

const newWork = {
  state: 'WORKING',
  disposition: null,
  contactEndedAtMs: null,
  doneAtMs: null,
} as const;

function workOf(found: Case | undefined, agentId: string): CaseWork | undefined {
  return found?.works.find((work) => work.agentId === agentId);
}

/** The case when this agent has a part in it. */
async function ownCase(
  tx: CaseTx,
  { subjectId, agentId }: CaseChange,
): Promise<(Case & { readonly mine: CaseWork }) | undefined> {
  const found = await readCase(tx, subjectId);
  const mine = workOf(found, agentId);
  return found && mine && { ...found, mine };
}

/** The version goes up, the history gets its line, and the case is read as it now is. */
async function stored(
  tx: CaseTx,
  { subjectId, agentId, actor, nowMs }: CaseChange,
  kind: CaseEventKind,
  data: Readonly<Record<string, unknown>> = {},
): Promise<CaseOutcome> {
  const file = (await tx.findCaseFile(subjectId)) as CaseFile;
  await tx.putCaseFile({ ...file, touchedAtMs: nowMs, version: file.version + 1 });
  await tx.appendCaseEvent({ subjectId, atMs: nowMs, kind, actor, data: { agentId, ...data } });
  return { kind: 'changed', found: (await readCase(tx, subjectId)) as Case };
}

function refused(refusal: CaseRefusal): CaseOutcome {
  return { kind: 'refused', refusal };
}

function isSameData(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
