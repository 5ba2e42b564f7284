import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CallbackView } from '../../../application/application.ts';
import type { Callback } from '../../../callback/callback.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import { auditCallback } from '../callback-audit.ts';
import { readableCallback, refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { flag, requestExample, serviceName as service, text } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { IdempotentCreation, idempotencyKeySchema } from '../idempotent-creation.ts';
import { principalOf, refused } from '../request-guard.ts';
import { gmsConfig, gmsDataConfig, gmsErrorAnswers } from './gms-answers.ts';
import { FormFile } from './gms-bodies.ts';
import { confirmationJson, confirmationSchema } from './gms-confirmation.ts';
import { ignoredBecause, type IgnoredOption, ignoredOptions, tellIgnored } from './gms-options.ts';
import { invalidBody, isoTime, scalar, startBody, wantedOf } from './gms-start.ts';
import { callbackArea, gmsUserOf, putValues, valuesOf } from './storage-areas.ts';
import { areaLimits, type StoredValue } from './storage-area-store.ts';

const tags = ['Genesys-compatible: GMS callbacks'];
const EXAMPLE_ID = 'callback_0006gqn4vmv00example';

const startAnswer = confirmationSchema.meta({
  examples: [confirmationJson(EXAMPLE_ID, 'You will be called at 2026-01-05T09:30:00.000Z.')],
});

const params = z.object({ serviceName: service });
const idParams = z.object({ serviceName: service, id: text(128) });

/** Start, update and cancel of one service's callbacks. */
export function addGmsCallbackRoutes(server: Server, context: RouteContext): void {
  addStart(server, context);
  addUpdate(server, context);
  addCancel(server, context);
}

function addStart(server: Server, context: RouteContext): void {
  const creation = new IdempotentCreation(context, 'gms');
  server.route({
    method: 'POST',
    url: '/service/callback/:serviceName',
    bodyLimit: areaLimits.bodyBytesMax,
    config: { ...gmsDataConfig, takesFiles: true, audit: 'none' },
    schema: {
      tags,
      summary: 'Start a callback',
      description:
        'Without `_desired_time` as soon as possible. A time without room is refused, with the free slots ' +
        'in `availability`. JSON, urlencoded or multipart; files are kept with the callback: ' +
        'GET /service/{id}/storage.',
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
      const { fields, files } = partsOf(request.body);
      const asked = { nowMs: context.clock.nowMs(), gmsUser: gmsUserOf(request) };
      const { wanted, ignored } = wantedOf(serviceName, fields, asked);
      const stored = Object.keys(files).length === 0 ? [] : valuesOf(files);
      const result = await creation.create(wanted, principal, request.headers['idempotency-key']);
      if (!result.outcome.ok) throw refused(result.outcome.refusal);
      if (result.repeated) reply.header('idempotent-replayed', 'true');
      const { id, state, desiredAtMs } = result.outcome.value;
      const notStored = await storeFiles(context, principal, result.outcome.value, stored);
      const isLater = state === 'SCHEDULED';
      const said = isLater ? `at ${isoOf(desiredAtMs)}` : 'as soon as it is your turn';
      return {
        ...confirmationJson(id, `You will be called ${said}.`),
        ...tellIgnored(context, request, [...ignored, ...notStored]),
      };
    },
  });
}

/** A callback is made whether or not its files find room; those that do not are told of. */
async function storeFiles(
  context: RouteContext,
  principal: Principal,
  callback: Callback,
  files: readonly StoredValue[],
): Promise<readonly IgnoredOption[]> {
  if (files.length === 0) return [];
  try {
    await putValues(context, callbackArea(callback, principal), files);
    return [];
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return files.map(({ key }) => ({ option: key.slice(0, 64), reason: `was not kept: ${error.message}` }));
  }
}

function partsOf(body: Readonly<Record<string, unknown>>): {
  fields: z.output<typeof startBody>;
  files: Record<string, FormFile>;
} {
  const entries = Object.entries(body);
  const files = entries.filter((entry): entry is [string, FormFile] => entry[1] instanceof FormFile);
  const fields = Object.fromEntries(entries.filter(([, value]) => !(value instanceof FormFile)));
  return { fields: fields as z.output<typeof startBody>, files: Object.fromEntries(files) };
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
    config: gmsDataConfig,
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
      const before = await callbackOf(context, principal, request.params);
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
      const outcome = await context.application.rescheduleCallback(before.id, change, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      const after = outcome.value.callback;
      await auditCallback(context, request, 'rescheduled', { before, after });
      return changed(context, request, reply, ignoredBecause(others));
    },
  });
}

function addCancel(server: Server, context: RouteContext): void {
  const schema = {
    tags,
    summary: 'Cancel a callback',
    description: 'Refused in PROCESSING and COMPLETED; nothing is changed then.',
    querystring: z.object({
      discard_ors_failure: flag.optional().describe('Taken and not needed: no other server can fail here'),
    }),
    response: { 200: changeAnswer, ...gmsErrorAnswers },
  };
  const cancel = async (
    request: FastifyRequest,
    reply: FastifyReply,
    before: CallbackView,
  ): Promise<ReturnType<typeof changed>> => {
    const outcome = await context.application.cancelCallback(before.id, principalOf(request).actor);
    if (!outcome.ok) throw refused(outcome.refusal);
    await auditCallback(context, request, 'cancelled', { before, after: outcome.value });
    return changed(context, request, reply, []);
  };
  server.route({
    method: 'DELETE',
    url: '/service/callback/:serviceName/:id',
    config: gmsConfig,
    schema: { ...schema, params: idParams },
    handler: async (request, reply) =>
      cancel(request, reply, await callbackOf(context, principalOf(request), request.params)),
  });
  server.route({
    method: 'DELETE',
    url: '/service/:id',
    config: gmsConfig,
    schema: { ...schema, params: z.object({ id: text(128) }) },
    handler: async (request, reply) =>
      cancel(request, reply, await readableCallback(context, principalOf(request), request.params.id)),
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
