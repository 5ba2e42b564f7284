import type { Channel } from './channel.ts';
import { ConferenceRoom } from './conference-room.ts';
import type { ConferenceHost, ConferenceMember } from './conference-room.ts';
import { recordingPath, WavRecording } from './recording.ts';

const ROOMS_MAX = 1_000;
const MEMBERS_MAX = 500;

/** All conferences: the `conference` application and the `conference` api command. */
export class Conferences {
  readonly #host: ConferenceHost & { readonly recordingsDirectory: string | undefined };
  readonly #rooms = new Map<string, ConferenceRoom>();
  readonly #roomOf = new Map<Channel, ConferenceRoom>();
  #memberCount = 0;

  constructor(host: ConferenceHost & { readonly recordingsDirectory: string | undefined }) {
    this.#host = host;
  }

  get count(): number {
    return this.#rooms.size;
  }

  room(name: string): ConferenceRoom | undefined {
    return this.#rooms.get(name);
  }

  get rooms(): Iterable<ConferenceRoom> {
    return this.#rooms.values();
  }

  /** The `conference` application: `name[@profile][+pin][+flags{a|b}]`; lasts until the member leaves. */
  async run(channel: Channel, argument: string, signal: AbortSignal): Promise<string> {
    const match = /^([^+@]+)(?:@([^+]*))?(?:\+((?!flags\{)[^+]*))?(?:\+flags\{([^}]*)\})?/.exec(
      argument.trim(),
    );
    const name = match?.[1]?.trim() ?? '';
    const flags = new Set((match?.[4] ?? '').split('|'));
    const room = this.#enter(name, match?.[2] ?? 'default', match?.[3] ?? '');
    if (room === undefined) return 'CONFERENCE FULL';
    await new Promise<void>((resolve) => {
      const member: ConferenceMember = {
        id: this.#memberIdOf(channel),
        channel,
        isModerator: flags.has('moderator'),
        endsConference: flags.has('endconf'),
        isGhost: flags.has('ghost'),
        isMuted: flags.has('mute'),
        isDeaf: flags.has('deaf'),
        isTalking: false,
        tag: '',
        relations: new Map(),
        leave: resolve,
      };
      this.#roomOf.set(channel, room);
      signal.addEventListener('abort', () => resolve(), { once: true });
      room.add(member);
      channel.digitListener = ({ digit }) => room.fireMember('dtmf', member, { 'DTMF-Key': digit });
    });
    const member = room.memberOf(channel);
    if (member !== undefined) room.remove(member);
    this.#roomOf.delete(channel);
    if (room.members.size === 0) this.#rooms.delete(room.name);
    return '_none_';
  }

  /** A member began or stopped to talk. */
  talking(channel: Channel, isTalking: boolean): void {
    const room = this.#roomOf.get(channel);
    const member = room?.memberOf(channel);
    if (room === undefined || member === undefined) return;
    member.isTalking = isTalking;
    room.fireMember(isTalking ? 'start-talking' : 'stop-talking', member);
  }

  /** `conference <name> recording start|stop <path>`. */
  async record(room: ConferenceRoom, verb: string, name: string): Promise<string> {
    const running = room.recordings.get(name);
    if (verb === 'stop' || verb === 'norecord') {
      if (running === undefined) return `-ERR non-existant recording '${name}'\n`;
      running.stop();
      return `+OK Stopped recording file ${name}\n`;
    }
    const path = recordingPath(this.#host.recordingsDirectory, name);
    if (verb !== 'start' || path === undefined || running !== undefined)
      return `-ERR Cannot record ${name}\n`;
    const recording = await WavRecording.create(path, 1);
    const tap = this.#host.media.nextId();
    const stop = (): void => {
      if (!room.recordings.delete(name)) return;
      this.#host.media.order({ type: 'conference-unrecord', conference: room.uuid, tap });
      this.#host.media.forgetTap(tap);
      void recording.end().then(() => room.fire('stop-recording', { Path: name }));
    };
    room.recordings.set(name, { tap, stop });
    this.#host.media.onTap(tap, { audio: (samples) => recording.write(samples) });
    this.#host.media.order({ type: 'conference-record', conference: room.uuid, tap });
    room.fire('start-recording', { Path: name });
    return `+OK Record file ${name}\n`;
  }

  /** A channel keeps its number in all conferences it is in, as in mod_conference. */
  #memberIdOf(channel: Channel): number {
    const known = Number(channel.variables.get('conference_member_id') ?? 0);
    return known > 0 && known <= this.#memberCount ? known : ++this.#memberCount;
  }

  #enter(name: string, profile: string, pin: string): ConferenceRoom | undefined {
    if (name === '') return undefined;
    const known = this.#rooms.get(name);
    if (known !== undefined) {
      const isFull = known.members.size >= (known.membersMax > 0 ? known.membersMax : MEMBERS_MAX);
      return isFull || known.isLocked || (known.pin !== '' && known.pin !== pin) ? undefined : known;
    }
    if (this.#rooms.size >= ROOMS_MAX) return undefined;
    const room = new ConferenceRoom(name, profile, this.#host);
    room.pin = pin;
    this.#rooms.set(name, room);
    room.fire('conference-create');
    return room;
  }
}
