import type { CallbackEffect, CallbackMachineEvent } from '../../src/callback/callback-events.ts';
import type { CallbackPolicy } from '../../src/callback/callback-policy.ts';
import { QUEUE_MISSING_MAX_MS } from '../../src/callback/callback-machine-setup.ts';
import { stepCallback } from '../../src/callback/callback-step.ts';
import type { Actor, Callback } from '../../src/callback/callback.ts';
import { newCallback } from '../../src/callback/new-callback.ts';

const actor: Actor = { kind: 'system', part: 'exploration' };
const START_MS = 1_000_000;
/** Time that passes between two events that are not brought by the clock. */
const TICK_MS = 1000;

/** Steps of the clock within which every callback must have ended. */
const ALONE_STEPS_MAX = 100;

/** Where the exploration stands: the record, and what the telephone has up by the effects so far. */
interface Node {
  readonly callback: Callback;
  /** The agent that effects and events have reserved and not released yet. */
  readonly agentId: string | null;
  readonly customerCalled: boolean;
  readonly inLine: boolean;
  readonly nowMs: number;
}

export interface Explored {
  readonly stateCount: number;
  readonly transitionCount: number;
  readonly refusedCount: number;
  /** Longest shortest way to a state, in events. */
  readonly depth: number;
  /** True when no state was left to be looked at: every sequence of any length has been covered. */
  readonly complete: boolean;
  /** Longest way to the end by the clock alone, in events. */
  readonly aloneMax: number;
  readonly reasons: ReadonlySet<string>;
  readonly places: ReadonlySet<string>;
}

type Happening = CallbackMachineEvent extends infer E
  ? E extends CallbackMachineEvent
    ? Omit<E, 'nowMs'>
    : never
  : never;

const why = {};
/** Every event, in every shape that changes what the machine does with it. */
const happenings: readonly Happening[] = [
  { type: 'DIAL_GRANTED', agentId: 'a1', held: false, strategy: 'customer-first', why },
  { type: 'DIAL_GRANTED', agentId: null, held: false, strategy: 'paced', why },
  { type: 'DIAL_GRANTED', agentId: 'a1', held: true, strategy: 'customer-first-reserved', why },
  { type: 'DIAL_GRANTED', agentId: null, held: true, strategy: 'customer-first-reserved', why },
  { type: 'DIAL_GRANTED', agentId: 'a1', held: true, strategy: 'agent-first', why },
  { type: 'DIAL_GRANTED', agentId: 'a1', held: true, strategy: 'preview', why },
  { type: 'AGENT_RESERVED', agentId: 'a2', why },
  { type: 'NUMBER_REFUSED', reason: 'NUMBER_BLOCKED' },
  { type: 'CALLING_WINDOW_CLOSED', untilMs: START_MS },
  { type: 'CUSTOMER_ENGAGED' },
  { type: 'PREVIEW_OFFERED', agentId: 'a1', strategy: 'agent-first', why },
  { type: 'PREVIEW_OFFERED', agentId: 'a1', strategy: 'customer-first-reserved', why },
  { type: 'PREVIEW_ACCEPTED' },
  { type: 'PREVIEW_REJECTED' },
  { type: 'PREVIEW_TIMED_OUT' },
  { type: 'PUSHED' },
  { type: 'PUSH_ACCEPTED' },
  { type: 'PUSH_EXPIRED' },
  { type: 'ANSWERED' },
  { type: 'ANSWERED', detecting: true },
  { type: 'PERSON_DETECTED' },
  { type: 'MACHINE_DETECTED', result: 'ANSWERING_MACHINE' },
  { type: 'MACHINE_DETECTED', result: 'FAX' },
  { type: 'ATTEMPT_FAILED', result: 'BUSY', final: false },
  { type: 'ATTEMPT_FAILED', result: 'ERROR_TONE', final: true },
  { type: 'CONFIRMED' },
  { type: 'NOT_CONFIRMED' },
  { type: 'AGENT_ANSWERED' },
  { type: 'AGENT_NOT_CONNECTED' },
  { type: 'CONNECTED' },
  { type: 'CUSTOMER_HUNG_UP' },
  { type: 'AGENT_HUNG_UP' },
  { type: 'CALLS_LOST' },
  { type: 'WRAP_UP_DONE' },
  { type: 'WRAP_UP_DONE', agentId: 'a2' },
  { type: 'HANDED_OVER', agentId: 'a2' },
  { type: 'TRANSFERRED', to: { kind: 'queue', queue: 'sales' } },
  { type: 'SNOOZED' },
  { type: 'CANCELLED', by: 'customer' },
  { type: 'SERVED_INBOUND' },
  { type: 'RESCHEDULED_BY_AGENT', desiredAtMs: START_MS * 2, newId: 'callback_2' },
];

/** The events that can come now: all of the above, the clock where something is due, a wish for a new time. */
function eventsFrom({ callback, nowMs }: Node, rescheduleMax: number): CallbackMachineEvent[] {
  const { state, subState, dueAtMs, purgeAtMs, purgeCause, queueMissingSinceMs } = callback;
  const now = nowMs + TICK_MS;
  const events = happenings.map((happening): CallbackMachineEvent => ({ ...happening, nowMs: now }));
  const due = dueAtMs ?? now;
  events.push({ type: 'DUE_REACHED', nowMs: Math.max(now, due) });
  events.push({ type: 'QUEUE_MISSING', nowMs: Math.max(now, due) });
  if (queueMissingSinceMs !== null) {
    events.push({ type: 'QUEUE_MISSING', nowMs: Math.max(now, queueMissingSinceMs + QUEUE_MISSING_MAX_MS) });
  }
  const purgeable = state === 'QUEUED' || subState === 'retry-wait';
  if (purgeable && purgeAtMs !== null && purgeCause !== null) {
    events.push({ type: 'PURGE_REACHED', why: purgeCause, nowMs: Math.max(now, purgeAtMs) });
  }
  if (rescheduleMax > 0) {
    events.push({ type: 'RESCHEDULED', desiredAtMs: now + 86_400_000, nowMs: now });
    events.push({ type: 'RESCHEDULED', desiredAtMs: now, nowMs: now });
  }
  return events;
}

/**
 * What makes two nodes the same for every future: the whole record; of an instant, whether there is one.
 */
function keyOf({ callback, agentId, customerCalled, inLine }: Node): string {
  // An ended callback takes nothing: how it came to its end makes no difference any more.
  if (callback.state === 'COMPLETED') return `COMPLETED ${callback.reason}`;
  const facts = Object.entries(callback).map(([field, value]) => {
    if (field === 'version') return null;
    return field.endsWith('Ms') ? value !== null : value;
  });
  return JSON.stringify([facts, agentId, customerCalled, inLine]);
}

/** Breadth-first over every distinct state that events can lead to. Throws at the first broken rule. */
export function explore(policy: CallbackPolicy, options: { depthMax: number; statesMax: number }): Explored {
  const first = newCallback(
    { virtualQueue: 'support', customerNumber: '+12025550100', origin: 'api', language: 'en' },
    { id: 'callback_1', nowMs: START_MS, priorityInitial: 0, policy },
  );
  const base = { agentId: null, customerCalled: false, nowMs: START_MS };
  const later = {
    state: 'SCHEDULED',
    subState: 'due-later',
    queuedAtMs: null,
    dueAtMs: START_MS * 2,
  } as const;
  let frontier: Node[] = [
    { ...base, callback: first, inLine: true },
    { ...base, callback: { ...first, ...later, purgeAtMs: null, purgeCause: null }, inLine: false },
  ];
  const seen = new Set(frontier.map(keyOf));
  const alone = new Map<string, number>();
  const found = { transitionCount: 0, refusedCount: 0, depth: 0 };
  const reasons = new Set<string>();
  const places = new Set<string>();
  while (frontier.length > 0 && found.depth < options.depthMax && seen.size < options.statesMax) {
    const next: Node[] = [];
    for (const node of frontier) {
      let tookDue = false;
      places.add(`${node.callback.state}/${node.callback.subState}`);
      for (const event of eventsFrom(node, 1)) {
        const step = stepCallback(node.callback, event, actor, policy);
        if (step.kind === 'refused') {
          found.refusedCount++;
          if (step.callback !== node.callback)
            throw new Error(`${event.type} was refused and changed something`);
          continue;
        }
        found.transitionCount++;
        if (event.type === 'DUE_REACHED') tookDue = true;
        const after = follow(node, event, step.callback, step.effects, policy);
        if (after.callback.reason !== null) reasons.add(after.callback.reason);
        const key = keyOf(after);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(after);
      }
      const ended = node.callback.state === 'COMPLETED';
      if (ended === tookDue) throw new Error(`DUE_REACHED in ${describe(node)}`);
      endsAlone(node, policy, alone);
    }
    if (next.length > 0) found.depth++;
    frontier = next;
  }
  const aloneMax = Math.max(...alone.values());
  return { ...found, stateCount: seen.size, complete: frontier.length === 0, aloneMax, reasons, places };
}

/** Left alone, with nothing but time passing, a callback comes to its end: in so many steps. */
function endsAlone(node: Node, policy: CallbackPolicy, known: Map<string, number>, stepCount = 0): number {
  if (node.callback.state === 'COMPLETED') return 0;
  const key = keyOf(node);
  const before = known.get(key);
  if (before !== undefined) return before;
  if (stepCount > ALONE_STEPS_MAX) throw new Error(`goes round in circles: ${describe(node)}`);
  const event = { type: 'DUE_REACHED', nowMs: node.callback.dueAtMs ?? node.nowMs } as const;
  const step = stepCallback(node.callback, event, actor, policy);
  if (step.kind === 'refused') throw new Error(`stuck in ${describe(node)}`);
  const next = follow(node, event, step.callback, step.effects, policy);
  const count = endsAlone(next, policy, known, stepCount + 1) + 1;
  known.set(key, count);
  return count;
}

/** The node after a step; throws when the step breaks a rule. */
function follow(
  before: Node,
  event: CallbackMachineEvent,
  callback: Callback,
  effects: readonly CallbackEffect[],
  policy: CallbackPolicy,
): Node {
  const fail = (message: string): never => {
    const path = `${event.type} in ${describe(before)} → ${callback.state}/${callback.subState}`;
    throw new Error(`${message}: ${path} with ${JSON.stringify(effects)}`);
  };
  if (before.callback.state === 'COMPLETED') fail('an ended callback goes on');
  let { agentId, customerCalled, inLine } = before;
  const taken = agentTakenBy(event, before);
  if (taken !== null) {
    if (agentId !== null) fail(`${agentId} and ${taken} are held at once`);
    agentId = taken;
  }
  if (event.type === 'AGENT_NOT_CONNECTED' || event.type === 'TRANSFERRED') agentId = null;
  if (event.type === 'HANDED_OVER') ({ agentId } = event);
  if (customerGoneBy(event)) customerCalled = false;
  for (const effect of effects) {
    switch (effect.type) {
      case 'takePlace':
        inLine = true;
        break;
      case 'leaveLine':
        inLine = false;
        break;
      case 'dial':
        if (effect.params.attempt !== before.callback.attemptCount + 1) fail('a dial that is not counted');
        if (customerCalled) fail('a second call to the customer');
        customerCalled = true;
        break;
      case 'hangUpCustomer':
        customerCalled = false;
        break;
      case 'releaseAgent':
        if (agentId !== effect.params.agentId) fail('an agent is released who is not held');
        agentId = null;
        break;
      case 'ringAgent':
      case 'joinAgent':
      case 'showCase':
        if (agentId !== effect.params.agentId) fail('an agent is rung who is not held');
        break;
      case 'askConfirmation':
        if (!customerCalled) fail('nobody is there to confirm');
        break;
      case 'seekAgent':
        inLine = true;
        if (!customerCalled || agentId !== null) fail('an agent is sought for nothing');
        break;
      default:
        effect satisfies never;
    }
  }
  const after = { callback, agentId, customerCalled, inLine, nowMs: event.nowMs };
  const broken = brokenRule(after, policy);
  if (broken) fail(broken);
  return after;
}

function agentTakenBy(event: CallbackMachineEvent, before: Node): string | null {
  if (event.type === 'AGENT_RESERVED' || event.type === 'PREVIEW_OFFERED') return event.agentId;
  const granted = event.type === 'DIAL_GRANTED' && event.held && before.callback.state === 'QUEUED';
  return granted ? event.agentId : null;
}

function customerGoneBy(event: CallbackMachineEvent): boolean {
  const { type } = event;
  return type === 'CUSTOMER_HUNG_UP' || type === 'ATTEMPT_FAILED' || type === 'TRANSFERRED';
}

/** What must hold in every state. */
function brokenRule(
  { callback, agentId, customerCalled, inLine, nowMs }: Node,
  policy: CallbackPolicy,
): string | undefined {
  const { state, subState, reason, dueAtMs, attemptCount, snoozeCount, expiredPassCount, pushCount } =
    callback;
  const ended = state === 'COMPLETED';
  if (ended !== (reason !== null)) return `reason ${reason} in ${state}`;
  if (ended !== (callback.completedAtMs !== null)) return 'the instant of the end is wrong';
  if (ended !== (dueAtMs === null)) return `due at ${dueAtMs}`;
  if (dueAtMs !== null && subState !== 'pushed' && dueAtMs < nowMs) return 'due in the past';
  const waits = state === 'SCHEDULED' || state === 'QUEUED';
  if (waits && callback.strategy !== null) return 'a strategy outside a pass';
  if (waits && callback.agentId !== null) return 'an agent while nobody is called';
  if ((waits || ended) && agentId !== null) return `${agentId} is held for ever`;
  if ((waits || ended) && customerCalled) return 'a call stays up';
  if (state === 'ROUTING' && agentId !== callback.agentId) return `record says agent ${callback.agentId}`;
  // A customer who is asked first is in nobody's way meanwhile.
  const isAside = state === 'SCHEDULED' || state === 'PROCESSING' || subState === 'pushed';
  if (isAside || ended ? inLine : !inLine) {
    return inLine ? 'a token stays in the line' : 'no token in the line';
  }
  if (snoozeCount > 3 || expiredPassCount > policy.maxAttempts + 3) return 'too many passes';
  if (attemptCount > policy.maxAttempts + snoozeCount) return `attempt ${attemptCount}`;
  if (pushCount > policy.maxPushes) return `push ${pushCount}`;
  if (callback.agentOfferCount > policy.maxAgentOffers) return `offer ${callback.agentOfferCount}`;
  if (callback.previewRejectCount > policy.maxPreviewRejects) return 'one rejection too many';
  return undefined;
}

function describe({ callback }: Node): string {
  const { state, subState, strategy, attemptCount } = callback;
  return `${state}/${subState} (${strategy}, attempt ${attemptCount})`;
}
