import { z } from 'zod';
import { CallbackState } from '../../callback/callback.ts';
import { AgentState } from '../../routing/agent.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import { type Scope, scopes } from './access-rules.ts';
import { Role } from './access-store.ts';
import { pushTargetsSchema } from './push-target-schema.ts';

/**
 * Makes a schema a named part of the OpenAPI document; zod's global registry also holds what `describe` says.
 */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  z.globalRegistry.add(schema, { id });
  return schema;
}

/** An instant as ISO 8601 in UTC, milliseconds included: `2026-01-05T09:00:00.000Z`. */
const instant = z.string().describe('ISO 8601, UTC');
const nullableInstant = instant.nullable();
const states = Object.values(CallbackState);
const agentStates = Object.values(AgentState);

/** The envelope of every error answer. */
export const errorSchema = named(
  'Error',
  z.object({
    error: z.looseObject({
      code: z.string().describe('Stable; listed in docs/errors.md'),
      message: z.string(),
      correlationId: z.string().describe('Find the request with GET /api/v1/errors/{correlationId}'),
      faults: z
        .array(
          z.object({
            path: z.string(),
            message: z.string(),
            value: z.unknown().optional(),
            line: z.int().optional(),
          }),
        )
        .optional(),
    }),
  }),
);

/** A callback as the API shows it. */
export const callbackSchema = named(
  'Callback',
  z.object({
    id: z.string(),
    virtualQueue: z.string(),
    customerNumber: z.string().describe('Masked for roles that may not see numbers'),
    state: z.enum(states),
    subState: z.string().nullable(),
    reason: z.string().nullable(),
    origin: z.enum(['ivr', 'api']),
    originCallId: z.string().nullable(),
    dialledNumber: z.string().nullable(),
    language: z.string(),
    createdAt: instant,
    placeAt: instant.describe('When the customer first took the place in line; ISO 8601, UTC'),
    desiredAt: instant,
    late: z.boolean().describe('Still SCHEDULED two minutes after the desired time, and never called'),
    dueAt: nullableInstant,
    queuedAt: nullableInstant,
    purgeAt: nullableInstant.describe('Ends then unless somebody is being called for it'),
    pushedAt: nullableInstant,
    completedAt: nullableInstant,
    priority: z.int(),
    strategy: z.string().nullable().describe('How customer and agent are connected in this pass'),
    attemptCount: z.int(),
    agentOfferCount: z.int(),
    previewRejectCount: z.int(),
    expiredPassCount: z.int().describe('Passes through the line that ended without a dial'),
    snoozeCount: z.int(),
    pushCount: z.int(),
    agentId: z.string().nullable(),
    recreatedFrom: z.string().nullable(),
    recreatedTo: z.string().nullable(),
    rescheduledFrom: z.string().nullable(),
    rescheduledTo: z.string().nullable(),
    userData: z.record(z.string(), z.string()),
    details: z
      .record(z.string(), z.unknown())
      .describe('What was told about the offer, and what it overrides: `channel`, `offerType`, …'),
    version: z.int(),
  }),
);

const terminationSchema = z.object({
  bucket: z.string(),
  reason: z.string(),
  sipStatus: z.int().optional(),
  q850Cause: z.int().optional(),
  detail: z.string().optional(),
});

export const callbackIdSchema = z
  .string()
  .regex(/^callback_[0-9a-z]{8,40}$/, 'must be a callback id, callback_…');

/** A callback with its attempts, history and place. */
export const callbackDetailSchema = named(
  'CallbackDetail',
  callbackSchema.extend({
    position: z.int().nullable().describe('Place in line, 1 is next; null without a token'),
    attempts: z.array(
      z.object({
        id: z.string(),
        number: z.int(),
        startedAt: instant,
        answeredAt: nullableInstant,
        endedAt: nullableInstant,
        result: z.string().nullable(),
        termination: terminationSchema.nullable(),
        confirmed: z.boolean(),
      }),
    ),
    events: z.array(
      z.object({
        at: instant,
        kind: z.string(),
        actor: z.object({ kind: z.string(), id: z.string().nullable() }),
        state: z.enum(states),
        subState: z.string().nullable(),
        data: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
);

const USER_DATA_CHARACTERS_MAX = 8192;

/** What POST /callbacks takes. */
export const callbackRequestSchema = named(
  'CallbackRequest',
  z.strictObject({
    virtualQueue: askedQueueSchema.describe('The queue to take a place in'),
    customerNumber: z.string().trim().min(2).max(32).describe('National or international, as typed'),
    desiredAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('ISO 8601 with an offset; absent: as soon as possible'),
    language: z
      .string()
      .regex(/^[a-z]{2}(?:-[A-Z]{2})?$/, 'must be like "en" or "en-US"')
      .optional(),
    priority: z.int().min(0).max(2000).optional(),
    userData: z
      .record(z.string().min(1).max(64), z.string().max(4096))
      .refine(
        (data) => JSON.stringify(data).length <= USER_DATA_CHARACTERS_MAX,
        `must be at most ${USER_DATA_CHARACTERS_MAX} characters as JSON`,
      )
      .optional(),
    pushTargets: pushTargetsSchema
      .optional()
      .describe('Devices to be told; needed on queues whose customers dial in'),
  }),
);

/** An agent as the API shows it. */
export const agentSchema = named(
  'Agent',
  z.object({
    id: z.string(),
    name: z.string(),
    sipUser: z.string(),
    state: z.enum(agentStates),
    notReadyReason: z.string().nullable(),
    /** Null: never logged in. */
    since: instant.nullable(),
    idleSince: instant.nullable(),
    subjectId: z.string().nullable().describe('What is served; to members of access groups their own'),
    dueAt: nullableInstant,
    afterWork: z.string().nullable(),
    reachable: z.boolean().describe('The phone is registered'),
    skills: z.record(z.string(), z.int()),
  }),
);

/** A virtual queue now. */
export const queueSchema = named(
  'Queue',
  z.object({
    name: z.string(),
    open: z.boolean(),
    waitingCallCount: z.int(),
    waitingCallbackCount: z.int(),
    openCallbackCount: z.int(),
    readyAgentCount: z.int(),
    loggedInAgentCount: z.int(),
    ewtSec: z.number().describe('Wait of somebody who would join now; -1 when nothing can be known'),
    nextPosition: z.int(),
    overtakeCount: z.int(),
  }),
);

/** A slot that scheduled callbacks can be booked in. */
export const slotSchema = named(
  'Slot',
  z.object({
    start: instant,
    end: instant.describe('Exclusive; ISO 8601, UTC'),
    capacity: z.int().describe('Scheduled callbacks that the slot takes'),
    freeCount: z.int().describe('Places left'),
  }),
);

const offerAnswerSchema = z.object({
  allowed: z.boolean(),
  reason: z
    .string()
    .nullable()
    .describe('Why not: `disabled`, `closed`, `blackout`, `outside-offer-hours` or `wait-past-closing`'),
});

/** Whether a queue is open and what it offers. */
export const openForSchema = named(
  'OpenFor',
  z.object({
    open: z.boolean(),
    openForSec: z.int().nullable().describe('Until closing; 0 when closed, null when it never closes'),
    immediateOfferHoursOpenForSec: z
      .int()
      .nullable()
      .describe('-1 without offer hours, 0 outside them, else seconds left; null when they never end'),
    immediate: offerAnswerSchema,
    scheduled: offerAnswerSchema,
  }),
);

/** An API key without the key. */
export const apiKeySchema = named(
  'ApiKey',
  z.object({
    id: z.string(),
    name: z.string(),
    role: z.enum(Object.values(Role)),
    scopes: z.array(z.enum(scopes as [Scope, ...Scope[]])),
    origins: z.array(z.string()).describe('Pages of other origins that may use it'),
    accessGroups: z.array(z.string()).describe('None: every queue'),
    createdBy: z.string(),
    createdAt: instant,
    expiresAt: nullableInstant,
    lastUsedAt: nullableInstant.describe('Exact to a minute'),
    previousValidUntil: nullableInstant.describe('Until then the secret before the last rotation works, too'),
  }),
);

/** A user without the password. */
export const userSchema = named(
  'User',
  z.object({
    name: z.string(),
    role: z.enum(Object.values(Role)),
    agentId: z.string().nullable(),
    enabled: z.boolean(),
    accessGroups: z.array(z.string()).describe('None: every queue'),
    createdAt: instant,
    updatedAt: instant,
  }),
);

/** An error answer kept for looking up. */
export const errorRecordSchema = named(
  'ErrorRecord',
  z.object({
    correlationId: z.string(),
    at: instant,
    status: z.int(),
    code: z.string(),
    message: z.string(),
    method: z.string(),
    path: z.string(),
    actor: z.string().nullable(),
    address: z.string(),
    virtualQueue: z.string().nullable().describe('The queue that the request named'),
    cause: z.string().nullable().describe('What lies behind a fault of ours'),
    detail: z.string(),
  }),
);

/** A SIP trace without its messages. */
export const traceSchema = named(
  'Trace',
  z.object({
    id: z.string(),
    subject: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('call'), callId: z.string() }),
      z.object({ kind: z.literal('callback'), callbackId: z.string() }),
      z.object({ kind: z.literal('number'), number: z.string() }),
    ]),
    startedAt: instant,
    endsAt: instant,
    messageCount: z.int(),
  }),
);

/** Answers that every route may give beside its own. */
export const errorAnswers = { default: errorSchema.describe('Any error, in one envelope') };
