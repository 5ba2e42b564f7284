import { z } from 'zod';
import { CASE_NOTES_MAX, NOTE_CHARACTERS_MAX, WorkState } from '../../disposition/case.ts';
import { nameSchema } from '../../telephony/directory.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import { agentSchema, callbackSchema } from './api-schemas.ts';

function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  z.globalRegistry.add(schema, { id });
  return schema;
}

const instant = z.string().describe('ISO 8601, UTC');
const nullableInstant = instant.nullable();
const text = z.record(z.string(), z.string());

/** Id of a callback or an inbound call: a case has the id of what it is about. */
export const subjectIdSchema = z
  .string()
  .regex(/^(?:callback|call)_[0-9a-z]{8,40}$/, 'must be the id of a callback or a call');

/** Id of an invitation. */
export const invitationIdSchema = z.string().regex(/^invitation_[0-9a-z]{8,40}$/, 'must be an invitation id');

/** The header that lets a command be repeated safely. */
export const commandHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1–255 visible ASCII characters')
    .optional()
    .describe('Repeating a command with the same key within 24 h carries it out once'),
});

/** Whose workspace; for supervisors. */
export const agentQuery = z.strictObject({
  agent: nameSchema.optional().describe('Default: the agent that you are. Another one: supervisors only'),
});

const targetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('agent'), agentId: nameSchema }),
  z.strictObject({ kind: z.literal('queue'), queue: askedQueueSchema }),
  z.strictObject({
    kind: z.literal('external'),
    number: z.string().trim().min(2).max(32).describe('As typed; screened by the rules of the call’s queue'),
  }),
]);
const partyId = z.string().min(1).max(64);
const plain = <Type extends string>(type: Type) => z.strictObject({ type: z.literal(type) });

/** What an agent may do with a live call. */
export const callCommandSchema = named(
  'CallCommand',
  z.discriminatedUnion('type', [
    plain('end'),
    plain('hold'),
    plain('resume'),
    z.strictObject({ type: z.literal('mute'), partyId: partyId.optional() }),
    z.strictObject({ type: z.literal('unmute'), partyId: partyId.optional() }),
    z.strictObject({
      type: z.literal('send-digits'),
      digits: z.string().regex(/^[0-9*#A-D]{1,32}$/, 'must be 1–32 of 0–9, *, #, A–D'),
    }),
    z.strictObject({ type: z.literal('transfer'), target: targetSchema }),
    z.strictObject({ type: z.literal('consult'), target: targetSchema }),
    plain('complete-transfer'),
    plain('cancel-consult'),
    plain('merge'),
    z.strictObject({ type: z.literal('conference'), target: targetSchema }),
    plain('swap'),
    z.strictObject({ type: z.literal('drop'), partyId }),
    plain('start-recording'),
    plain('stop-recording'),
  ]),
);

/** A live call. */
export const callSchema = named(
  'WorkspaceCall',
  z.object({
    id: z.string().describe('Id of the callback or the inbound call'),
    kind: z.enum(['callback', 'call']),
    virtualQueue: z.string().nullable(),
    state: z.enum(['ringing', 'connected', 'held', 'consulting', 'conference', 'ended']),
    parties: z.array(
      z.object({
        id: z.string(),
        role: z.enum(['customer', 'agent', 'external', 'supervisor']),
        name: z.string(),
        state: z.enum(['ringing', 'active', 'held', 'gone']),
        muted: z.boolean(),
      }),
    ),
    recording: z.object({ active: z.boolean(), ids: z.array(z.string()) }),
    startedAt: instant.describe('When customer and agent were joined; ISO 8601, UTC'),
    version: z.int().describe('Higher is newer'),
  }),
);

/** A case that an agent is asked to take. */
export const invitationSchema = named(
  'Invitation',
  z.object({
    id: z.string(),
    agentId: z.string(),
    subjectId: z.string().describe('The callback or inbound call'),
    kind: z.enum(['preview', 'callback', 'call']),
    acceptedBy: z.enum(['workspace', 'phone']),
    acceptBy: instant.describe('Without an answer by then it goes on to somebody else; ISO 8601, UTC'),
    virtualQueue: z.string(),
    facts: z.object({
      type: z.enum(['immediate', 'scheduled', 'call']),
      desiredAt: instant,
      customerNumber: z.string(),
      subject: z.string().nullable(),
      customerData: text,
      instructions: z.string().nullable(),
      attemptNumber: z.int(),
      position: z.int().nullable(),
      waitedMs: z.number(),
      ewtSec: z.number().nullable(),
      virtualQueue: z.string(),
      language: z.string(),
    }),
    version: z.int(),
  }),
);

const workStates = z.enum(Object.values(WorkState));

/** A case as one agent who works on it sees it. */
export const caseSchema = named(
  'Case',
  z.object({
    id: z.string().describe('Id of the callback or the inbound call'),
    agentId: z.string(),
    kind: z.enum(['callback', 'call']),
    virtualQueue: z.string(),
    customerNumber: z.string().nullable().describe('Masked once the case is done, but for supervisors'),
    subject: z.string().nullable(),
    instructions: z.string().nullable(),
    customerData: text,
    state: workStates,
    disposition: z.string().nullable(),
    dispositions: z.array(z.string()).describe('Codes that may be chosen'),
    dispositionRequired: z.boolean(),
    notes: z
      .array(
        z.object({
          id: z.string(),
          author: z.object({ kind: z.string(), id: z.string().nullable() }),
          at: instant,
          text: z.string(),
        }),
      )
      .describe(`Oldest first, at most ${CASE_NOTES_MAX}`),
    openedAt: instant,
    contactEndedAt: nullableInstant,
    doneAt: nullableInstant,
    callback: z
      .object({
        type: z.enum(['immediate', 'scheduled']),
        state: z.string(),
        subState: z.string().nullable(),
        reason: z.string().nullable(),
        origin: z.string(),
        language: z.string(),
        createdAt: instant,
        desiredAt: instant,
        attemptCount: z.int(),
        recreatedTo: z.string().nullable(),
        rescheduledFrom: z.string().nullable(),
        rescheduledTo: z.string().nullable(),
      })
      .nullable()
      .describe('As it stood when the case last changed; null for a call'),
    followUp: z.string().nullable().describe('The callback arranged during a call'),
    others: z
      .array(z.object({ agentId: z.string(), state: workStates, disposition: z.string().nullable() }))
      .describe('Other agents who had the customer'),
    version: z.int().describe('Higher is newer'),
  }),
);

/** Everything a screen begins with. */
export const snapshotSchema = named(
  'WorkspaceSnapshot',
  z.object({
    cursor: z.string().describe('Where the feed goes on: pass it as `since`'),
    agent: agentSchema,
    invitations: z.array(invitationSchema),
    calls: z.array(callSchema),
    cases: z.array(caseSchema),
    notReadyReasons: z.array(z.string()),
  }),
);

/** Whom a call can be given to. */
export const targetsSchema = z.object({
  agents: z.array(z.object({ id: z.string(), name: z.string(), state: z.string(), reachable: z.boolean() })),
  queues: z.array(
    z.object({
      name: z.string(),
      open: z.boolean(),
      readyAgentCount: z.int(),
      waitingCallCount: z.int(),
    }),
  ),
});

/** A note's text. */
export const noteTextSchema = z.string().trim().min(1).max(NOTE_CHARACTERS_MAX);

/** Changes of customer data. */
export const dataChangesSchema = z
  .record(
    z
      .string()
      .min(1)
      .max(64)
      .regex(/^[^_]/, 'must not begin with an underscore: such keys are the product’s'),
    z.string().max(4096).nullable(),
  )
  .describe('Key by key; null removes a key');

/** A case and the callback that was arranged. */
export const rescheduledSchema = z.object({ callback: callbackSchema, case: caseSchema });
