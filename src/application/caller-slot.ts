import type { QueueSettings } from '../callback/queue-settings.ts';
import { immediateOffer } from '../calendar/open-for.ts';
import { DEFAULT_TIME_ZONE } from '../calendar/slot-calendar.ts';
import type { FlowFacts } from '../ivr/flow-facts.ts';
import { languageFor } from '../ivr/languages/languages.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { ServiceDirectory } from './service-directory.ts';
import type { SlotDesk } from './slot-desk.ts';

const DAY_MS = 86_400_000;

export interface CallerSlotOptions {
  readonly slots: SlotDesk;
  readonly directory: ServiceDirectory;
  readonly clock: Clock;
  readonly log: Log;
}

type OfferFacts = Pick<
  FlowFacts,
  | 'offerAllowed'
  | 'immediateAllowed'
  | 'scheduledAllowed'
  | 'nowMs'
  | 'timeZone'
  | 'bookableUntilMs'
  | 'twelveHourClock'
  | 'slotAtMs'
>;

/** What one caller may be offered, and the slot that is held while the caller decides. */
export class CallerSlot {
  readonly #holderId: string;
  readonly #language: string;
  readonly #options: CallerSlotOptions;
  /** Slots proposed for the present wish; the last one is held. */
  #proposed = new Set<number>();
  #startMs: number | undefined;
  #mayHold = false;

  /** @param holderId the call's id. */
  constructor(holderId: string, language: string, options: CallerSlotOptions) {
    this.#holderId = holderId;
    this.#language = language;
    this.#options = options;
  }

  /** Beginning of the slot proposed last. */
  get startMs(): number | undefined {
    return this.#startMs;
  }

  /**
   * @param ewtSec this caller's estimated wait; −1 unknown.
   * @param belowWatermark the queue has room for further callbacks.
   */
  facts(settings: QueueSettings, ewtSec: number, belowWatermark: boolean): OfferFacts {
    const { clock, directory, slots } = this.#options;
    const nowMs = clock.nowMs();
    const immediate = immediateOffer(slots.offerQuestion(settings, nowMs, ewtSec));
    const immediateAllowed = belowWatermark && immediate.allowed;
    const scheduledAllowed = belowWatermark && settings.scheduledEnabled;
    return {
      offerAllowed: immediateAllowed || scheduledAllowed,
      immediateAllowed,
      scheduledAllowed,
      nowMs,
      timeZone: directory.slotCalendar(settings.name)?.timeZone ?? DEFAULT_TIME_ZONE,
      bookableUntilMs: nowMs + settings.maxFutureDays * DAY_MS,
      twelveHourClock: languageFor(this.#language).clock === 12,
      ...(this.#startMs !== undefined && { slotAtMs: this.#startMs }),
    };
  }

  /** Holds the nearest free slot; `next`: one that this wish has not been answered with yet. */
  async propose(
    queue: string,
    wish: { readonly desiredAtMs: number; readonly next: boolean },
  ): Promise<{ readonly kind: 'found' | 'none' }> {
    if (!wish.next) this.#proposed = new Set();
    this.#mayHold = true;
    const { desiredAtMs } = wish;
    const question = { desiredAtMs, holderId: this.#holderId, passed: this.#proposed };
    const slot = await this.#options.slots.propose(queue, question);
    this.#startMs = slot?.startMs;
    if (!slot) return { kind: 'none' };
    this.#proposed.add(slot.startMs);
    return { kind: 'found' };
  }

  /** The call is over: what is still held is given up; a booking has used its hold up. */
  release(): void {
    if (!this.#mayHold) return;
    // A hold that cannot be given up expires by itself.
    this.#options.slots.release(this.#holderId).catch((error: unknown) => {
      this.#options.log.warn({ error }, 'a hold on a slot could not be given up');
    });
  }
}
