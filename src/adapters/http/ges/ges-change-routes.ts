import { z } from 'zod';
import { isoOf } from '../api-views.ts';
import { auditCallback } from '../callback-audit.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf, refused } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { readableCallback } from './ges-callback-routes.ts';
import { bodyOf, callbackId, captchaToken, instant, maybe, maybeText, requestExample } from './ges-fields.ts';

const tags = ['Genesys-compatible: callbacks'];
const EXAMPLE_ID = 'callback_0006gqn4vmv00example';

/** POST /callbacks/reschedule and /callbacks/recreate. */
export function addGesChangeRoutes(server: Server, context: RouteContext): void {
  addReschedule(server, context);
  addRecreate(server, context);
}

function addReschedule(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/callbacks/reschedule',
    config: gesConfig,
    schema: {
      tags,
      summary: 'Give a callback another time',
      description:
        'In SCHEDULED and QUEUED, else 40004. A time without room is answered with 429 and free slots.',
      body: bodyOf({
        id: callbackId,
        desiredTime: instant,
        alwaysCheckCapacity: maybe(z.boolean({ error: 'must be true or false' })).describe(
          'Also on queues that are lenient',
        ),
        captchaToken,
      }).meta(requestExample({ id: EXAMPLE_ID, desiredTime: '2026-01-05T10:00:00.000Z' })),
      response: {
        200: gesAnswerSchema(z.object({ id: z.string(), desiredTime: z.string() }), {
          id: EXAMPLE_ID,
          desiredTime: '2026-01-05T10:00:00.000Z',
        }),
        ...gesErrorAnswers,
      },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { desiredTime, alwaysCheckCapacity = false } = request.body;
      const before = await readableCallback(context, principal, request.body.id);
      const { id } = before;
      const change = { desiredAtMs: desiredTime, alwaysCheckCapacity };
      const outcome = await context.application.rescheduleCallback(id, change, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      const { callback: after, repeated } = outcome.value;
      if (repeated) reply.header('idempotent-replayed', 'true');
      await auditCallback(context, request, 'rescheduled', { before, after });
      return successful(request, { id, desiredTime: isoOf(after.desiredAtMs) });
    },
  });
}

function addRecreate(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/callbacks/recreate',
    config: gesConfig,
    schema: {
      tags,
      summary: 'Repeat an ended callback',
      description:
        'In COMPLETED, else 40004. The new callback and the old one name each other. One is recreated ' +
        'once: asked again, the answer is the callback made then.',
      body: bodyOf({ id: callbackId, desiredTime: maybeText(instant), captchaToken }).meta(
        requestExample({ id: EXAMPLE_ID }),
      ),
      response: {
        200: gesAnswerSchema(z.object({ id: z.string() }), { id: EXAMPLE_ID }),
        ...gesErrorAnswers,
      },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const before = await readableCallback(context, principal, request.body.id);
      const { desiredTime } = request.body;
      const outcome = await context.application.recreateCallback(before.id, desiredTime, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      const { callback, repeated } = outcome.value;
      if (repeated) reply.header('idempotent-replayed', 'true');
      await auditCallback(context, request, 'recreated', { before, after: callback });
      return successful(request, { id: callback.id });
    },
  });
}
