import { z } from 'zod';
import { MetricName } from '../../kernel/metrics.ts';
import { AgentState } from '../../routing/agent.ts';
import { dialledNumberSchema } from '../../telephony/directory.ts';
import { errorAnswers, traceSchema } from './api-schemas.ts';
import { isoOf, traceJson } from './api-views.ts';
import type { CallTracing } from './call-tracing.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';

const ALIVE_DESCRIPTION = 'Answers as long as the process runs: for restarts, not for traffic.';
const READY_DESCRIPTION =
  '503 while starting, stopping or cut off from a server: load balancers stop sending.';

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
    handler: async (_request, reply) => {
      refreshGauges(context);
      const { contentType, text } = await context.metrics.render();
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

const traceIdSchema = z.string().regex(/^[\w-]{1,64}$/, 'must be a trace id');
const subjectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('call'), callId: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('callback'), callbackId: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('number'), number: dialledNumberSchema }),
]);

/** GET/POST /traces, GET /traces/{id}. */
export function addTraceRoutes(server: Server, { tracing }: RouteContext): void {
  const tags = ['Traces'];
  server.route({
    method: 'GET',
    url: '/traces',
    config: { access: 'traceCalls' },
    schema: {
      tags,
      summary: 'List SIP traces',
      response: { 200: z.object({ items: z.array(traceSchema) }), ...errorAnswers },
    },
    handler: () => ({ items: available(tracing).traces().map(traceJson) }),
  });
  server.route({
    method: 'POST',
    url: '/traces',
    config: { access: 'traceCalls' },
    schema: {
      tags,
      summary: 'Start a SIP trace',
      description:
        'Follows one call, every call of a callback, or the calls from and to a number, for a limited time.',
      body: z.strictObject({
        subject: subjectSchema,
        durationSec: z.int().min(1).max(3600).default(300),
        messagesMax: z.int().min(1).max(1000).default(200),
      }),
      response: { 201: traceSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { subject, durationSec, messagesMax } = request.body;
      const outcome = available(tracing).traceCall({ subject, durationMs: durationSec * 1000, messagesMax });
      if (outcome.kind === 'too-many') {
        throw new HttpError('LIMIT_REACHED', `at most ${outcome.max} traces at the same time`);
      }
      return await reply.code(201).send(traceJson(outcome.trace));
    },
  });
  server.route({
    method: 'GET',
    url: '/traces/:id',
    config: { access: 'traceCalls' },
    schema: {
      tags,
      summary: 'Show a SIP trace with its messages',
      params: z.strictObject({ id: traceIdSchema }),
      response: {
        200: traceSchema.extend({
          messages: z.array(
            z.object({
              at: z.string(),
              direction: z.enum(['in', 'out']),
              peer: z.string(),
              text: z.string(),
            }),
          ),
        }),
        ...errorAnswers,
      },
    },
    handler: (request) => {
      const found = available(tracing).findTrace(request.params.id);
      if (!found) throw new HttpError('NOT_FOUND', 'there is no such trace');
      const messages = found.messages.map(({ atMs, ...message }) => ({ ...message, at: isoOf(atMs) }));
      return { ...traceJson(found.trace), messages };
    },
  });
}

function available(tracing: CallTracing | undefined): CallTracing {
  if (!tracing) throw new HttpError('TRACING_UNAVAILABLE', 'SIP cannot be traced on this installation');
  return tracing;
}
