/** Things that happened, in order, and waits for what has happened or will. */
export class WatchedList<T> {
  readonly items: T[] = [];
  readonly #waiters = new Set<() => void>();

  push(item: T): void {
    this.items.push(item);
    for (const waiter of this.#waiters) waiter();
  }

  /**
   * Resolves with `find`'s first answer that is not undefined, asked now and after every new item. Rejects
   * after `withinMs` with `what` and the last items, so that a failed test says what did happen.
   */
  wait<R>(find: (items: readonly T[]) => R | undefined, what: string, withinMs: number): Promise<R> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        const found = find(this.items);
        if (found === undefined) return false;
        clearTimeout(timer);
        this.#waiters.delete(settle);
        resolve(found);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(settle);
        const seen = this.items.slice(-12).map((item) => `  ${describe(item)}`);
        reject(new Error(`waited ${withinMs} ms in vain for ${what}; last seen:\n${seen.join('\n')}`));
      }, withinMs);
      if (!settle()) this.#waiters.add(settle);
    });
  }
}

function describe(item: unknown): string {
  return (typeof item === 'string' ? item : JSON.stringify(item)).slice(0, 300);
}
