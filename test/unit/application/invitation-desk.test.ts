import { describe, expect, it } from 'vitest';
import {
  type Decision,
  InvitationDesk,
  type InvitationAnswer,
  type InvitationRequest,
  REASON_MAX,
} from '../../../src/application/invitation-desk.ts';
import type { Actor } from '../../../src/callback/callback.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';

const actor: Actor = { kind: 'agent', id: 'a1' };
const facts = {
  type: 'immediate',
  desiredAtMs: 0,
  customerNumber: '+15551230000',
  subject: null,
  customerData: {},
  instructions: null,
  attemptNumber: 1,
  position: 1,
  waitedMs: 0,
  ewtSec: null,
  virtualQueue: 'support',
  language: 'en',
} as const;

function opened(): { clock: SimulatedClock; desk: InvitationDesk } {
  const clock = new SimulatedClock();
  const ids = new IdSource(clock, new SeededRandom(1));
  return { clock, desk: new InvitationDesk({ clock, ids, log: silentLog }) };
}

function request(changes: Partial<InvitationRequest> = {}): InvitationRequest {
  return {
    agentId: 'a1',
    subjectId: 'callback_1',
    kind: 'preview',
    acceptedBy: 'workspace',
    virtualQueue: 'support',
    facts,
    timeoutMs: 20_000,
    ...changes,
  };
}

describe('an invitation', () => {
  it('is open until it is answered, then tells its end once, and once more to who asks', async () => {
    const { desk } = opened();
    const told: string[] = [];
    desk.onChange((agentId, { version }, outcome) => told.push(`${agentId} ${outcome} ${version}`));
    const { id, answer } = desk.offer(request());
    expect(desk.invitationsOf('a1').map((invitation) => invitation.id)).toEqual([id]);
    expect(desk.invitationsOf('a2')).toEqual([]);
    expect(await desk.accept('a1', id, actor)).toMatchObject({ ok: true, value: { id, version: 2 } });
    expect(await answer).toEqual({ end: 'accepted' });
    expect(await desk.accept('a1', id, actor)).toMatchObject({ ok: true });
    expect(await desk.reject('a1', id, 'no', actor)).toMatchObject({
      ok: false,
      refusal: { kind: 'not-allowed', state: 'accepted' },
    });
    expect(desk.invitationsOf('a1')).toEqual([]);
    expect(told).toEqual(['a1 offered 1', 'a1 accepted 2']);
  });

  it('ends by itself in time, and leaves no timer behind however it ends', async () => {
    const { clock, desk } = opened();
    const late = desk.offer(request());
    clock.advance(19_999);
    expect(desk.invitationsOf('a1')).toHaveLength(1);
    clock.advance(1);
    expect(await late.answer).toEqual({ end: 'timed-out' });
    expect(await desk.accept('a1', late.id, actor)).toMatchObject({ refusal: { state: 'timed-out' } });
    const withdrawn = desk.offer(request());
    withdrawn.end('withdrawn');
    clock.advance(20_000);
    expect(await withdrawn.answer).toEqual({ end: 'withdrawn' });
  });

  it('is withdrawn when the answer comes too late for its owner', async () => {
    const { desk } = opened();
    const { id, answer } = desk.offer(request({ decide: () => Promise.resolve('too-late') }));
    expect(await desk.accept('a1', id, actor)).toMatchObject({
      ok: false,
      refusal: { kind: 'not-allowed', state: 'withdrawn' },
    });
    expect(await answer).toEqual({ end: 'withdrawn' });
  });

  it('is not ended by its owner, nor by time, while an answer is being taken', async () => {
    const { clock, desk } = opened();
    let decided: (decision: Decision) => void = () => undefined;
    const decide = (): Promise<Decision> =>
      new Promise((resolve) => {
        decided = resolve;
      });
    const open = desk.offer(request({ decide }));
    const accepted = desk.accept('a1', open.id, actor);
    open.end('withdrawn');
    clock.advance(60_000);
    expect(desk.invitationsOf('a1')).toEqual([]);
    decided('holds');
    expect(await accepted).toMatchObject({ ok: true });
    expect(await open.answer).toEqual({ end: 'accepted' });
  });

  it('keeps as much of a reason as has room', async () => {
    const { desk } = opened();
    let told: InvitationAnswer | undefined;
    const decide = (answer: InvitationAnswer): Promise<Decision> => {
      told = answer;
      return Promise.resolve('holds');
    };
    const { id } = desk.offer(request({ decide }));
    await desk.reject('a1', id, 'x'.repeat(REASON_MAX + 1), actor);
    expect(told).toEqual({ end: 'rejected', reason: 'x'.repeat(REASON_MAX) });
  });

  it('is forgotten after five hundred others', async () => {
    const { desk } = opened();
    const first = desk.offer(request());
    first.end('withdrawn');
    for (let count = 0; count < 500; count++) desk.offer(request()).end('withdrawn');
    expect(await desk.accept('a1', first.id, actor)).toEqual({ ok: false, refusal: { kind: 'not-found' } });
  });

  it('is withdrawn with all others when the desk closes', async () => {
    const { desk } = opened();
    const open = desk.offer(request());
    desk.close();
    expect(await open.answer).toEqual({ end: 'withdrawn' });
  });
});
