import type { Kysely } from 'kysely';
import type { AgentStatus, AgentTx } from '../../routing/agent.ts';
import type { Binding } from '../../telephony/registration.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** Every agent that ever had a state. */
export async function agentStatuses(db: Executor): Promise<AgentStatus[]> {
  return (await db.selectFrom('agentStatus').selectAll().orderBy('agentId').execute()) as AgentStatus[];
}

/** Inserts or replaces the state of one agent. */
export async function putAgentStatus(db: Executor, status: AgentStatus): Promise<void> {
  const { agentId, ...fields } = status;
  await db
    .insertInto('agentStatus')
    .values({ agentId, ...fields })
    .onConflict((conflict) => conflict.column('agentId').doUpdateSet(fields))
    .execute();
}

/** Appends to the history under the agent's id. */
export async function appendAgentEvent(
  db: Executor,
  event: Parameters<AgentTx['appendAgentEvent']>[0],
): Promise<void> {
  await db
    .insertInto('event')
    .values({
      subjectKind: 'agent',
      subjectId: event.agentId,
      atMs: event.atMs,
      kind: event.kind,
      actor: JSON.stringify(event.actor),
      state: null,
      subState: null,
      data: JSON.stringify(event.data),
    })
    .execute();
}

/** All contacts of all phones; expired ones may be among them. */
export async function bindings(db: Executor): Promise<Binding[]> {
  const rows = await db.selectFrom('registration').select('data').execute();
  return rows.map((row) => JSON.parse(row.data) as Binding);
}

/** Inserts or replaces the contact of an agent's phone. */
export async function putBinding(db: Executor, binding: Binding): Promise<void> {
  const { agentId, contactUri, expiresAtMs } = binding;
  const data = JSON.stringify(binding);
  await db
    .insertInto('registration')
    .values({ agentId, contactUri, expiresAtMs, data })
    .onConflict((conflict) => conflict.columns(['agentId', 'contactUri']).doUpdateSet({ expiresAtMs, data }))
    .execute();
}

/** Deletes a contact; harmless when there is none. */
export async function removeBinding(db: Executor, agentId: string, contactUri: string): Promise<void> {
  await db
    .deleteFrom('registration')
    .where('agentId', '=', agentId)
    .where('contactUri', '=', contactUri)
    .execute();
}
