import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** What an id names; the prefix of the id. */
export type IdKind =
  | 'callback'
  | 'attempt'
  | 'call'
  | 'token'
  | 'event'
  | 'effect'
  | 'due'
  | 'rsv'
  | 'invitation'
  | 'key'
  | 'corr'
  | 'audit'
  | 'recording'
  | 'callin'
  | 'note'
  | 'notification'
  | 'storage'
  | 'feed';

/**
 * `<kind>_<time-ordered>`: ids of one kind sort by creation. The brand keeps kinds apart in the type system.
 */
export type Id<K extends IdKind> = string & { readonly __kind?: K };
export type CallbackId = Id<'callback'>;
export type AttemptId = Id<'attempt'>;
/** One telephone call in or out (a leg's id in logs and events). */
export type CallId = Id<'call'>;
export type RecordingId = Id<'recording'>;
export type CallInId = Id<'callin'>;
export type NotificationId = Id<'notification'>;

/** Digits of ids: base 32 (Crockford), lower case; they sort as their values do. */
export const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_CHARACTERS = 8;

/** Makes ids. Injected, so that a simulation's ids come from its seed. */
export class IdSource {
  #lastMs = 0;
  #sequence = 0;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * 9 characters of time, 3 of sequence within the millisecond, 8 random; base 32 (Crockford), lower case.
   */
  next<K extends IdKind>(kind: K): Id<K> {
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs;
      this.#sequence = 0;
    } else {
      // The wall clock may step back: ids must not.
      this.#sequence++;
    }
    let tail = '';
    for (let i = 0; i < RANDOM_CHARACTERS; i++) tail += ID_ALPHABET[Math.floor(this.#random.next() * 32)];
    return `${kind}_${base32(this.#lastMs, 9)}${base32(this.#sequence, 3)}${tail}`;
  }
}

function base32(value: number, width: number): string {
  let text = '';
  for (let rest = value, i = 0; i < width; i++) {
    text = ID_ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
