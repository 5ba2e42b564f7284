import type { Actor, Callback } from '../../callback/callback.ts';
import type { QueueSettings } from '../../callback/queue-settings.ts';
import type { CaseChange, CaseRefusal, DispositionRules } from '../../disposition/case-book.ts';
import type { Case, CaseNote, WorkState } from '../../disposition/case.ts';
import type { Refusal } from '../application.ts';

/** A case as one agent who works on it sees it. */
export interface AgentCase {
  /** Id of the callback or call. */
  readonly id: string;
  readonly agentId: string;
  readonly kind: 'callback' | 'call';
  readonly virtualQueue: string;
  /** E.164; null when withheld. */
  readonly customerNumber: string | null;
  /** What it is about: `_subject` of the data given at creation. */
  readonly subject: string | null;
  /** For the agent: `_instructions` of the data given at creation, else the queue's. */
  readonly instructions: string | null;
  /** What is known of the customer, as edited; without the keys that begin with an underscore. */
  readonly customerData: Readonly<Record<string, string>>;
  readonly state: WorkState;
  readonly disposition: string | null;
  /** Codes that may be chosen now. */
  readonly dispositions: readonly string[];
  readonly dispositionRequired: boolean;
  readonly notes: readonly CaseNote[];
  readonly openedAtMs: number;
  readonly contactEndedAtMs: number | null;
  readonly doneAtMs: number | null;
  /** The callback as it stands; null for a call, or when its record is kept no longer. */
  readonly callback: CaseCallback | null;
  /** The callback arranged during a call; null: none. */
  readonly followUp: string | null;
  /** What other agents who had the customer made of it. */
  readonly others: readonly {
    readonly agentId: string;
    readonly state: WorkState;
    readonly disposition: string | null;
  }[];
  /** Raised with every change of the case by whomever. */
  readonly version: number;
}

/** What an agent is shown of a case's callback. */
export type CaseCallback = Pick<
  Callback,
  | 'state'
  | 'subState'
  | 'reason'
  | 'origin'
  | 'language'
  | 'createdAtMs'
  | 'desiredAtMs'
  | 'attemptCount'
  | 'recreatedTo'
  | 'rescheduledFrom'
  | 'rescheduledTo'
> & { readonly type: 'immediate' | 'scheduled' };

/** What became of a change of a case. `repeated`: it was so before; nothing was changed. */
export type CaseAnswer =
  | { readonly ok: true; readonly value: AgentCase; readonly repeated: boolean }
  | { readonly ok: false; readonly refusal: CaseRefusal | Refusal };

/** Told of every change of a case, once for each agent with a part in it. */
export type CaseListener = (agentId: string, found: AgentCase) => void;

/** Who wishes to change which agent's part of which case. */
export type CaseWish = Omit<CaseChange, 'nowMs'>;

/** Cases shown to an agent at most; older undisposed ones come up as these are done. */
export const CASES_SHOWN_MAX = 50;
/** Whose cases, in which states, how many, and which of them whoever asks may see; default all. */
export type CasesAsked = readonly [
  agentId: string,
  states?: readonly WorkState[],
  limit?: number,
  isShown?: (found: AgentCase) => boolean,
];
/** Cases looked at for somebody who may not see all of them. */
export const CASES_LOOKED_AT_MAX = 250;
/** States in which a case still wants something of its agent. */
export const OPEN_STATES: readonly WorkState[] = ['WORKING', 'WRAP_UP', 'UNDISPOSED'];

/** Where a case of a plain call keeps the callback that was arranged during it. */
export const FOLLOW_UP_KEY = '_followUp';

/** Keys of the data that are the product's, not the customer's. */
export const RESERVED_KEY = /^_/;

/** What the queue asks at the end of a case; a queue that is configured no more asks nothing. */
export function dispositionRules(settings: QueueSettings | undefined): DispositionRules {
  return { codes: settings?.dispositions ?? [], required: settings?.dispositionRequired ?? false };
}

/** The case as this agent sees it; undefined: the agent has no part in it. */
export function agentCase(
  found: Case,
  agentId: string,
  callback: Callback | undefined,
  settings: QueueSettings | undefined,
): AgentCase | undefined {
  const mine = found.works.find((work) => work.agentId === agentId);
  if (!mine) return undefined;
  const { codes, required } = dispositionRules(settings);
  const { id, kind, virtualQueue, customerNumber, customerData, notes, version } = found;
  const { state, disposition, openedAtMs, contactEndedAtMs, doneAtMs } = mine;
  return {
    id,
    agentId,
    kind,
    virtualQueue,
    customerNumber,
    subject: customerData['_subject'] ?? null,
    instructions: customerData['_instructions'] ?? settings?.agentInstructions ?? null,
    customerData: Object.fromEntries(Object.entries(customerData).filter(([key]) => !RESERVED_KEY.test(key))),
    state,
    disposition,
    dispositions: codes,
    dispositionRequired: required,
    notes,
    openedAtMs,
    contactEndedAtMs,
    doneAtMs,
    callback: callback ? caseCallback(callback) : null,
    followUp: customerData[FOLLOW_UP_KEY] ?? null,
    others: found.works
      .filter((work) => work !== mine)
      .map((work) => ({ agentId: work.agentId, state: work.state, disposition: work.disposition })),
    version,
  };
}

function caseCallback(callback: Callback): CaseCallback {
  const { state, subState, reason, origin, language, createdAtMs, desiredAtMs, attemptCount } = callback;
  const { recreatedTo, rescheduledFrom, rescheduledTo } = callback;
  return {
    type: desiredAtMs > createdAtMs ? 'scheduled' : 'immediate',
    state,
    subState,
    reason,
    origin,
    language,
    createdAtMs,
    desiredAtMs,
    attemptCount,
    recreatedTo,
    rescheduledFrom,
    rescheduledTo,
  };
}

/** The work's own doing in the history of a case. */
export const routerActor: Actor = { kind: 'system', part: 'router' };
