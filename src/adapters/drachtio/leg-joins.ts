import { AppError, assert, messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Leg } from '../../telephony/leg.ts';
import { MixRelations } from '../../telephony/mix-relations.ts';
import type { Bridge, Ears, Mix } from '../../telephony/telephony.ts';
import { MediaConference } from '../freeswitch/media-conference.ts';
import { SipLeg } from './sip-leg.ts';

/** Legs in one mix: a conversation, its consultation and its listeners; not a public conference. */
const MIX_LEGS_MAX = 32;

/** Which legs are joined by what: a leg is in one bridge or one mix at a time. */
export class LegJoins {
  readonly #clock: Clock;
  readonly #log: Log;
  /** The bridge or mix a leg is in. */
  readonly #joinOf = new Map<SipLeg, Join>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** See Telephony#bridge. */
  async bridge(a: Leg, b: Leg): Promise<Bridge> {
    assert(a instanceof SipLeg && b instanceof SipLeg && a !== b, 'two different legs of this telephony');
    if (a.termination || b.termination) {
      throw new AppError('MEDIA_BRIDGE_FAILED', 'a call ended before it was joined');
    }
    const bridge: Join = {
      left: (leg) => {
        for (const other of [a, b]) if (other !== leg) this.#joinOf.delete(other);
      },
    };
    this.#enter(a, bridge);
    this.#enter(b, bridge);
    try {
      await a.endpoint.bridge(b.endpoint);
    } catch (thrown) {
      // Whatever they were in before does not know them any more: they must not stay there.
      const left = [a, b].filter((leg) => (this.#joinOf.get(leg) ?? bridge) === bridge);
      await Promise.all(left.map((leg) => this.#part(leg)));
      throw thrown;
    }
    let separated: Promise<void> | undefined;
    return {
      separate: () => {
        separated ??= this.#isIn(a, bridge) && this.#isIn(b, bridge) ? this.#part(a) : Promise.resolve();
        return separated;
      },
    };
  }

  /** See Telephony#createMix. */
  createMix(): Mix {
    return new SipMix({
      clock: this.#clock,
      log: this.#log,
      entered: (leg, mix) => this.#enter(leg, mix),
      isIn: (leg, mix) => this.#isIn(leg, mix),
      left: (leg, mix) => {
        if (this.#joinOf.get(leg) === mix) this.#joinOf.delete(leg);
      },
    });
  }

  /** Notes where the leg is from now on; what it was in before loses it. */
  #enter(leg: SipLeg, join: Join): void {
    const before = this.#joinOf.get(leg);
    if (before === undefined) void leg.ended.then(() => this.#forget(leg));
    else if (before !== join) before.left(leg);
    this.#joinOf.set(leg, join);
  }

  #forget(leg: SipLeg): void {
    const join = this.#joinOf.get(leg);
    this.#joinOf.delete(leg);
    join?.left(leg);
  }

  #isIn(leg: SipLeg, join: Join): boolean {
    return this.#joinOf.get(leg) === join;
  }

  /** Takes the leg, and whom it is bridged with, to where they hear nothing. */
  async #part(leg: SipLeg): Promise<void> {
    this.#forget(leg);
    await leg.endpoint.unbridge();
  }
}

/** A bridge or a mix: is told of a leg that has gone elsewhere or has ended. */
interface Join {
  left(leg: SipLeg): void;
}

interface SipMixParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly entered: (leg: SipLeg, mix: Join) => void;
  readonly isIn: (leg: SipLeg, mix: Join) => boolean;
  readonly left: (leg: SipLeg, mix: Join) => void;
}

/** A mix over one conference of the media server; what is asked of it is done one thing after the other. */
class SipMix implements Mix, Join {
  readonly #parts: SipMixParts;
  readonly #relations = new MixRelations();
  readonly #conference: MediaConference;
  #work: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(parts: SipMixParts) {
    this.#parts = parts;
    this.#conference = new MediaConference(parts.clock);
  }

  get legs(): readonly Leg[] {
    return this.#relations.legs;
  }

  join(leg: Leg, ears?: Ears): Promise<void> {
    assert(leg instanceof SipLeg, 'a leg of this telephony');
    return this.#inTurn(async () => {
      if (this.#closing) throw failed('the mix is closed');
      if (leg.termination) throw failed('the call has ended');
      const isIn = this.#relations.has(leg);
      if (!isIn && this.#relations.legs.length >= MIX_LEGS_MAX) throw failed('the mix is full');
      if (!isIn) this.#parts.entered(leg, this);
      this.#relations.put(leg, ears);
      if (isIn) return this.#relate(leg);
      await this.#bringIn(leg);
    });
  }

  setRelations(leg: Leg, ears: Ears): Promise<void> {
    assert(leg instanceof SipLeg, 'a leg of this telephony');
    return this.#inTurn(async () => {
      if (!this.#relations.has(leg)) throw failed('the call is not in the mix');
      this.#relations.put(leg, ears);
      await this.#relate(leg);
    });
  }

  leave(leg: Leg): Promise<void> {
    assert(leg instanceof SipLeg, 'a leg of this telephony');
    return this.#inTurn(() => this.#takeOut(leg));
  }

  close(): Promise<void> {
    this.#closing ??= this.#inTurn(async () => {
      await Promise.all(this.#members.map((leg) => this.#takeOut(leg)));
    });
    return this.#closing;
  }

  /** The leg has gone into another bridge or mix, or has ended. */
  left(leg: SipLeg): void {
    this.#relations.remove(leg);
    this.#conference.forget(leg.endpoint);
  }

  get #members(): SipLeg[] {
    return this.#relations.legs.filter((leg) => leg instanceof SipLeg);
  }

  async #bringIn(leg: SipLeg): Promise<void> {
    const others = this.#members.filter((other) => other !== leg);
    // Nobody must hear, for an instant, who is not meant for him.
    const isRestricted = others.some((other) => !this.#hearEachOther(leg, other));
    try {
      await this.#conference.enter(leg.endpoint, { silently: isRestricted });
      await this.#relate(leg);
      if (isRestricted) await this.#conference.admit(leg.endpoint);
      if (!this.#parts.isIn(leg, this)) throw failed('the call went elsewhere meanwhile');
    } catch (thrown) {
      await this.#takeOut(leg);
      throw failed(messageOf(thrown), thrown);
    }
  }

  /** Brings the media server's relations of the leg with all others up to date. */
  async #relate(leg: SipLeg): Promise<void> {
    const others = this.#members.filter((other) => other !== leg);
    await this.#conference.relate(
      leg.endpoint,
      others.map((other) => ({
        other: other.endpoint,
        hears: this.#relations.hears(leg, other),
        heard: this.#relations.hears(other, leg),
      })),
    );
  }

  #hearEachOther(a: Leg, b: Leg): boolean {
    return this.#relations.hears(a, b) && this.#relations.hears(b, a);
  }

  async #takeOut(leg: SipLeg): Promise<void> {
    if (!this.#relations.remove(leg) || !this.#parts.isIn(leg, this)) return;
    this.#parts.left(leg, this);
    try {
      await this.#conference.leave(leg.endpoint);
    } catch (thrown) {
      this.#parts.log.warn({ callId: leg.callId, error: messageOf(thrown) }, 'a call did not leave its mix');
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

function failed(why: string, cause?: unknown): AppError {
  return new AppError('MEDIA_MIX_FAILED', why, { cause, retryable: true });
}
