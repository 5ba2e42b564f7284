import { Readable } from 'node:stream';
import { z } from 'zod';
import type { RecordingFilter, RecordingRecord } from '../../recording/recording-store.ts';
import { RecordingState } from '../../recording/recording-store.ts';
import type { Recordings } from '../../recording/recordings.ts';
import { nameSchema } from '../../telephony/directory.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import { deletedSchema } from './access-schemas.ts';
import { may, mayReadQueue } from './access-rules.ts';
import type { Principal } from './access.ts';
import { callbackIdSchema, errorAnswers, named } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import { byteRange } from './byte-range.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { queueBound } from './queue-access.ts';
import { RateLimiter } from './rate-limiter.ts';
import { principalOf } from './request-guard.ts';

/** What the routes need of the recordings. */
export type RecordingShelf = Pick<Recordings, 'find' | 'list' | 'sizeOf' | 'read' | 'delete'>;

const tags = ['Recordings'];
const recordingIdSchema = z
  .string()
  .regex(/^recording_[0-9a-z]{8,40}$/, 'must be a recording id, recording_…');
const params = z.strictObject({ id: recordingIdSchema });
const kinds = ['conversation', 'voicemail'] as const;

const recordingSchema = named(
  'Recording',
  z.object({
    id: recordingIdSchema,
    kind: z.enum(kinds),
    state: z.enum(Object.values(RecordingState)).describe('failed: there is no audio'),
    callId: z.string().nullable(),
    callbackId: z.string().nullable(),
    agentId: z.string().nullable(),
    queue: z.string().nullable(),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
    durationMs: z.int().nullable(),
    bytes: z.int().nullable(),
    expiresAt: z.string().describe('Deleted by itself from then on'),
  }),
);

const listQuerySchema = z.strictObject({
  callbackId: callbackIdSchema.optional(),
  callId: z
    .string()
    .regex(/^call_[0-9a-z]{8,40}$/, 'must be a call id, call_…')
    .optional(),
  agentId: nameSchema.optional(),
  queue: askedQueueSchema.optional(),
  kind: z.enum(kinds).optional(),
  limit: z.coerce.number().int().min(1).max(httpLimits.pageMax).default(50),
  cursor: recordingIdSchema.optional().describe('`nextCursor` of the page before'),
});

const OWN = 'An agent: their own conversations, and what belongs to the callback they are serving.';

/** GET /recordings, GET/DELETE /recordings/{id}, GET /recordings/{id}/audio. */
export function addRecordingRoutes(server: Server, context: RouteContext): void {
  addList(server, context);
  addAudio(server, context);
  server.route({
    method: 'GET',
    url: '/recordings/:id',
    config: { access: 'readOwnRecordings' },
    schema: {
      tags,
      summary: 'Show a recording',
      description: OWN,
      params,
      response: { 200: recordingSchema, ...errorAnswers },
    },
    handler: async (request) =>
      recordingJson(await readable(context, principalOf(request), request.params.id)),
  });
  server.route({
    method: 'DELETE',
    url: '/recordings/:id',
    config: { access: 'deleteRecordings' },
    schema: {
      tags,
      summary: 'Delete a recording with its audio',
      params,
      response: { 200: deletedSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const record = await readable(context, principalOf(request), request.params.id);
      const { id } = record;
      const outcome = await context.recordings.delete(id);
      if (outcome === 'not-found') throw notFound();
      if (outcome === 'in-progress') {
        throw new HttpError('NOT_ALLOWED_IN_STATE', 'it is being recorded', {
          extra: { state: 'recording', allowed: ['finished', 'failed'] },
        });
      }
      if (outcome === 'failed') throw new HttpError('INTERNAL_ERROR', 'the audio could not be deleted');
      const before = recordingJson(record);
      await context.auditLog.record(request, {
        action: 'recording.deleted',
        target: `recording:${id}`,
        before,
      });
      return { deleted: true as const };
    },
  });
}

function addList(server: Server, { application, recordings }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/recordings',
    config: { access: 'readOwnRecordings' },
    schema: {
      tags,
      summary: 'List recordings',
      description: `Newest first. ${OWN}`,
      querystring: listQuerySchema,
      response: {
        200: z.object({ items: z.array(recordingSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { query } = request;
      const isOwn = !may(principal, 'readRecordings');
      const bound = isOwn ? undefined : queueBound(application, principal, query.queue);
      const served =
        isOwn && query.callbackId !== undefined
          ? await application.findCallback(query.callbackId)
          : undefined;
      const serves = served !== undefined && served.agentId === principal.agentId;
      const filter = {
        ...filterOf(query),
        ...(bound === undefined ? {} : { virtualQueues: bound }),
        // An agent who names somebody else finds nothing: both must hold.
        ...(isOwn && !serves ? { ownAgentId: principal.agentId ?? '' } : {}),
      };
      const found = await recordings.list({ ...filter, limit: query.limit + 1 });
      const items = found.slice(0, query.limit);
      return {
        items: items.map(recordingJson),
        nextCursor: found.length > query.limit ? (items.at(-1)?.id ?? null) : null,
      };
    },
  });
}

/** Players ask for many parts of a file: one entry of the audit log in ten minutes tells of all of them. */
const TOLD_RATE = { perMinuteMax: 0.1, burstMax: 1 };

function addAudio(server: Server, context: RouteContext): void {
  const told = new RateLimiter(context.clock, TOLD_RATE);
  server.route({
    method: 'GET',
    url: '/recordings/:id/audio',
    config: { access: 'readOwnRecordings', handlerMaxMs: httpLimits.downloadMaxMs },
    schema: {
      tags,
      summary: 'Download a recording',
      description: `A WAV file; the left channel is the customer. A Range of bytes may be asked for. ${OWN}`,
      params,
      response: {
        200: { description: 'The file', content: { 'audio/wav': { schema: z.any() } } },
        206: { description: 'The part asked for', content: { 'audio/wav': { schema: z.any() } } },
        ...errorAnswers,
      },
    },
    handler: async (request, reply) => {
      const { recordings } = context;
      const record = await readable(context, principalOf(request), request.params.id);
      const size = await recordings.sizeOf(record);
      if (size === undefined) throw new HttpError('NOT_FOUND', 'there is no audio of this recording');
      const range = byteRange(request.headers.range, size);
      if (range === 'unsatisfiable') {
        // RFC 9110 §15.5.17: the answer tells the size.
        reply.header('content-range', `bytes */${size}`);
        throw new HttpError('RANGE_NOT_SATISFIABLE', `the recording has ${size} bytes`);
      }
      const { from, to } = range ?? { from: 0, to: size - 1 };
      const bytes = await recordings.read(record, from, to);
      if (!bytes) throw new HttpError('NOT_FOUND', 'there is no audio of this recording');
      if (request.method === 'GET' && told.take(`${principalOf(request).key} ${record.id}`) === 0) {
        const deed = { action: 'recording.downloaded', target: `recording:${record.id}` };
        await context.auditLog.record(request, deed);
      }
      if (range) reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`);
      return await reply
        .header('content-type', 'audio/wav')
        .header('accept-ranges', 'bytes')
        .header('content-length', to - from + 1)
        .header('content-disposition', `attachment; filename="${record.id}.wav"`)
        .send(Readable.from(bytes, { objectMode: false }));
    },
  });
}

/** The recording; NOT_FOUND when there is none that this principal may know of. */
async function readable(
  { application, recordings }: RouteContext,
  principal: Principal,
  id: string,
): Promise<RecordingRecord> {
  const record = await recordings.find(id);
  if (!record) throw notFound();
  const { agentId, callbackId, virtualQueue } = record;
  const inBounds =
    principal.queues === null || (virtualQueue !== null && mayReadQueue(principal, virtualQueue));
  if (may(principal, 'readRecordings') && inBounds) return record;
  if (principal.agentId === null) throw notFound();
  if (agentId === principal.agentId) return record;
  const callback = callbackId === null ? undefined : await application.findCallback(callbackId);
  if (callback?.agentId !== principal.agentId) throw notFound();
  return record;
}

function notFound(): HttpError {
  return new HttpError('NOT_FOUND', 'there is no such recording');
}

function filterOf(query: z.infer<typeof listQuerySchema>): Omit<RecordingFilter, 'limit'> {
  const { callbackId, callId, agentId, queue, kind, cursor } = query;
  return {
    ...(callbackId === undefined ? {} : { callbackId }),
    ...(callId === undefined ? {} : { callId }),
    ...(agentId === undefined ? {} : { agentId }),
    ...(queue === undefined ? {} : { virtualQueue: queue }),
    ...(kind === undefined ? {} : { kind }),
    ...(cursor === undefined ? {} : { afterId: cursor }),
  };
}

function recordingJson(record: RecordingRecord): z.infer<typeof recordingSchema> {
  const { id, kind, state, callId, callbackId, agentId, durationMs, bytes } = record;
  return {
    id,
    kind,
    state,
    callId,
    callbackId,
    agentId,
    queue: record.virtualQueue,
    startedAt: isoOf(record.startedAtMs),
    endedAt: record.endedAtMs === null ? null : isoOf(record.endedAtMs),
    durationMs,
    bytes,
    expiresAt: isoOf(record.expiresAtMs),
  };
}
