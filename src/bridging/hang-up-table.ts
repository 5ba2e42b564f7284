/**
 * What the parties of a conversation are in the middle of. It decides what a hang-up does ({@link HANG_UPS})
 * and what the agent may do ({@link AGENT_MAY}).
 */
export const Situation = {
  /** Two hear each other. */
  talking: 'talking',
  /** The agent holds: by command, or by the phone's own key. */
  held: 'held',
  /** The customer hears music, the phone of the one to be consulted rings. */
  calling: 'calling',
  /** Agent and target talk; or, swapped, agent and customer. */
  consulting: 'consulting',
  /** Instant transfer: the customer hears music, the target's phone rings, the agent waits. */
  transferring: 'transferring',
  /** The target has answered a transfer and is being joined with the customer. */
  handingOver: 'handing-over',
  /** The same two, after the agent has left. */
  leftBehind: 'left-behind',
  /** Agent and customer talk, the phone of a third party rings. */
  inviting: 'inviting',
  /** Three and more hear each other. */
  conference: 'conference',
  /** The agent has left, the others talk. */
  unattended: 'unattended',
  ended: 'ended',
} as const;
export type Situation = (typeof Situation)[keyof typeof Situation];

/** Whose leg ended. */
export const Leaver = {
  customer: 'customer',
  /** The agent who answers for the call. */
  agent: 'agent',
  /** The one being consulted, called or given the call; not answering counts, too. */
  target: 'target',
  /** Anybody else who talks: a colleague or outside party who joined. */
  other: 'other',
} as const;
export type Leaver = (typeof Leaver)[keyof typeof Leaver];

/** What follows when a party's leg has ended. */
export const HangUpVerdict = {
  /** Every other leg is ended. */
  endAll: 'end-all',
  /** The others go on; the last one who is left is hung up, too. */
  othersGoOn: 'others-go-on',
  /** Agent and customer hear each other again. */
  customerBack: 'customer-back',
  /** The target gets the customer. */
  targetTakesOver: 'target-takes-over',
  /** The target's phone goes on ringing; the customer hears music. */
  ringingGoesOn: 'ringing-goes-on',
  /** Agent and target go on talking. */
  restTalks: 'rest-talks',
  /** The customer waits in the call's own line, at the old place. */
  backToLine: 'back-to-line',
} as const;
export type HangUpVerdict = (typeof HangUpVerdict)[keyof typeof HangUpVerdict];

/** Who ends whom in a conversation; printed in docs/hangup.md. Supervisors end nobody. */
export const HANG_UPS: Readonly<Record<Situation, Readonly<Partial<Record<Leaver, HangUpVerdict>>>>> = {
  talking: { customer: 'end-all', agent: 'end-all', other: 'end-all' },
  held: { customer: 'end-all', agent: 'end-all', other: 'end-all' },
  calling: { customer: 'end-all', agent: 'ringing-goes-on', target: 'customer-back' },
  consulting: { customer: 'rest-talks', agent: 'target-takes-over', target: 'customer-back' },
  transferring: { customer: 'end-all', agent: 'ringing-goes-on', target: 'customer-back' },
  'handing-over': { customer: 'end-all', agent: 'target-takes-over', target: 'customer-back' },
  'left-behind': { customer: 'end-all', target: 'back-to-line' },
  inviting: {
    customer: 'others-go-on',
    agent: 'others-go-on',
    other: 'others-go-on',
    target: 'others-go-on',
  },
  conference: { customer: 'others-go-on', agent: 'others-go-on', other: 'others-go-on' },
  unattended: { customer: 'others-go-on', other: 'others-go-on' },
  ended: {},
};

/** The commands of an agent that change who takes part and who hears whom. */
export type ControlCommand =
  | 'end'
  | 'hold'
  | 'resume'
  | 'mute'
  | 'unmute'
  | 'send-digits'
  | 'transfer'
  | 'consult'
  | 'complete-transfer'
  | 'cancel-consult'
  | 'merge'
  | 'conference'
  | 'swap'
  | 'drop'
  | 'start-recording'
  | 'stop-recording';

const always = ['end', 'mute', 'unmute', 'drop', 'start-recording', 'stop-recording'] as const;

/** What the agent who answers for the call may do; printed in docs/call-control.md. */
export const AGENT_MAY: Readonly<Record<Situation, readonly ControlCommand[]>> = {
  talking: [...always, 'hold', 'send-digits', 'transfer', 'consult', 'conference'],
  held: [...always, 'resume', 'transfer', 'consult'],
  calling: [...always, 'cancel-consult', 'complete-transfer'],
  consulting: [...always, 'cancel-consult', 'complete-transfer', 'merge', 'swap', 'send-digits'],
  transferring: [...always, 'resume', 'cancel-consult'],
  'handing-over': ['end'],
  'left-behind': [],
  inviting: [...always, 'cancel-consult', 'send-digits'],
  conference: [...always, 'hold', 'resume', 'send-digits', 'conference'],
  unattended: [],
  ended: [],
};

/** What an agent may do who joined the call of another one. */
export const COLLEAGUE_MAY: readonly ControlCommand[] = [
  'end',
  'hold',
  'resume',
  'mute',
  'unmute',
  'send-digits',
];
