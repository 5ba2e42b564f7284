import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Router } from '../routing/router.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** Where a caller goes who has waited long enough. */
type OverflowTarget =
  | { readonly kind: 'queue'; readonly settings: QueueSettings }
  | { readonly kind: 'voicemail' };

export interface LineOverflowOptions {
  readonly directory: ServiceDirectory;
  readonly router: Pick<Router, 'queue'>;
  readonly clock: Clock;
  /** The caller has waited as long as the line's settings said when it was joined. */
  readonly onDue: () => void;
}

/** How long one caller has been in the present line, and where the caller may go from there. */
export class LineOverflow {
  readonly #options: LineOverflowOptions;
  /** Lines of this call: none is joined twice, so that no caller goes round in circles. */
  readonly #visited = new Set<string>();
  #joinedAtMs: number | undefined;
  #timer: TimerHandle | undefined;

  constructor(options: LineOverflowOptions) {
    this.#options = options;
  }

  /** The caller has joined this line. */
  joined({ name, overflowAfterSec }: QueueSettings): void {
    const { clock, onDue } = this.#options;
    this.left();
    this.#visited.add(name);
    this.#joinedAtMs = clock.nowMs();
    if (overflowAfterSec > 0) this.#timer = clock.setTimer(overflowAfterSec * 1000, onDue);
  }

  /** The caller is in no line. */
  left(): void {
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#joinedAtMs = undefined;
  }

  /** By the settings in force now; false when there is nowhere to go. */
  isDue(settings: QueueSettings): boolean {
    const { overflowAfterSec } = settings;
    if (overflowAfterSec === 0 || this.#joinedAtMs === undefined) return false;
    const waitedMs = this.#options.clock.nowMs() - this.#joinedAtMs;
    return waitedMs >= overflowAfterSec * 1000 && this.target(settings) !== undefined;
  }

  /** The other line when it is open, has room and was not visited before; else voicemail when enabled. */
  target({ name, overflowQueue, voicemailEnabled }: QueueSettings): OverflowTarget | undefined {
    const { clock, directory, router } = this.#options;
    const settings = overflowQueue === undefined ? undefined : directory.queue(overflowQueue);
    const isFree =
      settings !== undefined &&
      settings.name !== name &&
      !this.#visited.has(settings.name) &&
      directory.isOpen(settings.name, clock.nowMs()) &&
      router.queue(settings.name).length < settings.maxQueued;
    if (isFree) return { kind: 'queue', settings };
    return voicemailEnabled ? { kind: 'voicemail' } : undefined;
  }
}
