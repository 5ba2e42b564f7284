import type { SettingKey } from '../../../src/callback/queue-row.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';

/** One setting: its default, values at the edges of what is allowed, and refused values with the words told. */
export interface SettingRow {
  readonly default: unknown;
  readonly allowed: readonly unknown[];
  readonly refused: readonly (readonly [value: unknown, words: string])[];
  /** Other settings that an allowed value needs. */
  readonly beside?: Partial<QueueSettings>;
}

const whole = (byDefault: number, min: number, max: number): SettingRow => ({
  default: byDefault,
  allowed: [min, max],
  refused: [
    [min - 1, `must be at least ${min}`],
    [max + 1, `must be at most ${max}`],
    [min + 0.5, 'must be a whole number'],
    ['soon', 'must be a number'],
    [[], 'must be a number'],
  ],
});

const yesNo = (byDefault: boolean): SettingRow => ({
  default: byDefault,
  allowed: [true, false],
  refused: [
    [1, 'must be true or false'],
    ['yes', 'must be true or false'],
  ],
});

const oneOf = (byDefault: string | undefined, ...values: readonly string[]): SettingRow => ({
  default: byDefault,
  allowed: values,
  refused: [
    ['', `must be one of ${values.map((value) => `"${value}"`).join(', ')}`],
    [`${values[0]} `, 'must be one of'],
    [1, 'must be one of'],
  ],
});

const nameOf = (section: string, name: string): SettingRow => ({
  default: undefined,
  allowed: [name],
  refused: [
    ['nobody', `is not in ${section}`],
    ['no name', 'letters, digits'],
    ['', 'must be 1–64'],
    ['n'.repeat(65), 'must be 1–64'],
  ],
});

const skill = 'Support > 0';

/**
 * Every key of the settings, in the order of the schema. A new key without a row here fails the tests that
 * read the table.
 */
export const settingTable: Readonly<Record<SettingKey, SettingRow>> = {
  skillExpression: {
    default: undefined,
    allowed: ['a', `${'Sales > 1 & '.repeat(41)}Tea > 0`],
    refused: [
      ['', 'must have at least 1 characters'],
      [`a${' '.repeat(500)}`, 'must have at most 500 characters'],
      ['a >', 'column 4'],
      [5, 'must be text'],
    ],
  },
  targets: {
    default: [],
    allowed: [
      [],
      Array.from({ length: 10 }, (_, at) => ({ expression: skill, afterSec: at * 9600, keepEarlier: true })),
      [{ expression: skill, afterSec: 0, keepEarlier: false }],
      [{ expression: skill, afterSec: 86_400, keepEarlier: true }],
    ],
    refused: [
      [Array.from({ length: 11 }, (_, afterSec) => ({ expression: skill, afterSec })), 'at most 10 entries'],
      [[{ expression: skill, afterSec: -1 }], 'must be at least 0'],
      [[{ expression: skill, afterSec: 86_401 }], 'must be at most 86400'],
      [[{ expression: '', afterSec: 1 }], 'must have at least 1 characters'],
      [[{ expression: 'a >', afterSec: 1 }], 'column 4'],
      [[{ expression: skill }], 'is missing'],
      [[{ expression: skill, afterSec: 1, colour: 'blue' }], 'unknown key'],
      [[30, 30].map((afterSec) => ({ expression: skill, afterSec })), 'targets widen in order'],
      [[60, 30].map((afterSec) => ({ expression: skill, afterSec })), 'which is 60'],
      ['Sales', 'must be a list'],
    ],
  },
  agentSelection: oneOf('longest-idle', 'longest-idle', 'least-occupied', 'most-specific'),
  connectStrategy: oneOf(
    'customer-first',
    'customer-first',
    'customer-first-reserved',
    'agent-first',
    'preview',
    'paced',
  ),
  priorityInitial: {
    ...whole(0, 0, 2000),
    beside: { priorityLimit: 2000 },
    refused: [...whole(0, 0, 2000).refused, [101, 'must be at most priorityLimit, which is 100']],
  },
  priorityIncrement: whole(0, 0, 2000),
  priorityIncrementIntervalSec: whole(10, 1, 86_400),
  priorityLimit: whole(100, 0, 2000),
  businessHours: nameOf('businessHours', 'day'),
  immediateEnabled: yesNo(true),
  scheduledEnabled: yesNo(true),
  immediateOfferHours: nameOf('businessHours', 'day'),
  immediateBlackoutMin: whole(0, 0, 1440),
  slotCapacity: whole(5, 0, 10_000),
  slotDurationMin: {
    default: 15,
    allowed: [5, 10, 15, 20, 30, 60],
    refused: [0, 1, 7, 45, 120, '15'].map((value) => [value, 'must be 5, 10, 15, 20, 30 or 60'] as const),
  },
  capacityRule: nameOf('capacityRules', 'gold'),
  maxFutureDays: whole(30, 1, 365),
  bookingCheck: oneOf(undefined, 'strict', 'lenient'),
  rejectOutsideHours: yesNo(false),
  readyForAsapLeadSec: whole(120, 0, 3600),
  defaultCountry: {
    default: 'US',
    allowed: ['US', 'GB', 'NO', 'KE'],
    refused: ['us', 'USA', '', 'ZZ'].map((value) => [value, 'must be an ISO 3166 code'] as const),
  },
  numberRule: nameOf('numberRules', 'home'),
  blockImpossibleNumbers: yesNo(true),
  blockPremiumNumbers: yesNo(true),
  duplicateCheck: oneOf('ALLOW_TWO', 'OFF', 'ALLOW_TWO', 'STRICT'),
  throttlePerNumberPerDay: whole(6, 0, 10_000),
  throttlePerService: {
    default: [
      { max: 500, windowSec: 300 },
      { max: 1000, windowSec: 3600 },
    ],
    allowed: [
      [],
      [{ max: 1, windowSec: 1 }],
      [{ max: 1_000_000, windowSec: 86_400 }],
      [1, 2, 3, 4].map((windowSec) => ({ max: 5, windowSec })),
    ],
    refused: [
      [[1, 2, 3, 4, 5].map((windowSec) => ({ max: 5, windowSec })), 'must have at most 4 entries'],
      [[{ max: 0, windowSec: 1 }], 'must be at least 1'],
      [[{ max: 1_000_001, windowSec: 1 }], 'must be at most 1000000'],
      [[{ max: 1, windowSec: 0 }], 'must be at least 1'],
      [[{ max: 1, windowSec: 86_401 }], 'must be at most 86400'],
      [[{ max: 1 }], 'is missing'],
      [[5, 9].map((max) => ({ max, windowSec: 60 })), 'each must have its own'],
      [500, 'must be a list'],
    ],
  },
  callingWindow: {
    default: undefined,
    allowed: [
      { from: '00:00', to: '24:00' },
      { from: '09:00', to: '09:01' },
    ],
    refused: [
      [{ from: '9:00', to: '20:00' }, 'must be a time like "09:00"'],
      [{ from: '24:00', to: '24:00' }, 'must be a time like "09:00"'],
      [{ from: '09:00', to: '24:01' }, 'must be a time like "20:00"'],
      [{ from: '09:00', to: '09:00' }, 'must be later than from, which is 09:00'],
      [{ from: '20:00', to: '09:00' }, 'must be later than from, which is 20:00'],
      [{ from: '09:00' }, 'is missing'],
      ['09:00-20:00', 'must be a mapping'],
    ],
  },
  offerEwtThresholdSec: whole(120, 0, 7200),
  offerWatermark: whole(1000, 0, 100_000),
  announceIntervalSec: whole(30, 5, 600),
  announcePosition: yesNo(true),
  announceWait: yesNo(true),
  holdAnnouncements: {
    default: [],
    allowed: [[], Array.from({ length: 10 }, (_, at) => `message-${at}`)],
    refused: [
      [Array.from({ length: 11 }, (_, at) => `message-${at}`), 'must have at most 10 entries'],
      [['No Prompt'], 'must be a prompt id'],
      ['message', 'must be a list'],
    ],
  },
  overflowAfterSec: whole(0, 0, 86_400),
  overflowQueue: {
    default: undefined,
    allowed: ['q'],
    refused: [
      ['nobody', 'is not in queues'],
      ['no  name', 'letters, digits'],
      ['', 'must be 1–64'],
      ['n'.repeat(65), 'must be 1–64'],
    ],
  },
  voicemailEnabled: yesNo(false),
  voicemailMaxSec: whole(120, 5, 600),
  voicemailMinSec: whole(2, 1, 30),
  voicemailSilenceSec: whole(5, 2, 60),
  recordingKeptDays: whole(90, 1, 3650),
  ewtEstimator: oneOf('urs2', 'urs', 'urs2'),
  defaultHandlingTimeSec: whole(180, 1, 7200),
  maxQueued: whole(1000, 1, 100_000),
  queueTtlSec: whole(14_400, 60, 86_400),
  recordName: yesNo(false),
  callDirection: oneOf('USERTERMINATED', 'USERTERMINATED', 'USERORIGINATED'),
  callbackApplication: {
    ...nameOf('flows', 'inbound'),
    default: 'outbound-confirm',
    refused: [
      ['nobody', 'is not a flow in flows/'],
      ['no name', 'letters, digits'],
    ],
  },
  maxAttempts: whole(3, 1, 10),
  retryIntervalSec: whole(600, 0, 86_400),
  retryByResult: {
    default: {},
    allowed: [
      {},
      { BUSY: { intervalSec: 0 }, NO_ANSWER: { intervalSec: 86_400 }, ANSWERING_MACHINE: 'never' },
      { FAX: 'never' },
    ],
    refused: [
      [{ BUSY: { intervalSec: -1 } }, 'must be at least 0'],
      [{ BUSY: { intervalSec: 86_401 } }, 'must be at most 86400'],
      [{ BUSY: 'always' }, 'must be {intervalSec: 0–86400} or "never"'],
      [{ LATER: 'never' }, 'unknown key'],
      [{ FAX: { intervalSec: 60 } }, 'a fax machine is not called again'],
      ['never', 'must be a mapping'],
    ],
  },
  dialTimeoutSec: whole(32, 5, 120),
  cpdEnabled: yesNo(true),
  cpdProfile: oneOf('favour-person', 'favour-person', 'neutral', 'favour-machine'),
  onAnsweringMachine: oneOf('RETRY', 'RETRY', 'LEAVE_MESSAGE', 'CONNECT', 'FAIL'),
  requireConfirm: yesNo(true),
  confirmTimeoutSec: whole(30, 5, 120),
  onConfirmTimeout: oneOf('RETRY', 'RETRY', 'CONNECT_ANYWAY'),
  maxWaitForAgentSec: whole(3600, 30, 7200),
  maxAgentTransferAttempts: whole(5, 1, 20),
  agentRingTimeoutSec: whole(20, 5, 120),
  agentAccept: oneOf('phone', 'phone', 'workspace'),
  agentAcceptTimeoutSec: whole(20, 5, 300),
  agentAutoAnswer: yesNo(false),
  agentCaseHeaders: yesNo(true),
  agentWhisper: {
    default: undefined,
    allowed: ['inbound'],
    refused: [
      ['nobody', 'is not a flow in flows/'],
      ['no name', 'letters, digits'],
    ],
  },
  agentAcceptKey: yesNo(false),
  agentAcceptKeySec: whole(10, 3, 60),
  agentInstructions: {
    default: undefined,
    allowed: ['', 'i'.repeat(500)],
    refused: [
      ['i'.repeat(501), 'must have at most 500 characters'],
      [[], 'must be text'],
    ],
  },
  agentRejectNotReady: yesNo(true),
  agentSkipSec: whole(60, 0, 3600),
  previewTimeoutSec: whole(30, 5, 600),
  previewRejectMax: whole(3, 1, 20),
  previewTimeoutNotReady: yesNo(true),
  previewConnect: oneOf('customer-first-reserved', 'customer-first-reserved', 'agent-first'),
  agentFirstRedialSec: whole(0, 0, 120),
  snoozeSec: whole(300, 60, 3600),
  callerIdNumber: {
    default: undefined,
    allowed: ['10', '+12345678901234567890', '5000'],
    refused: ['5', '+', 'sip:5000@x', '1'.repeat(21)].map((value) => [value, 'must be 2–20 digits'] as const),
  },
  callerIdName: {
    default: undefined,
    allowed: ['', 'n'.repeat(64)],
    refused: [
      ['n'.repeat(65), 'must have at most 64 characters'],
      [[], 'must be text'],
    ],
  },
  dialPrefix: {
    default: '',
    allowed: ['', '0123456789'],
    refused: ['+9', '01234567890'].map((value) => [value, 'must be at most 10 digits'] as const),
  },
  trunk: nameOf('trunks', 'out'),
  wrapUpSec: whole(30, 0, 3600),
  dispositions: {
    default: [],
    allowed: [
      [],
      ['Sold', 'Call again', 'x'.repeat(64)],
      Array.from({ length: 100 }, (_, at) => `code ${at}`),
    ],
    refused: [
      [Array.from({ length: 101 }, (_, at) => `code ${at}`), 'at most 100 entries'],
      [[''], 'must be 1–64 characters'],
      [['x'.repeat(65)], 'must be 1–64 characters'],
      [[' Sold'], 'must be 1–64 characters'],
      [['Sold', 'Sold'], 'is in the list already'],
      [[1], 'must be text'],
      ['Sold', 'must be a list'],
    ],
  },
  dispositionRequired: {
    ...yesNo(false),
    beside: { dispositions: ['Sold'] },
  },
  wrapUpExtendSec: whole(60, 0, 3600),
  wrapUpMaxSec: whole(600, 0, 7200),
  purgeTimeMin: whole(0, 0, 20_160),
  pushConfirm: yesNo(false),
  pushThresholdMin: whole(5, 1, 120),
  pushExpiryMin: whole(10, 1, 1440),
  maxNotifyAttempts: whole(3, 1, 10),
};
