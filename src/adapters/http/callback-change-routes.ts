import { z } from 'zod';
import { may, mayReadQueue } from './access-rules.ts';
import { cancelEach } from './bulk-cancellation.ts';
import { callbackIdSchema, callbackSchema, errorAnswers } from './api-schemas.ts';
import { callbackJson } from './api-views.ts';
import { auditCallback } from './callback-audit.ts';
import { httpLimits } from './http-config.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { pushTargetsSchema } from './push-target-schema.ts';
import { callbackOf, checkCallback } from './queue-access.ts';
import { principalOf, refused } from './request-guard.ts';

/** Callbacks cancelled by one request; bounds its work. */
const CANCEL_IDS_MAX = 100;
const instantSchema = z.iso.datetime({ offset: true });
const params = z.strictObject({ id: callbackIdSchema });
const tags = ['Callbacks'];

/** PATCH /callbacks/{id}, POST /callbacks/{id}/cancel, /reschedule and /recreate, POST /callbacks/cancel. */
export function addCallbackChangeRoutes(server: Server, context: RouteContext): void {
  addDeviceChange(server, context);
  addCancel(server, context);
  addBulkCancel(server, context);
  addReschedule(server, context);
  addRecreate(server, context);
}

function addDeviceChange(server: Server, { application, clock, auditLog }: RouteContext): void {
  server.route({
    method: 'PATCH',
    url: '/callbacks/:id',
    bodyLimit: httpLimits.callbackBodyBytesMax,
    config: { access: 'createCallbacks' },
    schema: {
      tags,
      summary: 'Tell other devices about a callback',
      description: 'The list takes the place of the one before: tokens of devices change. Not in COMPLETED.',
      params,
      body: z.strictObject({ pushTargets: pushTargetsSchema }),
      response: { 200: callbackSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { id } = request.params;
      await checkCallback(application, principal, id);
      const { pushTargets } = request.body;
      const outcome = await application.changeDevices(id, pushTargets, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      const after = { pushTargetCount: pushTargets.length };
      await auditLog.record(request, { action: 'callback.devices', target: `callback:${id}`, after });
      return callbackJson(outcome.value, principal, clock.nowMs());
    },
  });
}

function addCancel(server: Server, context: RouteContext): void {
  const { application, clock } = context;
  server.route({
    method: 'POST',
    url: '/callbacks/:id/cancel',
    config: { access: 'cancelCallbacks' },
    schema: {
      tags,
      summary: 'Cancel a callback',
      description: 'The record stays, COMPLETED. Refused in PROCESSING: nothing is changed then.',
      params,
      response: { 200: callbackSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const before = await callbackOf(application, principal, request.params.id);
      const outcome = await application.cancelCallback(before.id, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      await auditCallback(context, request, 'cancelled', { before, after: outcome.value });
      return callbackJson(outcome.value, principal, clock.nowMs());
    },
  });
}

function addBulkCancel(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/callbacks/cancel',
    config: { access: 'cancelCallbacks', audit: 'none' },
    schema: {
      tags,
      summary: 'Cancel several callbacks',
      description: 'Each by itself: `results` tells in the order of `ids` what became of it.',
      body: z.strictObject({ ids: z.array(callbackIdSchema).min(1).max(CANCEL_IDS_MAX) }),
      response: {
        200: z.object({
          results: z.array(
            z.object({
              id: z.string(),
              outcome: z.enum(['cancelled', 'not-found', 'not-allowed']),
              state: z.string().nullable().describe('The state that it has now; null: there is none'),
            }),
          ),
        }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { ids } = request.body;
      const outcomes = await cancelEach(context, request, ids);
      const results = ids.map((id, index) => {
        const outcome = outcomes[index];
        if (!outcome) return { id, outcome: 'not-found' as const, state: null };
        if (outcome.ok) return { id, outcome: 'cancelled' as const, state: outcome.value.state };
        const { refusal } = outcome;
        if (refusal.kind === 'not-found') return { id, outcome: refusal.kind, state: null };
        if (refusal.kind === 'not-allowed') return { id, outcome: refusal.kind, state: refusal.state };
        throw refused(refusal);
      });
      return { results };
    },
  });
}

function addReschedule(server: Server, context: RouteContext): void {
  const { application, clock } = context;
  server.route({
    method: 'POST',
    url: '/callbacks/:id/reschedule',
    config: { access: 'rescheduleCallbacks' },
    schema: {
      tags,
      summary: 'Give a callback another time',
      description:
        'In SCHEDULED and QUEUED. The agent who has the call may, too: then the answer is a new callback for ' +
        'the new time, linked with this one, which ends RESCHEDULED_BY_AGENT after the conversation. May be ' +
        'repeated safely: the same time again changes nothing and says `Idempotent-Replayed: true`.',
      params,
      body: z.strictObject({ desiredAt: instantSchema.describe('ISO 8601 with an offset') }),
      response: { 200: callbackSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { id } = request.params;
      const before = await application.findCallback(id);
      const own = principal.agentId !== null && before?.agentId === principal.agentId;
      // To an agent, somebody else's callback does not exist: the answer must not tell.
      const readable =
        before && may(principal, 'cancelCallbacks') && mayReadQueue(principal, before.virtualQueue);
      if (!before || !(own || readable)) {
        throw new HttpError('NOT_FOUND', 'there is no such callback');
      }
      const asAgent = own && before.state === 'PROCESSING' ? { agentId: principal.agentId } : {};
      const desiredAtMs = Date.parse(request.body.desiredAt);
      const outcome = await application.rescheduleCallback(id, { desiredAtMs, ...asAgent }, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      const { callback: after, repeated } = outcome.value;
      if (repeated) reply.header('idempotent-replayed', 'true');
      await auditCallback(context, request, 'rescheduled', { before, after });
      return callbackJson(after, principal, clock.nowMs());
    },
  });
}

function addRecreate(server: Server, context: RouteContext): void {
  const { application, clock } = context;
  server.route({
    method: 'POST',
    url: '/callbacks/:id/recreate',
    config: { access: 'createCallbacks' },
    schema: {
      tags,
      summary: 'Repeat an ended callback',
      description:
        'Only in COMPLETED. The new callback and the old one name each other. One is recreated once: asked ' +
        'again, the answer is the callback made then (200, `Idempotent-Replayed: true`).',
      params,
      body: z
        .strictObject({ desiredAt: instantSchema.optional().describe('Absent: as soon as possible') })
        .nullish(),
      response: { 200: callbackSchema, 201: callbackSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const before = await callbackOf(application, principal, request.params.id);
      const desiredAt = request.body?.desiredAt;
      const desiredAtMs = desiredAt === undefined ? undefined : Date.parse(desiredAt);
      const outcome = await application.recreateCallback(before.id, desiredAtMs, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      const { callback, repeated } = outcome.value;
      await auditCallback(context, request, 'recreated', { before, after: callback });
      reply.header('location', `/api/v1/callbacks/${callback.id}`);
      if (repeated) reply.header('idempotent-replayed', 'true');
      const body = callbackJson(callback, principal, clock.nowMs());
      return await reply.code(repeated ? 200 : 201).send(body);
    },
  });
}
