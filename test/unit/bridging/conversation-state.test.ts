import { describe, expect, it } from 'vitest';
import { allowedFor, answered, applied, beginAside } from '../../../src/bridging/conversation-commands.ts';
import {
  type Aside,
  type ConversationState,
  handOver,
  leave,
  newConversation,
  newParty,
  type Party,
  situationOf,
  withParty,
} from '../../../src/bridging/conversation-state.ts';
import {
  HANG_UPS,
  type HangUpVerdict,
  type Leaver,
  type Situation,
} from '../../../src/bridging/hang-up-table.ts';
import { seatsOf } from '../../../src/bridging/seating.ts';

const party = (id: string, role: Party['role'], stage: Party['stage'] = 'up'): Party =>
  newParty({ id, role, name: id, agentId: role === 'agent' || role === 'supervisor' ? id : null }, stage);

const talking = newConversation(party('customer', 'customer'), party('agent', 'agent'));

function ringing(
  purpose: Exclude<Aside['purpose'], 'handover'>,
  role: Party['role'] = 'agent',
): ConversationState {
  return beginAside(talking, party('target', role, 'ringing'), purpose, undefined);
}

const consulting = answered(ringing('consult'), 'target');
const conference = answered(ringing('conference', 'external'), 'target');

/** One state of each situation. */
const states: Record<Situation, ConversationState> = {
  talking,
  held: applied(talking, 'agent', { type: 'hold' }),
  calling: ringing('consult'),
  consulting,
  transferring: ringing('transfer'),
  'handing-over': answered(ringing('transfer'), 'target'),
  'left-behind': leave(ringing('transfer'), 'agent', 'agent'),
  inviting: ringing('conference'),
  conference,
  unattended: leave(conference, 'agent', 'agent'),
  ended: leave(talking, 'customer', 'customer'),
};

const ids: Record<Leaver, string> = {
  customer: 'customer',
  agent: 'agent',
  target: 'target',
  other: 'target',
};

/** What can be seen of a verdict afterwards. */
const seen: Record<HangUpVerdict, (after: ConversationState) => boolean> = {
  'end-all': (after) => after.ended !== null && upOf(after).length === 0,
  'others-go-on': (after) => (upOf(after).length >= 2 ? after.ended === null : after.ended !== null),
  'customer-back': (after) => situationOf(after) === 'talking' && joined(after, 'customer', 'agent'),
  'target-takes-over': (after) => after.ownerId === 'target' && joined(after, 'customer', 'target'),
  'ringing-goes-on': (after) => situationOf(after) === 'left-behind' && after.ownerId === null,
  'rest-talks': (after) => situationOf(after) === 'talking' && joined(after, 'agent', 'target'),
  'back-to-line': (after) => after.ended === 'moved',
};

const upOf = ({ parties }: ConversationState): readonly Party[] =>
  parties.filter(({ stage }) => stage !== 'gone');

function joined(state: ConversationState, a: string, b: string): boolean {
  const seat = seatsOf(state).get(a);
  return seat?.kind === 'joined' && seat.withId === b;
}

describe('the table of who ends whom', () => {
  it.each(Object.entries(states))('%s is recognised', (situation, state) => {
    expect(situationOf(state)).toBe(situation);
  });

  const rows = Object.entries(HANG_UPS).flatMap(([situation, row]) =>
    Object.entries(row).map(
      ([leaver, verdict]) => [situation as Situation, leaver as Leaver, verdict] as const,
    ),
  );
  // Two who talk are customer and agent as a rule; the third party's row is played below.
  const played = rows.filter(([situation, leaver]) => leaver !== 'other' || situation !== 'talking');

  it.each(
    played.filter(([situation, leaver]) => leaver !== 'other' || !['held', 'inviting'].includes(situation)),
  )('%s: when the %s hangs up, %s', (situation, leaver, verdict) => {
    const after = leave(states[situation], ids[leaver], 'system');
    expect(seen[verdict](after)).toBe(true);
  });

  it('never leaves one party alone for good', () => {
    const alone = Object.entries(HANG_UPS).flatMap(([situation, row]) =>
      (Object.keys(row) as Leaver[]).filter((leaver) => {
        const after = leave(states[situation as Situation], ids[leaver], 'system');
        return after.ended === null && upOf(after).length < 2;
      }),
    );
    expect(alone).toEqual([]);
  });

  it('ends agent and outside party together once the customer has left the conference', () => {
    const two = leave(conference, 'customer', 'customer');
    expect(situationOf(two)).toBe('talking');
    expect(leave(two, 'target', 'agent').ended).toBe('agent');
    expect(allowedFor(two, 'agent')).not.toContain('transfer');
  });
});

describe('who hears whom', () => {
  it('whoever is left alone hears music, who rings somebody hears it ring', () => {
    expect(seatsOf(states.calling)).toEqual(
      new Map([
        ['agent', { kind: 'alone', hears: 'ringing' }],
        ['customer', { kind: 'alone', hears: 'music' }],
      ]),
    );
    expect(seatsOf(states.held).get('customer')).toEqual({ kind: 'alone', hears: 'music' });
    expect(seatsOf(states.held).get('agent')).toEqual({ kind: 'alone', hears: 'nothing' });
  });

  it('a consultation is heard by two only, in either direction of the swap', () => {
    expect(joined(consulting, 'agent', 'target')).toBe(true);
    const swapped = applied(consulting, 'agent', { type: 'swap' });
    expect(joined(swapped, 'agent', 'customer')).toBe(true);
    expect(seatsOf(swapped).get('target')).toEqual({ kind: 'alone', hears: 'music' });
  });

  it.each([
    ['listen', []],
    ['whisper', ['agent']],
    ['barge', 'all'],
  ] as const)('a supervisor who came to %s is heard by the right ones', (monitors, heardBy) => {
    const supervisor = { ...party('boss', 'supervisor'), monitors };
    const seats = seatsOf({ ...talking, parties: [...talking.parties, supervisor] });
    expect(seats.get('boss')).toEqual({ kind: 'mixed', heardBy });
    expect(seats.get('customer')).toEqual({ kind: 'mixed', heardBy: 'all' });
  });

  it('a phone that holds in a conference is not heard with its own music', () => {
    const held = withParty(conference, 'target', { phoneHeld: true });
    expect(seatsOf(held).get('target')).toEqual({ kind: 'alone', hears: 'nothing' });
    expect(seatsOf(held).get('customer')).toEqual({ kind: 'mixed', heardBy: 'all' });
  });

  it('the agent has left the line before the customer is let go of', () => {
    expect(joined(states['handing-over'], 'customer', 'target')).toBe(true);
    const after = handOver(states['handing-over']);
    expect(after.ownerId).toBe('target');
    expect(upOf(after).map(({ id }) => id)).toEqual(['customer', 'target']);
  });
});

describe('a phone with two lines', () => {
  const begun = beginAside(
    withParty(talking, 'agent', { phoneHeld: true }),
    party('target', 'agent', 'ringing'),
    'consult',
    party('line2', 'agent'),
  );
  const up = answered(begun, 'target');

  it('talks on its second line while the customer hears music', () => {
    expect(joined(up, 'line2', 'target')).toBe(true);
    expect(seatsOf(up).get('customer')).toEqual({ kind: 'alone', hears: 'music' });
  });

  it('goes on with the one consulted when it hangs up the customer', () => {
    const after = leave(up, 'agent', 'agent');
    expect(joined(after, 'line2', 'target')).toBe(true);
    expect(upOf(after).map(({ id }) => id)).toEqual(['target', 'line2']);
  });

  it('gives up the one consulted when it hangs up the second line', () => {
    const after = leave(up, 'line2', 'agent');
    expect(upOf(after).map(({ id }) => id)).toEqual(['customer', 'agent']);
  });

  it('leaves with both lines when the transfer is done', () => {
    const after = handOver(applied(up, 'agent', { type: 'complete-transfer' }));
    expect(upOf(after).map(({ id }) => id)).toEqual(['customer', 'target']);
  });
});
