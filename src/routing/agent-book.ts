import type { UnitOfWork } from '../callback/callback-store.ts';
import { untilStored } from '../callback/store-retry.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentStatus, AgentTx } from './agent.ts';

export interface AgentBookOptions {
  readonly unitOfWork: UnitOfWork<AgentTx>;
  readonly clock: Clock;
  readonly log: Log;
}

/** One change of an agent's state, as it is written down. */
export interface AgentChange {
  readonly before: AgentStatus;
  readonly status: AgentStatus;
  /** What happened, for example `RESERVED`. */
  readonly kind: string;
  readonly actor: string;
  readonly atMs: number;
}

/** Writes agents' states and their history down, again while the store fails. Nothing waits for it. */
export class AgentBook {
  readonly #options: AgentBookOptions;
  #stored: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: AgentBookOptions) {
    this.#options = options;
  }

  /** @param isLatest whether this is still the agent's state: a later one may have been stored meanwhile. */
  write({ before, status, kind, actor, atMs }: AgentChange, isLatest: () => boolean): void {
    const { clock, log, unitOfWork } = this.#options;
    const { agentId, subjectId, notReadyReason } = status;
    log.info({ agentId, event: kind, state: status.state, reason: notReadyReason }, 'agent event');
    const data = { from: before.state, to: status.state, reason: notReadyReason, subjectId };
    const onFailure = (error: unknown): void => {
      log.error({ error, agentId, event: kind }, 'agent state could not be stored');
    };
    const write = untilStored({ clock, onFailure, wanted: () => !this.#closed }, () =>
      unitOfWork.transact(async (tx) => {
        if (isLatest()) await tx.putAgentStatus(status);
        await tx.appendAgentEvent({ agentId, atMs, kind, actor, data });
      }),
    ).catch(() => undefined);
    this.#stored = Promise.all([this.#stored, write]).then(() => undefined);
  }

  /** Resolves when everything so far is stored. */
  async flush(): Promise<void> {
    await this.#stored;
  }

  /** What cannot be stored now is given up. */
  close(): void {
    this.#closed = true;
  }
}
