import {
  type Aside,
  type ConversationState,
  customerBack,
  endAll,
  leave,
  type MonitorMode,
  newParty,
  type Party,
  partyOf,
  ringOn,
  situationOf,
  talkersOf,
  withParty,
} from './conversation-state.ts';
import { AGENT_MAY, COLLEAGUE_MAY, type ControlCommand, Situation } from './hang-up-table.ts';

/** Parties of one conversation at most, supervisors included; bounds what one call can occupy. */
const PARTIES_MAX = 10;
/** The same over its whole length, those who left included. */
const PARTIES_EVER_MAX = 100;

/** What the party may do now. */
export function allowedFor(state: ConversationState, partyId: string): readonly ControlCommand[] {
  const party = partyOf(state, partyId);
  if (party?.stage !== 'up' || party.role !== 'agent') return [];
  if (partyId !== state.ownerId) {
    const isTarget = partyId === state.aside?.targetId;
    return isTarget ? ['end', 'mute', 'unmute'] : COLLEAGUE_MAY;
  }
  const isFull = !hasRoom(state);
  const hasCustomer = partyOf(state, state.customerId)?.stage === 'up';
  const hasSecondLine = state.aside?.secondLineId != null;
  return AGENT_MAY[situationOf(state)].filter((command) => {
    if (command === 'hold') return !party.away && !party.phoneHeld;
    // Its own key is the only one that takes a held phone back.
    if (command === 'resume') return (party.away && !party.phoneHeld) || isTransferring(state);
    if (command === 'transfer' || command === 'consult') return hasCustomer && !isFull;
    if (command === 'conference') return !isFull;
    if (command === 'swap') return !hasSecondLine;
    return true;
  });
}

/** One more may join. */
export function hasRoom({ parties }: ConversationState): boolean {
  const presentCount = parties.filter(({ stage }) => stage !== 'gone').length;
  return presentCount < PARTIES_MAX && parties.length < PARTIES_EVER_MAX;
}

function isTransferring(state: ConversationState): boolean {
  return situationOf(state) === Situation.transferring;
}

/** Commands that need nothing but the state; what is not allowed must have been refused before. */
export type PlainCommand =
  | { readonly type: 'end' | 'hold' | 'resume' | 'complete-transfer' | 'cancel-consult' | 'merge' | 'swap' }
  | { readonly type: 'mute' | 'unmute' | 'drop'; readonly partyId: string };

/** The state after the command of the party `by`. */
export function applied(state: ConversationState, by: string, command: PlainCommand): ConversationState {
  switch (command.type) {
    case 'end':
      return end(state, by);
    case 'hold':
      return withParty(state, by, { away: true });
    case 'resume':
      return isTransferring(state) ? customerBack(state) : withParty(state, by, { away: false });
    case 'complete-transfer':
      return completeTransfer(state);
    case 'cancel-consult':
      return situationOf(state) === Situation.inviting
        ? leave(state, state.aside?.targetId ?? '', 'agent')
        : customerBack(state);
    case 'merge':
      return merge(state);
    case 'swap':
      return { ...state, faces: state.faces === 'talk' ? 'aside' : 'talk' };
    case 'mute':
    case 'unmute':
      return withParty(state, command.partyId, { muted: command.type === 'mute' });
    case 'drop':
      return leave(state, command.partyId, 'agent');
    default:
      return command satisfies never;
  }
}

function end(state: ConversationState, by: string): ConversationState {
  const staysWithout = talkersOf(state).length > 2 || by !== state.ownerId;
  return staysWithout ? leave(state, by, 'agent') : endAll(state, 'agent');
}

function completeTransfer(state: ConversationState): ConversationState {
  if (situationOf(state) === Situation.calling) return ringOn(state);
  const aside = state.aside && { ...state.aside, purpose: 'handover' as const };
  return { ...state, aside, faces: 'talk' };
}

function merge(state: ConversationState): ConversationState {
  const { aside } = state;
  if (!aside) return state;
  const withTarget = withParty(state, aside.targetId, { metCustomer: true });
  const withOwner = withParty(withTarget, state.ownerId, { away: false });
  const onOneLine = withParty(withOwner, aside.secondLineId, { stage: 'gone' });
  return { ...onOneLine, aside: null, faces: 'talk', isMixed: true };
}

/** The target's phone begins to ring. `secondLine`: the agent's phone has dialled by itself. */
export function beginAside(
  state: ConversationState,
  target: Party,
  purpose: Exclude<Aside['purpose'], 'handover'>,
  secondLine: Party | undefined,
): ConversationState {
  const parties = [...state.parties, target, ...(secondLine ? [secondLine] : [])];
  const aside = { targetId: target.id, purpose, secondLineId: secondLine?.id ?? null };
  const begun = { ...state, parties, aside };
  if (purpose === 'conference') return begun;
  if (purpose === 'transfer') return withParty(begun, state.ownerId, { away: true });
  if (secondLine) return begun;
  return { ...withParty(begun, state.ownerId, { away: false }), faces: 'aside' };
}

/** A phone that rang has been answered. */
export function answered(state: ConversationState, id: string): ConversationState {
  const up = withParty(state, id, { stage: 'up' });
  const { aside } = up;
  if (aside?.targetId !== id) return up;
  switch (aside.purpose) {
    case 'consult':
    case 'handover':
      return up;
    case 'transfer':
      return { ...up, aside: { ...aside, purpose: 'handover' } };
    case 'conference':
      return { ...withParty(up, id, { metCustomer: true }), aside: null, isMixed: true };
    default:
      return aside.purpose satisfies never;
  }
}

/** A supervisor's phone begins to ring, or the way of listening changes. */
export function monitored(
  state: ConversationState,
  supervisor: Pick<Party, 'id' | 'name' | 'agentId'>,
  mode: MonitorMode,
): ConversationState {
  if (partyOf(state, supervisor.id)) return withParty(state, supervisor.id, { monitors: mode });
  const party = { ...newParty({ ...supervisor, role: 'supervisor' }, 'ringing'), monitors: mode };
  return { ...state, parties: [...state.parties, party] };
}

/** The phone's own hold key. */
export function phoneHeld(state: ConversationState, id: string, held: boolean): ConversationState {
  return withParty(state, id, { phoneHeld: held });
}

/**
 * The media server could not do what the state asks for: the latest to join is given up, one kind a step;
 * whoever talks with nobody else to give up is put on hold, at last the conversation ends.
 */
export function afterMediaFailure(state: ConversationState): ConversationState {
  const supervisor = state.parties.find(({ role, stage }) => role === 'supervisor' && stage === 'up');
  if (supervisor) return leave(state, supervisor.id, 'system');
  if (state.aside) return leave(state, state.aside.targetId, 'system');
  const talkers = talkersOf(state);
  const latest = talkers.findLast(({ id }) => id !== state.ownerId && id !== state.customerId);
  if (talkers.length > 2 && latest) return leave(state, latest.id, 'system');
  const owner = partyOf(state, state.ownerId);
  if (owner?.away === false) return withParty(state, owner.id, { away: true });
  return endAll(state, 'system');
}
