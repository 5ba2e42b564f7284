import { randomUUID } from 'node:crypto';
import type { AudioLibrary } from './audio-library.ts';
import type { Channel } from './channel.ts';
import type { EventHeaders } from './event-format.ts';
import type { EventSource } from './event-source.ts';
import type { MediaLink } from './media-link.ts';

/** What conferences need. */
export interface ConferenceHost {
  readonly media: MediaLink;
  readonly library: AudioLibrary;
  readonly events: EventSource;
}

/** How one member stands to another (mod_conference's `relate`). */
export interface MemberRelation {
  readonly maySpeak: boolean;
  readonly mayHear: boolean;
}

/** One channel in a conference. */
export interface ConferenceMember {
  readonly id: number;
  readonly channel: Channel;
  readonly isModerator: boolean;
  /** The conference ends with this member. */
  readonly endsConference: boolean;
  readonly isGhost: boolean;
  isMuted: boolean;
  isDeaf: boolean;
  isTalking: boolean;
  tag: string;
  /** By another member's id: whether this member may speak to it and hear it; absent: both. */
  readonly relations: Map<number, MemberRelation>;
  /** Ends the member's `conference` application. */
  readonly leave: () => void;
}

const SUBCLASS = 'conference::maintenance';
const SAMPLES_PER_MS = 8;

/** One conference: members, their switches, its events (mod_conference). The mixing is the media thread's. */
export class ConferenceRoom {
  readonly name: string;
  readonly uuid = randomUUID();
  readonly profile: string;
  readonly members = new Map<number, ConferenceMember>();
  readonly createdAtMs = Date.now();
  isLocked = false;
  membersMax = 0;
  pin = '';
  /** Path to tap of each running recording. */
  readonly recordings = new Map<string, { readonly tap: number; readonly stop: () => void }>();
  readonly #host: ConferenceHost;

  constructor(name: string, profile: string, host: ConferenceHost) {
    this.name = name;
    this.profile = profile;
    this.#host = host;
  }

  memberOf(channel: Channel): ConferenceMember | undefined {
    for (const member of this.members.values()) if (member.channel === channel) return member;
    return undefined;
  }

  add(member: ConferenceMember): void {
    this.members.set(member.id, member);
    const flags = { isMuted: member.isMuted, isDeaf: member.isDeaf };
    this.#host.media.order({ type: 'join', leg: member.channel.uuid, conference: this.uuid, flags });
    member.channel.setVariable('conference_name', this.name);
    member.channel.setVariable('conference_member_id', String(member.id));
    member.channel.setVariable('conference_uuid', this.uuid);
    this.#orderRelations();
    this.fireMember('add-member', member);
  }

  /** @returns true when the conference is over. */
  remove(member: ConferenceMember): boolean {
    if (!this.members.delete(member.id)) return this.members.size === 0;
    this.#host.media.order({ type: 'leave', leg: member.channel.uuid });
    this.fireMember('del-member', member);
    const isOver = this.members.size === 0 || member.endsConference;
    if (!isOver) return false;
    for (const other of this.members.values()) {
      this.members.delete(other.id);
      this.#host.media.order({ type: 'leave', leg: other.channel.uuid });
      this.fireMember('del-member', other);
      other.leave();
    }
    for (const recording of this.recordings.values()) recording.stop();
    this.fire('conference-destroy');
    return true;
  }

  setFlags(member: ConferenceMember, flags: { isMuted?: boolean; isDeaf?: boolean }): void {
    member.isMuted = flags.isMuted ?? member.isMuted;
    member.isDeaf = flags.isDeaf ?? member.isDeaf;
    this.#host.media.order({ type: 'member', leg: member.channel.uuid, flags });
  }

  /** Sets or, with undefined, clears what a member's relation to another is. */
  relate(member: ConferenceMember, otherId: number, relation: MemberRelation | undefined): void {
    if (relation === undefined) member.relations.delete(otherId);
    else member.relations.set(otherId, relation);
    this.#orderRelations();
  }

  /**
   * A relation holds for both ways and is kept at one member: as in mod_conference the other's may stand too.
   */
  #orderRelations(): void {
    const unheard: [string, string][] = [];
    for (const member of this.members.values()) {
      for (const [otherId, { maySpeak, mayHear }] of member.relations) {
        const other = this.members.get(otherId);
        if (other === undefined) continue;
        if (!maySpeak) unheard.push([other.channel.uuid, member.channel.uuid]);
        if (!mayHear) unheard.push([member.channel.uuid, other.channel.uuid]);
      }
    }
    this.#host.media.order({ type: 'relations', conference: this.uuid, unheard });
  }

  /** Plays to all or to one member. @returns false when there is no such file. */
  async play(name: string, member: ConferenceMember | undefined): Promise<boolean> {
    const playable = await this.#host.library.find(name);
    if (playable === undefined) return false;
    const play = this.#host.media.nextId();
    const file = { File: name, 'Play-File-Type': playable.type };
    const suffix = member === undefined ? '' : '-member';
    const fire = (action: string, headers: EventHeaders): void => {
      if (member === undefined) this.fire(action, headers);
      else this.fireMember(action, member, headers);
    };
    fire(`play-file${suffix}`, file);
    void this.#host.media.whenPlayed(play).then((samples) => {
      const milliseconds = Math.floor(samples / SAMPLES_PER_MS);
      fire(`play-file${suffix}-done`, {
        ...file,
        seconds: String(Math.floor(milliseconds / 1000)),
        milliseconds: String(milliseconds),
        samples: String(samples),
      });
    });
    this.#host.media.order({
      type: 'conference-play',
      conference: this.uuid,
      play,
      leg: member?.channel.uuid,
      segments: playable.segments,
    });
    return true;
  }

  stopPlay(): void {
    this.#host.media.order({ type: 'conference-stop-play', conference: this.uuid });
  }

  /** A maintenance event of the conference as a whole. */
  fire(action: string, headers: EventHeaders = {}): void {
    this.#host.events.fire('CUSTOM', { ...this.#headers(), Action: action, ...headers }, SUBCLASS);
  }

  /** A maintenance event about a member. */
  fireMember(action: string, member: ConferenceMember, headers: EventHeaders = {}): void {
    const all = {
      ...this.#headers(),
      Hear: String(!member.isDeaf),
      Speak: String(!member.isMuted),
      Talking: String(member.isTalking),
      'Member-ID': String(member.id),
      'Member-Type': member.isModerator ? 'moderator' : 'member',
      'Member-Ghost': String(member.isGhost),
      'Energy-Level': '100',
      Action: action,
      ...headers,
    };
    member.channel.fireBrief('CUSTOM', all, SUBCLASS);
  }

  /** The lines of `conference <name> list`. */
  formatList(): string {
    let text = '';
    for (const member of [...this.members.values()].reverse()) {
      const { identity } = member.channel;
      const flags = [
        member.isDeaf ? '' : 'hear',
        member.isMuted ? '' : 'speak',
        member.isTalking ? 'talking' : '',
        member.isModerator ? 'moderator' : '',
        member.endsConference ? 'endconf' : '',
      ].filter((flag) => flag !== '');
      text += `${member.id};${identity.name};${member.channel.uuid};;${identity.callerNumber};${flags.join('|')};0;0;100\n`;
    }
    return text;
  }

  #headers(): EventHeaders {
    return {
      'Conference-Name': this.name,
      'Conference-Domain': this.#host.events.hostname,
      'Conference-Size': String(this.members.size),
      'Conference-Ghosts': String([...this.members.values()].filter((member) => member.isGhost).length),
      'Conference-Profile-Name': this.profile,
      'Conference-Unique-ID': this.uuid,
    };
  }
}
