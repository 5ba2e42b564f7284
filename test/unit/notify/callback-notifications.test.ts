import { describe, expect, it } from 'vitest';
import type { CallbackChanged } from '../../../src/callback/callback-runner.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import {
  addressed,
  isUpcoming,
  messageOf,
  upcomingMessage,
} from '../../../src/notify/callback-notifications.ts';
import { pauseAfter } from '../../../src/notify/delivery.ts';
import { aCallback } from '../../fakes/callbacks.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const nowMs = 1_767_600_000_000;
const dialing = { state: 'ROUTING', subState: 'dialing', attemptCount: 1 } as const;
const failed = { type: 'ATTEMPT_FAILED', result: 'BUSY', final: false, nowMs } as const;

/** What is said of a callback that goes from one place to another. */
function told(
  before: Partial<Callback>,
  after: Partial<Callback>,
  event: CallbackChanged['event'],
  settings: Parameters<typeof aQueue>[0] = {},
): ReturnType<typeof messageOf> {
  const change = { before: aCallback(before), callback: aCallback({ ...before, ...after }), event };
  return messageOf(change, aQueue(settings));
}

describe('what a step gives cause to say', () => {
  it('asks the customer before the call, and says until when', () => {
    const pushed = { state: 'ROUTING', subState: 'pushed', pushedAtMs: nowMs } as const;
    const message = told({}, pushed, { type: 'PUSHED', nowMs }, { pushExpiryMin: 10 });
    expect(message).toMatchObject({
      event: 'CALLBACK_READY',
      data: { action: 'confirm', _action: 'confirm', expiresAt: '2026-01-05T08:10:00.000Z' },
    });
    const dialsIn = told({}, pushed, { type: 'PUSHED', nowMs }, { callDirection: 'USERORIGINATED' });
    expect(dialsIn?.data).toMatchObject({ action: 'call-in', _action: 'connect', _id: aCallback({}).id });
  });

  it('says nothing of a question too many', () => {
    const over = { state: 'COMPLETED', reason: 'PUSH_EXPIRED' } as const;
    expect(told({}, over, { type: 'PUSHED', nowMs })).toBeUndefined();
  });

  it('tells of a failed attempt and when the next one is', () => {
    const waits = { state: 'SCHEDULED', subState: 'retry-wait', dueAtMs: nowMs + 60_000 } as const;
    expect(told(dialing, waits, failed)).toEqual({
      event: 'CALLBACK_ATTEMPT_FAILED',
      data: { attempt: '1', result: 'BUSY', maxAttempts: '3', nextAttemptAt: '2026-01-05T08:01:00.000Z' },
    });
  });

  it('tells the last failed attempt from the others', () => {
    const over = { state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED' } as const;
    expect(told(dialing, over, failed)?.event).toBe('CALLBACK_FINAL_ATTEMPT_FAILED');
  });

  it('tells of a purge with its cause', () => {
    const purged = { state: 'COMPLETED', reason: 'PURGED_END_OF_DAY' } as const;
    const event = { type: 'PURGE_REACHED', why: 'end-of-day', nowMs } as const;
    expect(told({}, purged, event)).toEqual({
      event: 'CALLBACK_PURGED',
      data: { reason: 'PURGED_END_OF_DAY' },
    });
  });

  it('says nothing of a customer who asked for another time, or was cancelled', () => {
    const waits = { state: 'SCHEDULED', subState: 'due-later' } as const;
    expect(told({ ...dialing, subState: 'confirming' }, waits, { type: 'SNOOZED', nowMs })).toBeUndefined();
    const cancelled = { state: 'COMPLETED', reason: 'CANCELLED_BY_API' } as const;
    expect(told(dialing, cancelled, { type: 'CANCELLED', by: 'api', nowMs })).toBeUndefined();
  });
});

describe('who is told', () => {
  const callback = aCallback({
    details: { pushTargets: [{ channel: 'FCM', target: 'phone' }] },
  });
  const hook = { name: 'crm', enabled: true, queues: [], events: [], triesMax: 8 };
  const settings = aQueue({ maxNotifyAttempts: 2 });
  let count = 0;
  const about = { callback, settings, nowMs, nextId: () => `notification_${++count}` };

  it('are the devices, and the webhooks that want it', () => {
    const webhooks = [
      hook,
      { ...hook, name: 'off', enabled: false },
      { ...hook, name: 'other queue', queues: ['sales'] },
      { ...hook, name: 'other event', events: ['CALLBACK_PURGED' as const] },
    ];
    const messages = addressed(upcomingMessage(90.4), { ...about, webhooks });
    expect(messages).toMatchObject([
      { channel: 'FCM', target: 'phone', triesMax: 2, data: { ewt: '90', serviceName: 'support' } },
      { channel: 'WEBHOOK', target: 'crm', triesMax: 8 },
    ]);
    expect(new Set(messages.map(({ onceKey }) => onceKey)).size).toBe(2);
  });

  it('is nobody where there is neither', () => {
    const alone = { ...about, callback: aCallback(), webhooks: [] };
    expect(addressed(upcomingMessage(90), alone)).toEqual([]);
  });
});

describe('a turn that is near', () => {
  const settings = aQueue({ pushThresholdMin: 5 });
  it.each([
    [299, null, true],
    [300, null, false],
    [-1, null, false],
    [120, nowMs + 119_000, false],
    [120, nowMs + 121_000, true],
  ])('with a wait of %i s and an end at %s is told: %s', (ewtSec, purgeAtMs, expected) => {
    expect(isUpcoming({ purgeAtMs }, ewtSec, { settings, nowMs })).toBe(expected);
  });
});

describe('the pause before another try', () => {
  it('doubles up to its limit, spread by a fifth', () => {
    expect(pauseAfter(1, null, 0.5)).toBe(2000);
    expect(pauseAfter(3, null, 0)).toBe(6400);
    expect(pauseAfter(30, null, 0.5)).toBe(900_000);
  });

  it('is as long as the receiver asks, within reason', () => {
    expect(pauseAfter(1, 60_000, 0.5)).toBe(60_000);
    expect(pauseAfter(1, 999_999_999, 0.5)).toBe(21_600_000);
  });
});
