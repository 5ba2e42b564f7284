import { EventEmitter } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { AppError, messageOf } from '../kernel/errors.ts';

/** What a supervised worker posts to its parent. */
export type WorkerReport =
  /** It serves; `info` says where. */
  | { readonly type: 'ready'; readonly info: unknown }
  /** It could not start; it exits by itself. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** The answer to a request. */
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown };

/** What the parent posts to a supervised worker. */
export type WorkerOrder =
  /** End in an orderly way and exit. */
  { readonly type: 'close' } | { readonly type: 'ask'; readonly id: number; readonly question: unknown };

export interface SuperviseOptions<Ready> {
  /** The worker's module, from `threadEntry`. */
  readonly entry: URL;
  /** For messages: what the worker is. */
  readonly name: string;
  /**
   * The `workerData` of each start; `last` is what it said when it was up before, so that it takes the same
   * addresses.
   */
  readonly dataFor: (last: Ready | undefined) => unknown;
  /** A worker that is not ready by then is ended; default 20 000. */
  readonly readyTimeoutMs?: number;
  /** The first pause before a restart; doubles up to `restartMaxMs`; default 100. */
  readonly restartMinMs?: number;
  /** Default 5 000. */
  readonly restartMaxMs?: number;
}

/**
 * Told while a supervised worker lives: it serves, it died (and is started again), a restart did not work.
 */
interface SupervisorEvents<Ready> {
  up: [Ready];
  down: [AppError];
}

const READY_TIMEOUT_MS = 20_000;
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 5_000;
/** A worker that was up for so long begins again with the shortest pause. */
const STEADY_MS = 30_000;
/** How long a worker may take to end in an orderly way. */
const CLOSE_TIMEOUT_MS = 3_000;
/** Questions that wait for an answer. */
const QUESTIONS_MAX = 256;

/**
 * Starts a module in a thread of its own. TypeScript goes through tsx's loader, registered inside the thread:
 * given as `--import` in the thread's `execArgv` it does not take effect on Node 20.
 */
export function spawnWorker(
  entry: URL,
  name: string,
  workerData: unknown,
  options: Pick<WorkerOptions, 'resourceLimits'> = {},
): Worker {
  if (!entry.pathname.endsWith('.ts')) return new Worker(entry, { ...options, name, workerData });
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const code = `import(${loader}).then(({ register }) => {
    register();
    return import(${JSON.stringify(entry.href)});
  });`;
  return new Worker(code, { ...options, eval: true, execArgv: [], name, workerData });
}

/** A worker thread that is kept alive: started, watched, started again on the addresses it had. */
export class WorkerSupervisor<Ready> extends EventEmitter<SupervisorEvents<Ready>> {
  readonly #options: SuperviseOptions<Ready>;
  readonly #questions = new Map<number, (value: unknown) => void>();
  #worker: Worker | undefined;
  #last: Ready | undefined;
  #upAtMs = 0;
  #pauseMs: number;
  #restart: NodeJS.Timeout | undefined;
  #questionCount = 0;
  #isClosing = false;

  constructor(options: SuperviseOptions<Ready>) {
    super();
    this.#options = options;
    this.#pauseMs = options.restartMinMs ?? RESTART_MIN_MS;
  }

  /** True while the worker serves. */
  get isUp(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * Starts the worker for the first time.
   * @throws AppError with the worker's own code, or WORKER_START_FAILED.
   */
  async start(): Promise<Ready> {
    const ready = await this.#launch();
    this.#adopt(ready);
    return ready.info;
  }

  /** Asks the running worker; undefined when it is down or dies before it answers. */
  ask(question: unknown): Promise<unknown> {
    const worker = this.#worker;
    if (worker === undefined || this.#questions.size >= QUESTIONS_MAX) return Promise.resolve(undefined);
    const id = ++this.#questionCount;
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      worker.postMessage({ type: 'ask', id, question } satisfies WorkerOrder, []);
    });
  }

  /**
   * Ends the thread as a crash would, without a word to it; it is started again. For fault tests and
   * `doctor`.
   */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the worker for good: in an orderly way when it can, by force when it does not. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ type: 'close' } satisfies WorkerOrder, []);
    const patience = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await ended;
    clearTimeout(patience);
  }

  #launch(): Promise<{ worker: Worker; info: Ready }> {
    const { entry, name, dataFor } = this.#options;
    const worker = spawnWorker(entry, name, dataFor(this.#last));
    return new Promise((resolve, reject) => {
      const fail = (error: AppError): void => {
        settle();
        void worker.terminate();
        reject(error);
      };
      const onError = (error: unknown): void => {
        fail(new AppError('WORKER_START_FAILED', `${name}: ${messageOf(error)}`, { cause: error }));
      };
      const onExit = (code: number): void => {
        fail(new AppError('WORKER_START_FAILED', `${name} exited with ${code}`));
      };
      const onReport = (report: WorkerReport): void => {
        if (report.type === 'failed') fail(new AppError(report.code, `${name}: ${report.message}`));
        if (report.type !== 'ready') return;
        settle();
        resolve({ worker, info: report.info as Ready });
      };
      const patience = setTimeout(
        () => fail(new AppError('WORKER_START_FAILED', `${name} did not start in time`)),
        this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS,
      );
      // Not removeAllListeners(): it would take the thread's own listeners with it.
      const settle = (): void => {
        clearTimeout(patience);
        worker.off('error', onError).off('exit', onExit).off('message', onReport);
        worker.on('error', () => undefined);
      };
      worker.on('error', onError).on('exit', onExit).on('message', onReport);
    });
  }

  #adopt({ worker, info }: { worker: Worker; info: Ready }): void {
    let cause: unknown;
    worker.on('error', (error) => (cause = error));
    worker.once('exit', () => this.#lose(worker, cause));
    worker.on('message', (report: WorkerReport) => {
      if (report.type !== 'answer') return;
      this.#questions.get(report.id)?.(report.value);
      this.#questions.delete(report.id);
    });
    if (this.#isClosing) {
      void worker.terminate();
      return;
    }
    this.#worker = worker;
    this.#last = info;
    this.#upAtMs = performance.now();
    this.emit('up', info);
  }

  #lose(worker: Worker, cause: unknown): void {
    for (const answer of this.#questions.values()) answer(undefined);
    this.#questions.clear();
    if (this.#worker === worker) this.#worker = undefined;
    if (this.#isClosing) return;
    if (performance.now() - this.#upAtMs > STEADY_MS) {
      this.#pauseMs = this.#options.restartMinMs ?? RESTART_MIN_MS;
    }
    const why = cause === undefined ? 'it exited' : messageOf(cause);
    this.emit(
      'down',
      new AppError('WORKER_LOST', `${this.#options.name} died: ${why}`, { cause, retryable: true }),
    );
    this.#restartLater();
  }

  #restartLater(): void {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, this.#options.restartMaxMs ?? RESTART_MAX_MS);
    this.#restart = setTimeout(() => {
      this.#launch().then(
        (ready) => this.#adopt(ready),
        (error: unknown) => {
          if (this.#isClosing) return;
          const why =
            error instanceof AppError ? error : new AppError('WORKER_START_FAILED', messageOf(error));
          this.emit('down', why);
          this.#restartLater();
        },
      );
    }, pauseMs);
  }
}

/** Starts a worker and keeps it alive; see `WorkerSupervisor`. */
export async function superviseWorker<Ready>(
  options: SuperviseOptions<Ready>,
): Promise<{ readonly supervisor: WorkerSupervisor<Ready>; readonly ready: Ready }> {
  const supervisor = new WorkerSupervisor<Ready>(options);
  const ready = await supervisor.start();
  return { supervisor, ready };
}
