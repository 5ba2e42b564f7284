import { assert } from '../kernel/errors.ts';
import { comparePlaces, type Token } from './token.ts';

interface Node {
  readonly token: Token;
  /** Random but repeatable: parents have the larger one, which keeps the tree shallow. */
  readonly weight: number;
  held: boolean;
  left: Node | undefined;
  right: Node | undefined;
  /** Nodes below and here. */
  size: number;
  /** Of them, those not held. */
  freeCount: number;
}

/**
 * Tokens in order of age as a treap with counts: insertion, removal, rank, "first free from here on" and
 * holding are O(log n). A held token keeps its place and is not offered.
 */
export class PlaceTree {
  #root: Node | undefined;
  #seed = 1;

  get size(): number {
    return this.#root?.size ?? 0;
  }

  get freeCount(): number {
    return this.#root?.freeCount ?? 0;
  }

  insert(token: Token): void {
    const node: Node = {
      token,
      weight: this.#nextWeight(),
      held: false,
      left: undefined,
      right: undefined,
      size: 1,
      freeCount: 1,
    };
    this.#root = insertNode(this.#root, node);
  }

  /** The token must be in the tree. */
  remove(token: Token): void {
    this.#root = removeNode(this.#root, token);
  }

  /** False when it was so already. The token must be in the tree. */
  setHeld(token: Token, held: boolean): boolean {
    return setHeld(this.#root, token, held);
  }

  /** The first free token whose age is such that `placeAtMs` is at least this. */
  firstFreeFrom(placeAtMs: number): Token | undefined {
    return firstFree(this.#root, (token) => token.placeAtMs >= placeAtMs);
  }

  /** The first free token after this one in the order. */
  firstFreeAfter(before: Token): Token | undefined {
    return firstFree(this.#root, (token) => comparePlaces(token, before) > 0);
  }

  /**
   * How many tokens stand before the first one that `precedes` is false for. It must be true for a prefix of
   * the order only.
   */
  countWhile(precedes: (token: Token) => boolean): { size: number; freeCount: number } {
    let size = 0;
    let freeCount = 0;
    let node = this.#root;
    while (node) {
      if (precedes(node.token)) {
        size += (node.left?.size ?? 0) + 1;
        freeCount += (node.left?.freeCount ?? 0) + (node.held ? 0 : 1);
        node = node.right;
      } else {
        node = node.left;
      }
    }
    return { size, freeCount };
  }

  /** Mulberry32 of a counter: the same history builds the same tree. */
  #nextWeight(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) >>> 0;
    let t = this.#seed;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
}

function recount(node: Node): Node {
  const { left, right } = node;
  node.size = (left ? left.size : 0) + (right ? right.size : 0) + 1;
  node.freeCount = (left ? left.freeCount : 0) + (right ? right.freeCount : 0) + (node.held ? 0 : 1);
  return node;
}

function insertNode(node: Node | undefined, fresh: Node): Node {
  if (!node) return fresh;
  if (fresh.weight > node.weight) {
    const [left, right] = split(node, fresh.token);
    fresh.left = left;
    fresh.right = right;
    return recount(fresh);
  }
  const order = comparePlaces(fresh.token, node.token);
  assert(order !== 0, `${fresh.token.subjectId} has one place`);
  if (order < 0) node.left = insertNode(node.left, fresh);
  else node.right = insertNode(node.right, fresh);
  return recount(node);
}

/** Before the token, and after it. */
function split(node: Node | undefined, at: Token): [Node | undefined, Node | undefined] {
  if (!node) return [undefined, undefined];
  if (comparePlaces(node.token, at) < 0) {
    const [left, right] = split(node.right, at);
    node.right = left;
    return [recount(node), right];
  }
  const [left, right] = split(node.left, at);
  node.left = right;
  return [left, recount(node)];
}

function merge(left: Node | undefined, right: Node | undefined): Node | undefined {
  if (!left) return right;
  if (!right) return left;
  if (left.weight > right.weight) {
    left.right = merge(left.right, right);
    return recount(left);
  }
  right.left = merge(left, right.left);
  return recount(right);
}

function removeNode(node: Node | undefined, token: Token): Node | undefined {
  assert(node, `${token.subjectId} has a place`);
  const order = comparePlaces(token, node.token);
  if (order === 0) return merge(node.left, node.right);
  if (order < 0) node.left = removeNode(node.left, token);
  else node.right = removeNode(node.right, token);
  return recount(node);
}

function setHeld(node: Node | undefined, token: Token, held: boolean): boolean {
  assert(node, `${token.subjectId} has a place`);
  const order = comparePlaces(token, node.token);
  if (order === 0) {
    if (node.held === held) return false;
    node.held = held;
    recount(node);
    return true;
  }
  const changed = setHeld(order < 0 ? node.left : node.right, token, held);
  if (changed) node.freeCount += held ? -1 : 1;
  return changed;
}

/** `isIn` is true from some token of the order on. */
function firstFree(node: Node | undefined, isIn: (token: Token) => boolean): Token | undefined {
  if (!node || node.freeCount === 0) return undefined;
  if (!isIn(node.token)) return firstFree(node.right, isIn);
  return firstFree(node.left, isIn) ?? (node.held ? firstFree(node.right, isIn) : node.token);
}
