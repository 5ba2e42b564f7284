import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Overflow, QueueEntry } from '../ivr/flow-host.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Router } from '../routing/router.ts';
import { LineOverflow } from './line-overflow.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** Since when, and with what priority, a caller waits. */
export interface PlaceInLine {
  readonly atMs: number;
  readonly priority: number;
}

export interface CallerPlaceOptions {
  readonly router: Router;
  readonly directory: ServiceDirectory;
  readonly clock: Clock;
  readonly log: Log;
  /** The caller has waited so long that another line or a message may be due. */
  readonly onOverflowDue: () => void;
}

/** The place of one caller in a line: taken once, kept from line to line and through every interruption. */
export class CallerPlace {
  readonly #callId: CallId;
  readonly #options: CallerPlaceOptions;
  readonly #overflow: LineOverflow;
  #settings: QueueSettings;
  #taken: PlaceInLine | undefined;

  /** @param settings of the first line. */
  constructor(callId: CallId, settings: QueueSettings, options: CallerPlaceOptions) {
    this.#callId = callId;
    this.#settings = settings;
    this.#options = options;
    this.#overflow = new LineOverflow({ ...options, onDue: options.onOverflowDue });
  }

  /** The line's settings in force now; those it was joined with once the queue has been removed. */
  get settings(): QueueSettings {
    return this.#options.directory.queue(this.#settings.name) ?? this.#settings;
  }

  /** The place taken, or the one that would be taken now. */
  get inLine(): PlaceInLine {
    const { clock } = this.#options;
    return this.#taken ?? { atMs: clock.nowMs(), priority: this.settings.priorityInitial };
  }

  /** The caller has waited long enough in this line and there is somewhere else to go. */
  get isOverflowDue(): boolean {
    return this.#overflow.isDue(this.settings);
  }

  /** Another place becomes the caller's: that of a callback whose turn the caller takes on this call. */
  takeOver(place: PlaceInLine): void {
    this.#taken = place;
  }

  /** Joins the line; once joined it stays as it is. */
  join(): QueueEntry {
    const { router, log } = this.#options;
    const { settings } = this;
    if (router.queueOf(this.#callId)) return { kind: 'entered' };
    if (router.queue(settings.name).length >= settings.maxQueued) return { kind: 'full' };
    log.info({ queue: settings.name }, 'place taken');
    this.#enter();
    return { kind: 'entered' };
  }

  /** Out of the line; the place is remembered. Returns whether there was a token in it. */
  leave(): boolean {
    const { router } = this.#options;
    const wasInLine = router.queueOf(this.#callId) !== undefined;
    router.leave(this.#callId);
    this.#overflow.left();
    return wasInLine;
  }

  /** Back into the line at the old place. */
  rejoin(): void {
    this.#enter();
  }

  /** Over to another line, with the place; a caller in no line joins none, but belongs to that one then. */
  moveTo(settings: QueueSettings): void {
    const wasInLine = this.leave();
    this.#options.log.info({ queue: settings.name, from: this.#settings.name }, 'over to another line');
    this.#settings = settings;
    if (wasInLine) this.#enter();
  }

  /** Where to go after a long wait, or before a full line; `moved` has happened already. */
  overflow(): Overflow {
    const target = this.#overflow.target(this.settings);
    if (target?.kind !== 'queue') return target ?? { kind: 'none' };
    this.moveTo(target.settings);
    return { kind: 'moved' };
  }

  #enter(): void {
    const { settings } = this;
    const { atMs: placeAtMs, priority } = (this.#taken ??= this.inLine);
    const queue = settings.name;
    const subjectId = this.#callId;
    this.#overflow.joined(settings);
    this.#options.router.enqueue({ queue, kind: 'call', subjectId, placeAtMs, priority, confirmed: false });
  }
}
