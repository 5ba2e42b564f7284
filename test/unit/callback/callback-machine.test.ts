import { describe, expect, it } from 'vitest';
import type { CallbackMachineEvent } from '../../../src/callback/callback-events.ts';
import { policyOf } from '../../../src/callback/callback-policy.ts';
import { stepCallback } from '../../../src/callback/callback-step.ts';
import type { Actor, Callback } from '../../../src/callback/callback.ts';
import { aCallback } from '../../fakes/callbacks.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const actor: Actor = { kind: 'system', part: 'test' };
const policy = policyOf(aQueue({ maxAttempts: 2, maxAgentTransferAttempts: 2 }));

type Happening = CallbackMachineEvent extends infer E
  ? E extends CallbackMachineEvent
    ? Omit<E, 'nowMs'>
    : never
  : never;

/** Runs events from QUEUED; each entry is the event and where the callback must be after it. */
function walk(
  happenings: readonly Happening[],
  from = aCallback(),
): { callback: Callback; effects: string[] } {
  let callback = from;
  let effects: string[] = [];
  for (const happening of happenings) {
    const step = stepCallback(callback, { ...happening, nowMs: 1000 }, actor, policy);
    expect(step.kind, `${happening.type} in ${callback.state}/${callback.subState}`).toBe('taken');
    callback = step.callback;
    effects = step.kind === 'taken' ? step.effects.map((effect) => effect.type) : [];
  }
  return { callback, effects };
}

const grant = {
  type: 'DIAL_GRANTED',
  agentId: 'a1',
  held: false,
  strategy: 'customer-first',
  why: {},
} as const;
const answered = { type: 'ANSWERED' } as const;
const confirmed = { type: 'CONFIRMED' } as const;
const reserved = { type: 'AGENT_RESERVED', agentId: 'a1', why: {} } as const;
const busy = { type: 'ATTEMPT_FAILED', result: 'BUSY', final: false } as const;
const due = { type: 'DUE_REACHED' } as const;

const paths: [string, Happening[], Partial<Callback>, string[]][] = [
  [
    'a granted dial starts the first attempt',
    [grant],
    { state: 'ROUTING', subState: 'dialing', attemptCount: 1 },
    ['dial'],
  ],
  ['an answer asks for the confirmation', [grant, answered], { subState: 'confirming' }, ['askConfirmation']],
  [
    'a confirmed customer seeks an agent',
    [grant, answered, confirmed],
    { subState: 'waiting-for-agent' },
    ['seekAgent'],
  ],
  [
    'a reserved agent is rung',
    [grant, answered, confirmed, reserved],
    { subState: 'ringing-agent', agentId: 'a1', agentOfferCount: 1 },
    ['ringAgent'],
  ],
  [
    'customer and agent talk',
    [grant, answered, confirmed, reserved, { type: 'CONNECTED' }],
    { state: 'PROCESSING', subState: 'connected' },
    ['leaveLine'],
  ],
  [
    'after the conversation the agent wraps up',
    [grant, answered, confirmed, reserved, { type: 'CONNECTED' }, { type: 'CUSTOMER_HUNG_UP' }],
    { state: 'PROCESSING', subState: 'after-call-work' },
    ['hangUpCustomer', 'releaseAgent'],
  ],
  [
    'wrap-up completes it',
    [
      grant,
      answered,
      confirmed,
      reserved,
      { type: 'CONNECTED' },
      { type: 'AGENT_HUNG_UP' },
      { type: 'WRAP_UP_DONE' },
    ],
    { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', dueAtMs: null, completedAtMs: 1000 },
    [],
  ],
  [
    'busy waits for the retry interval',
    [grant, busy],
    { state: 'SCHEDULED', subState: 'retry-wait', dueAtMs: 601_000 },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'the retry takes the old place',
    [grant, busy, due],
    { state: 'QUEUED', subState: null, placeAtMs: 1000 },
    ['takePlace'],
  ],
  [
    'the last attempt ends it',
    [grant, busy, due, grant, busy],
    { state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 2 },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'a final result is not tried again',
    [grant, { type: 'ATTEMPT_FAILED', result: 'ERROR_TONE', final: true }],
    { state: 'COMPLETED', reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 1 },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'no key pressed is a failed attempt',
    [grant, answered, { type: 'NOT_CONFIRMED' }],
    { subState: 'retry-wait' },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'no key pressed on the last attempt says so',
    [grant, busy, due, grant, answered, { type: 'NOT_CONFIRMED' }],
    { state: 'COMPLETED', reason: 'CUSTOMER_NOT_CONFIRMED' },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'later pressed is called later',
    [grant, answered, { type: 'SNOOZED' }],
    { state: 'SCHEDULED', subState: 'due-later', dueAtMs: 301_000 },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'an agent who does not answer brings the next one',
    [grant, answered, confirmed, reserved, { type: 'AGENT_NOT_CONNECTED' }],
    { subState: 'waiting-for-agent', agentId: null, agentOfferCount: 1 },
    ['seekAgent'],
  ],
  [
    'when no agent is left to try the customer is told so',
    [
      grant,
      answered,
      confirmed,
      reserved,
      { type: 'AGENT_NOT_CONNECTED' },
      reserved,
      { type: 'AGENT_NOT_CONNECTED' },
    ],
    { state: 'COMPLETED', reason: 'NO_AGENT' },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'a customer who hangs up while the agent rings releases the agent',
    [grant, answered, confirmed, reserved, { type: 'CUSTOMER_HUNG_UP' }],
    { state: 'COMPLETED', reason: 'CUSTOMER_ABANDONED', agentId: null },
    ['releaseAgent', 'leaveLine'],
  ],
  [
    'calls lost while an agent rang count as made',
    [grant, answered, confirmed, reserved, { type: 'CALLS_LOST' }],
    { subState: 'retry-wait', agentId: null, attemptCount: 1 },
    ['releaseAgent', 'leaveLine', 'hangUpCustomer'],
  ],
  [
    'a dial that never reports is ended by its due instant',
    [grant, due],
    { subState: 'retry-wait' },
    ['leaveLine', 'hangUpCustomer'],
  ],
  [
    'cancel while the agent rings silences everything',
    [grant, answered, confirmed, reserved, { type: 'CANCELLED', by: 'admin' }],
    { state: 'COMPLETED', reason: 'CANCELLED_BY_ADMIN' },
    ['releaseAgent', 'leaveLine', 'hangUpCustomer'],
  ],
];

describe('the callback machine', () => {
  it.each(paths)('%s', (_name, happenings, expected, effects) => {
    const end = walk(happenings);
    expect(end.callback).toMatchObject(expected);
    expect(end.effects).toEqual(effects);
  });

  it('skips the question when the queue does not require a confirmation', () => {
    const lenient = policyOf(aQueue({ requireConfirm: false }));
    const dialled = walk([grant]).callback;
    const step = stepCallback(dialled, { type: 'ANSWERED', nowMs: 5 }, actor, lenient);
    expect(step.callback.subState).toBe('waiting-for-agent');
  });

  it.each(['connected', 'after-call-work'] as const)(
    'refuses cancel in PROCESSING (%s) and changes nothing',
    (subState) => {
      const busyWithAgent = aCallback({ state: 'PROCESSING', subState, agentId: 'a1', attemptCount: 1 });
      const step = stepCallback(busyWithAgent, { type: 'CANCELLED', by: 'api', nowMs: 1 }, actor, policy);
      expect(step.kind).toBe('refused');
      expect(step.callback).toBe(busyWithAgent);
      expect(step.event).toMatchObject({ kind: 'REFUSED', data: { event: 'CANCELLED' } });
    },
  );

  it('takes nothing more once completed', () => {
    const done = aCallback({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    for (const type of ['DUE_REACHED', 'ANSWERED', 'CUSTOMER_HUNG_UP', 'CALLS_LOST'] as const) {
      expect(stepCallback(done, { type, nowMs: 1 }, actor, policy).kind).toBe('refused');
    }
  });

  it('never dials twice for one grant', () => {
    const dialled = walk([grant]).callback;
    expect(stepCallback(dialled, { ...grant, nowMs: 2 }, actor, policy).kind).toBe('refused');
  });
});
