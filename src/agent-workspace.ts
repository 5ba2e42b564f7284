import type { Storage } from './adapters/storage/storage.ts';
import type { Application } from './application/application.ts';
import type { Engine } from './application/engine.ts';
import type { ServiceDirectory } from './application/service-directory.ts';
import { CaseDesk } from './application/workspace/case-desk.ts';
import { Workspace } from './application/workspace/workspace.ts';
import { CaseRetention } from './disposition/case-retention.ts';
import type { Clock } from './kernel/clock.ts';
import type { IdSource } from './kernel/ids.ts';
import type { Log } from './kernel/log.ts';
import type { Telephony } from './telephony/telephony.ts';

interface WorkspaceParts {
  readonly storage: Storage;
  readonly engine: Engine;
  readonly telephony: Pick<Telephony, 'onAgentReachability'>;
  readonly provisioning: { readonly directory: ServiceDirectory };
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** The cases of agents: to be opened before the agents' states are loaded, which it follows. */
export function openCases(
  { storage, engine, provisioning, clock, log }: Omit<WorkspaceParts, 'ids' | 'telephony'>,
  started: (() => Promise<void>)[],
): CaseDesk {
  const cases = new CaseDesk({
    unitOfWork: storage,
    registry: engine.registry,
    settingsOf: (queue) => provisioning.directory.queue(queue),
    callOf: (callId) => engine.inboundCalls.callerOf(callId),
    clock,
    log,
  });
  const retention = new CaseRetention({ unitOfWork: storage, clock, log });
  retention.start();
  started.push(async () => {
    retention.close();
    await cases.close();
  });
  return cases;
}

/** What agents' screens show and do. */
export function openWorkspace(
  { engine, telephony, clock, ids }: WorkspaceParts,
  cases: CaseDesk,
  application: Application,
  started: (() => Promise<void>)[],
): Workspace {
  const workspace = new Workspace({
    application,
    registry: engine.registry,
    calls: engine.callControl.calls,
    invitations: engine.invitations,
    notCalled: engine.notCalled,
    cases,
    notReadyReasons: () => application.notReadyReasons(),
    onReachability: (listener) => telephony.onAgentReachability(listener),
    clock,
    ids,
  });
  started.push(async () => workspace.close());
  return workspace;
}
