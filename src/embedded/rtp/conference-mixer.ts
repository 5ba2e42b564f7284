import type { AudioSource } from './audio-source.ts';
import { meanSquare } from './goertzel.ts';
import { FRAME_SAMPLES } from './media-leg.ts';
import type { MediaLeg } from './media-leg.ts';
import type { MediaReport, MemberFlags } from './media-orders.ts';

/** Mean square above which a member talks (about −37 dBm0), and how long after it stopped the end is told. */
const TALKING_LEVEL = 100_000;
const TALKING_TAIL_FRAMES = 25;

interface Member {
  readonly leg: MediaLeg;
  isMuted: boolean;
  isDeaf: boolean;
  talkingFrames: number;
  readonly out: Int16Array;
}

interface Announcement {
  readonly play: number;
  readonly leg: string | undefined;
  readonly source: AudioSource;
}

/**
 * Mixes: every member hears the sum of all others. One mix a tick, each member's own voice taken out of it
 * again, and the voices of those it is not to hear.
 */
export class ConferenceMixer {
  readonly name: string;
  readonly #members = new Map<string, Member>();
  readonly #announcements: Announcement[] = [];
  readonly #recordings = new Set<number>();
  /** Speakers that a listener does not hear, by the listener's leg. */
  readonly #unheard = new Map<string, Set<string>>();
  readonly #sum = new Int32Array(FRAME_SAMPLES);
  readonly #without = new Int32Array(FRAME_SAMPLES);
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  readonly #report: (report: MediaReport) => void;

  constructor(name: string, report: (report: MediaReport) => void) {
    this.name = name;
    this.#report = report;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  join(leg: MediaLeg, flags: MemberFlags): void {
    this.#members.set(leg.id, {
      leg,
      isMuted: flags.isMuted ?? false,
      isDeaf: flags.isDeaf ?? false,
      talkingFrames: 0,
      out: new Int16Array(FRAME_SAMPLES),
    });
    leg.isMember = true;
    leg.refreshActivity();
  }

  leave(leg: MediaLeg): void {
    if (!this.#members.delete(leg.id)) return;
    leg.isMember = false;
    leg.refreshActivity();
  }

  setFlags(legId: string, flags: MemberFlags): void {
    const member = this.#members.get(legId);
    if (member === undefined) return;
    member.isMuted = flags.isMuted ?? member.isMuted;
    member.isDeaf = flags.isDeaf ?? member.isDeaf;
  }

  /** Who does not hear whom: pairs of listener and speaker; replaces the ones before. */
  setRelations(unheard: readonly (readonly [string, string])[]): void {
    this.#unheard.clear();
    for (const [listener, speaker] of unheard) {
      const speakers = this.#unheard.get(listener) ?? new Set();
      this.#unheard.set(listener, speakers.add(speaker));
    }
  }

  play(play: number, leg: string | undefined, source: AudioSource): void {
    this.#announcements.push({ play, leg, source });
  }

  stopPlay(): void {
    for (const entry of this.#announcements.splice(0)) this.#told(entry);
  }

  record(tap: number, isOn: boolean): void {
    if (isOn) this.#recordings.add(tap);
    else this.#recordings.delete(tap);
  }

  /** Mixes this tick's frames. */
  step(): void {
    this.#sum.fill(0);
    for (const member of this.#members.values()) {
      const frame = member.leg.pullRead();
      if (member.isMuted) frame.fill(0);
      else add(this.#sum, frame);
      this.#watchTalking(member, frame);
    }
    this.#announce();
    for (const member of this.#members.values()) {
      const own = this.#withoutFor(member);
      for (let i = 0; i < FRAME_SAMPLES; i++) {
        const others = (this.#sum[i] ?? 0) - (own[i] ?? 0) + (member.out[i] ?? 0);
        member.out[i] = member.isDeaf ? 0 : Math.max(-32768, Math.min(32767, others));
      }
    }
    for (const tap of this.#recordings) {
      const samples = Int16Array.from(this.#sum, (sample) => Math.max(-32768, Math.min(32767, sample)));
      this.#report({ type: 'audio', leg: this.name, tap, samples });
    }
  }

  /** What is taken out of the sum for a member: its own voice, and those it does not hear. */
  #withoutFor(member: Member): Int16Array | Int32Array {
    const unheard = this.#unheard.get(member.leg.id);
    if (unheard === undefined) return member.leg.readFrame;
    this.#without.set(member.leg.readFrame);
    for (const speaker of unheard) {
      const other = this.#members.get(speaker);
      if (other !== undefined && other !== member) add(this.#without, other.leg.readFrame);
    }
    return this.#without;
  }

  /** What the member hears this tick. */
  outFor(legId: string): Int16Array | undefined {
    return this.#members.get(legId)?.out;
  }

  /** Files played to one member are laid into its own output before the mix, those for all into the sum. */
  #announce(): void {
    for (const member of this.#members.values()) member.out.fill(0);
    const busy = new Set<string | undefined>();
    for (const entry of this.#announcements.slice()) {
      // Files for the same listeners are played one after another.
      if (busy.has(entry.leg)) continue;
      busy.add(entry.leg);
      if (!entry.source.read(this.#frame)) {
        this.#announcements.splice(this.#announcements.indexOf(entry), 1);
        this.#told(entry);
        continue;
      }
      if (entry.leg === undefined) add(this.#sum, this.#frame);
      else this.#members.get(entry.leg)?.out.set(this.#frame);
    }
  }

  #told({ play, source }: Announcement): void {
    const samples = source.playedSamples;
    this.#report({ type: 'conference-played', conference: this.name, play, samples });
  }

  #watchTalking(member: Member, frame: Int16Array): void {
    const wasTalking = member.talkingFrames > 0;
    if (meanSquare(frame) > TALKING_LEVEL) member.talkingFrames = TALKING_TAIL_FRAMES;
    else if (wasTalking) member.talkingFrames--;
    const isTalking = member.talkingFrames > 0;
    if (isTalking !== wasTalking) this.#report({ type: 'talking', leg: member.leg.id, isTalking });
  }
}

function add(sum: Int32Array, frame: Int16Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (frame[i] ?? 0);
}
