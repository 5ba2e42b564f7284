import type { Kysely } from 'kysely';
import type { Actor } from '../../callback/callback.ts';
import {
  CASE_NOTES_MAX,
  type CaseFile,
  type CaseNote,
  type CaseTx,
  type CaseWork,
  type WorkState,
} from '../../disposition/case.ts';
import type { Schema } from './schema.ts';

/** The cases of one transaction. */
export class CaseQueries implements CaseTx {
  readonly #executor: () => Kysely<Schema>;

  /** @param executor asked for every query: it throws once the transaction has ended. */
  constructor(executor: () => Kysely<Schema>) {
    this.#executor = executor;
  }

  async findCaseFile(subjectId: string): Promise<CaseFile | undefined> {
    const row = await this.#executor()
      .selectFrom('caseFile')
      .selectAll()
      .where('id', '=', subjectId)
      .executeTakeFirst();
    return (
      row && {
        ...row,
        kind: row.kind as CaseFile['kind'],
        customerData: JSON.parse(row.customerData) as Record<string, string>,
      }
    );
  }

  async putCaseFile(file: CaseFile): Promise<void> {
    const { id, ...rest } = file;
    const fields = { ...rest, customerData: JSON.stringify(file.customerData) };
    await this.#executor()
      .insertInto('caseFile')
      .values({ id, ...fields })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
      .execute();
  }

  async caseWorks(subjectId: string): Promise<CaseWork[]> {
    return (await this.#executor()
      .selectFrom('caseWork')
      .selectAll()
      .where('subjectId', '=', subjectId)
      .orderBy('openedAtMs')
      .orderBy('agentId')
      .execute()) as CaseWork[];
  }

  async putCaseWork(work: CaseWork): Promise<void> {
    const { subjectId, agentId, ...fields } = work;
    await this.#executor()
      .insertInto('caseWork')
      .values({ subjectId, agentId, ...fields })
      .onConflict((conflict) => conflict.columns(['subjectId', 'agentId']).doUpdateSet(fields))
      .execute();
  }

  async caseWorksOf(agentId: string, states: readonly WorkState[], limit: number): Promise<CaseWork[]> {
    return (await this.#executor()
      .selectFrom('caseWork')
      .selectAll()
      .where('agentId', '=', agentId)
      .where('state', 'in', [...states])
      .orderBy('openedAtMs', 'desc')
      .orderBy('subjectId')
      .limit(limit)
      .execute()) as CaseWork[];
  }

  async caseWorksInProgress(): Promise<CaseWork[]> {
    return (await this.#executor()
      .selectFrom('caseWork')
      .selectAll()
      .where('state', 'in', ['WORKING', 'WRAP_UP'])
      .orderBy('openedAtMs')
      .execute()) as CaseWork[];
  }

  async insertCaseNote(note: CaseNote): Promise<void> {
    await this.#executor()
      .insertInto('caseNote')
      .values({ ...note, author: JSON.stringify(note.author) })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  async caseNotes(subjectId: string): Promise<CaseNote[]> {
    const rows = await this.#executor()
      .selectFrom('caseNote')
      .selectAll()
      .where('subjectId', '=', subjectId)
      .orderBy('atMs')
      .orderBy('id')
      .limit(CASE_NOTES_MAX)
      .execute();
    return rows.map((row) => ({ ...row, author: JSON.parse(row.author) as Actor }));
  }

  async appendCaseEvent({
    subjectId,
    atMs,
    kind,
    actor,
    data,
  }: Parameters<CaseTx['appendCaseEvent']>[0]): Promise<void> {
    await this.#executor()
      .insertInto('event')
      .values({
        subjectKind: 'case',
        subjectId,
        atMs,
        kind,
        actor: JSON.stringify(actor),
        state: null,
        subState: null,
        data: JSON.stringify(data),
      })
      .execute();
  }

  async deleteOldCases(touchedBeforeMs: number, limit: number): Promise<number> {
    const old = await this.#executor()
      .selectFrom('caseFile')
      .select('id')
      .where('touchedAtMs', '<', touchedBeforeMs)
      .orderBy('touchedAtMs')
      .limit(limit)
      .execute();
    for (const { id } of old) {
      await this.#executor().deleteFrom('caseNote').where('subjectId', '=', id).execute();
      await this.#executor().deleteFrom('caseWork').where('subjectId', '=', id).execute();
      await this.#executor().deleteFrom('caseFile').where('id', '=', id).execute();
    }
    return old.length;
  }
}
