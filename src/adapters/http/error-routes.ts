import { z } from 'zod';
import { mayReadQueue } from './access-rules.ts';
import type { Principal } from './access.ts';
import { errorAnswers, errorRecordSchema } from './api-schemas.ts';
import { errorRecordJson } from './api-views.ts';
import type { ErrorFilter, ErrorRecord } from './error-store.ts';
import { httpLimits } from './http-config.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { idOf } from './ges/uuid-ids.ts';
import { HttpError } from './http-errors.ts';
import { principalOf } from './request-guard.ts';

const instantSchema = z.iso.datetime({ offset: true });
const querySchema = z.strictObject({
  code: z
    .string()
    .regex(/^[A-Z0-9_]{2,64}$/, 'must be an error code')
    .optional(),
  status: z.coerce.number().int().min(400).max(599).optional(),
  key: z
    .string()
    .regex(/^(?:api-key|user):[\w.-]{1,64}$/, 'must be api-key:<id> or user:<name>')
    .optional()
    .describe('Whose requests'),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  limit: z.coerce.number().int().min(1).max(httpLimits.pageMax).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,16}\.corr_[0-9a-z]{8,40}$/, 'must be the nextCursor of the page before')
    .optional()
    .describe('`nextCursor` of the page before'),
});

/** GET /errors, GET /errors/{correlationId}. */
export function addErrorRoutes(server: Server, { errorBook }: RouteContext): void {
  const tags = ['Errors'];
  server.route({
    method: 'GET',
    url: '/errors',
    config: { access: 'readErrors' },
    schema: {
      tags,
      summary: 'List error answers with the requests that caused them',
      description:
        'Newest first. Further pages: pass `nextCursor` as `cursor` until it is null. Answers to floods (RATE_LIMITED, THROTTLED, LOGIN_LOCKED) are found by id only. Members of access groups see errors of ' +
        'their own and of requests that named one of their queues.',
      querystring: querySchema,
      response: {
        200: z.object({ items: z.array(errorRecordSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const filter = filterOf(request.query, principalOf(request));
      // One more than the page tells whether another page follows.
      const found = await errorBook.list({ ...filter, limit: filter.limit + 1 });
      const items = found.slice(0, filter.limit);
      const last = found.length > filter.limit ? items.at(-1) : undefined;
      return {
        items: items.map(errorRecordJson),
        nextCursor: last ? `${last.atMs}.${last.correlationId}` : null,
      };
    },
  });
  server.route({
    method: 'GET',
    url: '/errors/:correlationId',
    config: { access: 'readErrors' },
    schema: {
      tags,
      summary: 'Find an error answer with the request that caused it',
      params: z.strictObject({
        correlationId: z
          .string()
          .regex(/^(?:corr_[0-9a-z]{8,40}|[0-9A-Fa-f-]{36})$/, 'must be a correlation id, corr_… or a UUID'),
      }),
      response: { 200: errorRecordSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const record = await errorBook.find(idOf(request.params.correlationId));
      if (!record || !mayReadError(principalOf(request), record)) {
        throw new HttpError('NOT_FOUND', 'no error answer has this id, or it is no longer kept');
      }
      return errorRecordJson(record);
    },
  });
}

function mayReadError(principal: Principal, { actor, virtualQueue }: ErrorRecord): boolean {
  if (principal.queues === null || actor === principal.key) return true;
  return virtualQueue !== null && mayReadQueue(principal, virtualQueue);
}

function filterOf(query: z.infer<typeof querySchema>, principal: Principal): ErrorFilter {
  const { code, status, key, from, to, limit, cursor } = query;
  const { key: actor, queues } = principal;
  const [time, correlationId = ''] = cursor?.split('.') ?? [];
  return {
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
    ...(key === undefined ? {} : { actor: key }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
    ...(queues === null ? {} : { readableBy: { actor, queues } }),
    ...(cursor === undefined ? {} : { after: { atMs: Number(time), correlationId } }),
    limit,
  };
}
