import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CallbackView } from '../../../application/application.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import { readableCallback, refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { flag, requestExample, text } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { IdempotentCreation, idempotencyKeySchema } from '../idempotent-creation.ts';
import { principalOf, refused } from '../request-guard.ts';
import { gmsConfig, gmsErrorAnswers } from './gms-answers.ts';
import { ignoredBecause, type IgnoredOption, ignoredOptions, tellIgnored } from './gms-options.ts';
import { invalidBody, isoTime, scalar, startBody, wantedOf } from './gms-start.ts';

const BODY_BYTES_MAX = 96 * 1024;
const tags = ['Genesys-compatible: GMS callbacks'];
const EXAMPLE_ID = 'callback_0006gqn4vmv00example';

const startAnswer = z
  .object({
    _id: z.string(),
    _dialog_id: z.string(),
    _action: z.literal('ConfirmationDialog'),
    _text: z.string(),
    _okTitle: z.string(),
    _ignored_options: ignoredOptions,
  })
  .meta({
    examples: [
      {
        _id: EXAMPLE_ID,
        _dialog_id: EXAMPLE_ID,
        _action: 'ConfirmationDialog',
        _text: 'You will be called at 2026-01-05T09:30:00.000Z.',
        _okTitle: 'OK',
      },
    ],
  });

const params = z.object({ serviceName: text(255).describe("The virtual queue's name") });
const idParams = z.object({ serviceName: text(255), id: text(128) });

/** Start, update and cancel of one service's callbacks. */
export function addGmsCallbackRoutes(server: Server, context: RouteContext): void {
  addStart(server, context);
  addUpdate(server, context);
  addCancel(server, context);
}

function addStart(server: Server, context: RouteContext): void {
  const creation = new IdempotentCreation(context);
  server.route({
    method: 'POST',
    url: '/service/callback/:serviceName',
    bodyLimit: BODY_BYTES_MAX,
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Start a callback',
      description:
        'Without `_desired_time` as soon as possible. A time without room is refused, with the free slots ' +
        'in `availability`. JSON, urlencoded or multipart with text parts.',
      params,
      headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
      body: startBody,
      response: {
        200: startAnswer,
        ...gmsErrorAnswers,
      },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { serviceName } = request.params;
      refuseUnreadable(principal, serviceName);
      const { wanted, ignored } = wantedOf(serviceName, request.body, context.clock.nowMs());
      const result = await creation.create(wanted, principal, request.headers['idempotency-key']);
      if (!result.outcome.ok) throw refused(result.outcome.refusal);
      if (result.repeated) reply.header('idempotent-replayed', 'true');
      const { id, state, desiredAtMs } = result.outcome.value;
      return {
        _id: id,
        _dialog_id: id,
        _action: 'ConfirmationDialog' as const,
        _text:
          state === 'SCHEDULED'
            ? `You will be called at ${isoOf(desiredAtMs)}.`
            : 'You will be called as soon as it is your turn.',
        _okTitle: 'OK',
        ...tellIgnored(context, request, ignored),
      };
    },
  });
}

const updateFields = {
  _new_desired_time: isoTime.optional().describe('Default: now'),
  _callback_state: scalar
    .pipe(z.enum(['SCHEDULED', 'QUEUED'], { error: 'must be SCHEDULED or QUEUED' }))
    .optional()
    .describe('Follows from `_new_desired_time`, whatever is said here'),
};
const updateBody = z
  .looseObject(updateFields, { error: 'must be an object' })
  .nullish()
  .meta(requestExample({ _new_desired_time: '2026-01-05T10:00:00.000Z' }));

const changeAnswer = z
  .object({ _ignored_options: ignoredOptions })
  .describe('The body is empty unless parts of the request had no effect');

function addUpdate(server: Server, context: RouteContext): void {
  server.route({
    method: 'PUT',
    url: '/service/callback/:serviceName/:id',
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Give a callback another time',
      description: 'In SCHEDULED and QUEUED. A time without room is refused, with free slots.',
      params: idParams,
      body: updateBody,
      response: { 200: changeAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { id } = await callbackOf(context, principal, request.params);
      const body = request.body ?? {};
      const others = Object.keys(body).filter((name) => !Object.hasOwn(updateFields, name));
      const wishedAtMs = body._new_desired_time;
      // A change of other properties alone must not make a promise of tomorrow one of now.
      if (wishedAtMs === undefined && others.length > 0) {
        throw invalidBody('_new_desired_time', 'is what can be changed: other properties cannot');
      }
      const nowMs = context.clock.nowMs();
      const desiredAtMs = wishedAtMs ?? nowMs;
      const change = { desiredAtMs, alwaysCheckCapacity: desiredAtMs > nowMs };
      const outcome = await context.application.rescheduleCallback(id, change, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      return changed(context, request, reply, ignoredBecause(others));
    },
  });
}

function addCancel(server: Server, context: RouteContext): void {
  server.route({
    method: 'DELETE',
    url: '/service/callback/:serviceName/:id',
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Cancel a callback',
      description: 'Refused in PROCESSING and COMPLETED; nothing is changed then.',
      params: idParams,
      querystring: z.object({
        discard_ors_failure: flag.optional().describe('Taken and not needed: no other server can fail here'),
      }),
      response: { 200: changeAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { id } = await callbackOf(context, principal, request.params);
      const outcome = await context.application.cancelCallback(id, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      return changed(context, request, reply, []);
    },
  });
}

function changed(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  ignored: readonly IgnoredOption[],
): { _ignored_options?: IgnoredOption[] } {
  if (ignored.length === 0) reply.serializer(() => '');
  return tellIgnored(context, request, ignored);
}

/** Throws NOT_FOUND unless the callback is of this service. */
async function callbackOf(
  context: RouteContext,
  principal: Principal,
  { serviceName, id }: z.output<typeof idParams>,
): Promise<CallbackView> {
  const found = await readableCallback(context, principal, id);
  if (found.virtualQueue !== serviceName) throw new HttpError('NOT_FOUND', 'there is no such callback');
  return found;
}
