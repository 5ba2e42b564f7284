import { beforeAll, describe, expect, test } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { Conversation, repositoryFlows } from './conversation.ts';

let library: FlowLibrary;
beforeAll(async () => {
  library = await repositoryFlows();
});

function answer(language = 'en'): Conversation {
  return new Conversation(library.require('outbound-confirm'), library.audioMs).start(language);
}

describe('a customer who has answered the callback', () => {
  test('confirms with 1 and the call stays up', async () => {
    const customer = answer();
    await customer.press('confirm-menu', '1');
    expect(await customer.end()).toEqual({ kind: 'finished', result: 'confirmed', legEnded: false });
    expect(customer.leg.termination).toBeUndefined();
    expect(customer.heard).toEqual(['callback-from', 'confirm-menu', 'connecting']);
  });

  test('confirms before the menu has begun', async () => {
    const customer = answer();
    await customer.press('callback-from', '1');
    expect(await customer.end()).toMatchObject({ result: 'confirmed' });
    expect(customer.heard).not.toContain('confirm-menu');
  });

  test('snoozes with 2', async () => {
    const customer = answer();
    await customer.press('confirm-menu', '2');
    expect(await customer.end()).toEqual({ kind: 'finished', result: 'snoozed', legEnded: true });
  });

  test('cancels with 9', async () => {
    const customer = answer();
    await customer.press('confirm-menu', '9');
    expect(await customer.end()).toEqual({ kind: 'finished', result: 'cancelled', legEnded: true });
  });

  test('presses nothing and is let go after the confirm time', async () => {
    const customer = answer();
    await customer.hear('confirm-menu');
    const askedAtMs = customer.clock.nowMs();
    await customer.hear('no-key');
    expect(customer.clock.nowMs() - askedAtMs).toBe(30_000);
    expect(await customer.end()).toEqual({ kind: 'finished', result: 'no-key', legEnded: true });
    expect(customer.heard.filter((id) => id === 'confirm-menu').length).toBeGreaterThan(1);
  });

  test('has the confirm time of the queue', async () => {
    const customer = answer();
    customer.host.change({ confirmTimeoutSec: 10 });
    await customer.hear('confirm-menu');
    const askedAtMs = customer.clock.nowMs();
    await customer.hear('no-key');
    expect(customer.clock.nowMs() - askedAtMs).toBe(10_000);
    await customer.end();
  });

  test('is corrected after a wrong key and may still confirm', async () => {
    const customer = answer();
    await customer.press('confirm-menu', '5');
    await customer.hear('not-understood');
    await customer.press('confirm-menu', '1');
    expect(await customer.end()).toMatchObject({ result: 'confirmed' });
  });

  test('who leans on wrong keys does not lengthen the confirm time', async () => {
    const customer = answer();
    await customer.hear('confirm-menu');
    const askedAtMs = customer.clock.nowMs();
    while (!customer.heard.includes('no-key')) {
      customer.leg.press('5');
      await customer.pass(500);
    }
    expect(customer.clock.nowMs() - askedAtMs).toBeLessThanOrEqual(30_500);
    expect(await customer.end()).toMatchObject({ result: 'no-key' });
  });

  test.each(['callback-from', 'confirm-menu'])('hangs up during "%s"', async (prompt) => {
    const customer = answer();
    await customer.hear(prompt);
    customer.leg.end();
    expect(await customer.end()).toMatchObject({ kind: 'hung-up', inLine: false });
  });

  test.each([
    ['9', 'cancelled'],
    ['2', 'snoozed'],
  ] as const)('hangs up right after %s: the wish holds all the same', async (key, result) => {
    for (const isHeard of [false, true]) {
      const customer = answer();
      await customer.hear('confirm-menu');
      customer.leg.press(key);
      if (isHeard) await customer.hear(result);
      customer.leg.end();
      expect(await customer.end()).toMatchObject({ kind: 'finished', result });
    }
  });

  test('hangs up on the confirming key: that is no confirmation', async () => {
    const customer = answer();
    await customer.hear('confirm-menu');
    customer.leg.press('1');
    customer.leg.end();
    expect(await customer.end()).toMatchObject({ kind: 'hung-up' });
  });

  test('hears German where the callback was booked in German', async () => {
    const customer = answer('de-AT');
    await customer.hear('confirm-menu');
    expect(customer.leg.playing).toEqual([{ kind: 'file', path: 'de/confirm-menu.wav' }]);
    customer.leg.end();
    await customer.end();
  });

  test('hears English where the language is not spoken here', async () => {
    const customer = answer('sv');
    await customer.hear('confirm-menu');
    expect(customer.leg.playing).toEqual([{ kind: 'file', path: 'en/confirm-menu.wav' }]);
    customer.leg.end();
    await customer.end();
  });
});

describe('an agent who dials a code', () => {
  test.each([
    ['*81', 'ready', 'done', 'agent-ready', 'done'],
    ['*82', 'not-ready', 'done', 'agent-not-ready', 'done'],
    ['*83', 'logged-out', 'done', 'agent-logged-out', 'done'],
    ['*84', 'wrap-up-done', 'done', 'agent-wrap-up-done', 'done'],
    ['*84', 'wrap-up-done', 'refused', 'agent-refused', 'fault'],
  ] as const)(
    '%s asks for %s, which is %s, and hears "%s"',
    async (dialled, change, answer, said, result) => {
      const agent = new Conversation(library.require('agent-codes'), library.audioMs);
      agent.host.current = { ...agent.host.current, dialled };
      agent.host.agentAnswer = answer;
      agent.start();
      expect(await agent.end()).toEqual({ kind: 'finished', result, legEnded: true });
      expect(agent.host.asked).toEqual([`agent ${change}`]);
      expect(agent.heard).toEqual([said]);
    },
  );

  test('that does not exist hears so and changes nothing', async () => {
    const agent = new Conversation(library.require('agent-codes'), library.audioMs);
    agent.host.current = { ...agent.host.current, dialled: '*85' };
    expect(await agent.start().end()).toMatchObject({ result: 'fault' });
    expect(agent.host.asked).toEqual([]);
    expect(agent.heard).toEqual(['unknown-code']);
  });
});
