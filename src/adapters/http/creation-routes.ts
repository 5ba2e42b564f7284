import { z } from 'zod';
import { actorText, actorTextPattern } from '../../callback/actor-text.ts';
import { type CallbackOrigin, callbackOrigins } from '../../callback/new-callback.ts';
import { callbackIdSchema, errorAnswers, named } from './api-schemas.ts';
import type { Principal } from './access.ts';
import { isoOf } from './api-views.ts';
import type { Creation, CreationFilter } from './audit-store.ts';
import { httpLimits } from './http-config.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { principalOf } from './request-guard.ts';

const instant = z.iso.datetime({ offset: true });
const CURSOR = /^(\d{1,16})\.(\d{1,16})$/;

const creationSchema = named(
  'CallbackCreation',
  z.object({
    callbackId: z.string(),
    at: z.string(),
    actor: z.string().describe('`api-key:<id>`, `user:<name>`, `agent:<id>`, `system:<part>` or `customer`'),
    through: z.enum(callbackOrigins).nullable().describe('The API, or `ivr`; null: not known'),
    virtualQueue: z.string().nullable(),
    desiredAt: z.string().nullable(),
    recreatedFrom: z.string().nullable(),
    rescheduledFrom: z.string().nullable(),
  }),
);

const querySchema = z.strictObject({
  actor: z
    .string()
    .regex(actorTextPattern, 'must be like api-key:<id>')
    .optional()
    .describe('By whom; default, where no callback is named: by whoever asks'),
  callbackId: callbackIdSchema.optional(),
  from: instant.optional(),
  to: instant.optional(),
  limit: z.coerce.number().int().min(1).max(httpLimits.pageMax).default(50),
  cursor: z.string().regex(CURSOR, 'must be the nextCursor of the page before').optional(),
});

/** GET /audit/creations. */
export function addCreationRoutes(server: Server, { audit }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/audit/creations',
    config: { access: 'readAudit' },
    schema: {
      tags: ['Audit'],
      summary: 'List who made which callback, when and through which API',
      description:
        'Newest first, by whom or of one callback, for as long as histories are kept: longer than the ' +
        'callbacks. Further pages: pass `nextCursor` as `cursor` until it is null.',
      querystring: querySchema,
      response: {
        200: z.object({ items: z.array(creationSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { limit } = request.query;
      // One more than the page tells whether another page follows.
      const filter = filterOf(request.query, principalOf(request));
      const found = await audit.listCreations({ ...filter, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      return { items: items.map(creationJson), nextCursor: last ? `${last.atMs}.${last.sequence}` : null };
    },
  });
}

function filterOf(query: z.infer<typeof querySchema>, asker: Principal): Omit<CreationFilter, 'limit'> {
  const { callbackId, from, to, cursor } = query;
  // Of everybody there is no index: there is always one to name.
  const actor = query.actor ?? (callbackId === undefined ? actorText(asker.actor) : undefined);
  const [, atMs, sequence] = CURSOR.exec(cursor ?? '') ?? [];
  return {
    ...(actor !== undefined && { actor }),
    ...(callbackId !== undefined && { callbackId }),
    ...(from !== undefined && { fromMs: Date.parse(from) }),
    ...(to !== undefined && { toMs: Date.parse(to) }),
    ...(atMs !== undefined && { after: { atMs: Number(atMs), sequence: Number(sequence) } }),
  };
}

function creationJson({ callbackId, atMs, actor, data }: Creation): z.infer<typeof creationSchema> {
  const text = (name: string): string | null => {
    const value = data[name];
    return typeof value === 'string' ? value : null;
  };
  const told = text('through') ?? (text('origin') === 'ivr' ? 'ivr' : null);
  const { desiredAtMs } = data;
  return {
    callbackId,
    at: isoOf(atMs),
    actor,
    through: callbackOrigins.find((known: CallbackOrigin) => known === told) ?? null,
    virtualQueue: text('virtualQueue'),
    desiredAt: typeof desiredAtMs === 'number' ? isoOf(desiredAtMs) : null,
    recreatedFrom: text('recreatedFrom'),
    rescheduledFrom: text('rescheduledFrom'),
  };
}
