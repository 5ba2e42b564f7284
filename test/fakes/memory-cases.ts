import { type CaseFile, type CaseNote, type CaseTx, type CaseWork } from '../../src/disposition/case.ts';

/** {@link CaseTx} in memory, without transactions. */
export class MemoryCases implements CaseTx {
  readonly files = new Map<string, CaseFile>();
  readonly works = new Map<string, CaseWork>();
  readonly notes = new Map<string, CaseNote>();
  readonly events: Parameters<CaseTx['appendCaseEvent']>[0][] = [];

  async findCaseFile(subjectId: string): Promise<CaseFile | undefined> {
    return this.files.get(subjectId);
  }
  async putCaseFile(file: CaseFile): Promise<void> {
    this.files.set(file.id, file);
  }
  async caseWorks(subjectId: string): Promise<CaseWork[]> {
    return [...this.works.values()].filter((work) => work.subjectId === subjectId);
  }
  async putCaseWork(work: CaseWork): Promise<void> {
    this.works.set(`${work.subjectId} ${work.agentId}`, work);
  }
  async caseWorksOf(...[agentId, states, limit]: Parameters<CaseTx['caseWorksOf']>): Promise<CaseWork[]> {
    return [...this.works.values()]
      .filter((work) => work.agentId === agentId && states.includes(work.state))
      .sort((a, b) => b.openedAtMs - a.openedAtMs)
      .slice(0, limit);
  }
  async caseWorksInProgress(): Promise<CaseWork[]> {
    return [...this.works.values()].filter(({ state }) => state === 'WORKING' || state === 'WRAP_UP');
  }
  async insertCaseNote(note: CaseNote): Promise<void> {
    if (!this.notes.has(note.id)) this.notes.set(note.id, note);
  }
  async caseNotes(subjectId: string): Promise<CaseNote[]> {
    return [...this.notes.values()].filter((note) => note.subjectId === subjectId);
  }
  async appendCaseEvent(event: Parameters<CaseTx['appendCaseEvent']>[0]): Promise<void> {
    this.events.push(event);
  }
  async deleteOldCases(touchedBeforeMs: number, limit: number): Promise<number> {
    const old = [...this.files.values()].filter((file) => file.touchedAtMs < touchedBeforeMs).slice(0, limit);
    for (const { id } of old) this.files.delete(id);
    return old.length;
  }
}
