import { answeredCodec } from './session-description.ts';

/** Places remembered; the one not heard of for longest is forgotten first. */
const PLACES_MAX = 2000;

/** Which codec each place took last: phones and trunks take the same again and again. */
export class CodecMemory {
  readonly #codecs = new Map<string, string>();

  /** @param answer the session description that the place answered an offer with. */
  answered(uri: string, answer: string): void {
    const place = placeOf(uri);
    const codec = answeredCodec(answer);
    this.#codecs.delete(place);
    if (codec === undefined) return;
    this.#codecs.set(place, codec);
    const [oldest] = this.#codecs.keys();
    if (oldest !== undefined && this.#codecs.size > PLACES_MAX) this.#codecs.delete(oldest);
  }

  /** Codec as `PCMA/8000`, or undefined where nothing is known. */
  codecOf(uri: string): string | undefined {
    return this.#codecs.get(placeOf(uri));
  }
}

/** Host and port: a trunk is one place whatever number is called by it. */
function placeOf(uri: string): string {
  return uri
    .replace(/^sips?:(?:[^@]*@)?/i, '')
    .replace(/[;?>].*$/, '')
    .toLowerCase();
}
