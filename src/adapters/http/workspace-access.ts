import type { FastifyRequest } from 'fastify';
import type { Workspace } from '../../application/workspace/workspace.ts';
import { may } from './access-rules.ts';
import { HttpError } from './http-errors.ts';
import { principalOf } from './request-guard.ts';
import type { Viewer } from './workspace-views.ts';

/**
 * Whose workspace the request is about: the agent that the user is, or, for supervisors, the one named.
 * @throws HttpError FORBIDDEN or NOT_FOUND; to an agent, nobody else's workspace exists.
 */
export function viewerOf(request: FastifyRequest, workspace: Workspace, named: string | undefined): Viewer {
  const principal = principalOf(request);
  const agentId = named ?? principal.agentId;
  if (agentId === null) {
    throw new HttpError('FORBIDDEN', 'this user or key is no agent: say which one with agent=');
  }
  if (agentId !== principal.agentId && !may(principal, 'superviseAgents')) {
    throw new HttpError('NOT_FOUND', 'there is no such workspace');
  }
  if (!workspace.agent(agentId)) throw new HttpError('NOT_FOUND', 'there is no such agent');
  return { principal, agentId };
}

/** The agent that the user is: nobody takes calls for somebody else. */
export function ownAgent(request: FastifyRequest): Viewer {
  const principal = principalOf(request);
  const { agentId } = principal;
  if (agentId === null) throw new HttpError('FORBIDDEN', 'this user or key is no agent');
  return { principal, agentId };
}
