import type { Invitation, InvitationEnd } from '../../src/application/invitation-desk.ts';
import type { Engine } from '../../src/application/engine.ts';
import type { Actor, CallbackEvent } from '../../src/callback/callback.ts';
import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { Chance } from '../../src/simulation/chance.ts';
import type { Incarnation } from '../../src/simulation/incarnation.ts';

export interface InvitedAgentsOptions {
  readonly clock: SimulatedClock;
  readonly chance: Chance;
  /** Everybody takes what they are asked to take from now on. */
  readonly calm: () => boolean;
  /** The history so far. */
  readonly events: () => readonly CallbackEvent[];
  readonly skipMsOf: (queue: string) => number;
  readonly fail: (message: string) => void;
}

/** What an agent does with an invitation, and how often. */
const decisions: Readonly<Record<string, number>> = {
  accept: 60,
  reject: 16,
  nothing: 14,
  'accept-twice': 4,
  'accept-and-reject': 3,
  late: 3,
};
/** Later than any invitation stands. */
const LATE_MS = 40_000;

/** Agents in front of a screen: they accept, reject, say nothing, click twice or too late. */
export class InvitedAgents {
  readonly #options: InvitedAgentsOptions;
  /** Who said no to which case, and how long they are not to see it again. */
  readonly #rejections = new Map<string, { readonly untilMs: number; readonly eventCount: number }>();

  /** When who was asked said no, by invitation. */
  readonly #noAtMs = new Map<string, number>();

  constructor(options: InvitedAgentsOptions) {
    this.#options = options;
  }

  /** Watches one life of the process, and answers what it asks. */
  follow(engine: Pick<Engine, 'invitations' | 'registry'>, life: Incarnation): void {
    // Who was skipped is not known after a restart.
    this.#rejections.clear();
    engine.invitations.onChange((agentId, invitation, outcome) => {
      if (!life.alive) return;
      if (outcome === 'offered') this.#offered(engine, life, invitation);
      else this.#ended(invitation, outcome, life.nowMs());
      const open = engine.invitations.invitationsOf(agentId).length;
      if (open > 1) this.#options.fail(`${agentId} is asked to take ${open} cases at once`);
    });
  }

  #offered(
    engine: Pick<Engine, 'invitations' | 'registry'>,
    life: Incarnation,
    invitation: Invitation,
  ): void {
    const { clock, chance, calm, fail } = this.#options;
    const { agentId, subjectId, kind, acceptedBy, id } = invitation;
    const { state, subjectId: heldFor } = engine.registry.status(agentId);
    const expected = kind === 'preview' ? 'RESERVED' : 'RINGING';
    if (kind === 'preview' && (state !== expected || heldFor !== subjectId)) {
      fail(`${agentId} is shown ${subjectId} in state ${state} for ${heldFor}`);
    }
    this.#checkSkipped(invitation, life.nowMs());
    if (acceptedBy === 'phone' && !chance.maybe(0.05)) return;
    const actor: Actor = { kind: 'agent', id: agentId };
    const accept = (): void => void engine.invitations.accept(agentId, id, actor).catch(() => undefined);
    const reject = (): void => {
      this.#noAtMs.set(id, life.nowMs());
      void engine.invitations.reject(agentId, id, 'no', actor).catch(() => undefined);
    };
    const decision = calm() ? 'accept' : chance.weighted(decisions);
    if (decision === 'nothing') return;
    clock.setTimer(decision === 'late' ? LATE_MS : chance.between(0, 6000), () => {
      // The process that asked has died: nobody takes the answer.
      if (!life.alive) return undefined;
      if (decision === 'reject') return reject();
      accept();
      if (decision === 'accept-twice') accept();
      if (decision === 'accept-and-reject') reject();
      return undefined;
    });
  }

  #ended(
    { id, agentId, subjectId, virtualQueue, kind }: Invitation,
    end: InvitationEnd,
    nowMs: number,
  ): void {
    if (kind !== 'preview' || end !== 'rejected') return;
    const { events, skipMsOf } = this.#options;
    // The time counts from the agent's no; a store that failed may have kept it for a while.
    const saidAtMs = this.#noAtMs.get(id) ?? nowMs;
    const rejection = {
      untilMs: saidAtMs + skipMsOf(virtualQueue),
      eventCount: events().length,
    };
    this.#rejections.set(`${agentId} ${subjectId}`, rejection);
  }

  /** A case that stayed in the line does not come back to who has just rejected it. */
  #checkSkipped({ agentId, subjectId }: Invitation, nowMs: number): void {
    const { events, fail } = this.#options;
    const rejection = this.#rejections.get(`${agentId} ${subjectId}`);
    if (!rejection || nowMs >= rejection.untilMs) return;
    const since = events().slice(rejection.eventCount);
    const hasLeft = since.some(({ callbackId, state }) => callbackId === subjectId && state === 'SCHEDULED');
    if (!hasLeft) fail(`${agentId} is asked again for ${subjectId} at once`);
  }
}
