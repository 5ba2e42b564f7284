import type { Clock } from '../../kernel/clock.ts';
import { withDeadline } from './deadline.ts';
import type { EslEvent } from './drachtio-fsmrf.ts';
import type { MediaEndpoint } from './media-endpoint.ts';

/** From the command to the event that tells of the member; a conference's first member makes it, 0.3 s. */
const ENTER_DEADLINE_MS = 3000;
const LEAVE_DEADLINE_MS = 1500;
/** The profile of freeswitch/configuration/conference.conf.xml: no announcements, no keys. */
const PROFILE = 'default';

/** How one member stands to another. */
export interface MemberRelation {
  readonly other: MediaEndpoint;
  /** The member hears the other. */
  readonly hears: boolean;
  /** The other hears the member. */
  readonly heard: boolean;
}

/**
 * One conference of the media server (mod_conference): exists while somebody is in it. Members are moved by
 * `uuid_transfer`, which takes a channel out of whatever it is doing.
 */
export class MediaConference {
  readonly #clock: Clock;
  /** Member ids as the server gave them. */
  readonly #members = new Map<MediaEndpoint, string>();
  /**
   * Of the channel that made the conference; a new name each time it has been empty: it may still be ending.
   */
  #name: string | undefined;
  #nameCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Puts a channel in; `silently`: it neither hears nor is heard until `admit`. Rejects when the media server
   * does not tell of the new member in time.
   */
  async enter(endpoint: MediaEndpoint, options: { readonly silently: boolean }): Promise<void> {
    if (this.#members.size === 0) this.#name = `mix-${endpoint.uuid}-${++this.#nameCount}`;
    const name = this.#name ?? '';
    const flags = options.silently ? '+flags{mute|deaf}' : '';
    await endpoint.yieldPlaying();
    const added = this.#told(endpoint, name, 'add-member');
    await endpoint.transferTo(`conference:${name}@${PROFILE}${flags},park`);
    const told = Promise.race([added.event, endpoint.gone.then(() => undefined)]);
    const event = await withDeadline(this.#clock, ENTER_DEADLINE_MS, told);
    added.stop();
    const id = event?.getHeader('Member-ID');
    if (id === undefined) {
      // It may enter later: nobody would know that it is there.
      await endpoint.transferTo('park').catch(() => undefined);
      throw new Error('the media server did not tell of the new member');
    }
    this.#members.set(endpoint, id);
  }

  /** Lets a member that came in silently hear and be heard. */
  async admit(endpoint: MediaEndpoint): Promise<void> {
    const id = this.#members.get(endpoint) ?? '';
    for (const verb of ['unmute', 'undeaf']) await this.#ask(endpoint, `${verb} ${id}`);
  }

  /** Sets who hears whom; a relation is kept at the one member, for both directions. */
  async relate(endpoint: MediaEndpoint, relations: readonly MemberRelation[]): Promise<void> {
    const id = this.#members.get(endpoint);
    for (const { other, hears, heard } of relations) {
      const otherId = this.#members.get(other);
      if (id === undefined || otherId === undefined || other.isGone) continue;
      // What the other keeps about a member of this number, from before.
      await this.#ask(endpoint, `relate ${otherId} ${id} clear`);
      const words = [...(heard ? [] : ['nospeak']), ...(hears ? [] : ['nohear'])];
      await this.#ask(endpoint, `relate ${id} ${otherId} ${words.length === 0 ? 'clear' : words.join('-')}`);
    }
  }

  /** Takes a channel out: it waits in silence. */
  async leave(endpoint: MediaEndpoint): Promise<void> {
    const wasIn = this.#members.delete(endpoint);
    if (!wasIn || endpoint.isGone) return;
    const left = this.#told(endpoint, this.#name ?? '', 'del-member');
    await endpoint.transferTo('park');
    await withDeadline(this.#clock, LEAVE_DEADLINE_MS, Promise.race([left.event, endpoint.gone]));
    left.stop();
  }

  /** The channel is not here any more: it has ended or is somewhere else. */
  forget(endpoint: MediaEndpoint): void {
    this.#members.delete(endpoint);
  }

  async #ask(endpoint: MediaEndpoint, command: string): Promise<void> {
    const reply = await endpoint.api('conference', `${this.#name ?? ''} ${command}`);
    // A member may end at any instant: its end tells of itself.
    const isMissing = /not found/.test(reply) && !endpoint.isGone;
    if (!reply.startsWith('+OK') && !isMissing) throw new Error(`conference ${command}: ${reply.trim()}`);
  }

  /** The next event of this kind about the channel. */
  #told(
    endpoint: MediaEndpoint,
    name: string,
    action: string,
  ): { event: Promise<EslEvent>; stop: () => void } {
    let stop: () => void = () => undefined;
    const event = new Promise<EslEvent>((resolve) => {
      stop = endpoint.onEvent('CUSTOM', (told) => {
        const isOurs = told.getHeader('Conference-Name') === name && told.getHeader('Action') === action;
        if (isOurs) resolve(told);
      });
    });
    return { event, stop };
  }
}
