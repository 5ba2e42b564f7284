import { assert } from '../kernel/errors.ts';
import { classKey, emptyClass, firstOfClass, type TokenClass, type TokenFilter } from './token-class.ts';
import {
  comparePlaces,
  compareTokens,
  effectivePriority,
  nextGrowth,
  noAgeing,
  type PriorityAgeing,
  type Token,
  type TokenMedium,
} from './token.ts';

interface Place {
  readonly token: Token;
  readonly tokenClass: TokenClass;
  held: boolean;
}

/** Tokens passed that are looked at, one by one, for the overtake counter. */
const PASSED_EXAMINED_MAX = 32;

/**
 * The line of one virtual queue: live calls and due callbacks in one order, which is effective priority, then
 * confirmed, then age. In memory; callbacks' places are rebuilt from their records after a restart, live
 * calls end with the process that carried them.
 *
 * Priorities grow with age, yet nothing is ever sorted again. All tokens of a queue share the same ageing
 * function f(initial, age), which never falls as age grows. So among tokens of equal initial priority the
 * older one never has the smaller effective priority, and a tie is decided by age: their order is constant,
 * provided both are confirmed or both are not. Each such class is one tree by age. Only between classes does
 * the order change with time (a younger token of a higher initial priority is caught up with when the older
 * one has aged enough, and for good once both have reached the limit): the heads of the classes are compared
 * at the moment of the decision. For a given token the tokens of another class that precede it are a prefix
 * of that class, for the same reason; a position is the sum of the prefixes' lengths, each found by one
 * descent: O(classes × log n).
 */
export class VirtualQueue {
  readonly name: string;
  readonly #nowMs: () => number;
  readonly #classes = new Map<string, TokenClass>();
  /** The same, as an array: read at every decision. */
  #classList: readonly TokenClass[] = [];
  readonly #places = new Map<string, Place>();
  readonly #counts = { call: 0, callback: 0 };
  #heldCount = 0;
  #overtakeCount = 0;

  #ageing: PriorityAgeing = noAgeing;
  /** The first free token, until a head changes or a priority grows. */
  #head: Token | undefined;
  #headPriority = 0;
  #headUntilMs = -Infinity;

  constructor(name: string, nowMs: () => number) {
    this.name = name;
    this.#nowMs = nowMs;
  }

  /** Live calls and callbacks in line, held ones included. */
  get length(): number {
    return this.#places.size;
  }

  /** Of them, those free to be served. */
  get freeCount(): number {
    return this.#places.size - this.#heldCount;
  }

  /**
   * How often a token was served before an older one of the same class that was free to be served. Stays 0.
   */
  get overtakeCount(): number {
    return this.#overtakeCount;
  }

  /** How priority grows in this line; may be replaced at any time. */
  get ageing(): PriorityAgeing {
    return this.#ageing;
  }

  set ageing(ageing: PriorityAgeing) {
    this.#ageing = ageing;
    this.#headUntilMs = -Infinity;
  }

  /** Inserts in order. A subject has one token at most: a second `add` for it replaces the first. */
  add(token: Token): void {
    assert(token.queue === this.name, `token of ${token.queue} added to ${this.name}`);
    this.remove(token.subjectId);
    const tokenClass = this.#classOf(token);
    tokenClass.places.insert(token);
    if (!tokenClass.head || comparePlaces(token, tokenClass.head) < 0) this.#setHead(tokenClass, token);
    this.#places.set(token.subjectId, { token, tokenClass, held: false });
    this.#counts[token.kind]++;
  }

  /** Takes the subject out of the line; undefined when it was not in it. */
  remove(subjectId: string): Token | undefined {
    const place = this.#places.get(subjectId);
    if (!place) return undefined;
    const { token, tokenClass } = place;
    this.#places.delete(subjectId);
    this.#counts[token.kind]--;
    if (place.held) this.#heldCount--;
    tokenClass.places.remove(token);
    if (tokenClass.head === token) this.#setHead(tokenClass, tokenClass.places.firstFreeFrom(-Infinity));
    if (tokenClass.places.size === 0) {
      this.#classes.delete(classKey(token));
      this.#classList = [...this.#classes.values()];
    }
    return token;
  }

  find(subjectId: string): Token | undefined {
    return this.#places.get(subjectId)?.token;
  }

  /** 1 is next; undefined when the subject is not in line. */
  positionOf(subjectId: string): number | undefined {
    const token = this.find(subjectId);
    return token && this.#before(token).size + 1;
  }

  /** The position a token would have that joined now. */
  positionOfNew(token: Token): number {
    return this.#before(token).size + 1;
  }

  /** The first token that is free to be served; what it is is remembered as long as it holds. */
  head(): Token | undefined {
    const nowMs = this.#nowMs();
    if (nowMs < this.#headUntilMs) return this.#head;
    this.#head = this.#firstFor({}, nowMs);
    this.#headPriority = this.#head ? effectivePriority(this.#head, this.#ageing, nowMs) : 0;
    this.#headUntilMs = this.#classList.reduce(
      (untilMs, { head }) => (head ? Math.min(untilMs, nextGrowth(head, this.#ageing, nowMs)) : untilMs),
      Infinity,
    );
    return this.#head;
  }

  /** The effective priority of a token of this line; remembered for the head. */
  priorityOf(token: Token): number {
    const nowMs = this.#nowMs();
    if (token === this.#head && nowMs < this.#headUntilMs) return this.#headPriority;
    return effectivePriority(token, this.#ageing, nowMs);
  }

  /** The first free token that the filter lets through. */
  firstFor(filter: TokenFilter): Token | undefined {
    const { ages, medium, isSkipped } = filter;
    if (!ages && medium === undefined && !isSkipped) return this.head();
    return this.#firstFor(filter, this.#nowMs());
  }

  /** The first free token of each class that the filter lets through, in serving order. */
  firstOfEach(filter: TokenFilter): Token[] {
    const nowMs = this.#nowMs();
    const { ageing } = this;
    return this.#classList
      .filter(({ medium }) => filter.medium === undefined || filter.medium === medium)
      .flatMap((tokenClass) => firstOfClass(tokenClass, filter, nowMs) ?? [])
      .map((token) => ({ token, priority: effectivePriority(token, ageing, nowMs) }))
      .sort((a, b) => compareTokens(a.token, a.priority, b.token, b.priority))
      .map(({ token }) => token);
  }

  /**
   * Of the tokens younger than `ageMs`, the instant at which the oldest reaches it; undefined without any.
   */
  nextReaching(ageMs: number): number | undefined {
    const nowMs = this.#nowMs();
    let next: number | undefined;
    for (const { places } of this.#classList) {
      const token = places.firstFreeFrom(nowMs - ageMs + 1);
      if (token && (next === undefined || token.placeAtMs + ageMs < next)) next = token.placeAtMs + ageMs;
    }
    return next;
  }

  /**
   * Keeps the place while the token is dialled or offered. `mayServe`: whether whoever serves it could serve
   * that other token instead; an equal older one that is passed and could be is an overtake.
   */
  hold(subjectId: string, mayServe: (token: Token) => boolean = () => true): void {
    const place = this.#places.get(subjectId);
    assert(place && !place.held, `${subjectId} is free to be held`);
    const { token, tokenClass } = place;
    if (this.#before(token).freeCount > 0) this.#countOvertakes(token, mayServe);
    place.held = true;
    this.#heldCount++;
    tokenClass.places.setHeld(token, true);
    if (tokenClass.head === token) this.#setHead(tokenClass, tokenClass.places.firstFreeAfter(token));
  }

  /** Gives a held token back to its old place. Harmless when it is not in line. */
  release(subjectId: string): void {
    const place = this.#places.get(subjectId);
    if (!place?.held) return;
    const { token, tokenClass } = place;
    place.held = false;
    this.#heldCount--;
    tokenClass.places.setHeld(token, false);
    if (!tokenClass.head || comparePlaces(token, tokenClass.head) < 0) this.#setHead(tokenClass, token);
  }

  isHeld(subjectId: string): boolean {
    return this.#places.get(subjectId)?.held ?? false;
  }

  count(kind: Token['kind']): number {
    return this.#counts[kind];
  }

  /** Free tokens of the medium that precede the token. */
  freeBefore(token: Token, medium?: TokenMedium): number {
    return this.#before(token, medium).freeCount;
  }

  /** Everybody in line, in no particular order. */
  *tokens(): Generator<Token> {
    for (const { token } of this.#places.values()) yield token;
  }

  #classOf(token: Token): TokenClass {
    const key = classKey(token);
    let found = this.#classes.get(key);
    if (!found) {
      found = emptyClass(token);
      this.#classes.set(key, found);
      this.#classList = [...this.#classes.values()];
    }
    return found;
  }

  #firstFor(filter: TokenFilter, nowMs: number): Token | undefined {
    let first: Token | undefined;
    for (const tokenClass of this.#classList) {
      if (filter.medium !== undefined && filter.medium !== tokenClass.medium) continue;
      const token = firstOfClass(tokenClass, filter, nowMs);
      if (token && (!first || this.#isBefore(token, first, nowMs))) first = token;
    }
    return first;
  }

  #setHead(tokenClass: TokenClass, head: Token | undefined): void {
    tokenClass.head = head;
    this.#headUntilMs = -Infinity;
  }

  #isBefore(a: Token, b: Token, nowMs: number): boolean {
    const { ageing } = this;
    return compareTokens(a, effectivePriority(a, ageing, nowMs), b, effectivePriority(b, ageing, nowMs)) < 0;
  }

  #before(token: Token, medium?: TokenMedium): { size: number; freeCount: number } {
    const nowMs = this.#nowMs();
    const { ageing } = this;
    const priority = effectivePriority(token, ageing, nowMs);
    let size = 0;
    let freeCount = 0;
    for (const tokenClass of this.#classList) {
      if (medium !== undefined && tokenClass.medium !== medium) continue;
      const counts = tokenClass.places.countWhile(
        (other) => compareTokens(other, effectivePriority(other, ageing, nowMs), token, priority) < 0,
      );
      size += counts.size;
      freeCount += counts.freeCount;
    }
    return { size, freeCount };
  }

  #countOvertakes(served: Token, mayServe: (token: Token) => boolean): void {
    const nowMs = this.#nowMs();
    const { ageing } = this;
    const priority = effectivePriority(served, ageing, nowMs);
    for (const { confirmed, places } of this.#classList) {
      if (confirmed !== served.confirmed) continue;
      let passed = places.firstFreeFrom(-Infinity);
      for (let count = 0; passed && count < PASSED_EXAMINED_MAX; count++) {
        if (comparePlaces(passed, served) >= 0) break;
        const isEqual = effectivePriority(passed, ageing, nowMs) === priority;
        if (isEqual && mayServe(passed)) this.#overtakeCount++;
        passed = places.firstFreeAfter(passed);
      }
    }
  }
}
