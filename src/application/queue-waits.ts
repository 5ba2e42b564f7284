import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import { WaitEstimator } from '../queue/wait-estimator.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface QueueWaitsOptions {
  readonly directory: ServiceDirectory;
  readonly registry: () => AgentRegistry;
  readonly clock: Clock;
}

/** The agents of a queue as the estimators count them. */
export interface AgentCounts {
  readonly ready: number;
  /** Ready or at work: they will serve somebody without anyone doing anything. */
  readonly serving: number;
  readonly loggedIn: number;
}

/** Estimated waits of every queue, fed by departures and handling times. */
export class QueueWaits {
  readonly #options: QueueWaitsOptions;
  readonly #estimators = new Map<string, WaitEstimator>();
  readonly #startedAtMs = new Map<string, { queue: string; atMs: number }>();

  constructor(options: QueueWaitsOptions) {
    this.#options = options;
  }

  departed(queue: string): void {
    this.#estimator(queue).departed(this.#options.clock.nowMs());
  }

  /** An agent began to work on this subject. */
  workStarted(queue: string, subjectId: string): void {
    this.#startedAtMs.set(subjectId, { queue, atMs: this.#options.clock.nowMs() });
  }

  /** The agent finished with it, after-call work included. */
  workEnded(subjectId: string): void {
    const started = this.#startedAtMs.get(subjectId);
    this.#startedAtMs.delete(subjectId);
    if (started) this.#estimator(started.queue).handled(this.#options.clock.nowMs() - started.atMs);
  }

  agentCounts(queue: string): AgentCounts {
    const states = this.#options.directory
      .agentsOf(queue)
      .map((agentId) => this.#options.registry().status(agentId).state);
    const loggedIn = states.filter((state) => state !== 'LOGGED_OUT').length;
    const notReady = states.filter((state) => state === 'NOT_READY').length;
    return {
      ready: states.filter((state) => state === 'READY').length,
      serving: loggedIn - notReady,
      loggedIn,
    };
  }

  /** Seconds that somebody at this position waits by estimate; −1 unknown. */
  ewtSec(settings: QueueSettings, position: number): number {
    const { ready, serving } = this.agentCounts(settings.name);
    const facts = { position, readyAgentCount: ready, servingAgentCount: serving };
    return this.#estimator(settings.name).estimateSec(settings.ewtEstimator, facts);
  }

  #estimator(queue: string): WaitEstimator {
    let estimator = this.#estimators.get(queue);
    if (!estimator) {
      const settings = this.#options.directory.queue(queue);
      estimator = new WaitEstimator((settings?.defaultHandlingTimeSec ?? 180) * 1000);
      this.#estimators.set(queue, estimator);
    }
    return estimator;
  }
}
