/** Does one thing after another for each key, and things of different keys side by side. */
export class OrderedWork {
  /** The last thing to be done for each key; gone when it is done. */
  readonly #last = new Map<string, Promise<void>>();

  /** `work` is begun when everything before it for this key has ended. It must not reject. */
  add(key: string, work: () => Promise<void>): void {
    const before = this.#last.get(key) ?? Promise.resolve();
    const last = before.then(work);
    this.#last.set(key, last);
    void last.then(() => {
      if (this.#last.get(key) === last) this.#last.delete(key);
    });
  }

  /** Resolves when everything added so far for this key is done. */
  async of(key: string): Promise<void> {
    await this.#last.get(key);
  }

  /** Resolves when everything added so far is done. */
  async all(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
