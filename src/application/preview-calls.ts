import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { CallbackStep } from '../callback/callback-step.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import { forbiddenDial, isTaken } from '../callback/dial-gate.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import { callbackFacts, type CaseFactsParts } from './case-facts.ts';
import { forbiddenText } from './dial-permission.ts';
import type { Decision, InvitationAnswer, InvitationDesk, OpenInvitation } from './invitation-desk.ts';

export interface PreviewCallsOptions extends CaseFactsParts {
  readonly desk: InvitationDesk;
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  /** Resolves with what came of it, undefined when that is not known; never rejects. */
  readonly tell: (
    callback: Callback,
    happening: CallbackHappening,
    actor: Actor,
  ) => Promise<CallbackStep | undefined>;
}

const system: Actor = { kind: 'system', part: 'preview' };

/**
 * `preview` (S5): an agent who is held for a callback looks at the case, and takes it or not, before anybody
 * is dialled. Who does not take it is skipped for a while; the callback is free again at its old place.
 */
export class PreviewCalls {
  readonly #options: PreviewCallsOptions;
  readonly #open = new Map<
    CallbackId,
    { readonly callback: Callback; readonly invitation: OpenInvitation }
  >();

  /** Who has taken which case on the screen. */
  readonly #takenBy = new Map<CallbackId, string>();

  constructor(options: PreviewCallsOptions) {
    this.#options = options;
  }

  /** Cases that agents look at. */
  get count(): number {
    return this.#open.size;
  }

  /** Shows the case to the agent, who is RESERVED for it; the callback hears the answer. */
  show(callback: Callback, agentId: string): void {
    const { desk, registry, settingsOf, tell } = this.#options;
    const { id, virtualQueue } = callback;
    const settings = settingsOf(virtualQueue);
    const { state, subjectId } = registry.status(agentId);
    if (!settings || state !== 'RESERVED' || subjectId !== id) {
      registry.release(agentId, id, 'not-needed');
      void tell(callback, { type: 'AGENT_NOT_CONNECTED' }, system);
      return;
    }
    const invitation = desk.offer({
      agentId,
      subjectId: id,
      kind: 'preview',
      acceptedBy: 'workspace',
      virtualQueue,
      facts: callbackFacts(this.#options, callback),
      timeoutMs: settings.previewTimeoutSec * 1000,
      decide: (answer, actor) => this.#decide(callback, agentId, answer, actor),
    });
    this.#open.set(id, { callback, invitation });
    void invitation.answer.then(({ end }) => {
      if (this.#open.get(id)?.invitation === invitation) this.#open.delete(id);
      if (end === 'timed-out') this.#timedOut(callback, agentId, settings);
    });
  }

  /** The agent is not asked any more, or has what they took: the callback has gone on. */
  withdraw(callbackId: CallbackId): void {
    this.#open.get(callbackId)?.invitation.end('withdrawn');
    this.#takenBy.delete(callbackId);
  }

  /** Whether the agent has looked at this case and taken it: they are not asked on the screen again. */
  isTakenBy(callbackId: CallbackId, agentId: string): boolean {
    return this.#takenBy.get(callbackId) === agentId;
  }

  /** The agent's phone is registered no more: what they look at goes on to somebody else. */
  agentLost(agentId: string): void {
    const { registry, tell } = this.#options;
    for (const { callback, invitation } of this.#open.values()) {
      if (registry.status(agentId).subjectId !== callback.id) continue;
      registry.release(agentId, callback.id, 'UNREACHABLE');
      invitation.end('withdrawn');
      void tell(callback, { type: 'AGENT_NOT_CONNECTED' }, system);
    }
  }

  async #decide(
    callback: Callback,
    agentId: string,
    { end, reason }: InvitationAnswer,
    actor: Actor,
  ): Promise<Decision> {
    const { router, tell } = this.#options;
    if (end === 'accepted') {
      this.#takenBy.set(callback.id, agentId);
      const step = await tell(callback, { type: 'PREVIEW_ACCEPTED' }, actor);
      const why = step && forbiddenDial(step);
      if (why) return { notCalled: forbiddenText(why) };
      return isTaken(step, 'PREVIEW_ACCEPTED') ? 'holds' : 'too-late';
    }
    // Before the token is free again: it must not come straight back.
    router.declined(callback.id, agentId);
    const rejected = { type: 'PREVIEW_REJECTED', ...(reason !== undefined && { reason }) } as const;
    return (await tell(callback, rejected, actor))?.kind === 'taken' ? 'holds' : 'too-late';
  }

  #timedOut(callback: Callback, agentId: string, { previewTimeoutNotReady }: QueueSettings): void {
    const { registry, router, tell } = this.#options;
    if (previewTimeoutNotReady) registry.release(agentId, callback.id, 'RONA');
    else router.declined(callback.id, agentId);
    void tell(callback, { type: 'PREVIEW_TIMED_OUT' }, { kind: 'system', part: 'clock' });
  }
}
