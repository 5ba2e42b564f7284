import { assert } from '../kernel/errors.ts';
import { HANG_UPS, type HangUpVerdict, type Leaver, Situation } from './hang-up-table.ts';

export type PartyRole = 'customer' | 'agent' | 'external' | 'supervisor';

/** Whom a supervisor is heard by: nobody, the agents, all. */
export type MonitorMode = 'listen' | 'whisper' | 'barge';

/** Whose act ended a conversation; `system`: nobody's, a server failed or we stopped. */
export type EndedBy = 'customer' | 'agent' | 'system';

/** One party: a leg, or a phone that rings. */
export interface Party {
  /** Id of the leg. */
  readonly id: string;
  readonly role: PartyRole;
  readonly name: string;
  readonly agentId: string | null;
  readonly stage: 'ringing' | 'up' | 'gone';
  /** Stepped out by command: hears nobody, heard by nobody. */
  readonly away: boolean;
  /** The phone itself has put us on hold. */
  readonly phoneHeld: boolean;
  readonly muted: boolean;
  /** Supervisors only. */
  readonly monitors: MonitorMode | null;
  /** True once the party and the customer could hear each other. */
  readonly metCustomer: boolean;
}

/** Somebody beside the talk: rung, consulted, or being given the customer. */
export interface Aside {
  readonly targetId: string;
  /** `handover`: has answered a transfer, and the agent leaves once the customer is joined. */
  readonly purpose: 'consult' | 'transfer' | 'conference' | 'handover';
  /** The agent's phone called the target by itself: its second line. Null: the agent's only leg is used. */
  readonly secondLineId: string | null;
}

/** Who takes part in a conversation and who is turned to whom. Pure: media follow it. */
export interface ConversationState {
  readonly parties: readonly Party[];
  readonly customerId: string;
  /** The agent who answers for the call; null: it goes on without one. */
  readonly ownerId: string | null;
  readonly aside: Aside | null;
  /** Whom the agent of a consultation is turned to. */
  readonly faces: 'talk' | 'aside';
  /** A third party has joined: the talk stays a mix from then on. */
  readonly isMixed: boolean;
  /** Who ended it; `moved`: the customer's leg goes on elsewhere. Null: it goes on. */
  readonly ended: EndedBy | 'moved' | null;
}

/** A party as it begins. */
export function newParty(
  party: Pick<Party, 'id' | 'role' | 'name' | 'agentId'>,
  stage: Party['stage'],
): Party {
  const quiet = { away: false, phoneHeld: false, muted: false, monitors: null, metCustomer: false };
  return { ...quiet, ...party, stage };
}

/** Customer and agent hear each other. */
export function newConversation(customer: Party, agent: Party): ConversationState {
  return {
    parties: [customer, agent].map((party) => ({ ...party, metCustomer: true })),
    customerId: customer.id,
    ownerId: agent.id,
    aside: null,
    faces: 'talk',
    isMixed: false,
    ended: null,
  };
}

export function partyOf(state: ConversationState, id: string | null): Party | undefined {
  return state.parties.find((party) => party.id === id);
}

/** Those in the talk: answered, not supervisors, not beside it. */
export function talkersOf({ parties, aside }: ConversationState): readonly Party[] {
  return parties.filter(
    ({ id, role, stage }) =>
      stage === 'up' && role !== 'supervisor' && id !== aside?.targetId && id !== aside?.secondLineId,
  );
}

export function situationOf(state: ConversationState): Situation {
  const { aside, ownerId, ended } = state;
  if (ended !== null) return Situation.ended;
  if (aside) {
    if (aside.purpose === 'conference') return Situation.inviting;
    if (ownerId === null) return Situation.leftBehind;
    if (aside.purpose === 'handover') return Situation.handingOver;
    if (aside.purpose === 'transfer') return Situation.transferring;
    return partyOf(state, aside.targetId)?.stage === 'up' ? Situation.consulting : Situation.calling;
  }
  if (ownerId === null) return Situation.unattended;
  if (talkersOf(state).length > 2) return Situation.conference;
  const owner = partyOf(state, ownerId);
  return owner?.away === true || owner?.phoneHeld === true ? Situation.held : Situation.talking;
}

/** Changes one party. */
export function withParty(
  state: ConversationState,
  id: string | null,
  change: Partial<Party>,
): ConversationState {
  const before = partyOf(state, id);
  if (!before) return state;
  const after = { ...before, ...change };
  const isSame = Object.keys(change).every((key) => after[key as keyof Party] === before[key as keyof Party]);
  if (isSame) return state;
  return { ...state, parties: state.parties.map((party) => (party === before ? after : party)) };
}

/** A party's leg has ended, or its phone was not answered: what follows is the table's. */
export function leave(state: ConversationState, id: string, by: EndedBy): ConversationState {
  const party = partyOf(state, id);
  if (!party || party.stage === 'gone') return state;
  if (party.role === 'supervisor') return withParty(state, id, gone);
  const leaver = leaverOf(state, id);
  const verdict = HANG_UPS[situationOf(state)][leaver];
  assert(verdict !== undefined, `${leaver} can leave while ${situationOf(state)}`);
  // The phone has two lines: hanging up the one with the customer is no wish to give the customer away.
  const hasSecondLine = state.aside?.secondLineId != null;
  if (hasSecondLine && leaver === 'agent') return restTalks(withParty(state, state.customerId, gone));
  return follow(withParty(state, id, gone), verdict, by);
}

const gone = { stage: 'gone' } as const;

function leaverOf({ customerId, ownerId, aside }: ConversationState, id: string): Leaver {
  if (id === customerId) return 'customer';
  if (id === ownerId) return 'agent';
  return id === aside?.targetId || id === aside?.secondLineId ? 'target' : 'other';
}

/** The state after the verdict; who left is gone already. */
function follow(state: ConversationState, verdict: HangUpVerdict, by: EndedBy): ConversationState {
  switch (verdict) {
    case 'end-all':
      return endAll(state, by);
    case 'others-go-on':
      return othersGoOn(state, by);
    case 'customer-back':
      return customerBack(state);
    case 'target-takes-over':
      return handOver(state);
    case 'ringing-goes-on':
      return ringOn(state);
    case 'rest-talks':
      return restTalks(state);
    case 'back-to-line':
      return moveCustomer(state);
    default:
      return verdict satisfies never;
  }
}

/** Nobody stays. */
export function endAll(state: ConversationState, by: EndedBy): ConversationState {
  const parties = state.parties.map((party) => ({ ...party, ...gone }));
  return { ...state, parties, aside: null, ended: state.ended ?? by };
}

/** The customer's leg goes on elsewhere, everybody else is hung up. */
export function moveCustomer(state: ConversationState): ConversationState {
  return endAll({ ...state, ended: 'moved' }, 'system');
}

function othersGoOn(state: ConversationState, by: EndedBy): ConversationState {
  const { aside } = state;
  const targetLeft = aside !== null && partyOf(state, aside.targetId)?.stage === 'gone';
  const rest = targetLeft ? { ...state, aside: null } : state;
  const talkers = talkersOf(rest);
  if (talkers.length < 2) return endAll(rest, by);
  if (rest.ownerId !== null && partyOf(rest, rest.ownerId)?.stage !== 'gone') return rest;
  const ownerId = talkers.find(({ role }) => role === 'agent')?.id ?? null;
  // Outside parties are not kept talking among themselves.
  const hasCustomer = partyOf(rest, rest.customerId)?.stage === 'up';
  return ownerId === null && !hasCustomer ? endAll(rest, by) : { ...rest, ownerId };
}

/** The one beside the talk leaves; agent and customer hear each other again. */
export function customerBack(state: ConversationState): ConversationState {
  const rest = dropAside(state);
  return withParty(rest, rest.ownerId, { away: false });
}

/** Whoever is beside the talk leaves. */
function dropAside(state: ConversationState): ConversationState {
  if (!state.aside) return state;
  const { targetId, secondLineId } = state.aside;
  const rest = withParty(withParty(state, targetId, gone), secondLineId, gone);
  return { ...rest, aside: null, faces: 'talk' };
}

/** The target has the customer; the agent leaves. */
export function handOver(state: ConversationState): ConversationState {
  const { aside, ownerId } = state;
  if (!aside) return state;
  const target = partyOf(state, aside.targetId);
  const rest = withParty(withParty(state, ownerId, gone), aside.secondLineId, gone);
  const withTarget = withParty(rest, aside.targetId, { metCustomer: true });
  const nextOwner = target?.role === 'agent' ? target.id : null;
  return { ...withTarget, aside: null, faces: 'talk', ownerId: nextOwner };
}

/** The agent leaves while the target's phone rings. */
export function ringOn(state: ConversationState): ConversationState {
  if (!state.aside) return state;
  const rest = withParty(withParty(state, state.ownerId, gone), state.aside.secondLineId, gone);
  const aside = { ...state.aside, purpose: 'transfer', secondLineId: null } as const;
  return { ...rest, aside, faces: 'talk', ownerId: null };
}

/** The customer has left a consultation: agent and target go on. */
function restTalks(state: ConversationState): ConversationState {
  const { ownerId, aside } = state;
  const rest: ConversationState = { ...state, aside: null, faces: 'talk' };
  if (aside?.secondLineId == null) return withParty(rest, ownerId, { away: false });
  return { ...withParty(rest, ownerId, gone), ownerId: aside.secondLineId };
}
