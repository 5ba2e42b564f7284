import type { Conversation } from '../bridging/agent-connector.ts';
import { noteCall } from '../callback/call-note.ts';
import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import { untilStored } from '../callback/store-retry.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import type { EventTeller } from './event-teller.ts';
import type { LiveCallDesk } from './live-call-desk.ts';
import type { LiveCallFacts } from './live-call.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface ConversationParts {
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly teller: EventTeller;
  readonly calls: LiveCallDesk;
  readonly directory: Pick<ServiceDirectory, 'agent'>;
  readonly store: UnitOfWork<CallbackTx>;
  readonly clock: Clock;
  readonly log: Log;
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
 * Tells the callback that its customer and an agent talk, who has the call after them, and who ended it. When
 * the callback does not want them to talk (any more), both are hung up. Resolves when the conversation is
 * over; agents are freed by the call itself.
 */
export async function followConversation(
  { registry, router, teller, calls, directory, store, clock, log, wrapUpMs }: ConversationParts,
  { callback, agentId, conversation }: CallbackConversation,
): Promise<void> {
  const { id, attemptId } = callback;
  registry.connected(agentId, id);
  router.served(id);
  /** The agent whom the record names. */
  let answering = agentId;
  const course = { isOver: false, isUnwanted: false, isLeft: false };
  const agent = (): Actor => ({ kind: 'agent', id: answering });
  const tell = (happening: CallbackHappening, actor: Actor): void => {
    // Logged; what remains is the due row of the state: the machine ends the state by itself.
    teller.tell(id, { happening, actor, facts: { attemptId } }).catch(() => undefined);
  };
  const tellIfIdle = (): void => {
    // Who left while another phone rang may have finished long ago.
    const isIdle = registry.status(answering).subjectId !== id;
    if (isIdle) tell({ type: 'WRAP_UP_DONE', agentId: answering }, agent());
  };
  const facts = factsOf(callback, agentId, directory.agent(agentId)?.name ?? agentId);
  const call = calls.open(facts, conversation.takeOver(), {
    wrapUpMs: () => (course.isUnwanted ? 0 : wrapUpMs()),
    handedOver: (next) => {
      const actor = agent();
      answering = next;
      tell({ type: 'HANDED_OVER', agentId: next }, actor);
    },
    leftAgents: (to) => {
      course.isLeft = true;
      tell({ type: 'TRANSFERRED', to }, agent());
      tellIfIdle();
    },
    noted: (note) => {
      untilStored({ clock }, () => store.transact((tx) => noteCall(tx, id, note))).catch((error: unknown) => {
        log.error(
          { error, callbackId: id, event: note.kind },
          'a note of a conversation could not be stored',
        );
      });
    },
  });
  const over = call.ended.then((endedBy) => {
    course.isOver = true;
    return endedBy;
  });
  // They talk even while the store fails: that they do is told as long as it is true.
  const wanted = (): boolean => !course.isOver;
  const connected = {
    happening: { type: 'CONNECTED' },
    actor: agent(),
    facts: { attemptId },
    wanted,
  } as const;
  // Told of in the log; the end that follows is told too.
  const step = await teller.tell(id, connected).catch(() => 'not-stored' as const);
  if (step !== 'not-stored' && step?.kind !== 'taken') {
    course.isUnwanted = true;
    call.conversation.end();
    await over;
    if (step?.callback.state !== 'COMPLETED') tell(ends.system.happening, ends.system.actor);
    return;
  }
  const endedBy = await over;
  if (course.isLeft || endedBy === 'moved') return;
  const { happening } = ends[endedBy];
  tell(happening, endedBy === 'agent' ? agent() : ends[endedBy].actor);
  tellIfIdle();
}

function factsOf(callback: Callback, agentId: string, agentName: string): LiveCallFacts {
  const { id, virtualQueue, customerNumber, language, placeAtMs, priority, dialledNumber } = callback;
  const about = { id, kind: 'callback', virtualQueue, customerNumber, language, agentId, agentName } as const;
  return { ...about, place: { atMs: placeAtMs, priority }, dialled: dialledNumber, promisedBy: id };
}

const ends = {
  customer: { happening: { type: 'CUSTOMER_HUNG_UP' }, actor: customer },
  agent: { happening: { type: 'AGENT_HUNG_UP' }, actor: customer },
  system: { happening: { type: 'CALLS_LOST' }, actor: { kind: 'system', part: 'telephony' } },
} as const;
