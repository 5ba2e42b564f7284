import { beforeEach, describe, expect, it } from 'vitest';
import { policyOf } from '../../../src/callback/callback-policy.ts';
import type { CallbackEvent } from '../../../src/callback/callback.ts';
import { type ReplayOutcome, replayHistory } from '../../../src/callback/replay.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

let house: House;
let id: string;
beforeEach(async () => {
  house = new House();
  house.open();
  id = (await house.book()).id;
  await house.ready('a1');
  house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
  await settle();
  await house.pass(60_000);
  await house.answers(house.last);
  await house.says('confirmed');
  const agent = await house.answers(house.last);
  agent.end();
  await settle();
  await house.pass(10_000);
});

function history(): CallbackEvent[] {
  return house.store.events.filter(({ callbackId }) => callbackId === id);
}

function replay(events: readonly CallbackEvent[], settings = house.settings): ReplayOutcome {
  const callback = house.store.callbacks.get(id);
  if (!callback) throw new Error('no callback');
  return replayHistory(callback, events, () => policyOf(settings));
}

describe('a recorded history', () => {
  it('ends in the recorded state when it is run through the machine again', () => {
    const events = history();
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    expect(replay(events)).toEqual({ kind: 'same', eventCount: events.length });
  });

  it('from which an event is missing differs at the next one', () => {
    const events = history();
    const answered = events.findIndex(({ kind }) => kind === 'ANSWERED');
    const outcome = replay(events.toSpliced(answered, 1));
    expect(outcome).toMatchObject({
      kind: 'differs',
      event: answered + 1,
      eventKind: events[answered + 1]?.kind,
    });
  });

  it('with another state than was stored differs there', () => {
    const events = history().map((event) =>
      event.kind === 'CONFIRMED' ? { ...event, subState: 'dialing' as const } : event,
    );
    expect(replay(events)).toMatchObject({ kind: 'differs', eventKind: 'CONFIRMED', field: 'subState' });
  });

  it('under other settings than were in force differs in what they decide', () => {
    const outcome = replay(history(), aQueue({ ...house.settings, maxAttempts: 1 }));
    expect(outcome).toMatchObject({ kind: 'differs', eventKind: 'ATTEMPT_FAILED', replayed: 'COMPLETED' });
  });

  it('without its beginning cannot be run', () => {
    expect(replay(history().slice(1))).toMatchObject({ kind: 'incomplete' });
  });
});
