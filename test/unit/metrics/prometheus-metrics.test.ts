import { describe, expect, it } from 'vitest';
import { metricDefinitions } from '../../../src/adapters/metrics/metric-definitions.ts';
import { PrometheusMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts';
import type { Log, LogFields } from '../../../src/kernel/log.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { MetricName } from '../../../src/kernel/metrics.ts';

const build = { version: '1.2.3', telephony: 'embedded' };

describe('PrometheusMetrics', () => {
  it('defines every metric name exactly once', () => {
    expect(metricDefinitions.map(({ name }) => name).sort()).toEqual(Object.values(MetricName).sort());
  });

  it('renders counters, gauges and histograms in the text format', async () => {
    const metrics = new PrometheusMetrics(build, silentLog);
    metrics.count(MetricName.callsTotal, { direction: 'inbound', source: 'trunk', outcome: 'success' });
    metrics.count(MetricName.attemptsTotal, { result: 'BUSY' }, 3);
    metrics.set(MetricName.queueWaiting, 4, { queue: 'billing', kind: 'call' });
    metrics.observe(MetricName.readyToInviteSeconds, 0.006);
    const { contentType, text } = await metrics.render();
    expect(contentType).toContain('text/plain');
    expect(text).toContain('turnkeeper_calls_total{direction="inbound",source="trunk",outcome="success"} 1');
    expect(text).toContain('turnkeeper_attempts_total{result="BUSY"} 3');
    expect(text).toContain('turnkeeper_queue_waiting{queue="billing",kind="call"} 4');
    expect(text).toContain('turnkeeper_ready_to_invite_seconds_bucket{le="0.0075"} 1');
    expect(text).toContain('turnkeeper_ready_to_invite_seconds_bucket{le="0.005"} 0');
    expect(text).toContain('turnkeeper_build_info{version="1.2.3",telephony="embedded"');
    expect(text).toContain('nodejs_eventloop_lag');
  });

  it('drops a wrong label or kind, says so once and goes on', async () => {
    const warnings: LogFields[] = [];
    const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields) };
    const metrics = new PrometheusMetrics(build, log);
    metrics.count(MetricName.attemptsTotal, { wrong: 'x' });
    metrics.count(MetricName.attemptsTotal, { wrong: 'y' });
    metrics.observe(MetricName.agents, 1);
    expect(warnings.map(({ metric }) => metric)).toEqual([MetricName.attemptsTotal, MetricName.agents]);
    metrics.count(MetricName.attemptsTotal, { result: 'BUSY' });
    expect((await metrics.render()).text).toContain('turnkeeper_attempts_total{result="BUSY"} 1');
  });

  it('keeps the number of series limited whatever labels come', async () => {
    const metrics = new PrometheusMetrics(build, silentLog);
    for (let i = 0; i < 5000; i++) metrics.count(MetricName.callsRefusedTotal, { reason: `r${i}` });
    const { text } = await metrics.render();
    expect(text.match(/^turnkeeper_calls_refused_total\{/gm)?.length).toBe(2001);
    expect(text).toContain('turnkeeper_calls_refused_total{reason="other"} 3000');
  });
});
