import type { Engine } from './application/engine.ts';
import type { ServiceDirectory } from './application/service-directory.ts';
import type { Clock, TimerHandle } from './kernel/clock.ts';
import { MetricName, type Metrics } from './kernel/metrics.ts';
import { AgentState } from './routing/agent.ts';

/** Gauges are read this often; scrapers rarely come more than every 10 s. */
const GAUGE_INTERVAL_MS = 5000;

export interface LiveGaugesOptions {
  readonly engine: Engine;
  readonly directory: ServiceDirectory;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Keeps the gauges of lines and agents up to date; returns the way to stop. Nothing waits for it. */
export function reportGauges(options: LiveGaugesOptions): () => Promise<void> {
  let timer: TimerHandle | undefined;
  const tick = (): void => {
    report(options);
    timer = options.clock.setTimer(GAUGE_INTERVAL_MS, tick);
  };
  tick();
  return async () => {
    if (timer) options.clock.clearTimer(timer);
  };
}

function report({ engine, directory, metrics }: LiveGaugesOptions): void {
  for (const settings of directory.queues()) {
    const queue = settings.name;
    const line = engine.router.queue(queue);
    metrics.set(MetricName.queueWaiting, line.count('call'), { queue, kind: 'call' });
    metrics.set(MetricName.queueWaiting, line.count('callback'), { queue, kind: 'callback' });
    metrics.set(MetricName.queueEwtSeconds, engine.waits.ewtSec(settings, line.length + 1), { queue });
    metrics.set(MetricName.queueOvertakes, line.overtakeCount, { queue });
    for (const state of ['SCHEDULED', 'QUEUED', 'ROUTING', 'PROCESSING']) {
      metrics.set(MetricName.callbacksOpen, 0, { queue, state });
    }
  }
  for (const { queue, state, count } of engine.openCallbacks.counts()) {
    metrics.set(MetricName.callbacksOpen, count, { queue, state });
  }
  const byState = new Map<string, number>();
  for (const { id } of directory.agents()) {
    const { state } = engine.registry.status(id);
    byState.set(state, (byState.get(state) ?? 0) + 1);
  }
  for (const state of Object.values(AgentState)) {
    metrics.set(MetricName.agents, byState.get(state) ?? 0, { state });
  }
  metrics.set(MetricName.callsActive, engine.inboundCalls.callCount, { direction: 'inbound' });
  metrics.set(MetricName.callsActive, engine.callbackCalls.callCount, { direction: 'outbound' });
}
