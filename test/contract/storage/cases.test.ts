import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addNote, changeData, openCase, readCase } from '../../../src/disposition/case-book.ts';
import type { CaseSubject, CaseWork } from '../../../src/disposition/case.ts';
import { implementations, type TestedStorage } from './implementations.ts';

const subject: CaseSubject = {
  id: 'callback_00000001',
  kind: 'callback',
  virtualQueue: 'support',
  customerNumber: '+15551230000',
  customerData: { order: '42' },
};
const agent = { kind: 'agent', id: '1001' } as const;
const by = { agentId: '1001', actor: agent, nowMs: 10 };
const change = { ...by, subjectId: subject.id };

describe.each(implementations)('cases in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  it('keeps a case with its data, works and notes over a restart', async () => {
    await tested.storage.transact(async ({ cases: tx }) => {
      await openCase(tx, subject, by);
      await openCase(tx, subject, { ...by, agentId: '1002', nowMs: 20 });
      await addNote(tx, { ...change, nowMs: 30 }, { id: 'note_b', text: 'wants a refund' });
      await addNote(tx, { ...change, nowMs: 31 }, { id: 'note_a', text: 'grüße 😀' });
      await changeData(tx, { ...change, nowMs: 40 }, { order: '43', tier: 'gold' });
    });
    await tested.reopen();
    const found = await tested.storage.transact(({ cases }) => readCase(cases, subject.id));
    expect(found).toMatchObject({
      ...subject,
      customerData: { order: '43', tier: 'gold' },
      openedAtMs: 10,
      touchedAtMs: 40,
      version: 5,
    });
    expect(found?.works.map(({ agentId, state }) => [agentId, state])).toEqual([
      ['1001', 'WORKING'],
      ['1002', 'WORKING'],
    ]);
    expect(found?.notes.map(({ text, author }) => [text, author])).toEqual([
      ['wants a refund', agent],
      ['grüße 😀', agent],
    ]);
  });

  it('keeps a note of one id once', async () => {
    await tested.storage.transact(async ({ cases: tx }) => {
      await openCase(tx, subject, by);
      for (const text of ['first', 'second']) {
        await tx.insertCaseNote({ id: 'note_1', subjectId: subject.id, author: agent, atMs: 1, text });
      }
    });
    const notes = await tested.storage.transact(({ cases }) => cases.caseNotes(subject.id));
    expect(notes.map(({ text }) => text)).toEqual(['first']);
  });

  it('finds the works of an agent by state, the latest first, and those in progress', async () => {
    const work = (at: number, state: CaseWork['state'], agentId = '1001'): CaseWork => ({
      subjectId: `callback_${at}`,
      agentId,
      state,
      disposition: null,
      openedAtMs: at,
      contactEndedAtMs: null,
      doneAtMs: null,
    });
    await tested.storage.transact(async ({ cases: tx }) => {
      for (const each of [work(1, 'UNDISPOSED'), work(2, 'DONE'), work(3, 'WRAP_UP')]) {
        await tx.putCaseWork(each);
      }
      await tx.putCaseWork(work(4, 'WORKING', '1002'));
    });
    const ids = await tested.storage.transact(async ({ cases: tx }) => ({
      open: (await tx.caseWorksOf('1001', ['UNDISPOSED', 'WRAP_UP'], 10)).map(({ openedAtMs }) => openedAtMs),
      one: (await tx.caseWorksOf('1001', ['UNDISPOSED', 'WRAP_UP'], 1)).map(({ openedAtMs }) => openedAtMs),
      inProgress: (await tx.caseWorksInProgress()).map(({ openedAtMs }) => openedAtMs),
    }));
    expect(ids).toEqual({ open: [3, 1], one: [3], inProgress: [3, 4] });
  });

  it('deletes cases nobody has touched for long, with all that belongs to them', async () => {
    await tested.storage.transact(async ({ cases: tx }) => {
      await openCase(tx, subject, by);
      await addNote(tx, change, { id: 'note_1', text: 'old' });
      await openCase(tx, { ...subject, id: 'callback_00000002' }, { ...by, nowMs: 500 });
    });
    const left = await tested.storage.transact(async ({ cases: tx }) => ({
      deletedCount: await tx.deleteOldCases(500, 10),
      old: await readCase(tx, subject.id),
      works: await tx.caseWorks(subject.id),
      notes: await tx.caseNotes(subject.id),
      kept: (await readCase(tx, 'callback_00000002'))?.works.length,
      again: await tx.deleteOldCases(500, 10),
    }));
    expect(left).toEqual({ deletedCount: 1, old: undefined, works: [], notes: [], kept: 1, again: 0 });
  });
});
