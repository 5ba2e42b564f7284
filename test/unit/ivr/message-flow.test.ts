import { beforeAll, describe, expect, test } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { Conversation, repositoryFlows } from './conversation.ts';

let library: FlowLibrary;
beforeAll(async () => {
  library = await repositoryFlows();
});

function call(facts: Partial<Conversation['host']['current']> = {}): Conversation {
  const conversation = new Conversation(library.require('inbound'), library.audioMs);
  const noOffer = { offerAllowed: false, immediateAllowed: false, ewtSec: 60 };
  conversation.host.current = { ...conversation.host.current, ...noOffer, ...facts };
  return conversation.start();
}

const BOOKED = { kind: 'booked', callbackId: 'callback_2', number: '+12125550147' };

describe('a caller who has waited long enough', () => {
  test('is told of the other line and hears the position there at once', async () => {
    const caller = call();
    caller.host.overflowAnswer = 'moved';
    await caller.hear('in-line');
    caller.host.change({ overflowDue: true });
    await caller.hear('overflow-moved');
    caller.host.change({ overflowDue: false, position: 2 });
    await caller.hear('num-2');
    expect(caller.host.asked).toEqual(['enter', 'overflow']);
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('goes on waiting where nobody takes the call, and is not asked about again for a minute', async () => {
    const caller = call();
    await caller.hear('in-line');
    caller.host.change({ overflowDue: true });
    await caller.pass(50_000);
    expect(caller.host.asked).toEqual(['enter', 'overflow']);
    await caller.pass(30_000);
    expect(caller.host.asked).toEqual(['enter', 'overflow', 'overflow']);
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('leaves a message that # ends', async () => {
    const caller = call();
    caller.host.overflowAnswer = 'voicemail';
    await caller.hear('in-line');
    caller.host.change({ overflowDue: true });
    await caller.hear('leave-message');
    await caller.hear('beep');
    await caller.pass(5000);
    expect(caller.host.asked.at(-1)).toBe('message +12125550147');
    caller.leg.press('5#');
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
    expect(caller.heard.slice(-2)).toEqual(['message-recorded', 'goodbye']);
  });
});

describe('a message', () => {
  const atMessage = async (caller: Conversation): Promise<void> => {
    await caller.press('offer-message', '3');
    await caller.hear('beep');
    await caller.pass(1000);
  };

  test('counts when the caller hangs up while speaking', async () => {
    const caller = call({ messageAllowed: true, ewtSec: 600 });
    await atMessage(caller);
    caller.leg.end();
    expect(await caller.end()).toEqual({ ...BOOKED, legEnded: true });
    expect(caller.host.asked.at(-1)).toBe('message over');
  });

  test('is none when the caller hangs up before the tone', async () => {
    const caller = call({ messageAllowed: true, ewtSec: 600 });
    await caller.press('offer-message', '3');
    await caller.hear('leave-message');
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
    expect(caller.host.asked).not.toContain('message +12125550147');
  });

  test('is not taken while an agent takes the call', async () => {
    const caller = call({ messageAllowed: true, ewtSec: 600 });
    await caller.press('offer-message', '3');
    await caller.hear('leave-message');
    caller.host.takeByAgent();
    expect(await caller.end()).toMatchObject({ kind: 'agent-taken' });
  });

  test('is kept without a promise to call back where no callback can be made', async () => {
    const caller = call({ messageAllowed: true, ewtSec: 600 });
    caller.host.message = { kind: 'kept' };
    await atMessage(caller);
    caller.leg.press('#');
    expect(await caller.end()).toMatchObject({ kind: 'finished', result: 'done' });
    expect(caller.heard.slice(-2)).toEqual(['message-kept', 'goodbye']);
  });

  test('is asked for three times, then the caller has the old place again', async () => {
    const caller = call({ messageAllowed: true, ewtSec: 600 });
    caller.host.message = { kind: 'empty' };
    await atMessage(caller);
    caller.leg.press('#');
    for (const _ of [2, 3]) {
      await caller.hear('message-empty');
      await caller.hear('beep');
      await caller.pass(1000);
      caller.leg.press('#');
    }
    await caller.hear('staying');
    await caller.pass(6000);
    expect(caller.host.asked.filter((asked) => asked === 'enter')).toHaveLength(2);
    caller.leg.end();
    await caller.end();
  });

  test('that cannot be recorded leaves the caller in the line', async () => {
    const caller = call({ messageAllowed: true, ewtSec: 600 });
    caller.host.message = { kind: 'failed' };
    caller.host.messageOver = Promise.resolve();
    await caller.press('offer-message', '3');
    await caller.hear('message-failed');
    await caller.hear('staying');
    await caller.pass(6000);
    caller.leg.end();
    expect(await caller.end()).toMatchObject({ kind: 'hung-up', inLine: true });
  });

  test('is offered while closed, beside a time or alone', async () => {
    const both = call({ open: false, messageAllowed: true, scheduledAllowed: true });
    await both.hear('closed-offer');
    expect(both.leg.playingIds).toEqual(['offer-message', 'closed-offer']);
    both.leg.press('3');
    await both.hear('beep');
    await both.pass(1000);
    both.leg.press('#');
    expect(await both.end()).toEqual({ ...BOOKED, legEnded: true });
    const alone = call({ open: false, messageAllowed: true, scheduledAllowed: false });
    await alone.press('or-hang-up', '2');
    expect(await alone.end()).toMatchObject({ kind: 'finished', result: 'closed' });
  });
});

describe('announcements on hold', () => {
  test("leave out what the queue does not tell, and say the queue's own prompts in turn", async () => {
    const caller = call({ announcePosition: false });
    caller.host.holdAnnouncements = ['staying', 'keep-place'];
    await caller.pass(85_000);
    const said = caller.heard.filter((id) =>
      ['in-line', 'wait-is-about', 'staying', 'keep-place'].includes(id),
    );
    expect(said).toEqual([
      'wait-is-about',
      'staying',
      'wait-is-about',
      'keep-place',
      'wait-is-about',
      'staying',
    ]);
    caller.leg.end();
    await caller.end();
  });
});
