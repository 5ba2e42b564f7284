import { z } from 'zod';
import { MetricName } from '../../kernel/metrics.ts';
import { AgentState } from '../../routing/agent.ts';
import { mayReadQueue, type Rights } from './access-rules.ts';
import { errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';

const ALIVE_DESCRIPTION = 'Answers as long as the process runs: for restarts, not for traffic.';
const READY_DESCRIPTION =
  '503 while starting, stopping, cut off from a server or held up by the disk: load balancers stop sending.';

/** GET /health, GET /ready: without credentials, and without telling more than is needed to mend it. */
export function addHealthRoutes(server: Server, { application }: RouteContext): void {
  const tags = ['Health'];
  server.route({
    method: 'GET',
    url: '/health',
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Alive?',
      description: ALIVE_DESCRIPTION,
      response: { 200: z.object({ alive: z.literal(true) }), ...errorAnswers },
    },
    handler: () => ({ alive: true as const }),
  });
  const readiness = z.object({
    ready: z.boolean(),
    parts: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  });
  server.route({
    method: 'GET',
    url: '/ready',
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Ready for calls?',
      description: READY_DESCRIPTION,
      response: { 200: readiness, 503: readiness, ...errorAnswers },
    },
    handler: async (_request, reply) => {
      const ready = application.ready();
      const parts = application.health().map((part) => ({ ...part }));
      return await reply.code(ready ? 200 : 503).send({ ready, parts });
    },
  });
}

/** GET /metrics in the Prometheus text format; queues' and agents' gauges are read when it is asked for. */
export function addMetricsRoute(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/metrics',
    config: { access: context.config.publicMetrics ? 'public' : 'readMetrics' },
    schema: {
      tags: ['Health'],
      summary: 'Figures for Prometheus',
      response: {
        200: { description: 'Prometheus text format', content: { 'text/plain': { schema: z.string() } } },
        ...errorAnswers,
      },
    },
    handler: async (request, reply) => {
      refreshGauges(context);
      const { contentType, text: all } = await context.metrics.render();
      const text = request.principal ? readableMetrics(all, request.principal) : all;
      return await reply
        .header('content-type', contentType)
        .serializer((body: unknown) => String(body))
        .send(text);
    },
  });
}

function refreshGauges({ application, metrics }: RouteContext): void {
  for (const name of [MetricName.queueWaiting, MetricName.queueEwtSeconds, MetricName.queueOvertakes]) {
    metrics.clear(name);
  }
  metrics.clear(MetricName.agents);
  for (const queue of application.queues()) {
    metrics.set(MetricName.queueWaiting, queue.waitingCallCount, { queue: queue.name, kind: 'call' });
    metrics.set(MetricName.queueWaiting, queue.waitingCallbackCount, { queue: queue.name, kind: 'callback' });
    metrics.set(MetricName.queueEwtSeconds, queue.ewtSec, { queue: queue.name });
    metrics.set(MetricName.queueOvertakes, queue.overtakeCount, { queue: queue.name });
  }
  // Every state is shown, also at 0: alarms compare figures, and a missing one compares with nothing.
  const counts = new Map<string, number>(Object.values(AgentState).map((state) => [state, 0]));
  for (const { state } of application.agents()) counts.set(state, (counts.get(state) ?? 0) + 1);
  for (const [state, count] of counts) metrics.set(MetricName.agents, count, { state });
  const loads = application.loads();
  metrics.set(MetricName.callsActive, loads.inboundCallCount, { direction: 'inbound' });
  metrics.set(MetricName.callsActive, loads.customerCallCount, { direction: 'outbound' });
  metrics.clear(MetricName.callbacksOpen);
  for (const { queue, state, count } of loads.openCallbacks) {
    metrics.set(MetricName.callbacksOpen, count, { queue, state });
  }
}

/** The figures without those of queues that may not be read. */
function readableMetrics(text: string, rights: Pick<Rights, 'queues'>): string {
  if (rights.queues === null) return text;
  return text
    .split('\n')
    .filter((line) => {
      const queue = /[{,]queue="([^"]*)"/.exec(line)?.[1];
      return queue === undefined || mayReadQueue(rights, queue);
    })
    .join('\n');
}
