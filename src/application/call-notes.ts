import { type ConversationState, type Party, partyOf } from '../bridging/conversation-state.ts';
import type { CallNote } from '../callback/call-note.ts';
import type { Actor } from '../callback/callback.ts';

/** Notes of one conversation; bounds what a key that is pressed again and again writes. */
export const CALL_NOTES_MAX = 1000;

const isHeld = ({ away, phoneHeld }: Party): boolean => away || phoneHeld;

/**
 * What has been held, resumed, muted and unmuted between two states of a conversation.
 * @param actor whose command it is; undefined: nobody's, a phone did it.
 */
export function notesOf(
  before: ConversationState,
  after: ConversationState,
  actor: Actor | undefined,
  atMs: number,
): CallNote[] {
  return after.parties.flatMap((party): CallNote[] => {
    const old = partyOf(before, party.id);
    if (!old || party.stage !== 'up') return [];
    const { role, agentId } = party;
    const own: Actor = agentId === null ? { kind: 'customer' } : { kind: 'agent', id: agentId };
    const by = old.phoneHeld === party.phoneHeld ? 'command' : 'phone';
    const note = (kind: CallNote['kind'], how: CallNote['data']['by']): CallNote => {
      const who = how === 'phone' ? own : (actor ?? own);
      return { kind, actor: who, atMs, data: { party: role, ...(agentId !== null && { agentId }), by: how } };
    };
    return [
      ...(isHeld(old) === isHeld(party) ? [] : [note(isHeld(party) ? 'CALL_HELD' : 'CALL_RESUMED', by)]),
      ...(old.muted === party.muted ? [] : [note(party.muted ? 'PARTY_MUTED' : 'PARTY_UNMUTED', 'command')]),
    ];
  });
}
