import { z } from 'zod';

/**
 * What a flow may ask about the call, the line and the settings. The host gives a fresh snapshot whenever
 * asked; absent values are unknown: a comparison with an unknown value is false, `known: false` asks for it.
 */
export interface FlowFacts {
  /** The virtual queue of the number dialled. */
  readonly queue?: string;
  /** What the caller dialled (DNIS), or the code keyed on an agent's phone. */
  readonly dialled?: string;
  /** The caller's number as presented; absent when withheld. */
  readonly ani?: string;
  /** The business hours say open now. */
  readonly open: boolean;
  /** An open callback of this caller exists on this queue (product rule 3.7). */
  readonly pendingCallback: boolean;
  /** A callback of some kind may be offered to this caller. */
  readonly offerAllowed: boolean;
  /** An immediate one: enabled, inside (offer) hours, outside the blackout, below the watermark. */
  readonly immediateAllowed?: boolean;
  /** One for a time of the caller's choice: enabled, below the watermark; also while closed. */
  readonly scheduledAllowed?: boolean;
  /** Now, UTC epoch ms. */
  readonly nowMs?: number;
  /** IANA zone of the queue's times. */
  readonly timeZone?: string;
  /** Nothing that begins later can be booked; UTC epoch ms. */
  readonly bookableUntilMs?: number;
  /** The language of this call reads clocks in two halves of 12 hours. */
  readonly twelveHourClock?: boolean;
  /** Beginning of the slot proposed to the caller; absent before there is one. */
  readonly slotAtMs?: number;
  /** Estimated wait of this caller, or of one who would join now; absent when nothing can be known. */
  readonly ewtSec?: number;
  /** The queue's setting: a callback is offered when the wait is above it. */
  readonly offerEwtThresholdSec: number;
  /** 1 for the next to be served; absent before the caller is in the line. */
  readonly position?: number;
  /** Callers and callbacks in the line. */
  readonly waitingCount?: number;
  /** How often position and wait are announced. */
  readonly announceIntervalSec: number;
  /** The queue's settings: what the announcement tells. */
  readonly announcePosition?: boolean;
  readonly announceWait?: boolean;
  /** The caller has waited long enough in this line and there is somewhere else to go. */
  readonly overflowDue?: boolean;
  /** The caller may leave a message. */
  readonly messageAllowed?: boolean;
  /** Time a called customer has for pressing a key. */
  readonly confirmTimeoutSec: number;
  /** Outbound attempts made so far for the callback at hand. */
  readonly attemptCount: number;
  /** Digits that requests to call in to the number dialled come with; absent: they come without. */
  readonly accessCodeLength?: number;
  /** Each request to call in has a number of its own while it waits. */
  readonly callInNumberUnique?: boolean;
  /** Told to an agent: a callback; false: a caller on hold. */
  readonly isCallback?: boolean;
  /** How long that customer has waited. */
  readonly waitedSec?: number;
  /** The agent is to press a key before being connected, within this. */
  readonly acceptKey?: boolean;
  readonly acceptKeySec?: number;
}

/** The kind of value behind each fact; conditions and phrases are checked against it when a flow is read. */
export const factKinds = {
  queue: 'text',
  dialled: 'text',
  ani: 'text',
  open: 'flag',
  pendingCallback: 'flag',
  offerAllowed: 'flag',
  immediateAllowed: 'flag',
  scheduledAllowed: 'flag',
  nowMs: 'number',
  timeZone: 'text',
  bookableUntilMs: 'number',
  twelveHourClock: 'flag',
  slotAtMs: 'number',
  ewtSec: 'number',
  offerEwtThresholdSec: 'number',
  position: 'number',
  waitingCount: 'number',
  announceIntervalSec: 'number',
  announcePosition: 'flag',
  announceWait: 'flag',
  overflowDue: 'flag',
  messageAllowed: 'flag',
  confirmTimeoutSec: 'number',
  attemptCount: 'number',
  accessCodeLength: 'number',
  callInNumberUnique: 'flag',
  isCallback: 'flag',
  waitedSec: 'number',
  acceptKey: 'flag',
  acceptKeySec: 'number',
} as const satisfies Record<keyof FlowFacts, 'text' | 'flag' | 'number'>;

export type FactName = keyof typeof factKinds;
const factNames = Object.keys(factKinds) as FactName[];

/** What the flow itself remembers: set by `collect`, `screen`, `day`, `time` and `set`. */
export const variableNames = [
  'digits',
  'number',
  'spokenNumber',
  'day',
  'time',
  'inSlot',
  'offerWithdrawn',
  'mark',
] as const;
export type VariableName = (typeof variableNames)[number];
export type Variables = Partial<Record<VariableName, string | boolean>>;

const factNameSchema = z.enum(factNames as [FactName, ...FactName[]], {
  error: () => `unknown fact; known are ${factNames.join(', ')}`,
});
const variableNameSchema = z.enum(variableNames, {
  error: () => `unknown variable; known are ${variableNames.join(', ')}`,
});

const numberNames = factNames.filter((name) => factKinds[name] === 'number');
/** A fact that holds a number, where a phrase or a limit needs one. */
export const numberFactSchema = z.enum(numberNames as [FactName, ...FactName[]], {
  error: () => `must name a fact that is a number: ${numberNames.join(', ')}`,
});

/** A number, or the fact that holds it. */
export const numberOrFactSchema = (min: number, max: number) =>
  z.union([z.number().min(min).max(max), z.strictObject({ fact: numberFactSchema })], {
    error: `must be a number from ${min} to ${max}, or {"fact": "<name of a number>"}`,
  });

/** Nesting of conditions and phrases; deeper is refused. */
export const NESTING_MAX = 4;

/**
 * What `branch`, `queue` and phrases may test. A bare fact or variable is true when it is present and not
 * false, 0 or "".
 */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | FactTest
  | VariableTest;

interface FactTest {
  readonly fact: FactName;
  readonly is?: string | number | boolean | undefined;
  readonly above?: number | { readonly fact: FactName } | undefined;
  readonly below?: number | { readonly fact: FactName } | undefined;
  readonly known?: boolean | undefined;
}

interface VariableTest {
  readonly variable: VariableName;
  readonly is?: string | boolean | undefined;
}

const comparand = numberOrFactSchema(-1e9, 1e9).optional();
const factTestSchema = z
  .strictObject({
    fact: factNameSchema,
    is: z.union([z.string().max(100), z.number(), z.boolean()]).optional(),
    above: comparand,
    below: comparand,
    known: z.boolean().optional(),
  })
  .superRefine((test, context) => {
    const kind = factKinds[test.fact];
    if (kind !== 'number' && (test.above !== undefined || test.below !== undefined)) {
      context.addIssue({
        code: 'custom',
        message: `"${test.fact}" is not a number: above and below do not apply`,
      });
    }
    const wanted = { text: 'string', flag: 'boolean', number: 'number' }[kind];
    if (test.is !== undefined && typeof test.is !== wanted) {
      context.addIssue({
        code: 'custom',
        path: ['is'],
        message: `"${test.fact}" is compared with a ${wanted}`,
      });
    }
  });
const variableTestSchema = z.strictObject({
  variable: variableNameSchema,
  is: z.union([z.string().max(100), z.boolean()]).optional(),
});

/** Chooses the form by its key, so that a fault names the field and not "no alternative matches". */
export const conditionSchema: z.ZodType<Condition> = z.lazy(() => conditionAt(NESTING_MAX));

function conditionAt(depth: number): z.ZodType<Condition> {
  return z.unknown().transform((value, context) => {
    const parsed = formOf(value, depth).safeParse(value);
    if (parsed.success) return parsed.data as Condition;
    for (const issue of parsed.error.issues) {
      context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
    }
    return z.NEVER;
  });
}

function formOf(value: unknown, depth: number): z.ZodType {
  const has = (key: string): boolean => typeof value === 'object' && value !== null && key in value;
  if (depth === 0) return z.never({ error: `conditions may be nested ${NESTING_MAX} deep at most` });
  const inner = z.lazy(() => conditionAt(depth - 1));
  if (has('all')) return z.strictObject({ all: z.array(inner).min(1).max(10) });
  if (has('any')) return z.strictObject({ any: z.array(inner).min(1).max(10) });
  if (has('not')) return z.strictObject({ not: inner });
  if (has('variable')) return variableTestSchema;
  if (has('fact')) return factTestSchema;
  return z.never({
    error: 'a condition is {"fact": …}, {"variable": …}, {"all": […]}, {"any": […]} or {"not": …}',
  });
}

/** Decides a condition. Pure. */
export function holds(condition: Condition, facts: FlowFacts, variables: Variables): boolean {
  if ('all' in condition) return condition.all.every((inner) => holds(inner, facts, variables));
  if ('any' in condition) return condition.any.some((inner) => holds(inner, facts, variables));
  if ('not' in condition) return !holds(condition.not, facts, variables);
  if ('variable' in condition) {
    const value = variables[condition.variable];
    return condition.is === undefined ? Boolean(value) : value === condition.is;
  }
  return factHolds(condition, facts);
}

function factHolds(test: FactTest, facts: FlowFacts): boolean {
  const value = facts[test.fact];
  if (test.known !== undefined && (value !== undefined) !== test.known) return false;
  if (test.is !== undefined && value !== test.is) return false;
  if (test.above !== undefined && !compare(value, test.above, facts, (a, b) => a > b)) return false;
  if (test.below !== undefined && !compare(value, test.below, facts, (a, b) => a < b)) return false;
  const isBare = test.known === undefined && test.is === undefined && test.above === undefined;
  return isBare && test.below === undefined ? Boolean(value) : true;
}

function compare(
  value: string | number | boolean | undefined,
  against: number | { readonly fact: FactName },
  facts: FlowFacts,
  decide: (a: number, b: number) => boolean,
): boolean {
  const other = numberOf(against, facts);
  return typeof value === 'number' && other !== undefined && decide(value, other);
}

/** The number itself or the fact's; undefined when the fact is unknown. */
export function numberOf(value: number | { readonly fact: FactName }, facts: FlowFacts): number | undefined {
  if (typeof value === 'number') return value;
  const found = facts[value.fact];
  return typeof found === 'number' ? found : undefined;
}
