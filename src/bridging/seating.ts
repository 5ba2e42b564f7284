import { type ConversationState, type Party, partyOf, talkersOf } from './conversation-state.ts';

/** Where a leg belongs: by itself, joined with one other, or in the mix. */
export type Seat =
  | { readonly kind: 'alone'; readonly hears: 'music' | 'ringing' | 'nothing' }
  | { readonly kind: 'joined'; readonly withId: string }
  /** Ids of the parties by whom it is heard; it hears all who let it. */
  | { readonly kind: 'mixed'; readonly heardBy: 'all' | readonly string[] };

const nothing: Seat = { kind: 'alone', hears: 'nothing' };
const music: Seat = { kind: 'alone', hears: 'music' };
const ringing: Seat = { kind: 'alone', hears: 'ringing' };
const mixed: Seat = { kind: 'mixed', heardBy: 'all' };

/**
 * Who hears whom, by party: the one place where it is decided. Whoever is left alone by others hears music,
 * so nobody waits in silence. Parties that ring or are gone have no seat.
 */
export function seatsOf(state: ConversationState): ReadonlyMap<string, Seat> {
  const seats = new Map<string, Seat>();
  if (state.ended !== null) return seats;
  seatAside(state, seats);
  seatTalk(state, seats);
  return seats;
}

/** The one beside the talk, with the agent who is turned to them. */
function seatAside(state: ConversationState, seats: Map<string, Seat>): void {
  const { aside, ownerId, customerId } = state;
  if (!aside) return;
  const target = partyOf(state, aside.targetId);
  const agent = partyOf(state, aside.secondLineId ?? ownerId);
  if (aside.purpose === 'handover') {
    join(seats, customerId, aside.targetId);
    if (agent) seats.set(agent.id, nothing);
    return;
  }
  if (aside.purpose === 'conference') return;
  const usesSecondLine = aside.secondLineId !== null;
  const isTurned = agent !== undefined && !isOut(agent) && (usesSecondLine || state.faces === 'aside');
  if (target?.stage !== 'up') {
    const listens = usesSecondLine || isTurned || aside.purpose === 'transfer';
    if (agent && listens) seats.set(agent.id, ringing);
    return;
  }
  if (isTurned) return join(seats, agent.id, target.id);
  seats.set(target.id, music);
  if (usesSecondLine && agent) seats.set(agent.id, nothing);
}

function seatTalk(state: ConversationState, seats: Map<string, Seat>): void {
  const talkers = talkersOf(state).filter(({ id }) => !seats.has(id));
  const isIn = (party: Party): boolean => {
    if (party.id === state.ownerId && state.faces === 'aside') return false;
    // A phone's own hold music is for one listener; a conference is not to hear it.
    return party.role === 'agent' || state.isMixed ? !isOut(party) : !party.away;
  };
  const present = talkers.filter(isIn);
  for (const { id } of talkers) seats.set(id, nothing);
  const supervisors = state.parties.filter(({ role, stage }) => role === 'supervisor' && stage === 'up');
  for (const { id } of supervisors) seats.set(id, nothing);
  const [first, second] = present;
  if (!first) return;
  if (!second) {
    seats.set(first.id, music);
    return;
  }
  const isPair = present.length === 2 && supervisors.length === 0 && !state.isMixed;
  if (isPair) return join(seats, first.id, second.id);
  for (const { id } of present) seats.set(id, mixed);
  const agentIds = present.filter(({ role }) => role === 'agent').map(({ id }) => id);
  for (const { id, monitors } of supervisors) {
    const heardBy = monitors === 'barge' ? 'all' : monitors === 'whisper' ? agentIds : [];
    seats.set(id, { kind: 'mixed', heardBy });
  }
}

function isOut({ away, phoneHeld }: Party): boolean {
  return away || phoneHeld;
}

function join(seats: Map<string, Seat>, a: string, b: string): void {
  seats.set(a, { kind: 'joined', withId: b });
  seats.set(b, { kind: 'joined', withId: a });
}
