import type { ConferenceMember, ConferenceRoom } from './conference-room.ts';
import type { Conferences } from './conferences.ts';

/** Ids in one list of `relate`. */
const RELATED_MAX = 100;

/** The `conference` api command; texts as conference_api.c has them, because clients match on them. */
export async function runConferenceCommand(conferences: Conferences, argument: string): Promise<string> {
  const [name = '', verb = '', ...args] = argument.trim().split(/\s+/);
  if (name === 'list' || name === '') return listAll(conferences);
  const room = conferences.room(name);
  if (room === undefined) return `-ERR Conference ${name} not found\n`;
  switch (verb) {
    case 'list':
      return args[0] === 'count' ? String(room.members.size) : room.formatList();
    case 'count':
      return String(room.members.size);
    case 'play':
      return playFile(room, args);
    case 'stop':
      room.stopPlay();
      return `+OK Stopped 1 files.\n`;
    case 'lock':
    case 'unlock':
      room.isLocked = verb === 'lock';
      room.fire(verb);
      return `+OK ${name} ${verb === 'lock' ? 'locked' : 'unlocked'}\n`;
    case 'recording':
      return conferences.record(room, args[0] ?? '', args.slice(1).join(' '));
    case 'set':
    case 'get':
      return setting(room, verb, args);
    case 'relate':
      return relate(room, args);
    case 'tag':
    case 'gettag':
      return tags(room, verb, args);
    default:
      return forMembers(room, verb, args);
  }
}

function listAll(conferences: Conferences): string {
  const rooms = [...conferences.rooms];
  if (rooms.length === 0) return '+OK No active conferences.\n';
  return rooms
    .map((room) => {
      const plural = room.members.size === 1 ? '' : 's';
      return `+OK Conference ${room.name} (${room.members.size} member${plural} rate: 8000 flags: running)\n${room.formatList()}`;
    })
    .join('');
}

async function playFile(room: ConferenceRoom, args: readonly string[]): Promise<string> {
  const words = args.filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  const member = words.length > 1 && /^\d+$/.test(last) ? room.members.get(Number(last)) : undefined;
  if (words.length > 1 && /^\d+$/.test(last) && member === undefined) {
    return `-ERR Member: ${last} not found.\n`;
  }
  // Settings such as vol= stand between the file and the member.
  const file = words.find((word) => !/^(vol|full-screen|png_ms)=/.test(word)) ?? '';
  if (!(await room.play(file, member))) return `-ERR (play) File: ${file} not found.\n`;
  return member === undefined
    ? `+OK (play) Playing file ${file}\n`
    : `+OK (play) Playing file ${file} to member ${member.id}\n`;
}

/** `relate <id>[,<id>] <other>[,<other>] nospeak|nohear|clear`; the words may be run together. */
function relate(room: ConferenceRoom, [ids = '', otherIds = '', words = '']: readonly string[]): string {
  const maySpeak = !words.includes('nospeak');
  const mayHear = !words.includes('nohear');
  const isClear = words.toLowerCase() === 'clear';
  if (!isClear && maySpeak && mayHear) return `-ERR Conference command 'relate' not understood.\n`;
  let text = '';
  for (const id of ids.split(',').slice(0, RELATED_MAX)) {
    for (const otherId of otherIds.split(',').slice(0, RELATED_MAX)) {
      const member = room.members.get(Number(id));
      const isKnown = member !== undefined && (isClear || room.members.has(Number(otherId)));
      if (isKnown) room.relate(member, Number(otherId), isClear ? undefined : { maySpeak, mayHear });
      if (!isKnown) text += `-ERR relationship ${id}->${otherId} not found.\n`;
      else if (isClear) text += `+OK relationship ${id}->${otherId} cleared.\n`;
      else text += `+OK ${id}->${otherId} ${words} set\n`;
    }
  }
  return text;
}

function setting(room: ConferenceRoom, verb: 'set' | 'get', args: readonly string[]): string {
  const [key = '', value = ''] = args;
  if (verb === 'set') {
    if (key === 'max_members') room.membersMax = Math.max(0, Number(value) || 0);
    else if (key === 'pin') room.pin = value === 'none' ? '' : value;
    else return `-ERR Unknown parameter ${key}\n`;
    return `${value}\n`;
  }
  switch (key) {
    case 'max_members':
      return String(room.membersMax);
    case 'count':
      return String(room.members.size);
    case 'run_time':
      return String(Math.floor((Date.now() - room.createdAtMs) / 1000));
    case 'rate':
      return '8000';
    default:
      return `-ERR Unknown parameter ${key}\n`;
  }
}

function tags(room: ConferenceRoom, verb: 'tag' | 'gettag', args: readonly string[]): string {
  if (verb === 'tag') {
    const member = room.members.get(Number(args[0]));
    if (member === undefined) return `-ERR Member: ${args[0] ?? ''} not found.\n`;
    member.tag = args[1] ?? '';
    return '+OK\n';
  }
  const isInverse = args[1] === 'nomatch';
  const found = [...room.members.values()].filter(({ tag }) => (tag === args[0]) !== isInverse);
  return found.map(({ id }) => id).join(',');
}

function membersOf(room: ConferenceRoom, id: string): ConferenceMember[] | undefined {
  const all = [...room.members.values()];
  if (id === 'all') return all;
  if (id === 'non_moderator') return all.filter((member) => !member.isModerator);
  if (id === 'last') return all.slice(-1);
  const member = room.members.get(Number(id));
  return member === undefined ? undefined : [member];
}

function forMembers(room: ConferenceRoom, verb: string, args: readonly string[]): string {
  const apply = MEMBER_COMMANDS[verb];
  if (apply === undefined) return `-ERR Conference command '${verb}' not found.\n`;
  const id = args[0] ?? '';
  const members = membersOf(room, id);
  if (members === undefined) return `-ERR Member: ${id} not found.\n`;
  return members.map((member) => apply(room, member, args.slice(1))).join('');
}

type MemberCommand = (room: ConferenceRoom, member: ConferenceMember, args: readonly string[]) => string;

const MEMBER_COMMANDS: Readonly<Record<string, MemberCommand>> = {
  mute: (room, member) => switchFlag(room, member, { isMuted: true }, 'mute'),
  unmute: (room, member) => switchFlag(room, member, { isMuted: false }, 'unmute'),
  tmute: (room, member) => switchFlag(room, member, { isMuted: !member.isMuted }, 'mute'),
  deaf: (room, member) => switchFlag(room, member, { isDeaf: true }, 'deaf'),
  undeaf: (room, member) => switchFlag(room, member, { isDeaf: false }, 'undeaf'),
  // There is no picture here: done as soon as it is asked for.
  vmute: (_room, member) => `+OK vmute ${member.id}\n`,
  unvmute: (_room, member) => `+OK unvmute ${member.id}\n`,
  kick: (room, member) => {
    room.fireMember('kick-member', member);
    member.leave();
    return `+OK kicked ${member.id}\n`;
  },
  hup: (room, member) => {
    room.fireMember('hup-member', member);
    member.channel.hangup('NORMAL_CLEARING');
    return `+OK hup ${member.id}\n`;
  },
  dtmf: (_room, member, args) => {
    member.channel.execute({ name: 'send_dtmf', argument: args[0] ?? '', uuid: '', loopCount: 1 });
    return `+OK sent ${args[0] ?? ''} to ${member.id}\n`;
  },
  transfer: () => '-ERR Conference command not supported\n',
};

function switchFlag(
  room: ConferenceRoom,
  member: ConferenceMember,
  flags: { isMuted?: boolean; isDeaf?: boolean },
  word: string,
): string {
  room.setFlags(member, flags);
  room.fireMember(`${word}-member`, member);
  return `+OK ${word} ${member.id}\n`;
}
