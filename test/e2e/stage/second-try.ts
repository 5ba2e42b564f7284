import { describeShortage, isStarved, type Shortage, watchShortage } from './starvation.ts';

/** Between the beginnings of two scenes: each begins with processes and a call of its own. */
const STAGGER_MS = 150;
/** Characters of a first failure that are told. */
const FAILURE_LENGTH_MAX = 200;

interface Excused {
  readonly shortage: Shortage;
  readonly error: unknown;
}

export interface SceneRunOptions {
  /** Scenes that run at the same time. */
  readonly atOnceMax: number;
  /** Default: the machine itself is watched. */
  readonly watch?: () => () => Shortage;
  /** Takes a line for a person. Default: standard error. */
  readonly say?: (line: string) => void;
  /** Default 150. */
  readonly staggerMs?: number;
}

/**
 * Runs scenes, so many at the same time. A scene that fails while the machine was short of time is tried once
 * more, alone, when all others have ended; what happens then is the verdict. Any other failure is a verdict
 * at once. Every second try is told with its reason.
 */
export class SceneRuns {
  readonly #atOnceMax: number;
  readonly #watch: () => () => Shortage;
  readonly #say: (line: string) => void;
  readonly #staggerMs: number;
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;
  /** First tries that have not ended. */
  #openCount = 0;
  #lastBegin: Promise<unknown> = Promise.resolve();
  #lastAlone: Promise<unknown> = Promise.resolve();
  readonly #whenAllEnded: (() => void)[] = [];

  constructor({ atOnceMax, watch, say, staggerMs }: SceneRunOptions) {
    this.#atOnceMax = atOnceMax;
    this.#watch = watch ?? watchShortage;
    this.#say = say ?? ((line) => process.stderr.write(`${line}\n`));
    this.#staggerMs = staggerMs ?? STAGGER_MS;
  }

  /** Rejects with the error of the try that is the verdict. */
  async run(name: string, first: () => Promise<void>, second: () => Promise<void>): Promise<void> {
    this.#openCount++;
    const excused = await this.#firstTry(first).finally(() => this.#ended());
    if (excused === undefined) return;
    const alone = this.#lastAlone.then(async () => {
      await this.#allEnded();
      await this.#secondTry(name, excused, second);
    });
    this.#lastAlone = alone.catch(() => undefined);
    await alone;
  }

  /** Resolves with a failure that the machine's shortage of time excuses. */
  async #firstTry(first: () => Promise<void>): Promise<Excused | undefined> {
    await this.#place();
    const watched = this.#watch();
    try {
      await first();
      watched();
      return undefined;
    } catch (error) {
      const shortage = watched();
      if (!isStarved(shortage)) throw error;
      return { shortage, error };
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#runningCount--;
    }
  }

  async #secondTry(name: string, { shortage, error }: Excused, second: () => Promise<void>): Promise<void> {
    const failure = String(error).split('\n', 1)[0]!.slice(0, FAILURE_LENGTH_MAX);
    const why = `tried twice: "${name}" failed (${failure}) on a machine short of time: ${describeShortage(shortage)}`;
    try {
      await second();
    } catch (again) {
      this.#say(`${why}; failed again alone`);
      throw again;
    }
    this.#say(`${why}; passed alone`);
  }

  async #place(): Promise<void> {
    if (this.#runningCount < this.#atOnceMax) this.#runningCount++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const begin = this.#lastBegin;
    this.#lastBegin = begin.then(() => new Promise((resolve) => setTimeout(resolve, this.#staggerMs)));
    await begin;
  }

  #ended(): void {
    this.#openCount--;
    if (this.#openCount === 0) for (const resolve of this.#whenAllEnded.splice(0)) resolve();
  }

  #allEnded(): Promise<void> {
    if (this.#openCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenAllEnded.push(resolve));
  }
}

/** One try of one scene. */
const TRY_MAX_MS = 180_000;

/** Rejects when the try has not ended after `maxMs`, by default three minutes. */
export async function limited(tried: Promise<void>, maxMs = TRY_MAX_MS): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`the scene has not ended after ${maxMs} ms`);
    timer = setTimeout(() => reject(error), maxMs);
  });
  try {
    await Promise.race([tried, late]);
  } finally {
    clearTimeout(timer);
  }
}
