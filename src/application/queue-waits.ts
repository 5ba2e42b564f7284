import { type QueueSettings, type WaitEstimatorName, waitEstimators } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Token } from '../queue/token.ts';
import { type WaitEstimate, WaitEstimator, type WaitFacts } from '../queue/wait-estimator.ts';
import { type WaitRange, type WaitScore, WaitScores } from '../queue/wait-scores.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** The agents of a queue as the estimators count them. */
export interface AgentCounts {
  readonly ready: number;
  /** Ready or at work: they will serve somebody without anyone doing anything. */
  readonly serving: number;
  readonly loggedIn: number;
}

export interface QueueWaitsOptions {
  readonly directory: ServiceDirectory;
  readonly agentCounts: (queue: string) => AgentCounts;
  readonly clock: Clock;
}

interface QueueWait {
  readonly estimator: WaitEstimator;
  readonly scores: WaitScores;
}

/** Estimated waits of every queue, fed by departures and handling times, and held to what happened. */
export class QueueWaits {
  readonly #options: QueueWaitsOptions;
  readonly #queues = new Map<string, QueueWait>();
  readonly #startedAtMs = new Map<string, { queue: string; atMs: number }>();

  constructor(options: QueueWaitsOptions) {
    this.#options = options;
  }

  /** A token took its place at this position: every estimator predicts its wait. */
  joined({ queue, subjectId }: Token, position: number): void {
    const { estimator, scores } = this.#queue(queue);
    const facts = this.#facts(queue, position);
    const estimates = waitEstimators.map((name) => [name, estimator.estimate(name, facts)] as const);
    scores.joined(subjectId, facts.nowMs, estimates);
  }

  /** The token has its place again after a restart. */
  recovered({ queue, subjectId, placeAtMs }: Token): void {
    this.#queue(queue).scores.recovered(subjectId, placeAtMs);
  }

  /** An agent has the token. */
  served({ queue, subjectId }: Token): void {
    const { estimator, scores } = this.#queue(queue);
    const nowMs = this.#options.clock.nowMs();
    const waitedMs = scores.served(subjectId, nowMs);
    estimator.departed(nowMs, waitedMs ?? 0);
  }

  /** The token left without an agent; a live call that does has given up. */
  left({ queue, subjectId, kind }: Token): void {
    const { estimator, scores } = this.#queue(queue);
    const waitedMs = scores.left(subjectId, this.#options.clock.nowMs());
    if (kind === 'call' && waitedMs !== undefined) estimator.abandoned(waitedMs);
  }

  /** An agent began to work on this subject. */
  workStarted(queue: string, subjectId: string): void {
    this.#startedAtMs.set(subjectId, { queue, atMs: this.#options.clock.nowMs() });
  }

  /** The queue of a subject that an agent works on. */
  queueOfWork(subjectId: string): string | undefined {
    return this.#startedAtMs.get(subjectId)?.queue;
  }

  /** The agent finished with it, after-call work included. */
  workEnded(subjectId: string): void {
    const started = this.#startedAtMs.get(subjectId);
    this.#startedAtMs.delete(subjectId);
    if (!started) return;
    this.#queue(started.queue).estimator.handled(this.#options.clock.nowMs() - started.atMs);
  }

  agentCounts(queue: string): AgentCounts {
    return this.#options.agentCounts(queue);
  }

  /** Seconds that somebody at this position waits by estimate; −1 unknown. */
  ewtSec(settings: QueueSettings, position: number): number {
    const { name, ewtEstimator } = settings;
    return this.#queue(name).estimator.estimate(ewtEstimator, this.#facts(name, position)).sec;
  }

  /**
   * The same as the field's APIs tell it, with the reason when it is unknown; by the queue's estimator unless
   * another is named. There a wait is known unless nobody is logged in. Who is on a break comes back: where
   * all are, one agent is reckoned with.
   */
  estimateForApis(
    { name, ewtEstimator }: QueueSettings,
    position: number,
    by: WaitEstimatorName = ewtEstimator,
  ): WaitEstimate {
    const facts = this.#facts(name, position);
    const areOnBreak = facts.servingAgentCount === 0 && this.agentCounts(name).loggedIn > 0;
    return this.#queue(name).estimator.estimate(by, areOnBreak ? { ...facts, servingAgentCount: 1 } : facts);
  }

  /** The queue's own estimate with its range, or why it is not known. */
  ewt(settings: QueueSettings, position: number): WaitRange {
    const { estimator, scores } = this.#queue(settings.name);
    const facts = this.#facts(settings.name, position);
    return scores.range(settings.ewtEstimator, estimator.estimate(settings.ewtEstimator, facts));
  }

  /** How every estimator has done on this queue. */
  scores(queue: string): readonly WaitScore[] {
    return this.#queue(queue).scores.scores();
  }

  #facts(queue: string, position: number): WaitFacts {
    const { ready, serving } = this.agentCounts(queue);
    return {
      position,
      readyAgentCount: ready,
      servingAgentCount: serving,
      headJoinedAtMs: this.#queue(queue).scores.headJoinedAtMs,
      nowMs: this.#options.clock.nowMs(),
    };
  }

  #queue(name: string): QueueWait {
    let queue = this.#queues.get(name);
    if (!queue) {
      const settings = this.#options.directory.queue(name);
      const estimator = new WaitEstimator((settings?.defaultHandlingTimeSec ?? 180) * 1000);
      queue = { estimator, scores: new WaitScores() };
      this.#queues.set(name, queue);
    }
    return queue;
  }
}
