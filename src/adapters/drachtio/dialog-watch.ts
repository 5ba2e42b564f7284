import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { SrfDialog, SrfResponse } from './drachtio-srf.ts';

/**
 * From one answer to the next question; with the 32 s of RFC 3261 §17.1.2.2 a phone is missed within a
 * minute.
 */
export const DIALOG_CHECK_INTERVAL_MS = 30_000;
/** So many failures of the transport in a row; a 503 may be the far end's own. */
const UNREACHED_MAX = 2;

/** The far end has said that it takes OPTIONS (RFC 3261 §20.5); others might end the call over it. */
export function takesOptions({ type, req, res }: Pick<SrfDialog, 'type' | 'req' | 'res'>): boolean {
  const allowed = (type === 'uas' ? req : res).get('Allow') ?? '';
  return allowed.split(',').some((method) => method.trim().toUpperCase() === 'OPTIONS');
}

/**
 * Asks the far end of a call by OPTIONS within the dialog whether it is still there (RFC 3261 §11,
 * §12.2.1.2): a phone that loses power or its network says no BYE. Whoever has never answered such a question
 * is not judged by its silence; any answer but 481 is one.
 */
export class DialogWatch {
  readonly #dialog: SrfDialog;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #gone: () => void;
  #timer: TimerHandle | undefined;
  #hasAnswered = false;
  #unreachedCount = 0;
  #isClosed = false;

  /** @param gone called at most once, never after `close`. */
  constructor(dialog: SrfDialog, clock: Clock, intervalMs: number, gone: () => void) {
    this.#dialog = dialog;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#gone = gone;
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) this.#clock.clearTimer(this.#timer);
  }

  #wait(): void {
    if (!this.#isClosed) this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#ask());
  }

  #ask(): void {
    try {
      this.#dialog.request({ method: 'OPTIONS' }, (err, res?: SrfResponse) => {
        // The SIP server could not send it: that says nothing about the phone.
        this.#answered(err ? undefined : res?.status);
      });
    } catch {
      this.#wait();
    }
  }

  #answered(status: number | undefined): void {
    if (this.#isClosed) return;
    const isUnreached = status === 503;
    this.#unreachedCount = isUnreached ? this.#unreachedCount + 1 : 0;
    const isSilent = status === 408 || this.#unreachedCount >= UNREACHED_MAX;
    if (status === 481 || (isSilent && this.#hasAnswered)) {
      this.close();
      this.#gone();
      return;
    }
    if (status !== undefined && status !== 408 && !isUnreached) this.#hasAnswered = true;
    this.#wait();
  }
}
