import { z } from 'zod';
import { dialledNumberSchema } from '../../telephony/directory.ts';
import type { Application } from '../../application/application.ts';
import type { Principal } from './access.ts';
import { errorAnswers, traceSchema } from './api-schemas.ts';
import { isoOf, traceJson } from './api-views.ts';
import type { CallTracing, TraceSubject } from './call-tracing.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { mayReadCallback } from './queue-access.ts';
import { principalOf } from './request-guard.ts';

const traceIdSchema = z.string().regex(/^[\w-]{1,64}$/, 'must be a trace id');
const subjectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('call'), callId: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('callback'), callbackId: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('number'), number: dialledNumberSchema }),
]);

/** GET/POST /traces, GET /traces/{id}. */
export function addTraceRoutes(server: Server, context: RouteContext): void {
  addTraceReading(server, context);
  addTraceStart(server, context);
}

const tags = ['Traces'];

function addTraceReading(server: Server, { application, tracing }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/traces',
    config: { access: 'traceCalls' },
    schema: {
      tags,
      summary: 'List SIP traces',
      response: { 200: z.object({ items: z.array(traceSchema) }), ...errorAnswers },
    },
    handler: async (request) => {
      const traces = available(tracing).traces();
      const readable = await Promise.all(
        traces.map(({ subject }) => mayTrace(application, principalOf(request), subject)),
      );
      return { items: traces.filter((_trace, index) => readable[index]).map(traceJson) };
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
    handler: async (request) => {
      const found = available(tracing).findTrace(request.params.id);
      if (!found || !(await mayTrace(application, principalOf(request), found.trace.subject)))
        throw new HttpError('NOT_FOUND', 'there is no such trace');
      const messages = found.messages.map(({ atMs, ...message }) => ({ ...message, at: isoOf(atMs) }));
      return { ...traceJson(found.trace), messages };
    },
  });
}

function addTraceStart(server: Server, { application, tracing }: RouteContext): void {
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
      if (!(await mayTrace(application, principalOf(request), subject))) {
        throw new HttpError('FORBIDDEN', 'members of access groups follow callbacks of their queues only');
      }
      const outcome = available(tracing).traceCall({ subject, durationMs: durationSec * 1000, messagesMax });
      if (outcome.kind === 'too-many') {
        throw new HttpError('LIMIT_REACHED', `at most ${outcome.max} traces at the same time`);
      }
      return await reply.code(201).send(traceJson(outcome.trace));
    },
  });
}

/** Members of access groups follow callbacks of their queues: calls and numbers belong to no queue. */
async function mayTrace(
  application: Application,
  principal: Principal,
  subject: TraceSubject,
): Promise<boolean> {
  if (principal.queues === null) return true;
  return subject.kind === 'callback' && (await mayReadCallback(application, principal, subject.callbackId));
}

function available(tracing: CallTracing | undefined): CallTracing {
  if (!tracing) throw new HttpError('TRACING_UNAVAILABLE', 'SIP cannot be traced on this installation');
  return tracing;
}
