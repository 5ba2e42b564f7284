import type { CallbackHappening, CallbackRunner } from '../callback/callback-runner.ts';
import type { Actor } from '../callback/callback.ts';
import { type InsteadOfDial, isTaken } from '../callback/dial-gate.ts';
import { STORE_RETRY_MS } from '../callback/store-retry.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { AgentOffer, DialGrant, PreviewOffer } from '../routing/router-decisions.ts';
import type { Router } from '../routing/router.ts';

export interface DialDecisionsOptions {
  readonly runner: () => CallbackRunner;
  readonly router: Router;
  readonly registry: AgentRegistry;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  /** What is to happen instead of calling the customer now; undefined: call them. */
  readonly insteadOfDial: (callbackId: CallbackId) => InsteadOfDial | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A held agent outlasts ringing, question and answer by this; the machine's own due times come first. */
const HOLD_SLACK_MS = 120_000;

const router: Actor = { kind: 'system', part: 'router' };

/**
 * Takes the router's decisions about callbacks to their machine: screened once more, stored, and undone with
 * the router where the machine does not take them.
 */
export class DialDecisions {
  readonly #options: DialDecisionsOptions;
  readonly #grantedAtMs = new Map<CallbackId, number>();

  constructor(options: DialDecisionsOptions) {
    this.#options = options;
  }

  /** The router's word that the callback may be dialled now. */
  dialGranted({ callbackId, agentId, held, strategy, why }: DialGrant): void {
    const { clock, registry, settingsOf } = this.#options;
    const id = callbackId as CallbackId;
    const free = (): void => {
      if (held && agentId !== null) registry.release(agentId, id, 'not-needed');
    };
    if (this.#forbids(id, free)) return;
    this.#grantedAtMs.set(id, clock.monotonicMs());
    const settings = settingsOf(why.queue);
    if (held && agentId !== null && settings) {
      const talkMs = (settings.dialTimeoutSec + settings.confirmTimeoutSec) * 1000;
      registry.holdFor(agentId, id, talkMs + HOLD_SLACK_MS);
    }
    this.#bring(id, { type: 'DIAL_GRANTED', agentId, held, strategy, why: { ...why } }, () => {
      this.#grantedAtMs.delete(id);
      free();
    });
  }

  /** The router's word that the agent is reserved: for the confirmed customer, or to be rung first. */
  agentOffered({ token, agentId, why }: AgentOffer): void {
    const id = token.subjectId as CallbackId;
    const free = (): void => this.#options.registry.release(agentId, id, 'not-needed');
    if (token.kind === 'callback' && this.#forbids(id, free)) return;
    this.#bring(id, { type: 'AGENT_RESERVED', agentId, why: { ...why } }, free);
  }

  /** The router's word that the agent is reserved to look at the case. */
  previewOffered({ callbackId, agentId, why }: PreviewOffer): void {
    const { registry, settingsOf } = this.#options;
    const id = callbackId as CallbackId;
    const free = (): void => registry.release(agentId, id, 'not-needed');
    if (this.#forbids(id, free)) return;
    const settings = settingsOf(why.queue);
    if (!settings) return free();
    // For the preview and for the dial that may follow it.
    const busySec = settings.previewTimeoutSec + settings.dialTimeoutSec + settings.confirmTimeoutSec;
    registry.holdFor(agentId, id, busySec * 1000 + HOLD_SLACK_MS);
    const strategy = settings.previewConnect;
    this.#bring(id, { type: 'PREVIEW_OFFERED', agentId, strategy, why: { ...why } }, free);
  }

  /** The customer's INVITE has left: seconds since the decision, or undefined when there was none. */
  inviteSent(id: CallbackId): number | undefined {
    const grantedAtMs = this.#grantedAtMs.get(id);
    this.#grantedAtMs.delete(id);
    if (grantedAtMs === undefined) return undefined;
    return (this.#options.clock.monotonicMs() - grantedAtMs) / 1000;
  }

  forget(id: CallbackId): void {
    this.#grantedAtMs.delete(id);
  }

  /** True when the customer must not be called now: the machine is told, nobody is held. */
  #forbids(id: CallbackId, free: () => void): boolean {
    const instead = this.#options.insteadOfDial(id);
    if (!instead) return false;
    free();
    this.#bring(id, instead, () => undefined);
    return true;
  }

  /** `undo` where the machine does not take it, or the store failed. */
  #bring(id: CallbackId, happening: CallbackHappening, undo: () => void): void {
    const { clock, log, runner } = this.#options;
    runner()
      .dispatch(id, happening, router)
      .then((step) => {
        if (isTaken(step, happening.type)) return;
        undo();
        // Something else came of it: the line has been told what.
        if (step?.kind === 'taken') return;
        const state = step?.callback.state;
        // Still waiting: the place is kept and looked at again. On the telephone: the call's end takes it
        // away.
        if (state === 'QUEUED') clock.setTimer(STORE_RETRY_MS, () => this.#options.router.offerFailed(id));
        else if (state !== 'ROUTING') this.#options.router.leave(id);
      })
      .catch((error: unknown) => {
        // The place is kept: the line gets it back when storage works again.
        log.error({ error, callbackId: id, event: happening.type }, 'decision could not be stored');
        undo();
        clock.setTimer(STORE_RETRY_MS, () => this.#options.router.offerFailed(id));
      });
  }
}
