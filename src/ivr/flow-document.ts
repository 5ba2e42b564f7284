import { z } from 'zod';
import { criteria } from '../telephony/call-in-criterion.ts';
import { conditionSchema, numberOrFactSchema } from './flow-facts.ts';
import { phraseSchema } from './phrase.ts';

/** States of one flow; more is refused. */
export const STATES_MAX = 200;
/** Bytes of a flow file; more is refused unread. */
export const FLOW_FILE_BYTES_MAX = 256 * 1024;

const stateName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens, at most 64');
/** Outcome of the state's action → next state. */
const on = z.record(z.string().max(64), stateName).default({});

/** Fields of every state. */
const common = {
  on,
  /** Why the state is there, for people. */
  note: z.string().max(500).optional(),
  /** Entering more often than this gives the outcome `exhausted` instead of acting. */
  visitsMax: z.int().min(1).max(100).optional(),
};
/** Fields of states that wait for one key. */
const keys = {
  phrase: phraseSchema,
  /** Said after a key that has no transition. Default: nothing. */
  invalidPhrase: phraseSchema.optional(),
  /** Said after silence. Default: nothing. */
  silencePhrase: phraseSchema.optional(),
  /** Wait for a key after the phrase. */
  timeoutSec: numberOrFactSchema(1, 120).default(5),
  /** The phrase is played this often at most. */
  triesMax: z.int().min(1).max(20).default(3),
  /** All tries together last this long at most. Default: no limit beside the tries. */
  withinSec: numberOrFactSchema(1, 300).optional(),
};

/** One state's action; docs/flows.md explains each for engineers. */
export const actionSchemas = {
  play: z.strictObject({
    do: z.literal('play'),
    phrase: phraseSchema,
    bargeIn: z.boolean().default(true),
    ...common,
  }),
  say: z.strictObject({
    do: z.literal('say'),
    phrase: phraseSchema,
    bargeIn: z.boolean().default(true),
    ...common,
  }),
  wait: z.strictObject({ do: z.literal('wait'), durationSec: z.number().min(0.1).max(60), ...common }),
  set: z.strictObject({
    do: z.literal('set'),
    variable: z.enum(['offerWithdrawn', 'inSlot', 'mark']),
    to: z.union([z.boolean(), z.string().max(100)]),
    ...common,
  }),
  branch: z.strictObject({ do: z.literal('branch'), if: conditionSchema, ...common }),
  menu: z.strictObject({ do: z.literal('menu'), ...keys, ...common }),
  offer: z.strictObject({ do: z.literal('offer'), ...keys, triesMax: keys.triesMax.default(1), ...common }),
  collect: z.strictObject({
    do: z.literal('collect'),
    phrase: phraseSchema,
    digitsMin: z.int().min(1).max(32),
    digitsMax: z.int().min(1).max(32),
    /** Ends the entry. `*` always clears what was keyed. */
    terminator: z.enum(['#', 'none']).default('#'),
    firstDigitTimeoutSec: z.number().min(1).max(60).default(6),
    interDigitTimeoutSec: z.number().min(1).max(30).default(4),
    ...common,
  }),
  screen: z.strictObject({ do: z.literal('screen'), from: z.enum(['ani', 'digits']), ...common }),
  queue: z.strictObject({
    do: z.literal('queue'),
    /** Said when the caller takes the place, once a call. */
    phrase: phraseSchema.optional(),
    /** Said on entering and at every announcement interval. */
    announce: phraseSchema.optional(),
    announceEverySec: numberOrFactSchema(5, 600).default({ fact: 'announceIntervalSec' }),
    /** Played round and round, going on where an announcement broke in. Paths in the audio folder. */
    music: z
      .array(z.string().regex(/^[a-z0-9-]{1,64}\/[a-z0-9-]{1,64}\.wav$/, 'must be like "music/hold-1.wav"'))
      .min(1)
      .max(50),
    /** Leaves with `offer-due` when this holds. Default: never. */
    offerWhen: conditionSchema.optional(),
    /** At least this between two offers of one call. */
    offerEverySec: z.number().min(30).max(3600).default(300),
    /** Leaves with `overflow-due` when this holds. Default: never. */
    overflowWhen: conditionSchema.optional(),
    ...common,
  }),
  overflow: z.strictObject({ do: z.literal('overflow'), ...common }),
  message: z.strictObject({
    do: z.literal('message'),
    /** Said before the beep. */
    phrase: phraseSchema,
    ...common,
  }),
  day: z.strictObject({ do: z.literal('day'), day: z.enum(['today', 'tomorrow', 'keyed']), ...common }),
  time: z.strictObject({
    do: z.literal('time'),
    /** Which half of a 12-hour day is meant. Default: not asked yet. */
    half: z.enum(['am', 'pm']).optional(),
    ...common,
  }),
  propose: z.strictObject({ do: z.literal('propose'), which: z.enum(['nearest', 'next']), ...common }),
  book: z.strictObject({ do: z.literal('book'), ...common }),
  match: z.strictObject({
    do: z.literal('match'),
    /** What is compared with the requests to call in; `code`: what was keyed last. */
    by: z.array(z.enum(criteria)).min(1).max(3),
    /** What must hold for a match. Default: any one of `by`. */
    need: z.array(z.enum(criteria)).max(3).default([]),
    ...common,
  }),
  pending: z.strictObject({ do: z.literal('pending'), choice: z.enum(['take-place', 'cancel']), ...common }),
  agent: z.strictObject({
    do: z.literal('agent'),
    change: z.enum(['ready', 'not-ready', 'logged-out', 'wrap-up-done']),
    ...common,
  }),
  transfer: z.strictObject({
    do: z.literal('transfer'),
    to: z.string().regex(/^\+?[0-9*#]{2,20}$/, 'must be a number or extension: 2–20 digits, * and #'),
    ...common,
  }),
  'hang-up': z.strictObject({
    do: z.literal('hang-up'),
    phrase: phraseSchema.optional(),
    result: z
      .enum(['goodbye', 'closed', 'full', 'no-key', 'cancelled', 'snoozed', 'kept-callback', 'done', 'fault'])
      .default('goodbye'),
    ...common,
  }),
  continue: z.strictObject({
    do: z.literal('continue'),
    /** The flow that goes on with this call. */
    flow: stateName,
    /** Where in it. Default: its initial state. */
    at: stateName.optional(),
    ...common,
  }),
  end: z.strictObject({
    do: z.literal('end'),
    phrase: phraseSchema.optional(),
    result: z.enum(['confirmed', 'cancelled', 'snoozed', 'done']),
    ...common,
  }),
} as const;

export type Verb = keyof typeof actionSchemas;
export const verbs = Object.keys(actionSchemas) as Verb[];
export type ActionOf<V extends Verb> = z.infer<(typeof actionSchemas)[V]>;
/** A state of a flow with its defaults filled in. */
export type FlowState = { [V in Verb]: ActionOf<V> }[Verb];

/**
 * The outcomes of each verb. `required` must have a transition, `optional` ones go where `instead` says;
 * `keys`: every telephone key may be an outcome. `hang-up`, `continue` and `end` are the ends of a flow and
 * have none.
 */
export const outcomes: Readonly<
  Record<Verb, { required: readonly string[]; instead: Readonly<Record<string, string>>; keys?: true }>
> = {
  play: { required: ['done'], instead: {} },
  say: { required: ['done'], instead: {} },
  wait: { required: ['done'], instead: {} },
  set: { required: ['done'], instead: {} },
  branch: { required: ['yes', 'no'], instead: {} },
  menu: { required: ['silence'], instead: { invalid: 'silence' }, keys: true },
  offer: { required: ['declined'], instead: {}, keys: true },
  collect: { required: ['collected', 'silence'], instead: { 'too-few': 'silence', 'too-many': 'too-few' } },
  screen: { required: ['accepted', 'not-valid'], instead: { 'not-permitted': 'not-valid' } },
  queue: { required: ['full'], instead: { 'offer-due': 'full', 'overflow-due': 'full' } },
  overflow: { required: ['moved', 'voicemail', 'none'], instead: {} },
  message: { required: ['recorded', 'empty', 'failed'], instead: { kept: 'recorded' } },
  day: { required: ['accepted', 'not-valid'], instead: { 'too-far': 'not-valid' } },
  time: { required: ['accepted', 'not-valid'], instead: { ambiguous: 'not-valid' } },
  propose: { required: ['found', 'none'], instead: {} },
  book: { required: ['booked', 'refused'], instead: {} },
  match: {
    required: ['matched', 'none'],
    instead: {
      code: 'matched',
      ani: 'matched',
      dialled: 'matched',
      'code-ani': 'matched',
      'code-dialled': 'matched',
      'ani-dialled': 'matched',
      'code-ani-dialled': 'matched',
      expired: 'none',
      over: 'none',
      locked: 'none',
    },
  },
  pending: { required: ['done', 'too-late'], instead: {} },
  agent: { required: ['done', 'refused'], instead: {} },
  transfer: { required: ['failed'], instead: {} },
  'hang-up': { required: [], instead: {} },
  continue: { required: [], instead: {} },
  end: { required: [], instead: {} },
};

/** The file around the states; each state is parsed by its own verb. */
export const flowFileSchema = z.strictObject({
  /** Must equal the file's name without `.json`. */
  flow: stateName,
  version: z.literal(1, { error: 'must be 1, the version of this format' }),
  description: z.string().max(1000).optional(),
  initial: stateName,
  states: z.record(stateName, z.unknown()),
});

/** A flow as read, checked and completed. */
export interface FlowDocument {
  readonly name: string;
  readonly description: string | undefined;
  readonly initial: string;
  readonly states: Readonly<Record<string, FlowState>>;
}
