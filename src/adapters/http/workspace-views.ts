import type { z } from 'zod';
import type { WorkspaceCall } from '../../application/call-desk.ts';
import type { Invitation } from '../../application/invitation-desk.ts';
import type { AgentCase } from '../../application/workspace/agent-case.ts';
import type { FeedEvent, WorkspaceEvent } from '../../application/workspace/agent-feed.ts';
import type { WorkspaceSnapshot } from '../../application/workspace/workspace.ts';
import type { Actor } from '../../callback/callback.ts';
import { maskNumber } from '../logging/number-mask.ts';
import { may, mayReadQueue } from './access-rules.ts';
import type { Principal } from './access.ts';
import { agentJson, isoOf, maskedDeep } from './api-views.ts';
import type { callSchema, caseSchema, invitationSchema, snapshotSchema } from './workspace-schemas.ts';

/** Who looks at whose workspace. */
export interface Viewer {
  readonly principal: Principal;
  readonly agentId: string;
}

/** True when the viewer may see what is about this queue; agents see all of their own. */
export function sees({ principal, agentId }: Viewer, queue: string | null): boolean {
  return principal.agentId === agentId || queue === null || mayReadQueue(principal, queue);
}

/** A live call. */
export function callJson(call: WorkspaceCall): z.infer<typeof callSchema> {
  const { startedAtMs, parties, recording, ...rest } = call;
  return {
    ...rest,
    parties: parties.map((party) => ({ ...party })),
    recording: { active: recording.active, ids: [...recording.ids] },
    startedAt: isoOf(startedAtMs),
  };
}

/** An invitation. */
export function invitationJson(invitation: Invitation): z.infer<typeof invitationSchema> {
  const { acceptBy, facts, ...rest } = invitation;
  const { desiredAtMs, customerData, ...known } = facts;
  return {
    ...rest,
    acceptBy: isoOf(acceptBy),
    facts: { ...known, desiredAt: isoOf(desiredAtMs), customerData: { ...customerData } },
  };
}

/** A case; once it is done, numbers are masked for those who may not see numbers in general. */
export function caseJson(found: AgentCase, principal: Principal): z.infer<typeof caseSchema> {
  const clear = found.state !== 'DONE' || may(principal, 'seeNumbers');
  const { customerNumber, customerData, notes, callback, others, dispositions } = found;
  const { openedAtMs, contactEndedAtMs, doneAtMs, ...rest } = found;
  return {
    ...rest,
    customerNumber: clear || customerNumber === null ? customerNumber : maskNumber(customerNumber),
    customerData: clear ? { ...customerData } : (maskedDeep(customerData) as Record<string, string>),
    dispositions: [...dispositions],
    notes: notes.map(({ id, author, atMs, text }) => ({
      id,
      author: { kind: author.kind, id: authorId(author) },
      at: isoOf(atMs),
      text,
    })),
    openedAt: isoOf(openedAtMs),
    contactEndedAt: isoOrNull(contactEndedAtMs),
    doneAt: isoOrNull(doneAtMs),
    callback: callback && callbackPart(callback),
    others: others.map((other) => ({ ...other })),
  };
}

/** Everything, as far as the viewer sees it. */
export function snapshotJson(
  snapshot: WorkspaceSnapshot,
  cursor: string,
  viewer: Viewer,
): z.infer<typeof snapshotSchema> {
  const { agent, invitations, calls, cases, notReadyReasons } = snapshot;
  return {
    cursor,
    agent: agentJson(agent, viewer.principal),
    invitations: invitations
      .filter(({ virtualQueue }) => sees(viewer, virtualQueue))
      .map((invitation) => invitationJson(invitation)),
    calls: calls.filter(({ virtualQueue }) => sees(viewer, virtualQueue)).map((call) => callJson(call)),
    cases: cases
      .filter(({ virtualQueue }) => sees(viewer, virtualQueue))
      .map((found) => caseJson(found, viewer.principal)),
    notReadyReasons: [...notReadyReasons],
  };
}

/** One event of the feed as it is sent; undefined: not for this viewer. */
export function eventJson(feedId: string, entry: FeedEvent, viewer: Viewer): object | undefined {
  if (!sees(viewer, entry.queue)) return undefined;
  const { seq, atMs, event } = entry;
  const head = { type: event.type, cursor: `${feedId}:${seq}`, seq, at: isoOf(atMs) };
  return { ...head, ...eventBody(event, viewer.principal) };
}

function eventBody(event: WorkspaceEvent, principal: Principal): object {
  switch (event.type) {
    case 'agent-state':
      return { agent: agentJson(event.agent, principal) };
    case 'invitation':
      return { invitation: invitationJson(event.invitation) };
    case 'invitation-ended':
      return { invitation: invitationJson(event.invitation), outcome: event.end };
    case 'not-called': {
      const { dueAtMs, ...notCalled } = event.notCalled;
      return { notCalled: { ...notCalled, dueAt: isoOrNull(dueAtMs) } };
    }
    case 'call':
    case 'call-ended':
      return { call: callJson(event.call) };
    case 'case':
      return { case: caseJson(event.case, principal) };
    default:
      return event satisfies never;
  }
}

function callbackPart({ createdAtMs, desiredAtMs, ...rest }: NonNullable<AgentCase['callback']>) {
  return { ...rest, createdAt: isoOf(createdAtMs), desiredAt: isoOf(desiredAtMs) };
}

function authorId(actor: Actor): string | null {
  if (actor.kind === 'customer') return null;
  return actor.kind === 'system' ? actor.part : actor.id;
}

function isoOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : isoOf(epochMs);
}
