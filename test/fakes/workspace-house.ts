import type { Application } from '../../src/application/application.ts';
import { InvitationDesk, type OpenInvitation } from '../../src/application/invitation-desk.ts';
import { NotCalledDesk } from '../../src/application/not-called-desk.ts';
import { CaseDesk } from '../../src/application/workspace/case-desk.ts';
import type { CallFacts } from '../../src/application/workspace/case-subject.ts';
import { Workspace } from '../../src/application/workspace/workspace.ts';
import type { CallbackTx } from '../../src/callback/callback-store.ts';
import type { Callback } from '../../src/callback/callback.ts';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import type { CaseTx } from '../../src/disposition/case.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { IdSource } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { AgentRegistry } from '../../src/routing/agent-registry.ts';
import { MemoryStore } from '../../src/simulation/memory-store.ts';
import { aCallback } from './callbacks.ts';
import { FakeCallDesk } from './fake-call-desk.ts';
import { MemoryCases } from './memory-cases.ts';
import { aQueue } from './queue-settings.ts';

/** After-call work of these tests. */
export const WRAP_UP_MS = 30_000;

/** A workspace on real rooms over stores in memory and a call desk that only notes what it is asked. */
export class WorkspaceHouse {
  readonly store = new MemoryStore();
  readonly kept = new MemoryCases();
  readonly calls = new FakeCallDesk();
  readonly invitations: InvitationDesk;
  readonly notCalled = new NotCalledDesk();
  readonly registry: AgentRegistry;
  readonly cases: CaseDesk;
  readonly workspace: Workspace;
  /** Plain calls that are up, by id. */
  readonly callers = new Map<string, CallFacts>();
  /** The agent's phone gained or lost its registration. */
  phoneChanged: (agentId: string) => void = () => undefined;
  /** In force from the next question on. */
  settings: QueueSettings;

  constructor(
    clock: Clock,
    ids: IdSource,
    application: Pick<
      Application,
      'agents' | 'queues' | 'createCallback' | 'recreateCallback' | 'rescheduleCallback' | 'setAgentState'
    >,
    changes: Partial<QueueSettings> = {},
  ) {
    this.settings = aQueue({ name: 'billing', ...changes });
    this.invitations = new InvitationDesk({ clock, ids, log: silentLog });
    this.registry = new AgentRegistry({
      unitOfWork: this.store,
      clock,
      log: silentLog,
      isReachable: () => true,
      onReady: () => undefined,
      onWorkEnded: () => undefined,
    });
    const { kept, store } = this;
    this.cases = new CaseDesk({
      unitOfWork: {
        transact: <Result>(work: (tx: CallbackTx & { readonly cases: CaseTx }) => Promise<Result>) =>
          store.transact((tx) => work({ ...tx, cases: kept })),
      },
      registry: this.registry,
      settingsOf: (queue) => (queue === this.settings.name ? this.settings : undefined),
      callOf: (callId) => this.callers.get(callId),
      clock,
      log: silentLog,
    });
    this.workspace = new Workspace({
      application,
      registry: this.registry,
      calls: this.calls,
      invitations: this.invitations,
      notCalled: this.notCalled,
      cases: this.cases,
      notReadyReasons: () => ['Lunch', 'Meeting'],
      onReachability: (listener) => (this.phoneChanged = listener),
      clock,
      ids,
    });
  }

  /** A callback in the store. */
  async callback(changes: Partial<Callback> = {}): Promise<Callback> {
    const callback = aCallback({ virtualQueue: 'billing', state: 'PROCESSING', ...changes });
    await this.store.transact((tx) => tx.insertCallback(callback));
    return callback;
  }

  /** The agent is ready, reserved, rung and talks. */
  async talks(agentId: string, subjectId: string): Promise<void> {
    this.registry.want(agentId, 'READY', 'test');
    this.registry.reserve(agentId, subjectId);
    this.registry.ringing(agentId, subjectId);
    this.registry.connected(agentId, subjectId);
    await this.cases.flush();
  }

  /** The conversation ends; after-call work begins. */
  async hangsUp(agentId: string, subjectId: string, wrapUpMs = WRAP_UP_MS): Promise<void> {
    this.registry.workOver(agentId, subjectId, wrapUpMs);
    await this.cases.flush();
  }

  /** The agent is asked whether they take it. */
  invite(agentId: string, { id, virtualQueue, customerNumber }: Callback): OpenInvitation {
    return this.invitations.offer({
      agentId,
      subjectId: id,
      kind: 'preview',
      acceptedBy: 'workspace',
      virtualQueue,
      timeoutMs: 20_000,
      facts: {
        type: 'immediate',
        desiredAtMs: 0,
        customerNumber,
        subject: 'an invoice',
        customerData: { order: '42' },
        instructions: null,
        attemptNumber: 1,
        position: 1,
        waitedMs: 5000,
        ewtSec: null,
        virtualQueue,
        language: 'en',
      },
    });
  }

  close(): void {
    this.workspace.close();
    void this.cases.close();
    this.invitations.close();
    this.registry.close();
  }
}
