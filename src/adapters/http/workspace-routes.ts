import { z } from 'zod';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallCommand } from '../../application/call-desk.ts';
import type { Outcome } from '../../application/application.ts';
import { wantedStates } from '../../routing/agent-registry.ts';
import { mayReadQueue } from './access-rules.ts';
import { agentSchema, errorAnswers } from './api-schemas.ts';
import { agentJson } from './api-views.ts';
import { CommandLedger } from './command-ledger.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { principalOf, refused } from './request-guard.ts';
import { meaningOf } from './request-meaning.ts';
import { ownAgent, viewerOf } from './workspace-access.ts';
import { addCaseRoutes } from './workspace-case-routes.ts';
import { addFeedRoute } from './workspace-feed-route.ts';
import {
  agentQuery,
  callCommandSchema,
  callSchema,
  commandHeaders,
  invitationIdSchema,
  invitationSchema,
  snapshotSchema,
  subjectIdSchema,
  targetsSchema,
} from './workspace-schemas.ts';
import { callJson, invitationJson, snapshotJson } from './workspace-views.ts';

const tags = ['Workspace'];

/** Carries a command out once for its Idempotency-Key and says in the answer when it had been before. */
export type RunCommand = <Value>(
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<Value>,
) => Promise<Value>;

/** Everything below `/workspace`: what an agent's screen shows and does. */
export function addWorkspaceRoutes(server: Server, context: RouteContext): void {
  const ledger = new CommandLedger(context.clock);
  const run: RunCommand = async (request, reply, work) => {
    const key = request.headers['idempotency-key'];
    const meaning = meaningOf({ url: request.url, body: request.body ?? null });
    const caller = principalOf(request).key;
    const done = await ledger.run(caller, typeof key === 'string' ? key : undefined, meaning, work);
    if (done.repeated) reply.header('idempotent-replayed', 'true');
    return done.value;
  };
  addSnapshot(server, context);
  addState(server, context, run);
  addInvitations(server, context, run);
  addCalls(server, context, run);
  addMonitoring(server, context, run);
  addCaseRoutes(server, context, run);
  addFeedRoute(server, context);
}

function addSnapshot(server: Server, { workspace }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/workspace',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: 'How everything stands for an agent',
      description: 'State, invitations, live calls and open cases; `cursor` says where the feed goes on.',
      querystring: agentQuery,
      response: { 200: snapshotSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const viewer = viewerOf(request, workspace, request.query.agent);
      const feed = workspace.feeds.of(viewer.agentId);
      const cursor = `${feed.id}:${feed.seq}`;
      const snapshot = await workspace.snapshot(viewer.agentId);
      if (!snapshot) throw new HttpError('NOT_FOUND', 'there is no such agent');
      return snapshotJson(snapshot, cursor, viewer);
    },
  });
  server.route({
    method: 'GET',
    url: '/workspace/targets',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: 'Agents and queues that a call can be given to',
      response: { 200: targetsSchema, ...errorAnswers },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const { agents, queues } = workspace.targets();
      return {
        agents: agents.map(({ agentId: id, name, state, reachable }) => ({ id, name, state, reachable })),
        queues: queues.filter(({ name }) => mayReadQueue(principal, name)).map((queue) => ({ ...queue })),
      };
    },
  });
}

function addState(server: Server, { workspace }: RouteContext, run: RunCommand): void {
  server.route({
    method: 'POST',
    url: '/workspace/state',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: "Set the agent's state",
      description:
        'As `PUT /agents/{id}/state`; NOT_READY takes one of `notReadyReasons`. A supervisor names the agent.',
      headers: commandHeaders,
      querystring: agentQuery,
      body: z.strictObject({
        state: z.enum(wantedStates),
        reason: z.string().min(1).max(64).optional(),
      }),
      response: { 200: agentSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { agentId, principal } = viewerOf(request, workspace, request.query.agent);
      const { state, reason } = request.body;
      const wish = { state, ...(reason !== undefined && { reason }) };
      return run(request, reply, async () =>
        agentJson(taken(await workspace.setState(agentId, wish, principal.actor)), principal),
      );
    },
  });
}

function addInvitations(server: Server, { workspace }: RouteContext, run: RunCommand): void {
  const params = z.strictObject({ id: invitationIdSchema });
  const response = { 200: invitationSchema, ...errorAnswers };
  server.route({
    method: 'POST',
    url: '/workspace/invitations/:id/accept',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: 'Take a case',
      description: 'In a preview the customer is dialled then; otherwise the agent’s phone is rung.',
      headers: commandHeaders,
      params,
      response,
    },
    handler: async (request, reply) => {
      const { agentId, principal } = ownAgent(request);
      return run(request, reply, async () =>
        invitationJson(taken(await workspace.accept(agentId, request.params.id, principal.actor))),
      );
    },
  });
  server.route({
    method: 'POST',
    url: '/workspace/invitations/:id/reject',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: 'Do not take a case',
      description: 'It goes back to its old place and on to another agent.',
      headers: commandHeaders,
      params,
      body: z.strictObject({ reason: z.string().trim().min(1).max(200).optional() }).nullish(),
      response,
    },
    handler: async (request, reply) => {
      const { agentId, principal } = ownAgent(request);
      const reason = request.body?.reason;
      return run(request, reply, async () =>
        invitationJson(taken(await workspace.reject(agentId, request.params.id, reason, principal.actor))),
      );
    },
  });
}

function addCalls(server: Server, { workspace }: RouteContext, run: RunCommand): void {
  server.route({
    method: 'POST',
    url: '/workspace/calls/:id/commands',
    config: { access: 'useWorkspace' },
    schema: {
      tags,
      summary: 'Do something with a live call',
      description:
        'End, hold, resume, mute, digits, transfer, consultation, conference, recording. A target that is ' +
        'rung answers later: the feed tells. A command that the call’s state does not allow is refused (409) ' +
        'with `state` and `allowed`; the phone may have been quicker.',
      headers: commandHeaders,
      params: z.strictObject({ id: subjectIdSchema }),
      body: callCommandSchema,
      response: { 200: callSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { agentId, principal } = ownAgent(request);
      const command = request.body as CallCommand;
      return run(request, reply, async () =>
        callJson(taken(await workspace.call(agentId, request.params.id, command, principal.actor))),
      );
    },
  });
}

function addMonitoring(server: Server, { workspace }: RouteContext, run: RunCommand): void {
  const params = z.strictObject({ id: subjectIdSchema });
  const response = { 200: callSchema, ...errorAnswers };
  server.route({
    method: 'POST',
    url: '/workspace/calls/:id/monitor',
    config: { access: 'superviseAgents' },
    schema: {
      tags,
      summary: 'Listen to a call, whisper to its agent, or join it',
      description: 'Rings the supervisor’s own phone; asked again with another mode it changes the mode.',
      headers: commandHeaders,
      params,
      body: z.strictObject({ mode: z.enum(['listen', 'whisper', 'barge']) }),
      response,
    },
    handler: async (request, reply) => {
      const { agentId, principal } = ownAgent(request);
      const { id } = request.params;
      const call = workspace.findCall(id);
      const isReadable = call && (call.virtualQueue === null || mayReadQueue(principal, call.virtualQueue));
      if (!isReadable) throw new HttpError('NOT_FOUND', 'there is no such call');
      const { mode } = request.body;
      return run(request, reply, async () =>
        callJson(taken(await workspace.monitor(agentId, id, mode, principal.actor))),
      );
    },
  });
  server.route({
    method: 'POST',
    url: '/workspace/calls/:id/monitor/stop',
    config: { access: 'superviseAgents' },
    schema: { tags, summary: 'Leave a call that is supervised', headers: commandHeaders, params, response },
    handler: async (request, reply) => {
      const { agentId, principal } = ownAgent(request);
      return run(request, reply, async () =>
        callJson(taken(await workspace.stopMonitoring(agentId, request.params.id, principal.actor))),
      );
    },
  });
}

/** The value, or the refusal as an error answer. */
function taken<Value>(outcome: Outcome<Value>): Value {
  if (!outcome.ok) throw refused(outcome.refusal);
  return outcome.value;
}
