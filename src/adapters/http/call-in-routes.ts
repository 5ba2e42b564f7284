import { z } from 'zod';
import { actorOf, actorText, actorTextPattern } from '../../callback/actor-text.ts';
import type { CallInService } from '../../application/call-in-service.ts';
import { callInGroupSchema } from '../../callin/call-in-group.ts';
import { type CallIn, CallInState, stateAt } from '../../callin/call-in.ts';
import { criteria } from '../../telephony/call-in-criterion.ts';
import { may, mayReadQueue, type Rights } from './access-rules.ts';
import { callbackIdSchema, errorAnswers, named } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { principalOf } from './request-guard.ts';

/** What the routes need of the call-in service. */
export type CallInList = Pick<CallInService, 'candidates' | 'find' | 'list'>;

const PAGE_MAX = 500;
const callInIdSchema = z.string().regex(/^callin_[0-9a-z]{8,40}$/, 'must be a call-in id, callin_…');
const instant = z.iso.datetime({ offset: true });
const tags = ['Call-in'];

const callInSchema = named(
  'CallIn',
  z.object({
    id: callInIdSchema,
    groupName: z.string(),
    createdBy: z.string().describe('`api-key:<id>`, `user:<name>`, `agent:<id>` or `customer`'),
    state: z.enum(Object.values(CallInState)),
    toNumber: z.string(),
    fromNumber: z.string().nullable().describe('Masked for roles that may not see numbers'),
    hasAccessCode: z.boolean().describe('The code itself is told once, to whoever asked for it'),
    callbackId: z.string().nullable(),
    callId: z.string().nullable(),
    matchedBy: z.array(z.enum(criteria)),
    createdAt: z.string(),
    expiresAt: z.string(),
    matchedAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    userData: z.record(z.string(), z.string()),
  }),
);

const listQuerySchema = z.strictObject({
  group: callInGroupSchema.shape.name.optional(),
  createdBy: z.string().regex(actorTextPattern, 'must be like api-key:<id>').optional(),
  state: z.enum(Object.values(CallInState)).optional(),
  callbackId: callbackIdSchema.optional(),
  number: z
    .string()
    .regex(/^\+?[0-9]{3,15}$/, 'must be 3–15 digits with an optional plus')
    .optional()
    .describe('Called from, or dialled'),
  from: instant.optional(),
  to: instant.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
  cursor: callInIdSchema.optional().describe('`nextCursor` of the page before'),
});

/** GET /call-ins, GET /call-ins/{id}. */
export function addCallInRoutes(server: Server, { callIns, clock, provisioning }: RouteContext): void {
  const mayRead = (rights: Rights, wanted: string): boolean => {
    const group = provisioning.callInGroups().find(({ name }) => name === wanted);
    return rights.queues === null || (group !== undefined && mayReadQueue(rights, group.queue));
  };
  const view = (callIn: CallIn, seesNumbers: boolean): z.output<typeof callInSchema> =>
    callInJson(callIn, clock.nowMs(), seesNumbers);
  server.route({
    method: 'GET',
    url: '/call-ins',
    config: { access: 'readCallIns' },
    schema: {
      tags,
      summary: 'List requests to call in, newest first',
      querystring: listQuerySchema,
      response: {
        200: z.object({ items: z.array(callInSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { group, createdBy, state, callbackId, number, from, to, limit, cursor } = request.query;
      const principal = principalOf(request);
      const seesNumbers = may(principal, 'seeNumbers');
      const readable = provisioning.callInGroups().filter((one) => mayReadQueue(principal, one.queue));
      const found = await callIns.list({
        ...(principal.queues !== null && { groupNames: readable.map(({ name }) => name) }),
        ...(group !== undefined && { groupName: group }),
        ...(createdBy !== undefined && { createdBy: actorOf(createdBy) }),
        ...(state !== undefined && { state }),
        ...(callbackId !== undefined && { callbackId }),
        ...(number !== undefined && { number }),
        ...(from !== undefined && { fromMs: Date.parse(from) }),
        ...(to !== undefined && { toMs: Date.parse(to) }),
        ...(cursor !== undefined && { beforeId: cursor }),
        limit,
      });
      const items = found.map((callIn) => view(callIn, seesNumbers));
      return { items, nextCursor: found.length === limit ? (found.at(-1)?.id ?? null) : null };
    },
  });
  server.route({
    method: 'GET',
    url: '/call-ins/:id',
    config: { access: 'readCallIns' },
    schema: {
      tags,
      summary: 'Get a request to call in',
      params: z.strictObject({ id: callInIdSchema }),
      response: { 200: callInSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const found = await callIns.find(request.params.id);
      if (!found || !mayRead(principalOf(request), found.groupName)) {
        throw new HttpError('NOT_FOUND', 'there is no such request to call in');
      }
      return view(found, may(principalOf(request), 'seeNumbers'));
    },
  });
}

function callInJson(callIn: CallIn, nowMs: number, seesNumbers: boolean): z.output<typeof callInSchema> {
  const {
    id,
    groupName: group,
    createdBy,
    toNumber,
    fromNumber,
    accessCode,
    callbackId,
    callId,
    matchedBy,
    userData,
  } = callIn;
  return {
    id,
    groupName: group,
    createdBy: actorText(createdBy),
    state: stateAt(callIn, nowMs),
    toNumber,
    fromNumber: fromNumber !== null && !seesNumbers ? `…${fromNumber.slice(-4)}` : fromNumber,
    hasAccessCode: accessCode !== null,
    callbackId,
    callId,
    matchedBy: [...matchedBy],
    createdAt: isoOf(callIn.createdAtMs),
    expiresAt: isoOf(callIn.expiresAtMs),
    matchedAt: callIn.matchedAtMs === null ? null : isoOf(callIn.matchedAtMs),
    endedAt: callIn.endedAtMs === null ? null : isoOf(callIn.endedAtMs),
    userData: seesNumbers ? userData : {},
  };
}
