import { z } from 'zod';
import { promptIdSchema } from '../ivr/phrase.ts';
import { countrySchema } from '../screening/number-rule.ts';
import { dialledNumberSchema, nameSchema } from '../telephony/directory.ts';
import { queueNameSchema } from '../telephony/queue-name.ts';
import { DialResult } from '../telephony/termination.ts';

/** Entries of the lists in one row at most. */
const TARGETS_MAX = 10;
const THROTTLES_MAX = 4;
const DISPOSITIONS_MAX = 100;
const HOLD_ANNOUNCEMENTS_MAX = 10;

const skillExpression = z.string().min(1).max(500);

/**
 * Who is called first, and when an agent is held (product §2). `customer-first`: a ready agent lets the first
 * due callback be dialled and is not held. `customer-first-reserved`: that agent is held from the dial on.
 * `agent-first`: the agent's phone is rung with the case, the customer is dialled from that call. `preview`:
 * an agent is held and shown the case; the customer is dialled when the agent accepts. `paced`: customers are
 * dialled ahead of agents, as many as the waits of confirmed customers allow.
 */
export const connectStrategies = [
  'customer-first',
  'customer-first-reserved',
  'agent-first',
  'preview',
  'paced',
] as const;
export type ConnectStrategy = (typeof connectStrategies)[number];

/** The wait estimators; what each goes by is told where they are made (`queue/wait-estimator.ts`). */
export const waitEstimators = ['urs', 'urs2', 'queue-length', 'hol', 'les'] as const;
export type WaitEstimatorName = (typeof waitEstimators)[number];

/** What follows one dial result: another interval before the next attempt, or no further attempt. */
const retryRule = z.union([z.strictObject({ intervalSec: z.int().min(0).max(86_400) }), z.literal('never')], {
  error: 'must be {intervalSec: 0–86400} or "never"',
});

/** One step of widening: from `afterSec` in the line on, agents of `expression` may serve, too. */
const target = z.strictObject({
  expression: skillExpression,
  afterSec: z.int().min(0).max(86_400),
  /** False: the targets before this one no longer serve. */
  keepEarlier: z.boolean().default(true),
});

/**
 * One row of CALLBACK_SETTINGS: how a virtual queue offers, books, dials and routes (product §4). Keys,
 * defaults and ranges are the product's; the unit is in the name: seconds and minutes are used here because
 * this is the edge where people write them.
 */
export const queueSettingsSchema = z.strictObject({
  name: queueNameSchema,

  // Who serves.
  /** Who may serve this queue, for example `billing >= 3 & english > 0`. */
  skillExpression,
  /** Widening of `skillExpression` with the time in the line, in order of `afterSec`. */
  targets: z.array(target).max(TARGETS_MAX).default([]),
  agentSelection: z.enum(['longest-idle', 'least-occupied', 'most-specific']).default('longest-idle'),
  connectStrategy: z.enum(connectStrategies).default('customer-first'),
  priorityInitial: z.int().min(0).max(2000).default(0),
  /**
   * Added to a token's priority for each full `priorityIncrementIntervalSec` of age, up to `priorityLimit`.
   */
  priorityIncrement: z.int().min(0).max(2000).default(0),
  priorityIncrementIntervalSec: z.int().min(1).max(86_400).default(10),
  priorityLimit: z.int().min(0).max(2000).default(100),

  // When it is open, and what may be booked.
  /** Name of a business-hours object; undefined: always open. */
  businessHours: nameSchema.optional(),
  immediateEnabled: z.boolean().default(true),
  scheduledEnabled: z.boolean().default(true),
  /**
   * Business hours in which an immediate callback may be offered, instead of `businessHours` and the
   * blackout.
   */
  immediateOfferHours: nameSchema.optional(),
  /**
   * Minutes before closing from which no immediate callback is offered; without `immediateOfferHours` only.
   */
  immediateBlackoutMin: z.int().min(0).max(1440).default(0),
  /** Scheduled callbacks in one slot at most, where no capacity rule is assigned. */
  slotCapacity: z.int().min(0).max(10_000).default(5),
  slotDurationMin: z
    .union(
      [5, 10, 15, 20, 30, 60].map((minutes) => z.literal(minutes)),
      {
        error: 'must be 5, 10, 15, 20, 30 or 60',
      },
    )
    .default(15),
  capacityRule: nameSchema.optional(),
  maxFutureDays: z.int().min(1).max(365).default(30),
  /**
   * `strict`: hours, enablement and slots are enforced; `lenient`: bookings are moved or taken all the same.
   */
  bookingCheck: z.enum(['strict', 'lenient']).optional(),
  rejectOutsideHours: z.boolean().default(false),
  /** A scheduled callback joins the line this long before its time. */
  readyForAsapLeadSec: z.int().min(0).max(3600).default(120),

  // Whom it may call.
  /** ISO 3166 region for parsing national numbers. */
  defaultCountry: countrySchema.default('US'),
  numberRule: nameSchema.optional(),
  blockImpossibleNumbers: z.boolean().default(true),
  blockPremiumNumbers: z.boolean().default(true),
  /** `ALLOW_TWO` refuses the third open callback of one number on this queue, `STRICT` the second. */
  duplicateCheck: z.enum(['OFF', 'ALLOW_TWO', 'STRICT']).default('ALLOW_TWO'),
  /** Immediate callbacks of one number in 24 hours; 0: no limit. */
  throttlePerNumberPerDay: z.int().min(0).max(10_000).default(6),
  /** Callbacks of the queue in a window at most. */
  throttlePerService: z
    .array(
      z.strictObject({
        max: z.int().min(1).max(1_000_000),
        windowSec: z.int().min(1).max(86_400),
      }),
    )
    .max(THROTTLES_MAX)
    .default([
      { max: 500, windowSec: 300 },
      { max: 1000, windowSec: 3600 },
    ]),
  /**
   * Local times of the customer's own zone in which the customer may be called, for example 09:00 to 20:00.
   */
  callingWindow: z
    .strictObject({
      from: z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time like "09:00"'),
      to: z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time like "20:00"'),
    })
    .optional(),

  // The offer and the line.
  /** A callback is offered when the estimated wait is above this. */
  offerEwtThresholdSec: z.int().min(0).max(7200).default(120),
  /** No offers while this many callbacks are open on the queue. */
  offerWatermark: z.int().min(0).max(100_000).default(1000),
  /** Position and wait are announced this often to a waiting caller. */
  announceIntervalSec: z.int().min(5).max(600).default(30),
  /** What the announcement tells. */
  announcePosition: z.boolean().default(true),
  announceWait: z.boolean().default(true),
  /** Prompts said to waiting callers, one after each announcement, in turn. */
  holdAnnouncements: z.array(promptIdSchema).max(HOLD_ANNOUNCEMENTS_MAX).default([]),
  /**
   * A live call that has waited this long in this line goes over: to `overflowQueue` when that is open and
   * not full, else to voicemail when enabled, else it stays; 0: never. A full line goes over at once.
   */
  overflowAfterSec: z.int().min(0).max(86_400).default(0),
  overflowQueue: queueNameSchema.optional(),
  /** Callers may leave a message, which becomes a callback: by a key in the offer, closed, or by overflow. */
  voicemailEnabled: z.boolean().default(false),
  voicemailMaxSec: z.int().min(5).max(600).default(120),
  /** A shorter message is none. */
  voicemailMinSec: z.int().min(1).max(30).default(2),
  /** Silence that ends a message, where the media server can be listened to. */
  voicemailSilenceSec: z.int().min(2).max(60).default(5),
  /** Recordings of calls of this queue and its messages are deleted after this. */
  recordingKeptDays: z.int().min(1).max(3650).default(90),
  ewtEstimator: z.enum(waitEstimators).default('urs2'),
  /** Used by `urs2` until the queue has measured its own. */
  defaultHandlingTimeSec: z.int().min(1).max(7200).default(180),
  /** Calls and callbacks in the line at most; beyond it callers hear that the queue is full. */
  maxQueued: z.int().min(1).max(100_000).default(1000),
  /** One pass through the line ends after this; the callback is tried again like after a failed attempt. */
  queueTtlSec: z.int().min(60).max(86_400).default(14_400),
  recordName: z.boolean().default(false),

  // The attempts.
  callDirection: z.enum(['USERTERMINATED', 'USERORIGINATED']).default('USERTERMINATED'),
  /** The flow a called customer hears. */
  callbackApplication: nameSchema.default('outbound-confirm'),
  maxAttempts: z.int().min(1).max(10).default(3),
  retryIntervalSec: z.int().min(0).max(86_400).default(600),
  /** Other rules for single dial results; FAX is never retried, a vacant number neither. */
  retryByResult: z.partialRecord(z.enum(DialResult), retryRule).default({}),
  /** Ring time of one attempt. */
  dialTimeoutSec: z.int().min(5).max(120).default(32),
  cpdEnabled: z.boolean().default(true),
  /** `favour-person` calls a machine a person rather than the other way round. */
  cpdProfile: z.enum(['favour-person', 'neutral', 'favour-machine']).default('favour-person'),
  onAnsweringMachine: z.enum(['RETRY', 'LEAVE_MESSAGE', 'CONNECT', 'FAIL']).default('RETRY'),
  /** Ask the customer to press 1 after the answer. */
  requireConfirm: z.boolean().default(true),
  confirmTimeoutSec: z.int().min(5).max(120).default(30),
  /** What an answered call without a 1 is: a failed attempt, or a customer to be connected all the same. */
  onConfirmTimeout: z.enum(['RETRY', 'CONNECT_ANYWAY']).default('RETRY'),
  /** A confirmed customer waits this long for an agent at most. */
  maxWaitForAgentSec: z.int().min(30).max(7200).default(3600),
  /** Agents tried for one confirmed customer. */
  maxAgentTransferAttempts: z.int().min(1).max(20).default(5),
  agentRingTimeoutSec: z.int().min(5).max(120).default(20),

  // What an agent is told and asked.
  /** `workspace`: the phone rings only once the agent has accepted on the screen. */
  agentAccept: z.enum(['phone', 'workspace']).default('phone'),
  /** Time to accept on the screen, `workspace` only. */
  agentAcceptTimeoutSec: z.int().min(5).max(300).default(20),
  /** Phones that can are asked to answer by themselves. */
  agentAutoAnswer: z.boolean().default(false),
  /** The case goes to the phone in `X-Turnkeeper-` headers. */
  agentCaseHeaders: z.boolean().default(true),
  /** The flow an agent hears before being connected; undefined: none, unless `agentAcceptKey`. */
  agentWhisper: nameSchema.optional(),
  /** The agent is connected once they have pressed a key. */
  agentAcceptKey: z.boolean().default(false),
  /** Time for that key. */
  agentAcceptKeySec: z.int().min(3).max(60).default(10),
  /** Shown with every case that brings none of its own. */
  agentInstructions: z.string().max(500).optional(),
  /** An agent who rejects a call becomes not ready; false: stays ready and is skipped. */
  agentRejectNotReady: z.boolean().default(true),
  /** An agent who did not take a token is not asked again for it this long. */
  agentSkipSec: z.int().min(0).max(3600).default(60),
  /** `preview`: time to decide. */
  previewTimeoutSec: z.int().min(5).max(600).default(30),
  /** `preview`: so many rejections end the callback with PREVIEW_REJECTED. */
  previewRejectMax: z.int().min(1).max(20).default(3),
  /** `preview`: an agent who says nothing in time becomes not ready; false: stays ready and is skipped. */
  previewTimeoutNotReady: z.boolean().default(true),
  /** `preview`: how the customer is reached when the agent accepts. */
  previewConnect: z.enum(['customer-first-reserved', 'agent-first']).default('customer-first-reserved'),
  /**
   * `agent-first`: after a call that failed the agent stays on the line and the customer is dialled again
   * after this; 0: the agent is free and the retry interval runs.
   */
  agentFirstRedialSec: z.int().min(0).max(120).default(0),
  /** "Later" pressed by the customer: called again after this. */
  snoozeSec: z.int().min(60).max(3600).default(300),
  /** Shown to the customer; undefined: the number the customer had dialled, else `turnkeeper`. */
  callerIdNumber: dialledNumberSchema.optional(),
  callerIdName: z.string().max(64).optional(),
  /** Put before every number this queue dials. */
  dialPrefix: z
    .string()
    .regex(/^[0-9*#]{0,10}$/, 'must be at most 10 digits')
    .default(''),
  /** Trunk for outbound attempts; undefined: the first that may dial out. The field's word: routing point. */
  trunk: nameSchema.optional(),

  // The end.
  /** After-call work ends by itself after this. */
  wrapUpSec: z.int().min(0).max(3600).default(30),
  /** Codes that say what came of a call, as agents choose from them. */
  dispositions: z
    .array(z.string().regex(/^[^\s"\p{Cc}][^"\p{Cc}]{0,63}$/u, 'must be 1–64 characters without quotes'))
    .max(DISPOSITIONS_MAX)
    .default([]),
  /** A case cannot be marked done without one of `dispositions`. */
  dispositionRequired: z.boolean().default(false),
  /** What one extension adds to after-call work; 0: no extensions. */
  wrapUpExtendSec: z.int().min(0).max(3600).default(60),
  /** After-call work with all its extensions at most. */
  wrapUpMaxSec: z.int().min(0).max(7200).default(600),
  /**
   * A callback not yet connected ends this long after it was queued; 0: at the end of the business day only.
   */
  purgeTimeMin: z.int().min(0).max(20_160).default(0),

  // Notifications.
  /** The customer's device is asked before every call, where there is one: now, later, or not at all. */
  pushConfirm: z.boolean().default(false),
  pushThresholdMin: z.int().min(1).max(120).default(5),
  pushExpiryMin: z.int().min(1).max(1440).default(10),
  maxNotifyAttempts: z.int().min(1).max(10).default(3),
});
export type QueueSettings = z.infer<typeof queueSettingsSchema>;
