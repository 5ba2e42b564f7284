/**
 * Whoever was asked because of the silence, and answered, is asked again after so many times that silence.
 */
const ANSWERED_FACTOR = 4;
/**
 * A phone that holds sends nothing as a rule: its silence counts after so many times the time, which is also
 * FreeSWITCH's default of `media_hold_timeout`.
 */
const HELD_FACTOR = 10;

/**
 * What the packets that a far end sends tell of it. Whoever has never sent any (a test client) is not
 * suspected; one that has, and sends none any more, may be gone, muted, or on hold: it is worth a question.
 */
export class MediaSilence {
  readonly #silentMs: number;
  #count = 0;
  #hasFlowed = false;
  #isHeld = false;
  #movedAtMs: number;
  #askAtMs = 0;

  /** @param silentMs how long nothing must come; looks are meant to be twice as frequent. */
  constructor(silentMs: number, nowMs: number) {
    this.#silentMs = silentMs;
    this.#movedAtMs = nowMs;
  }

  /**
   * One look: the packets received so far, whether the phone holds.
   * @returns true when the far end should be asked now.
   */
  isSuspicious(count: number, isHeld: boolean, nowMs: number): boolean {
    if (count > 0) this.#hasFlowed = true;
    // Another number, even a lower one (a stream that began anew), is life.
    if (count !== this.#count || isHeld !== this.#isHeld) {
      this.#count = count;
      this.#isHeld = isHeld;
      this.#movedAtMs = nowMs;
      this.#askAtMs = 0;
    }
    const patienceMs = this.#silentMs * (isHeld ? HELD_FACTOR : 1);
    return this.#hasFlowed && nowMs >= Math.max(this.#movedAtMs + patienceMs, this.#askAtMs);
  }

  /** It was asked, and has answered. */
  answered(nowMs: number): void {
    this.#askAtMs = nowMs + this.#silentMs * ANSWERED_FACTOR;
  }
}
