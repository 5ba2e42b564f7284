import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { may } from './access-rules.ts';
import { errorAnswers } from './api-schemas.ts';
import type { TimerHandle } from '../../kernel/clock.ts';
import type { Principal } from './access.ts';
import { CloseCode, FeedSocket, type Standing } from './feed-socket.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { recogniseAgain } from './request-guard.ts';
import { SocketDoor } from './socket-door.ts';
import { viewerOf } from './workspace-access.ts';
import { agentQuery } from './workspace-schemas.ts';
import { eventJson, snapshotJson, type Viewer } from './workspace-views.ts';

/**
 * From a change of users, keys or groups to the look at the open screens; bounds what many changes one after
 * the other cost.
 */
const RECHECK_MS = 500;

/** GET /workspace/events: the feed, over a WebSocket. */
export function addFeedRoute(server: Server, context: RouteContext): void {
  const { clock, log, workspace } = context;
  const socketDoor = new SocketDoor(server);
  const sockets = new Set<FeedSocket>();
  let isClosing = false;
  let recheck: TimerHandle | undefined;
  // Whoever may see less from now on must not go on seeing it: open screens are looked at anew.
  context.accessControl.onChange(() => {
    if (isClosing || sockets.size === 0) return;
    recheck ??= clock.setTimer(RECHECK_MS, () => {
      recheck = undefined;
      for (const socket of sockets) void socket.check();
    });
  });
  server.addHook('preClose', () => {
    isClosing = true;
    if (recheck) clock.clearTimer(recheck);
    for (const socket of sockets) socket.close(CloseCode.goingAway, 'the server stops');
  });
  server.route({
    method: 'GET',
    url: '/workspace/events',
    config: { access: 'useWorkspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'The feed of events, over a WebSocket',
      description:
        'Messages are JSON texts. First `hello` (the feed goes on after `since`) or `reset` (a whole ' +
        'snapshot), then one message an event, each with its `cursor`. See docs/workspace.md.',
      querystring: agentQuery.extend({
        since: z
          .string()
          .max(80)
          .optional()
          .describe('`cursor` of the last message that came; absent: begin with a snapshot'),
      }),
      response: { 101: z.unknown().describe('Switching Protocols'), ...errorAnswers },
    },
    handler: (request, reply) => {
      if (!socketDoor.isHandshake(request.raw)) {
        throw new HttpError('UPGRADE_REQUIRED', 'this address speaks WebSocket');
      }
      const viewer = viewerOf(request, workspace, request.query.agent);
      if (isClosing || sockets.size >= httpLimits.feedSocketsMax) {
        throw new HttpError('TEMPORARILY_UNAVAILABLE', 'too many screens are open', { retryAfterSec: 30 });
      }
      const { agentId } = viewer;
      reply.hijack();
      socketDoor.open(request.raw, reply.raw, (socket) => {
        const feedSocket = new FeedSocket({
          socket,
          agentId,
          feeds: workspace.feeds,
          since: request.query.since,
          snapshot: async (cursor) => {
            const snapshot = await workspace.snapshot(agentId);
            return snapshot && snapshotJson(snapshot, cursor, viewer);
          },
          encode: (feedId, entry) => eventJson(feedId, entry, viewer),
          // Whoever is logged in as an agent is at work, also while they only talk.
          standing: () => standingOf(request, context, viewer),
          clock,
          log,
          onClosed: () => sockets.delete(feedSocket),
        });
        sockets.add(feedSocket);
        feedSocket.start();
        log.debug({ agentId, by: viewer.principal.key, correlationId: request.id }, 'screen connected');
      });
    },
  });
}

/**
 * How who opened a screen stands now. An agent who is logged in is at work, also while they only talk: an
 * open screen keeps their session alive then.
 */
async function standingOf(
  request: FastifyRequest,
  context: RouteContext,
  { agentId, principal: before }: Viewer,
): Promise<Standing> {
  const isAway = context.workspace.agent(agentId)?.state === 'LOGGED_OUT';
  const principal = await recogniseAgain(request, context, isAway);
  if (!principal || !may(principal, 'useWorkspace')) return 'gone';
  if (principal.agentId !== agentId && !may(principal, 'superviseAgents')) return 'gone';
  return rightsOf(principal) === rightsOf(before) ? 'same' : 'changed';
}

/** All that decides what a screen shows. */
function rightsOf({ role, scopes, queues, agentId }: Principal): string {
  return JSON.stringify([role, scopes, queues, agentId]);
}
