import type { Conversation } from '../bridging/agent-connector.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import type { EventTeller } from './event-teller.ts';

export interface ConversationParts {
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly teller: EventTeller;
  /** After-call work that the queue allows now. */
  readonly wrapUpMs: () => number;
}

/** Customer and agent of one callback, joined. */
export interface CallbackConversation {
  readonly callback: Callback;
  readonly agentId: string;
  readonly conversation: Conversation;
}

const customer: Actor = { kind: 'customer' };

/**
 * Tells the callback that its customer and an agent talk, and who ended it; frees the agent for after-call
 * work. When the callback does not want them to talk (any more), both are hung up. Resolves when the
 * conversation is over.
 */
export async function followConversation(
  { registry, router, teller, wrapUpMs }: ConversationParts,
  { callback, agentId, conversation }: CallbackConversation,
): Promise<void> {
  const { id, attemptId } = callback;
  const agent: Actor = { kind: 'agent', id: agentId };
  registry.connected(agentId, id);
  router.served(id);
  let isOver = false;
  const over = conversation.ended.then((endedBy) => {
    isOver = true;
    return endedBy;
  });
  // They talk even while the store fails: that they do is told as long as it is true.
  const step = await teller
    .tell(id, { happening: { type: 'CONNECTED' }, actor: agent, facts: { attemptId }, wanted: () => !isOver })
    // Told of in the log; the end that follows is told too.
    .catch(() => 'not-stored' as const);
  const ends = {
    customer: { happening: { type: 'CUSTOMER_HUNG_UP' }, actor: customer },
    agent: { happening: { type: 'AGENT_HUNG_UP' }, actor: agent },
    system: { happening: { type: 'CALLS_LOST' }, actor: { kind: 'system', part: 'telephony' } },
  } as const;
  const tell = (end: (typeof ends)[keyof typeof ends]): void => {
    // Logged; what remains is the due row of the state: the machine ends the state by itself.
    teller.tell(id, { ...end, facts: { attemptId } }).catch(() => undefined);
  };
  if (step !== 'not-stored' && step?.kind !== 'taken') {
    await conversation.end();
    registry.workOver(agentId, id, 0);
    if (step?.callback.state !== 'COMPLETED') tell(ends.system);
    return;
  }
  const endedBy = await over;
  // The agent is free of the call whether or not the store hears of it now.
  registry.workOver(agentId, id, wrapUpMs());
  tell(ends[endedBy]);
}
