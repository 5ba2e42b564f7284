import type { CallbackTx, UnitOfWork } from '../../callback/callback-store.ts';
import type { Actor } from '../../callback/callback.ts';
import { changeCallbackData } from '../../callback/data-change.ts';
import type { QueueSettings } from '../../callback/queue-settings.ts';
import { untilStored } from '../../callback/store-retry.ts';
import {
  addNote,
  type CaseChange,
  type CaseOutcome,
  changeData,
  chooseDisposition,
  contactEnded,
  type DispositionRules,
  markDone,
  openCase,
  readCase,
  workEnded,
} from '../../disposition/case-book.ts';
import type { Case, CaseTx } from '../../disposition/case.ts';
import type { Clock } from '../../kernel/clock.ts';
import { AppError, assert } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { AgentRegistry } from '../../routing/agent-registry.ts';
import type { AgentStatus } from '../../routing/agent.ts';
import {
  type AgentCase,
  agentCase,
  type CaseAnswer,
  type CasesAsked,
  type CaseListener,
  CASES_LOOKED_AT_MAX,
  CASES_SHOWN_MAX,
  type CaseWish,
  dispositionRules,
  OPEN_STATES,
  routerActor,
} from './agent-case.ts';
import { callbackOf, type CallFacts, subjectOf } from './case-subject.ts';
import { OrderedWork } from './ordered-work.ts';

type Tx = CallbackTx & { readonly cases: CaseTx };

export interface CaseDeskOptions {
  readonly unitOfWork: UnitOfWork<Tx>;
  readonly registry: Pick<AgentRegistry, 'watch' | 'status' | 'want'>;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  /** Queue and number of a plain inbound call that is up; undefined: there is none of that id. */
  readonly callOf: (callId: string) => CallFacts | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const LISTENERS_MAX = 16;

/**
 * Keeps the case of every customer an agent gets: opened when the agent takes it, in after-call work when the
 * conversation ends, done or left undisposed when that is over. It follows the agents' states; nobody who
 * handles calls waits for it.
 */
export class CaseDesk {
  readonly #options: CaseDeskOptions;
  readonly #listeners = new Set<CaseListener>();
  /** What is being written of each case. */
  readonly #writing = new OrderedWork();
  /** Agent and subject of cases opened by acceptance, until the agent talks or is free again. */
  readonly #accepted = new Map<string, string>();
  #isClosed = false;

  constructor(options: CaseDeskOptions) {
    this.#options = options;
    options.registry.watch((status, before) => this.#follow(status, before));
  }

  /** Returns the way to stop listening. */
  onChange(listener: CaseListener): () => void {
    assert(this.#listeners.size < LISTENERS_MAX, `at most ${LISTENERS_MAX} listen to cases`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** After a start, once the agents' states are loaded: what ended with the process is ended here, too. */
  async recover(): Promise<void> {
    const { unitOfWork, registry } = this.#options;
    await this.flush();
    const works = await unitOfWork.transact((tx) => tx.cases.caseWorksInProgress());
    for (const { agentId, subjectId } of works) {
      if (registry.status(agentId).subjectId !== subjectId) this.#workEnded(agentId, subjectId, true);
    }
    await this.flush();
  }

  /** The agent said yes and is not talking yet: the case is on the screen from now on. */
  accepted(agentId: string, subjectId: string): void {
    this.#accepted.set(agentId, subjectId);
    this.#open(agentId, subjectId);
  }

  /** The agent's cases, the latest first. */
  async casesOf(
    ...[agentId, states = OPEN_STATES, limit = CASES_SHOWN_MAX, isShown]: CasesAsked
  ): Promise<readonly AgentCase[]> {
    await this.flush();
    return this.#options.unitOfWork.transact(async (tx) => {
      const found: AgentCase[] = [];
      const lookedAtMax = isShown ? CASES_LOOKED_AT_MAX : limit;
      for (const { subjectId } of await tx.cases.caseWorksOf(agentId, states, lookedAtMax)) {
        const view = await this.#view(tx, await readCase(tx.cases, subjectId), agentId);
        if (view && found.length < limit && (isShown?.(view) ?? true)) found.push(view);
      }
      return found;
    });
  }

  /** One of the agent's cases in any state; undefined: it is none of theirs. */
  async find(agentId: string, subjectId: string): Promise<AgentCase | undefined> {
    await this.#writing.of(subjectId);
    return this.#options.unitOfWork.transact(async (tx) =>
      this.#view(tx, await readCase(tx.cases, subjectId), agentId),
    );
  }

  /** Writes a note; one of the same id is written once. */
  note(change: CaseWish, note: { readonly id: string; readonly text: string }): Promise<CaseAnswer> {
    return this.#change(change, (tx, full) => addNote(tx.cases, full, note));
  }

  /** During the call or after it, also to correct it later. */
  disposition(change: CaseWish, code: string): Promise<CaseAnswer> {
    return this.#change(change, (tx, full, rules) => chooseDisposition(tx.cases, full, code, rules));
  }

  /** Key by key, null removes one; kept with the callback, too. */
  data(change: CaseWish, changes: Readonly<Record<string, string | null>>): Promise<CaseAnswer> {
    return this.#change(change, async (tx, full) => {
      const outcome = await changeData(tx.cases, full, changes);
      if (outcome.kind === 'changed' && outcome.found.kind === 'callback') {
        const { actor, nowMs } = full;
        const { customerData: userData } = outcome.found;
        await changeCallbackData(tx, full.subjectId, { userData, keys: Object.keys(changes), actor, nowMs });
      }
      return outcome;
    });
  }

  /** Mark Done; ends the agent's after-call work of this case. Refused while the agent has the customer. */
  async done(wish: CaseWish): Promise<CaseAnswer> {
    const { registry } = this.#options;
    const { agentId, subjectId, actor } = wish;
    const { state, subjectId: current } = registry.status(agentId);
    if (current === subjectId && state !== 'AFTER_CALL_WORK') {
      const allowed = ['WRAP_UP', 'UNDISPOSED'];
      return { ok: false, refusal: { kind: 'not-allowed', state: 'WORKING', allowed } };
    }
    const answer = await this.#change(wish, (tx, full, rules) => markDone(tx.cases, full, rules));
    const now = registry.status(agentId);
    if (answer.ok && now.state === 'AFTER_CALL_WORK' && now.subjectId === subjectId) {
      registry.want(agentId, 'WRAP_UP_DONE', actor.kind === 'agent' ? `agent:${actor.id}` : actor.kind);
    }
    return answer;
  }

  /** Tells everybody concerned how the case stands, after something beside it has changed. */
  async tell(subjectId: string): Promise<void> {
    const told = await this.#options.unitOfWork.transact(async (tx) =>
      this.#views(tx, await readCase(tx.cases, subjectId)),
    );
    this.#publish(told);
  }

  /** Resolves when everything the agents' states brought so far is written. */
  async flush(): Promise<void> {
    await this.#writing.all();
  }

  /** Writes what is not written yet, once more while the store fails; then nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await this.flush();
  }

  #follow(status: AgentStatus, before: AgentStatus): void {
    const { agentId, state, subjectId } = status;
    if (before.subjectId !== null && (before.subjectId !== subjectId || isIdle(state))) this.#left(before);
    if (subjectId === null) return;
    const isNew = before.state !== state || before.subjectId !== subjectId;
    if (isNew && state === 'ON_CALL') {
      this.#accepted.delete(agentId);
      this.#open(agentId, subjectId);
    }
    if (isNew && state === 'AFTER_CALL_WORK') this.#contactEnded(agentId, subjectId);
  }

  /** The agent has nothing to do with that subject any more. */
  #left({ agentId, state, subjectId }: AgentStatus): void {
    if (subjectId === null) return;
    if (state === 'AFTER_CALL_WORK') this.#workEnded(agentId, subjectId, true);
    else if (state === 'ON_CALL') this.#workEnded(agentId, subjectId, false);
    else if (this.#accepted.get(agentId) === subjectId) this.#workEnded(agentId, subjectId, false);
    if (this.#accepted.get(agentId) === subjectId) this.#accepted.delete(agentId);
  }

  #open(agentId: string, subjectId: string): void {
    const call = this.#options.callOf(subjectId);
    this.#write(subjectId, async (tx, nowMs) => {
      const subject = await subjectOf(tx, subjectId, call);
      return subject && openCase(tx.cases, subject, { agentId, actor: agentOf(agentId), nowMs });
    });
  }

  #contactEnded(agentId: string, subjectId: string): void {
    this.#write(subjectId, (tx, nowMs) =>
      contactEnded(tx.cases, { subjectId, agentId, actor: routerActor, nowMs }),
    );
  }

  #workEnded(agentId: string, subjectId: string, isContact: boolean): void {
    this.#write(subjectId, async (tx, nowMs) => {
      const file = await tx.cases.findCaseFile(subjectId);
      if (!file) return undefined;
      const rules = this.#rules(file.virtualQueue);
      return workEnded(tx.cases, { subjectId, agentId, actor: routerActor, nowMs }, rules, isContact);
    });
  }

  /** One after another for each case, and again while the store fails: what happened cannot happen again. */
  #write(subjectId: string, work: (tx: Tx, nowMs: number) => Promise<CaseOutcome | undefined>): void {
    const { clock, log, unitOfWork } = this.#options;
    const nowMs = clock.nowMs();
    const onFailure = (error: unknown): void => {
      log.error({ error, subjectId }, 'case could not be stored');
    };
    this.#writing.add(subjectId, async () => {
      const told = await untilStored(
        { clock, onFailure, wanted: () => !this.#isClosed },
        () =>
          unitOfWork.transact(async (tx) => {
            const outcome = await work(tx, nowMs);
            return outcome?.kind === 'changed' ? this.#views(tx, outcome.found) : [];
          }),
        // Told of in the log.
      ).catch(() => []);
      this.#publish(told);
    });
  }

  async #change(
    wish: CaseWish,
    work: (tx: Tx, change: CaseChange, rules: DispositionRules) => Promise<CaseOutcome>,
  ): Promise<CaseAnswer> {
    const { clock, unitOfWork } = this.#options;
    const { agentId, subjectId } = wish;
    // What the telephone brought before this wish counts before it.
    await this.#writing.of(subjectId);
    const change = { ...wish, nowMs: clock.nowMs() };
    const { outcome, views } = await unitOfWork.transact(async (tx) => {
      const file = await tx.cases.findCaseFile(subjectId);
      const made = await work(tx, change, this.#rules(file?.virtualQueue));
      return { outcome: made, views: made.kind === 'refused' ? [] : await this.#views(tx, made.found) };
    });
    if (outcome.kind === 'refused') return { ok: false, refusal: outcome.refusal };
    if (outcome.kind === 'changed') this.#publish(views);
    const value = views.find((view) => view.agentId === agentId);
    if (!value) throw new AppError('CASE_LOST', `case ${subjectId} was deleted while it was changed`);
    return { ok: true, value, repeated: outcome.kind === 'repeated' };
  }

  async #views(tx: Tx, found: Case | undefined): Promise<AgentCase[]> {
    if (!found) return [];
    const callback = await callbackOf(tx, found);
    const settings = this.#options.settingsOf(found.virtualQueue);
    return found.works.flatMap(({ agentId }) => agentCase(found, agentId, callback, settings) ?? []);
  }

  async #view(tx: Tx, found: Case | undefined, agentId: string): Promise<AgentCase | undefined> {
    if (!found) return undefined;
    return agentCase(
      found,
      agentId,
      await callbackOf(tx, found),
      this.#options.settingsOf(found.virtualQueue),
    );
  }

  #publish(views: readonly AgentCase[]): void {
    for (const view of views) for (const listener of this.#listeners) listener(view.agentId, view);
  }

  #rules(queue: string | undefined): DispositionRules {
    return dispositionRules(queue === undefined ? undefined : this.#options.settingsOf(queue));
  }
}

function isIdle(state: AgentStatus['state']): boolean {
  return state === 'READY' || state === 'NOT_READY' || state === 'LOGGED_OUT';
}

function agentOf(id: string): Actor {
  return { kind: 'agent', id };
}
