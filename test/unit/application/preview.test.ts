import { describe, expect, it } from 'vitest';
import type { Invitation } from '../../../src/application/invitation-desk.ts';
import type { Actor } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';

const actor: Actor = { kind: 'agent', id: 'a1' };

function opened(changes: Partial<QueueSettings> = {}): House {
  const house = new House({ connectStrategy: 'preview', previewTimeoutSec: 30, ...changes });
  house.open();
  return house;
}

function shown(house: House, agentId = 'a1'): Invitation {
  const [invitation] = house.engine.invitations.invitationsOf(agentId);
  if (!invitation) throw new Error(`${agentId} is shown nothing`);
  return invitation;
}

async function accepts(house: House, agentId = 'a1'): Promise<boolean> {
  const outcome = await house.engine.invitations.accept(agentId, shown(house, agentId).id, actor);
  await settle();
  return outcome.ok;
}

async function rejects(house: House, agentId = 'a1', reason?: string): Promise<boolean> {
  const outcome = await house.engine.invitations.reject(agentId, shown(house, agentId).id, reason, actor);
  await settle();
  return outcome.ok;
}

describe('preview', () => {
  it('holds an agent, shows the case and dials nobody', async () => {
    const house = opened();
    const { id } = await house.book();
    await house.ready('a1');
    expect(house.registry.status('a1')).toMatchObject({ state: 'RESERVED', subjectId: id });
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', subState: 'preview', attemptCount: 0 });
    expect(shown(house)).toMatchObject({
      subjectId: id,
      kind: 'preview',
      acceptedBy: 'workspace',
      acceptBy: house.clock.nowMs() + 30_000,
      facts: { type: 'immediate', customerNumber: '+15551230000', attemptNumber: 1, position: 1 },
    });
    expect(house.telephony.placed).toHaveLength(0);
  });

  it('dials the customer when the agent accepts, and gives the customer to that agent', async () => {
    const house = opened();
    const { id } = await house.book();
    await house.ready('a1');
    expect(await accepts(house)).toBe(true);
    expect(house.last?.request.target).toMatchObject({ kind: 'trunk', number: '+15551230000' });
    expect(house.registry.status('a1').state).toBe('RESERVED');
    await house.ready('a2');
    await house.answers(house.last);
    await house.says('confirmed');
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a1' });
    await house.answers(house.last);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
    expect(house.engine.invitations.invitationsOf('a1')).toEqual([]);
  });

  it("rings the agent's phone first when the queue connects from the agent's call", async () => {
    const house = opened({ previewConnect: 'agent-first' });
    const { id } = await house.book();
    await house.ready('a1');
    await accepts(house);
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a1' });
    expect(house.now(id)).toMatchObject({ subState: 'ringing-agent', attemptCount: 0 });
    await house.answers(house.last);
    expect(house.last?.request.target).toMatchObject({ kind: 'trunk' });
    await house.answers(house.last);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
  });

  it('shows a rejected case to somebody else, at its old place; who rejected stays ready', async () => {
    const house = opened();
    const { id } = await house.book();
    await house.ready('a1');
    await house.ready('a2');
    expect(await rejects(house, 'a1', 'not my field')).toBe(true);
    expect(house.registry.status('a1').state).toBe('READY');
    expect(shown(house, 'a2').subjectId).toBe(id);
    expect(house.router.queueOf(id)?.positionOf(id)).toBe(1);
    const line = house.store.events.find(({ kind }) => kind === 'PREVIEW_REJECTED');
    expect(line).toMatchObject({ actor, data: { reason: 'not my field' } });
  });

  it('does not show it to the same agent again before the skip time is over, even when alone', async () => {
    const house = opened({ agentSkipSec: 60 });
    const { id } = await house.book();
    await house.ready('a1');
    await rejects(house);
    expect(house.now(id)).toMatchObject({ state: 'QUEUED' });
    await house.pass(59_000);
    expect(house.engine.invitations.invitationsOf('a1')).toEqual([]);
    await house.pass(1000);
    expect(shown(house).subjectId).toBe(id);
  });

  it('ends the callback after as many rejections as the queue allows', async () => {
    const house = opened({ previewRejectMax: 2, agentSkipSec: 0 });
    const { id } = await house.book();
    await house.ready('a1');
    await rejects(house);
    expect(house.now(id).state).toBe('ROUTING');
    await rejects(house);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'PREVIEW_REJECTED' });
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.router.queueOf(id)).toBeUndefined();
  });

  it('counts rejections over all passes: an attempt or a pause between them forgets none', async () => {
    const house = opened({ previewRejectMax: 2, agentSkipSec: 0, retryIntervalSec: 60, maxAttempts: 3 });
    const { id } = await house.book();
    await house.ready('a1');
    await rejects(house);
    expect(await accepts(house)).toBe(true);
    house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
    await settle();
    await house.pass(60_000);
    expect(house.now(id)).toMatchObject({ subState: 'preview', attemptCount: 1 });
    await rejects(house);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'PREVIEW_REJECTED' });
    expect(house.store.callbacks.get(id)?.previewRejectCount).toBe(2);
  });

  it('makes an agent who says nothing not ready and gives the place back', async () => {
    const house = opened();
    const { id } = await house.book();
    await house.ready('a1');
    await house.pass(30_000);
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(house.now(id)).toMatchObject({ state: 'QUEUED', attemptCount: 0 });
    await house.ready('a2');
    expect(shown(house, 'a2').subjectId).toBe(id);
  });

  it('leaves that agent ready, and skips them, where the queue says so', async () => {
    const house = opened({ previewTimeoutNotReady: false });
    const { id } = await house.book();
    await house.ready('a1');
    await house.pass(30_000);
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id).state).toBe('QUEUED');
    expect(house.engine.invitations.invitationsOf('a1')).toEqual([]);
  });

  it('withdraws the case when the callback is cancelled meanwhile', async () => {
    const house = opened();
    const ends: string[] = [];
    house.engine.invitations.onChange((_agentId, _invitation, outcome) => ends.push(outcome));
    const { id } = await house.book();
    await house.ready('a1');
    const invitation = shown(house);
    await house.runner.dispatch(id, { type: 'CANCELLED', by: 'api' }, { kind: 'api-key', id: 'k' });
    await settle();
    expect(ends).toEqual(['offered', 'withdrawn']);
    expect(house.registry.status('a1').state).toBe('READY');
    const late = await house.engine.invitations.accept('a1', invitation.id, actor);
    expect(late).toEqual({
      ok: false,
      refusal: { kind: 'not-allowed', state: 'withdrawn', allowed: [] },
    });
    expect(house.telephony.placed).toHaveLength(0);
  });

  it('goes on to somebody else when the phone of the agent who looks at it is lost', async () => {
    const house = opened();
    const { id } = await house.book();
    await house.ready('a1');
    await house.ready('a2');
    house.telephony.setReachable('a1', false);
    await settle();
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'UNREACHABLE' });
    expect(shown(house, 'a2').subjectId).toBe(id);
  });

  it('begins anew after a restart: the agent is free, the case is offered again from its place', async () => {
    const house = opened();
    const { id } = await house.book();
    await house.ready('a1');
    await house.engine.close();
    house.open();
    await house.engine.recover();
    await settle();
    expect(house.now(id)).toMatchObject({ subState: 'preview', attemptCount: 0 });
    expect(shown(house).subjectId).toBe(id);
    expect(await accepts(house)).toBe(true);
    expect(house.now(id)).toMatchObject({ subState: 'dialing', attemptCount: 1 });
  });

  it('is accepted once, whichever of two windows is quicker', async () => {
    const house = opened();
    await house.book();
    await house.ready('a1');
    const { id } = shown(house);
    const { invitations } = house.engine;
    const answers = await Promise.all([
      invitations.accept('a1', id, actor),
      invitations.accept('a1', id, actor),
      invitations.reject('a1', id, undefined, actor),
    ]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, false]);
    expect(house.telephony.placed).toHaveLength(1);
  });

  it('is answered by nobody but the agent who was asked', async () => {
    const house = opened();
    await house.book();
    await house.ready('a1');
    const outcome = await house.engine.invitations.accept('a2', shown(house).id, actor);
    expect(outcome).toEqual({ ok: false, refusal: { kind: 'not-found' } });
  });
});

describe('agent-first with another call from the same agent', () => {
  const redialling = (changes: Partial<QueueSettings> = {}): House =>
    opened({ connectStrategy: 'agent-first', agentFirstRedialSec: 5, maxAttempts: 2, ...changes });

  it('keeps the agent on the line and dials the customer again', async () => {
    const house = redialling();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', subState: 'redial-wait', attemptCount: 1 });
    expect(agent.termination).toBeUndefined();
    expect(house.registry.status('a1').state).toBe('ON_CALL');
    await house.pass(5000);
    expect(house.now(id)).toMatchObject({ subState: 'dialing', attemptCount: 2 });
    const customer = await house.answers(house.last);
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
  });

  it('lets the agent go after the last attempt', async () => {
    const house = redialling();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    for (const passMs of [5000, 0]) {
      house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
      await settle();
      await house.pass(passMs);
    }
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED' });
    expect(agent.termination).toBeDefined();
    expect(house.registry.status('a1').state).toBe('READY');
  });

  it('ends when the agent hangs up between two attempts', async () => {
    const house = redialling();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await settle();
    agent.end();
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
    expect(house.registry.status('a1').state).toBe('READY');
    await house.pass(5000);
    expect(house.telephony.placed).toHaveLength(2);
  });

  it('does not dial a number again that cannot work', async () => {
    const house = redialling();
    const { id } = await house.book();
    await house.ready('a1');
    await house.answers(house.last);
    house.last?.fail({ bucket: 'client_error', reason: 'not-found' });
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED' });
  });
});
