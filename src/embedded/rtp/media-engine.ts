import { randomInt } from 'node:crypto';
import { AudioSource } from './audio-source.ts';
import { ConferenceMixer } from './conference-mixer.ts';
import { createLegTap } from './leg-tap.ts';
import { MediaLeg } from './media-leg.ts';
import type { LegHost } from './media-leg.ts';
import type { EngineStatistics, MediaEngineOptions, MediaOrder, MediaReport } from './media-orders.ts';
import { PortPool } from './socket-pair.ts';
import { messageOf } from '../../kernel/errors.ts';

/** Orders carried out on a leg that must be there. */
type LegOrder = Extract<
  MediaOrder,
  {
    type:
      | 'media'
      | 'play'
      | 'stop-play'
      | 'bridge'
      | 'unbridge'
      | 'mute'
      | 'dtmf'
      | 'tap'
      | 'untap'
      | 'pause-tap'
      | 'join'
      | 'leave'
      | 'member';
  }
>;

const TICK_MS = 20;
/** Further behind than this (the machine slept) the wheel begins anew instead of sending a burst. */
const CATCH_UP_MAX_MS = 200;
/** RFC 3550 §6.2: reports of a leg are about 5 s apart. */
const REPORT_EVERY_TICKS = 250;
/** A source that fell silent is noticed within 200 ms. */
const WATCH_EVERY_TICKS = 10;
const LATE_MS = 20;

/** All legs of the media thread: carries out orders, ticks every 20 ms without drift. */
export class MediaEngine implements LegHost {
  readonly #report: (report: MediaReport) => void;
  readonly #pool: PortPool;
  readonly #legsMax: number;
  readonly #legs = new Map<string, MediaLeg>();
  readonly #opening = new Set<string>();
  readonly #active = new Set<MediaLeg>();
  readonly #conferences = new Map<string, ConferenceMixer>();
  readonly #conferenceOf = new Map<string, ConferenceMixer>();
  #timer: NodeJS.Timeout | undefined;
  #nextTickMs = 0;
  tickCount = 0;
  #lateTickCount = 0;
  #latenessMaxMs = 0;
  #malformedCount = 0;

  constructor(options: MediaEngineOptions, report: (report: MediaReport) => void) {
    this.#report = report;
    this.#legsMax = options.legsMax;
    const first = randomInt(0, 1 << 16);
    this.#pool = new PortPool(options.host, options.rtpPortMin, options.rtpPortMax, first);
  }

  start(): void {
    this.#nextTickMs = performance.now() + TICK_MS;
    this.#schedule();
  }

  /** Closes every socket. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const leg of this.#legs.keys()) this.#close(leg);
    this.#opening.clear();
  }

  nowMs(): number {
    return performance.now();
  }

  report(report: MediaReport): void {
    this.#report(report);
  }

  setActive(leg: MediaLeg, isActive: boolean): void {
    if (isActive) this.#active.add(leg);
    else this.#active.delete(leg);
  }

  countMalformed(): void {
    this.#malformedCount++;
  }

  get statistics(): EngineStatistics {
    const tickLatenessMaxMs = this.#latenessMaxMs;
    this.#latenessMaxMs = 0;
    return {
      legCount: this.#legs.size,
      socketCount: this.#pool.heldCount * 2,
      conferenceCount: this.#conferences.size,
      lateTickCount: this.#lateTickCount,
      tickLatenessMaxMs,
      malformedPacketCount: this.#malformedCount,
    };
  }

  /** Carries out one order; one for a leg that is gone is ignored. */
  handle(order: MediaOrder): void {
    switch (order.type) {
      case 'open':
        void this.#open(order.leg);
        return;
      case 'close':
        this.#close(order.leg);
        return;
      case 'statistics': {
        const leg = order.leg === undefined ? undefined : this.#legs.get(order.leg)?.statistics;
        this.#report({ type: 'statistics', id: order.id, value: leg ?? this.statistics });
        return;
      }
      case 'shutdown':
        this.close();
        return;
      case 'conference-play':
        this.#conferences
          .get(order.conference)
          ?.play(order.play, order.leg, new AudioSource(order.segments, false));
        return;
      case 'conference-stop-play':
        this.#conferences.get(order.conference)?.stopPlay();
        return;
      case 'relations':
        this.#conferences.get(order.conference)?.setRelations(order.unheard);
        return;
      case 'conference-record':
      case 'conference-unrecord':
        this.#conferences.get(order.conference)?.record(order.tap, order.type === 'conference-record');
        return;
      case 'media':
      case 'play':
      case 'stop-play':
      case 'bridge':
      case 'unbridge':
      case 'mute':
      case 'dtmf':
      case 'tap':
      case 'untap':
      case 'pause-tap':
      case 'join':
      case 'leave':
      case 'member': {
        const leg = this.#legs.get(order.leg);
        if (leg !== undefined) this.#handleForLeg(leg, order);
        return;
      }
      default:
        order satisfies never;
    }
  }

  #handleForLeg(leg: MediaLeg, order: LegOrder): void {
    switch (order.type) {
      case 'media':
        leg.setMedia(order.media);
        return;
      case 'play':
        leg.play(order.play, new AudioSource(order.segments, order.isEndless));
        return;
      case 'stop-play':
        leg.stopPlay(order.play);
        return;
      case 'bridge':
        this.#bridge(leg, order.other);
        return;
      case 'unbridge':
        this.#unbridge(leg);
        return;
      case 'mute':
        leg.isReadMuted = order.read ?? leg.isReadMuted;
        leg.isWriteMuted = order.write ?? leg.isWriteMuted;
        return;
      case 'dtmf':
        leg.sendDigits(order.digits, order.durationMs);
        return;
      case 'tap':
        leg.taps.set(order.tap, createLegTap(leg.id, order.tap, order.kind, this.#report));
        leg.refreshActivity();
        return;
      case 'untap':
        leg.taps.get(order.tap)?.end();
        leg.taps.delete(order.tap);
        leg.refreshActivity();
        return;
      case 'pause-tap': {
        const tap = leg.taps.get(order.tap);
        if (tap !== undefined) tap.isPaused = order.isPaused;
        return;
      }
      case 'join':
        this.#join(leg, order.conference, order.flags);
        return;
      case 'leave':
        this.#leave(leg);
        return;
      case 'member':
        this.#conferenceOf.get(leg.id)?.setFlags(leg.id, order.flags);
        return;
      default:
        order satisfies never;
    }
  }

  async #open(id: string): Promise<void> {
    if (this.#legs.has(id) || this.#opening.has(id)) return;
    if (this.#legs.size + this.#opening.size >= this.#legsMax) {
      this.#report({ type: 'open-failed', leg: id, reason: 'too many legs' });
      return;
    }
    this.#opening.add(id);
    try {
      const sockets = await this.#pool.open();
      // Closed while the ports were being bound.
      if (!this.#opening.delete(id)) {
        this.#pool.close(sockets);
        return;
      }
      this.#legs.set(id, new MediaLeg(id, sockets, randomInt(1, 2 ** 32 - 1), this));
      this.#report({ type: 'opened', leg: id, port: sockets.port });
    } catch (error) {
      this.#opening.delete(id);
      this.#report({ type: 'open-failed', leg: id, reason: messageOf(error) });
    }
  }

  #close(id: string): void {
    this.#opening.delete(id);
    const leg = this.#legs.get(id);
    if (leg === undefined) return;
    this.#unbridge(leg);
    this.#leave(leg);
    leg.close();
    this.#legs.delete(id);
    this.#pool.close(leg.sockets);
  }

  #bridge(leg: MediaLeg, otherId: string): void {
    const other = this.#legs.get(otherId);
    if (other === undefined) return;
    this.#unbridge(leg);
    this.#unbridge(other);
    leg.partner = other;
    other.partner = leg;
  }

  #unbridge(leg: MediaLeg): void {
    if (leg.partner !== undefined) leg.partner.partner = undefined;
    leg.partner = undefined;
  }

  #join(leg: MediaLeg, name: string, flags: { isMuted?: boolean; isDeaf?: boolean }): void {
    this.#leave(leg);
    let conference = this.#conferences.get(name);
    if (conference === undefined) {
      conference = new ConferenceMixer(name, this.#report);
      this.#conferences.set(name, conference);
    }
    conference.join(leg, flags);
    this.#conferenceOf.set(leg.id, conference);
  }

  #leave(leg: MediaLeg): void {
    const conference = this.#conferenceOf.get(leg.id);
    if (conference === undefined) return;
    conference.leave(leg);
    this.#conferenceOf.delete(leg.id);
    if (conference.memberCount > 0) return;
    conference.stopPlay();
    this.#conferences.delete(conference.name);
  }

  #schedule(): void {
    const waitMs = Math.max(0, this.#nextTickMs - performance.now());
    this.#timer = setTimeout(() => this.#tick(), waitMs);
  }

  /** Each tick is due 20 ms after the one before was due, not after it came: pacing does not drift. */
  #tick(): void {
    const lateMs = performance.now() - this.#nextTickMs;
    if (lateMs > this.#latenessMaxMs) this.#latenessMaxMs = lateMs;
    if (lateMs > LATE_MS) this.#lateTickCount++;
    if (lateMs > CATCH_UP_MAX_MS) this.#skip(Math.floor(lateMs / TICK_MS));
    for (const conference of this.#conferences.values()) conference.step();
    for (const leg of this.#active) leg.step(this.#conferenceOf.get(leg.id)?.outFor(leg.id));
    this.tickCount++;
    this.#attendLegs();
    this.#nextTickMs += TICK_MS;
    this.#schedule();
  }

  #skip(tickCount: number): void {
    for (const leg of this.#active) leg.missed(tickCount);
    this.#nextTickMs += tickCount * TICK_MS;
  }

  /** What each leg needs from time to time, the legs spread over the ticks. */
  #attendLegs(): void {
    const phase = this.tickCount % REPORT_EVERY_TICKS;
    const nowMs = Date.now();
    for (const leg of this.#legs.values()) {
      const turn = leg.sockets.port >> 1;
      if (turn % WATCH_EVERY_TICKS === phase % WATCH_EVERY_TICKS) leg.watchSource();
      if (turn % REPORT_EVERY_TICKS === phase) leg.sendReport(nowMs);
    }
  }
}
