import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { SrfDialog, SrfResponse } from './drachtio-srf.ts';
import { MediaSilence } from './media-silence.ts';

/**
 * From one answer to the next question, and from a question to the end of the wait for its answer (a little
 * less than RFC 3261 §17.1.2.2, timer F): a phone is missed within a minute. One that is not asked regularly
 * is asked after so long without a packet, and missed within 75 s.
 */
export const DIALOG_CHECK_INTERVAL_MS = 30_000;
/** RFC 3261 §17.1.2.2: three times sent by then, for one packet may be lost. */
const PATIENCE_MIN_MS = 2000;
/** So many failures of the transport in a row; a 503 may be the far end's own. */
const UNREACHED_MAX = 2;
/** Between two looks at the packets of one who does not answer: whoever talks is there. */
const LISTEN_MS = 500;

/** The far end has said that it takes OPTIONS (RFC 3261 §20.5); others might end the call over it. */
export function takesOptions({ type, req, res }: Pick<SrfDialog, 'type' | 'req' | 'res'>): boolean {
  const allowed = (type === 'uas' ? req : res).get('Allow') ?? '';
  return allowed.split(',').some((method) => method.trim().toUpperCase() === 'OPTIONS');
}

/** What {@link DialogWatch} works with. */
export interface DialogWatchParts {
  readonly dialog: SrfDialog;
  readonly clock: Clock;
  /** See {@link DIALOG_CHECK_INTERVAL_MS}. */
  readonly intervalMs: number;
  /** Packets received of the far end; undefined: cannot be told. Never rejects. */
  readonly packetCount: () => Promise<number | undefined>;
  /** The far end holds. */
  readonly isHeld: () => boolean;
  /** Called at most once, never after `close`. */
  readonly gone: () => void;
}

/**
 * Notices that the far end of a call is gone: one that loses power or its network says no BYE. Asked by
 * OPTIONS within the dialog (RFC 3261 §11, §12.2.1.2), any answer but 481 and 408 is one. Who allows OPTIONS
 * is asked regularly; another, and one who has never answered, only when its media, having flowed, have
 * stopped ({@link MediaSilence}).
 */
export class DialogWatch {
  readonly #parts: DialogWatchParts;
  readonly #silence: MediaSilence;
  /** Otherwise it is asked when it is suspicious. */
  #isAskedRegularly: boolean;
  #isSuspicious = false;
  #timer: TimerHandle | undefined;
  #hasAnswered = false;
  #unreachedCount = 0;
  #isClosed = false;

  constructor(parts: DialogWatchParts) {
    this.#parts = parts;
    this.#isAskedRegularly = takesOptions(parts.dialog);
    this.#silence = new MediaSilence(parts.intervalMs, parts.clock.monotonicMs());
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) this.#parts.clock.clearTimer(this.#timer);
  }

  #wait(): void {
    const { clock, intervalMs } = this.#parts;
    if (this.#isClosed) return;
    if (this.#isAskedRegularly) this.#timer = clock.setTimer(intervalMs, () => this.#ask());
    else this.#timer = clock.setTimer(intervalMs / 2, () => void this.#look());
  }

  /** Twice per time of silence, by one small question to the media server. */
  async #look(): Promise<void> {
    const { clock, packetCount, isHeld } = this.#parts;
    const count = await packetCount();
    if (this.#isClosed) return;
    this.#isSuspicious =
      count !== undefined && this.#silence.isSuspicious(count, isHeld(), clock.monotonicMs());
    if (this.#isSuspicious) this.#ask();
    else this.#wait();
  }

  #ask(): void {
    const { clock, dialog, intervalMs } = this.#parts;
    let isSettled = false;
    const settle = (status: number | undefined): void => {
      if (isSettled || this.#isClosed) return;
      isSettled = true;
      clock.clearTimer(patience);
      void this.#answered(status);
    };
    const patience = clock.setTimer(Math.max(intervalMs, PATIENCE_MIN_MS), () => settle(408));
    this.#timer = patience;
    try {
      // An error is the SIP server's, which could not send it: that says nothing about the phone.
      dialog.request({ method: 'OPTIONS' }, (err, res?: SrfResponse) =>
        settle(err ? undefined : res?.status),
      );
    } catch {
      settle(undefined);
    }
  }

  async #answered(status: number | undefined): Promise<void> {
    if (status === 481) return this.#isGone();
    const isUnreached = status === 503;
    this.#unreachedCount = isUnreached ? this.#unreachedCount + 1 : 0;
    if (status === 408 || this.#unreachedCount >= UNREACHED_MAX) {
      if ((this.#hasAnswered || this.#isSuspicious) && !(await this.#isTalking())) return this.#isGone();
      // Not judged by its silence to questions until its media are silent too.
      if (!this.#hasAnswered) this.#isAskedRegularly = false;
    } else if (status !== undefined && !isUnreached) {
      this.#hasAnswered = true;
      this.#silence.answered(this.#parts.clock.monotonicMs());
    }
    this.#wait();
  }

  /** Packets come. */
  async #isTalking(): Promise<boolean> {
    const { clock, packetCount } = this.#parts;
    const before = await packetCount();
    await new Promise<void>((resolve) => {
      this.#timer = clock.setTimer(LISTEN_MS, resolve);
    });
    const after = await packetCount();
    return before !== undefined && after !== undefined && before !== after;
  }

  #isGone(): void {
    if (this.#isClosed) return;
    this.close();
    this.#parts.gone();
  }
}
