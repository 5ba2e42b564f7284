import { describe, expect, it } from 'vitest';
import type { CallbackHappening } from '../../../src/callback/callback-runner.ts';
import { policyOf } from '../../../src/callback/callback-policy.ts';
import { stepCallback } from '../../../src/callback/callback-step.ts';
import { type Actor, type Callback, isLate } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { aCallback } from '../../fakes/callbacks.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const actor: Actor = { kind: 'system', part: 'test' };
const NOW_MS = 1_000_000;
const why = {};
const reserve = {
  type: 'DIAL_GRANTED',
  agentId: 'a1',
  held: true,
  strategy: 'customer-first-reserved',
  why,
} as const;
const grant = { type: 'DIAL_GRANTED', agentId: 'a1', held: false, strategy: 'customer-first', why } as const;
const paced = { type: 'DIAL_GRANTED', agentId: null, held: false, strategy: 'paced', why } as const;
const agent = { type: 'AGENT_RESERVED', agentId: 'a1', why } as const;
const preview = { type: 'PREVIEW_OFFERED', agentId: 'a1', strategy: 'customer-first-reserved', why } as const;
const answered = { type: 'ANSWERED' } as const;
const detecting = { type: 'ANSWERED', detecting: true } as const;
const machine = { type: 'MACHINE_DETECTED', result: 'ANSWERING_MACHINE' } as const;
const confirmed = { type: 'CONFIRMED' } as const;
const agentAnswered = { type: 'AGENT_ANSWERED' } as const;
const notConnected = { type: 'AGENT_NOT_CONNECTED' } as const;
const due = { type: 'DUE_REACHED' } as const;
const failed = (result: 'BUSY' | 'FAX' | 'NO_ANSWER' | 'ERROR_TONE', final = false): CallbackHappening => ({
  type: 'ATTEMPT_FAILED',
  result,
  final,
});
const snoozeRound = [grant, answered, { type: 'SNOOZED' }, due] as const;

type Way = readonly CallbackHappening[];
type Row = [string, Way, Partial<Callback>, readonly string[], Partial<QueueSettings>?];

const strategies: Row[] = [
  [
    'reserved: the agent is held from the grant on',
    [reserve],
    { subState: 'dialing', agentId: 'a1' },
    ['dial'],
  ],
  [
    'reserved: the confirmed customer gets the held agent',
    [reserve, answered, confirmed],
    { subState: 'ringing-agent', agentId: 'a1', agentOfferCount: 1 },
    ['ringAgent'],
  ],
  [
    'reserved: the agent is released when the attempt fails',
    [reserve, failed('BUSY')],
    { subState: 'retry-wait', agentId: null, strategy: null },
    ['releaseAgent', 'leaveLine', 'hangUpCustomer'],
  ],
  [
    'reserved: the customer waits for the next agent when the held one does not answer',
    [reserve, answered, confirmed, notConnected],
    { subState: 'waiting-for-agent', agentId: null },
    ['seekAgent'],
  ],
  [
    'reserved: an agent lost during the dial does not end it',
    [reserve, notConnected, answered, confirmed],
    { subState: 'waiting-for-agent', agentId: null },
    ['seekAgent'],
  ],
  ['paced: nobody is held', [paced], { subState: 'dialing', agentId: null, strategy: 'paced' }, ['dial']],
  [
    'agent-first: the agent is rung before any attempt',
    [agent],
    { subState: 'ringing-agent', attemptCount: 0 },
    ['ringAgent'],
  ],
  [
    'agent-first: the answer dials and is counted',
    [agent, agentAnswered],
    { subState: 'dialing', attemptCount: 1 },
    ['dial'],
  ],
  [
    'agent-first: the customer who answers is joined at once, and not asked',
    [agent, agentAnswered, answered],
    { state: 'PROCESSING', subState: 'connected', agentId: 'a1' },
    ['leaveLine', 'joinAgent'],
  ],
  [
    'agent-first: an agent who does not answer costs no attempt and no place',
    [agent, notConnected],
    { state: 'QUEUED', placeAtMs: 1000, attemptCount: 0, strategy: null },
    ['takePlace'],
  ],
  [
    'agent-first: an agent who hangs up during the dial ends the attempt',
    [agent, agentAnswered, { type: 'AGENT_HUNG_UP' }],
    { subState: 'retry-wait', attemptCount: 1, agentId: null },
    ['releaseAgent', 'leaveLine', 'hangUpCustomer'],
  ],
  [
    'agent-first: the customer gets another agent when the first had gone',
    [agent, agentAnswered, answered, notConnected],
    { subState: 'waiting-for-agent', strategy: 'customer-first', agentId: null },
    ['seekAgent'],
  ],
];

const attempts: Row[] = [
  [
    'a result may have its own interval',
    [grant, failed('BUSY')],
    { dueAtMs: NOW_MS + 30_000 },
    ['leaveLine', 'hangUpCustomer'],
    { retryByResult: { BUSY: { intervalSec: 30 } } },
  ],
  [
    'a result may be never tried again',
    [grant, failed('NO_ANSWER')],
    { state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED' },
    ['leaveLine', 'hangUpCustomer'],
    { retryByResult: { NO_ANSWER: 'never' } },
  ],
  [
    'a fax is never tried again, whatever the queue says',
    [grant, failed('FAX')],
    { state: 'COMPLETED' },
    ['leaveLine', 'hangUpCustomer'],
    { retryByResult: { FAX: { intervalSec: 1 } } },
  ],
  [
    'a vacant number is never tried again',
    [grant, failed('ERROR_TONE', true)],
    { state: 'COMPLETED' },
    ['leaveLine', 'hangUpCustomer'],
  ],
  ['detection comes before the question', [grant, detecting], { subState: 'detecting' }, []],
  [
    'a person who was detected is asked',
    [grant, detecting, { type: 'PERSON_DETECTED' }],
    { subState: 'confirming' },
    ['askConfirmation'],
  ],
  [
    'RETRY: a machine is a failed attempt',
    [grant, detecting, machine],
    { subState: 'retry-wait' },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'LEAVE_MESSAGE: after the message, too',
    [grant, detecting, machine],
    { subState: 'retry-wait' },
    ['leaveLine', 'hangUpCustomer'],
    { onAnsweringMachine: 'LEAVE_MESSAGE' },
  ],
  [
    'FAIL: a machine ends it',
    [grant, detecting, machine],
    { state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED' },
    ['leaveLine', 'hangUpCustomer'],
    { onAnsweringMachine: 'FAIL' },
  ],
  [
    'CONNECT: a machine is connected without a question',
    [grant, detecting, machine],
    { subState: 'waiting-for-agent' },
    ['seekAgent'],
    { onAnsweringMachine: 'CONNECT' },
  ],
  [
    'no key: connected all the same where the queue says so',
    [grant, answered, { type: 'NOT_CONFIRMED' }],
    { subState: 'waiting-for-agent' },
    ['seekAgent'],
    { onConfirmTimeout: 'CONNECT_ANYWAY' },
  ],
  [
    'a snooze is not held against the customer',
    [...snoozeRound, grant, failed('BUSY')],
    { subState: 'retry-wait', attemptCount: 2, snoozeCount: 1 },
    ['leaveLine', 'hangUpCustomer'],
    { maxAttempts: 2 },
  ],
  [
    'the fourth snooze is an attempt in vain',
    [...snoozeRound, ...snoozeRound, ...snoozeRound, grant, answered, { type: 'SNOOZED' }],
    { state: 'COMPLETED', reason: 'CUSTOMER_NOT_CONFIRMED', snoozeCount: 3 },
    ['leaveLine', 'hangUpCustomer'],
    { maxAttempts: 1 },
  ],
];

const others: Row[] = [
  ['a preview holds the agent', [preview], { subState: 'preview', agentId: 'a1' }, ['showCase']],
  [
    'an accepted preview dials',
    [preview, { type: 'PREVIEW_ACCEPTED' }],
    { subState: 'dialing', attemptCount: 1 },
    ['dial'],
  ],
  [
    'a rejected preview goes to the next agent',
    [preview, { type: 'PREVIEW_REJECTED' }],
    { state: 'QUEUED', previewRejectCount: 1 },
    ['releaseAgent', 'takePlace'],
  ],
  [
    'as many rejections as the queue allows end it',
    [preview, { type: 'PREVIEW_REJECTED' }, preview, { type: 'PREVIEW_REJECTED' }],
    { state: 'COMPLETED', reason: 'PREVIEW_REJECTED', previewRejectCount: 2 },
    ['releaseAgent', 'leaveLine'],
    { previewRejectMax: 2 },
  ],
  [
    'a preview without an answer keeps the place',
    [preview, { type: 'PREVIEW_TIMED_OUT' }],
    { state: 'QUEUED', previewRejectCount: 0 },
    ['releaseAgent', 'takePlace'],
  ],
  [
    'a push runs out after its time',
    [{ type: 'PUSHED' }],
    { subState: 'pushed', pushCount: 1, dueAtMs: NOW_MS + 600_000 },
    ['leaveLine'],
  ],
  [
    'a second push does not give more time',
    [{ type: 'PUSHED' }, { type: 'PUSHED' }],
    { pushCount: 2, pushedAtMs: NOW_MS, dueAtMs: NOW_MS + 600_000 },
    [],
  ],
  [
    'an unanswered push ends it',
    [{ type: 'PUSHED' }, due],
    { state: 'COMPLETED', reason: 'PUSH_EXPIRED' },
    ['leaveLine'],
  ],
  [
    'an accepted push takes the old place',
    [{ type: 'PUSHED' }, { type: 'PUSH_ACCEPTED' }],
    { state: 'QUEUED', placeAtMs: 1000 },
    ['takePlace'],
  ],
  [
    'a blocked number ends it before the dial',
    [{ type: 'NUMBER_REFUSED', reason: 'NUMBER_BLOCKED' }],
    { state: 'COMPLETED', reason: 'NUMBER_BLOCKED', attemptCount: 0 },
    ['leaveLine'],
  ],
  [
    'a country that is not permitted, too',
    [{ type: 'NUMBER_REFUSED', reason: 'COUNTRY_NOT_PERMITTED' }],
    { reason: 'COUNTRY_NOT_PERMITTED' },
    ['leaveLine'],
  ],
  [
    'a closed calling window waits and keeps the place',
    [{ type: 'CALLING_WINDOW_CLOSED', untilMs: 9_000_000 }],
    { state: 'SCHEDULED', dueAtMs: 9_000_000, placeAtMs: 1000, queuedAtMs: null },
    ['leaveLine'],
  ],
  [
    'a window that opens at once waits a minute',
    [{ type: 'CALLING_WINDOW_CLOSED', untilMs: NOW_MS }],
    { dueAtMs: NOW_MS + 60_000 },
    ['leaveLine'],
  ],
  [
    'a customer who calls in is served once',
    [{ type: 'SERVED_INBOUND' }],
    { state: 'COMPLETED', reason: 'SERVED_INBOUND' },
    ['leaveLine'],
  ],
  [
    'another time now moves the place to now',
    [{ type: 'RESCHEDULED', desiredAtMs: 5 }],
    { state: 'QUEUED', placeAtMs: NOW_MS, desiredAtMs: 5 },
    ['takePlace'],
  ],
];

function walk(way: Way, changes: Partial<QueueSettings> = {}): { callback: Callback; effects: string[] } {
  const policy = policyOf(aQueue(changes));
  let callback = aCallback();
  let effects: string[] = [];
  for (const happening of way) {
    const event = { ...happening, nowMs: NOW_MS } as Parameters<typeof stepCallback>[1];
    const step = stepCallback(callback, event, actor, policy);
    if (step.kind === 'refused')
      throw new Error(`${happening.type} in ${callback.state}/${callback.subState}`);
    callback = step.callback;
    effects = step.effects.map(({ type }) => type);
  }
  return { callback, effects };
}

describe.each([
  ['strategies', strategies],
  ['attempts', attempts],
  ['preview, push, screening and other times', others],
])('%s', (_name, rows) => {
  it.each(rows)('%s', (_row, way, expected, effects, changes) => {
    const end = walk(way, changes);
    expect(end.callback).toMatchObject(expected);
    expect(end.effects).toEqual(effects);
  });
});

const refusals: [string, Way, CallbackHappening][] = [
  ['a fourth push', [{ type: 'PUSHED' }, { type: 'PUSHED' }, { type: 'PUSHED' }], { type: 'PUSHED' }],
  ['a dial for agent-first without the agent', [], { ...grant, strategy: 'agent-first' }],
  ['a held dial without an agent', [], { ...reserve, agentId: null }],
  ['a reschedule while the customer is called', [grant], { type: 'RESCHEDULED', desiredAtMs: 5 }],
  ['a purge while the customer is called', [grant], { type: 'PURGE_REACHED', why: 'timeout' }],
  ['an agent who hangs up when none is on the line', [grant], { type: 'AGENT_HUNG_UP' }],
  ['a second joining', [agent, agentAnswered, answered, { type: 'CONNECTED' }], { type: 'CONNECTED' }],
];
it.each(refusals)('%s is refused and changes nothing', (_name, way, happening) => {
  const { callback } = walk(way);
  const event = { ...happening, nowMs: NOW_MS } as Parameters<typeof stepCallback>[1];
  const step = stepCallback(callback, event, actor, policyOf(aQueue()));
  expect(step).toMatchObject({
    kind: 'refused',
    event: { kind: 'REFUSED', data: { event: happening.type } },
  });
  expect(step.callback).toBe(callback);
});

it('keeps why the router decided in the history', () => {
  const step = stepCallback(
    aCallback(),
    { ...grant, why: { rule: 'head' }, nowMs: 1 },
    actor,
    policyOf(aQueue()),
  );
  expect(step.event).toMatchObject({ kind: 'DIAL_GRANTED', actor, atMs: 1, data: { why: { rule: 'head' } } });
});

it.each([
  ['within its window', 120_000, {}, false],
  ['beyond its window', 120_001, {}, true],
  ['waiting for its second attempt', 500_000, { attemptCount: 1 }, false],
  ['in the line', 500_000, { state: 'QUEUED' }, false],
] as const)('a callback %s is late or not', (_name, nowMs, changes, late) => {
  const callback = aCallback({ state: 'SCHEDULED', subState: 'due-later', desiredAtMs: 0, ...changes });
  expect(isLate(callback, nowMs)).toBe(late);
});
