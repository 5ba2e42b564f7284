import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Callback } from '../callback/callback.ts';
import type { InsteadOfDial } from '../callback/dial-gate.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import type { AudioSource, Leg } from '../telephony/leg.ts';
import type { Telephony } from '../telephony/telephony.ts';
import type { AgentDelivery } from './agent-delivery.ts';
import type { InvitationDesk } from './invitation-desk.ts';
import type { LiveCallDesk } from './live-call-desk.ts';
import type { QueueWaits } from './queue-waits.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** How the customer answered "press 1 to be connected". */
export type Confirmation = 'confirmed' | 'not-confirmed' | 'snoozed' | 'cancelled' | 'hung-up';

/** What customers' calls are made with. */
export interface CallbackCallsOptions {
  /** Is this the name of a trunk that may dial out? Default: none is. */
  readonly mayDialThrough?: (trunk: string) => boolean;
  readonly telephony: Telephony;
  readonly store: UnitOfWork<CallbackTx>;
  readonly runner: () => CallbackRunner;
  readonly router: Router;
  readonly registry: AgentRegistry;
  readonly waits: QueueWaits;
  readonly desk: InvitationDesk;
  readonly delivery: AgentDelivery;
  readonly calls: LiveCallDesk;
  readonly directory: Pick<ServiceDirectory, 'agent'>;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  /** Runs the `outbound-confirm` flow; resolves early when the leg ends or the signal aborts. */
  readonly confirm: (leg: Leg, callback: Callback, signal: AbortSignal) => Promise<Confirmation>;
  /** What a confirmed customer hears until the agent answers. */
  readonly holdMusic: readonly AudioSource[];
  /** Speaks the message that is left on a machine; resolves early when the leg ends or the signal aborts. */
  readonly leaveMessage: (leg: Leg, callback: Callback, signal: AbortSignal) => Promise<void>;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What is to happen instead of calling the customer now; undefined: call them. */
  readonly insteadOfDial: (callbackId: CallbackId) => InsteadOfDial | undefined;
  /** An agent began to work on the callback. */
  readonly onWorkStarted: (queue: string, callbackId: CallbackId) => void;
}
