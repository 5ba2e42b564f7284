/** Prints what happens, one line a step: seconds since the start, who, what. */
export class Timeline {
  readonly #startedMs = performance.now();
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  note(who: string, what: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    this.#print(`${seconds.padStart(6)} s  ${who.padEnd(11)} ${what}`);
  }
}
