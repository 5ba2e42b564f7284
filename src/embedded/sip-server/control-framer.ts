/** Bytes of one control message, head and SIP message together. */
export const CONTROL_MESSAGE_BYTES_MAX = 131_072;
/** Digits of a message's length. */
const LENGTH_DIGITS_MAX = 6;
const HASH = 0x23;

/**
 * Cuts drachtio's control stream into messages: a decimal length, `#`, that many bytes. Anything else breaks
 * the stream for good, since nobody can say where the next message begins.
 */
export class ControlFramer {
  #held: Buffer = Buffer.alloc(0);
  #isBroken = false;

  /** The whole messages in the bytes so far; `broken` when the stream cannot be read any further. */
  push(chunk: Buffer): { readonly messages: string[]; readonly isBroken: boolean } {
    const messages: string[] = [];
    if (this.#isBroken) return { messages, isBroken: true };
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const hash = this.#held.subarray(0, LENGTH_DIGITS_MAX + 1).indexOf(HASH);
      if (hash < 0) {
        if (this.#held.length > LENGTH_DIGITS_MAX || !isNumber(this.#held)) this.#break();
        return { messages, isBroken: this.#isBroken };
      }
      const digits = this.#held.subarray(0, hash);
      const length = isNumber(digits) && hash > 0 ? Number(digits.toString('latin1')) : 0;
      if (length === 0 || length > CONTROL_MESSAGE_BYTES_MAX) {
        this.#break();
        return { messages, isBroken: true };
      }
      const end = hash + 1 + length;
      if (this.#held.length < end) return { messages, isBroken: false };
      messages.push(this.#held.toString('utf8', hash + 1, end));
      this.#held = this.#held.subarray(end);
    }
  }

  #break(): void {
    this.#isBroken = true;
    this.#held = Buffer.alloc(0);
  }
}

function isNumber(bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x30 && byte <= 0x39);
}

/** One control message with its length before it. */
export function frameControlMessage(message: string): string {
  return `${Buffer.byteLength(message)}#${message}`;
}
