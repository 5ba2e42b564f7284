import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FastifyRequest } from 'fastify';
import { type CaseAnswer, type CaseWish, OPEN_STATES } from '../../application/workspace/agent-case.ts';
import { WorkState } from '../../disposition/case.ts';
import { errorAnswers } from './api-schemas.ts';
import { callbackJson } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { principalOf } from './request-guard.ts';
import { viewerOf } from './workspace-access.ts';
import { caseRefused } from './workspace-refusals.ts';
import type { RunCommand } from './workspace-routes.ts';
import {
  agentQuery,
  caseSchema,
  commandHeaders,
  dataChangesSchema,
  noteTextSchema,
  rescheduledSchema,
  subjectIdSchema,
} from './workspace-schemas.ts';
import { caseJson, sees } from './workspace-views.ts';

const tags = ['Workspace'];
const params = z.strictObject({ id: subjectIdSchema });
const response = { 200: caseSchema, ...errorAnswers };
/** What the routes of one case have in common. */
const base = { tags, headers: commandHeaders, params, querystring: agentQuery, response };
type CaseRequest = FastifyRequest<{
  Params: z.infer<typeof params>;
  Querystring: z.infer<typeof agentQuery>;
}>;

/** GET /workspace/cases, GET /workspace/cases/{id}, and what an agent does with a case. */
export function addCaseRoutes(server: Server, context: RouteContext, run: RunCommand): void {
  addReads(server, context);
  addNotes(server, context, run);
  addDispositions(server, context, run);
  addReschedule(server, context, run);
}

function addReads(server: Server, { workspace }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/workspace/cases',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: "An agent's cases",
      description: 'The latest first. Without `state` those that still want something of the agent.',
      querystring: agentQuery.extend({
        state: z
          .string()
          .transform((text) => text.split(','))
          .pipe(z.array(z.enum(Object.values(WorkState))).max(4))
          .optional()
          .describe('One or more states, separated by commas'),
        limit: z.coerce.number().int().min(1).max(httpLimits.pageMax).default(50),
      }),
      response: { 200: z.object({ items: z.array(caseSchema) }), ...errorAnswers },
    },
    handler: async (request) => {
      const { agent, state = OPEN_STATES, limit } = request.query;
      const viewer = viewerOf(request, workspace, agent);
      const items = await workspace.cases.casesOf(viewer.agentId, state, limit, ({ virtualQueue }) =>
        sees(viewer, virtualQueue),
      );
      return { items: items.map((each) => caseJson(each, viewer.principal)) };
    },
  });
  server.route({
    method: 'GET',
    url: '/workspace/cases/:id',
    config: { access: 'useWorkspace' },
    schema: { tags, summary: 'One case', params, querystring: agentQuery, response },
    handler: async (request) => {
      const viewer = viewerOf(request, workspace, request.query.agent);
      const found = await workspace.cases.find(viewer.agentId, request.params.id);
      if (!found || !sees(viewer, found.virtualQueue)) throw noCase();
      return caseJson(found, viewer.principal);
    },
  });
}

function addNotes(server: Server, context: RouteContext, run: RunCommand): void {
  const { ids, workspace } = context;
  server.route({
    method: 'POST',
    url: '/workspace/cases/:id/notes',
    config: { access: 'useWorkspace' },
    schema: {
      ...base,
      summary: 'Write a note',
      description: 'With an Idempotency-Key it is written once, also when the server restarts in between.',
      body: z.strictObject({ text: noteTextSchema }),
    },
    handler: async (request, reply) => {
      const { text } = request.body;
      const wish = await wishOf(request, context);
      const id = noteIdOf(request) ?? ids.next('note');
      return run(request, reply, async () => shown(request, await workspace.cases.note(wish, { id, text })));
    },
  });
  server.route({
    method: 'POST',
    url: '/workspace/cases/:id/data',
    bodyLimit: httpLimits.callbackBodyBytesMax,
    config: { access: 'useWorkspace' },
    schema: {
      ...base,
      summary: 'Change what is known of the customer',
      description: 'Kept with the case and its callback: later attempts and other agents have it.',
      body: z.strictObject({ changes: dataChangesSchema }),
    },
    handler: async (request, reply) => {
      const { changes } = request.body;
      const wish = await wishOf(request, context);
      return run(request, reply, async () => shown(request, await workspace.cases.data(wish, changes)));
    },
  });
}

function addDispositions(server: Server, context: RouteContext, run: RunCommand): void {
  const { workspace } = context;
  server.route({
    method: 'POST',
    url: '/workspace/cases/:id/disposition',
    config: { access: 'useWorkspace' },
    schema: {
      ...base,
      summary: 'Say what came of it',
      description: 'During the call or after it; may be corrected, also once the case is done.',
      body: z.strictObject({ code: z.string().min(1).max(64).describe('One of the case’s `dispositions`') }),
    },
    handler: async (request, reply) => {
      const { code } = request.body;
      const wish = await wishOf(request, context);
      return run(request, reply, async () => shown(request, await workspace.cases.disposition(wish, code)));
    },
  });
  server.route({
    method: 'POST',
    url: '/workspace/cases/:id/done',
    config: { access: 'useWorkspace' },
    schema: {
      ...base,
      summary: 'Mark done',
      description:
        'Ends after-call work of this case. Refused while the agent has the customer (NOT_ALLOWED_IN_STATE) ' +
        'and while a required disposition is missing (DISPOSITION_REQUIRED).',
    },
    handler: async (request, reply) => {
      const wish = await wishOf(request, context);
      return run(request, reply, async () => shown(request, await workspace.cases.done(wish)));
    },
  });
}

function addReschedule(server: Server, context: RouteContext, run: RunCommand): void {
  const { workspace, clock } = context;
  server.route({
    method: 'POST',
    url: '/workspace/cases/:id/reschedule',
    config: { access: 'useWorkspace' },
    schema: {
      ...base,
      summary: 'Arrange another time with the customer',
      description:
        'A new callback for that time, linked with this one, which ends RESCHEDULED_BY_AGENT after the ' +
        'conversation; asked again the new callback is moved. A plain call gets a callback. Slots are ' +
        'checked: SLOT_FULL names the nearest free ones.',
      body: z.strictObject({
        desiredAt: z.iso.datetime({ offset: true }).describe('ISO 8601 with an offset'),
      }),
      response: { 200: rescheduledSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const desiredAtMs = Date.parse(request.body.desiredAt);
      const wish = await wishOf(request, context);
      const principal = principalOf(request);
      return run(request, reply, async () => {
        const answer = await workspace.reschedule(wish, desiredAtMs);
        if (!answer.ok) throw caseRefused(answer.refusal);
        if (answer.repeated) reply.header('idempotent-replayed', 'true');
        const callback = callbackJson(answer.callback, principal, clock.nowMs());
        return { callback, case: caseJson(answer.found, principal) };
      });
    },
  });
}

/** Who changes which case; throws NOT_FOUND for a case that the caller may not know of. */
async function wishOf(request: CaseRequest, { workspace }: RouteContext): Promise<CaseWish> {
  const viewer = viewerOf(request, workspace, request.query.agent);
  const { agentId, principal } = viewer;
  const subjectId = request.params.id;
  if (agentId !== principal.agentId) {
    const found = await workspace.cases.find(agentId, subjectId);
    if (!found || !sees(viewer, found.virtualQueue)) throw noCase();
  }
  return { agentId, subjectId, actor: principal.actor };
}

function shown(request: FastifyRequest, answer: CaseAnswer): z.infer<typeof caseSchema> {
  if (!answer.ok) throw caseRefused(answer.refusal);
  return caseJson(answer.value, principalOf(request));
}

/** The same note for the same key of the same caller, whatever happened in between. */
function noteIdOf(request: CaseRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  const origin = [principalOf(request).key, request.params.id, key].join('\n');
  return `note_${createHash('sha256').update(origin).digest('hex').slice(0, 32)}`;
}

function noCase(): HttpError {
  return new HttpError('NOT_FOUND', 'there is no such case');
}
