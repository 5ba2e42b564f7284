import { assert } from '../kernel/errors.ts';
import { compareTokens, type Token } from './token.ts';

/** A token with what is happening to it. `held`: it keeps its place while it is being dialled or offered. */
interface Place {
  readonly token: Token;
  held: boolean;
}

/**
 * The line of one virtual queue: live calls and due callbacks in one order. In memory; callbacks' places are
 * rebuilt from their records after a restart, live calls end with the process that carried them.
 */
export class VirtualQueue {
  readonly name: string;
  /** Always in serving order. */
  readonly #places: Place[] = [];
  readonly #bySubject = new Map<string, Token>();
  #overtakeCount = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Live calls and callbacks in line, held ones included. */
  get length(): number {
    return this.#places.length;
  }

  /**
   * How often a token was served before an older one of the same class that was free to be served. Stays 0.
   */
  get overtakeCount(): number {
    return this.#overtakeCount;
  }

  /** Inserts in order. A subject has one token at most: a second `add` for it replaces the first. */
  add(token: Token): void {
    assert(token.queue === this.name, `token of ${token.queue} added to ${this.name}`);
    this.remove(token.subjectId);
    this.#places.splice(this.#indexOf(token), 0, { token, held: false });
    this.#bySubject.set(token.subjectId, token);
  }

  /** Takes the subject out of the line; undefined when it was not in it. */
  remove(subjectId: string): Token | undefined {
    const token = this.#bySubject.get(subjectId);
    if (!token) return undefined;
    this.#bySubject.delete(subjectId);
    this.#places.splice(this.#indexOf(token), 1);
    return token;
  }

  find(subjectId: string): Token | undefined {
    return this.#bySubject.get(subjectId);
  }

  /** 1 is next; undefined when the subject is not in line. */
  positionOf(subjectId: string): number | undefined {
    const token = this.#bySubject.get(subjectId);
    return token ? this.#indexOf(token) + 1 : undefined;
  }

  /** The first token that is free to be served. */
  head(): Token | undefined {
    return this.#places.find((place) => !place.held)?.token;
  }

  /** The free tokens in serving order. */
  *waiting(): Generator<Token> {
    for (const place of this.#places) if (!place.held) yield place.token;
  }

  /**
   * Keeps the place while the token is dialled or offered; counts an overtake when an equal older one is
   * passed.
   */
  hold(subjectId: string): void {
    const index = this.#placeIndex(subjectId);
    const place = this.#places[index];
    assert(place && !place.held, `${subjectId} is free to be held`);
    for (let i = 0; i < index; i++) {
      const earlier = this.#places[i] as Place;
      if (!earlier.held && sameClass(earlier.token, place.token)) this.#overtakeCount++;
    }
    place.held = true;
  }

  /** Gives a held token back to its old place. Harmless when it is not in line. */
  release(subjectId: string): void {
    if (!this.#bySubject.has(subjectId)) return;
    (this.#places[this.#placeIndex(subjectId)] as Place).held = false;
  }

  isHeld(subjectId: string): boolean {
    if (!this.#bySubject.has(subjectId)) return false;
    return (this.#places[this.#placeIndex(subjectId)] as Place).held;
  }

  count(kind: Token['kind']): number {
    return this.#places.reduce((sum, place) => (place.token.kind === kind ? sum + 1 : sum), 0);
  }

  #placeIndex(subjectId: string): number {
    const token = this.#bySubject.get(subjectId);
    assert(token, `${subjectId} is in the line of ${this.name}`);
    return this.#indexOf(token);
  }

  /** Where the token is, or would be inserted: binary search, the order is total. */
  #indexOf(token: Token): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareTokens((this.#places[middle] as Place).token, token) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function sameClass(a: Token, b: Token): boolean {
  return a.priority === b.priority && a.confirmed === b.confirmed;
}
