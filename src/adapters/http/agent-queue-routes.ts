import { z } from 'zod';
import { wantedStates } from '../../routing/agent-registry.ts';
import { nameSchema } from '../../telephony/directory.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import type { Principal } from './access.ts';
import { may, mayReadQueue } from './access-rules.ts';
import { agentSchema, errorAnswers, queueSchema } from './api-schemas.ts';
import { agentJson } from './api-views.ts';
import type { AgentView } from '../../application/application.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { checkQueue } from './queue-access.ts';
import { principalOf, refused } from './request-guard.ts';

const idParams = z.strictObject({ id: nameSchema });

const tags = ['Agents'];

/** GET /agents, GET /agents/{id}, PUT /agents/{id}/state, GET /not-ready-reasons. */
export function addAgentRoutes(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/agents',
    config: { access: 'readAgents' },
    schema: {
      tags,
      summary: 'List agents with their state',
      response: { 200: z.object({ items: z.array(agentSchema) }), ...errorAnswers },
    },
    handler: (request) => {
      const principal = principalOf(request);
      return { items: application.agents().map((agent) => agentJson(agent, principal)) };
    },
  });
  server.route({
    method: 'GET',
    url: '/agents/:id',
    config: { access: 'readOwnAgent' },
    schema: {
      tags,
      summary: 'Show an agent',
      description: 'An agent may see only themselves.',
      params: idParams,
      response: { 200: agentSchema, ...errorAnswers },
    },
    handler: (request) => {
      const principal = principalOf(request);
      own(principal, request.params.id, 'readAgents');
      return agentJson(found(application.agents(), request.params.id), principal);
    },
  });
  server.route({
    method: 'GET',
    url: '/not-ready-reasons',
    config: { access: 'readOwnAgent' },
    schema: {
      tags,
      summary: 'List the reasons for not being ready',
      description: 'Those of the configuration, in its order; RONA is always one of them.',
      response: { 200: z.object({ items: z.array(z.string()) }), ...errorAnswers },
    },
    handler: () => ({ items: [...application.notReadyReasons()] }),
  });
  addAgentStateRoute(server, application);
}

function addAgentStateRoute(server: Server, application: RouteContext['application']): void {
  server.route({
    method: 'PUT',
    url: '/agents/:id/state',
    config: { access: 'setOwnAgentState' },
    schema: {
      tags,
      summary: "Set an agent's state",
      description:
        'Ready, not ready or logged out; during work the wish is kept for afterwards. WRAP_UP_DONE ' +
        'ends after-call work, EXTEND_WRAP_UP draws it out by `wrapUpExtendSec` of the queue, up to ' +
        '`wrapUpMaxSec`. `reason` goes with NOT_READY: one of `GET /not-ready-reasons`. An agent may set ' +
        'only their own.',
      params: idParams,
      body: z.strictObject({ state: z.enum(wantedStates), reason: z.string().max(64).optional() }),
      response: { 200: agentSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      own(principal, request.params.id, 'setAgentStates');
      const { state, reason } = request.body;
      const wish = { state, ...(reason !== undefined && { reason }) };
      const outcome = await application.setAgentState(request.params.id, wish, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      return agentJson(outcome.value, principal);
    },
  });
}

/** Throws FORBIDDEN when the agent is not the caller's own and the role does not cover the others. */
function own(principal: Principal, agentId: string, others: 'readAgents' | 'setAgentStates'): void {
  if (principal.agentId === agentId || may(principal, others)) return;
  throw new HttpError('FORBIDDEN', 'only your own agent');
}

function found(agents: readonly AgentView[], agentId: string): AgentView {
  const agent = agents.find((candidate) => candidate.agentId === agentId);
  if (!agent) throw new HttpError('NOT_FOUND', 'there is no such agent');
  return agent;
}

/** GET /queues, GET /queues/{name}. */
export function addQueueRoutes(server: Server, { application }: RouteContext): void {
  const tags = ['Queues'];
  server.route({
    method: 'GET',
    url: '/queues',
    config: { access: 'readQueues' },
    schema: {
      tags,
      summary: 'List virtual queues with waiting, position and EWT',
      response: { 200: z.object({ items: z.array(queueSchema) }), ...errorAnswers },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const queues = application.queues().filter(({ name }) => mayReadQueue(principal, name));
      return { items: queues.map((queue) => ({ ...queue })) };
    },
  });
  server.route({
    method: 'GET',
    url: '/queues/:name',
    config: { access: 'readQueues' },
    schema: {
      tags,
      summary: 'Show a virtual queue',
      params: z.strictObject({ name: askedQueueSchema }),
      response: { 200: queueSchema, ...errorAnswers },
    },
    handler: (request) => {
      checkQueue(principalOf(request), request.params.name);
      const queue = application.queues().find((candidate) => candidate.name === request.params.name);
      if (!queue) throw new HttpError('NOT_FOUND', 'there is no such queue');
      return { ...queue };
    },
  });
}
