import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Token } from '../queue/token.ts';
import type { RoutingAgent } from './agent-pool.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { RouterDecisions } from './router-decisions.ts';

/** The configuration as the router reads it; every call answers with the latest apply. */
interface RoutingDirectory {
  queue(name: string): QueueSettings | undefined;
  /** The same array until the configuration changes. */
  agents(): readonly RoutingAgent[];
}

export interface RouterOptions {
  readonly registry: AgentRegistry;
  readonly log: Log;
  readonly clock: Clock;
  readonly directory: RoutingDirectory;
  readonly decisions: RouterDecisions;
  /** Dials in progress at most, over all queues; keeps outbound attempts inside what telephony admits. */
  readonly dialsMax: number;
  /** False while nothing can be dialled: callbacks keep their places and no attempt is spent. */
  readonly mayDial: () => boolean;
  /** A token left its line for an agent; feeds the wait estimators. */
  readonly onDeparture: (queue: string, token: Token) => void;
  /** A subject that was in no line took its place, at this position (1 is next). */
  readonly onArrival?: (token: Token, position: number) => void;
  /** A token left its line without an agent. */
  readonly onLeft?: (token: Token) => void;
}
