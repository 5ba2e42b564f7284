import { HttpConnection, type HttpRequest } from './http-connection.ts';

/**
 * What a request is made from. In path, headers and body `%N%` stands for the number of the request (seven
 * digits, unique in a run), `%Q%` for one of the queues in turn, `%T%` for the beginning of one of the slots
 * of the next four weeks, `%CURSOR%` for the `nextCursor` of the answer before on the same connection.
 */
export type RequestPattern = Pick<HttpRequest, 'method' | 'path' | 'headers' | 'body'>;

/** One run of the load generator. */
export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly connectionCount: number;
  readonly durationMs: number;
  /** Requests begun a second; undefined: each as soon as the one before on its connection is answered. */
  readonly ratePerSec?: number;
  /** Sent in turn. */
  readonly requests: readonly RequestPattern[];
  readonly firstNumber: number;
  readonly queueCount: number;
  /** Send back the ids of callbacks that answers name. */
  readonly wantIds: boolean;
}

export interface LoadReport {
  readonly elapsedMs: number;
  /** Of answers with status 2xx; with a rate, from when the request was due. */
  readonly latenciesMs: readonly number[];
  /** Answers by status; `broken`: no answer. */
  readonly counts: Readonly<Record<string, number>>;
  readonly ids: readonly string[];
  /** The first answer that was not 2xx. */
  readonly firstFault: string | null;
  /** Processor time of this process over the run. */
  readonly cpuMs: number;
}

const ID = /"id":"(callback_[0-9a-z]+)"/;
const NEXT_CURSOR = /"nextCursor":"(callback_[0-9a-z]+)"/;
/** A cursor beyond everything: the first page. */
const FIRST_CURSOR = `callback_${'z'.repeat(20)}`;
const SLOT_MS = 15 * 60_000;
const SLOT_COUNT = 28 * 96;
/** Loopback addresses the connections come from: the limit by address is of each. */
const ADDRESS_COUNT = 100;

class Load {
  readonly #plan: LoadPlan;
  readonly #latenciesMs: number[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #ids: string[] = [];
  #firstFault: string | null = null;
  #begunCount = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  async run(): Promise<LoadReport> {
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    const workers = Array.from({ length: this.#plan.connectionCount }, (_, at) => this.#work(at, startedMs));
    await Promise.all(workers);
    const cpu = process.cpuUsage(cpuBefore);
    return {
      elapsedMs: performance.now() - startedMs,
      latenciesMs: this.#latenciesMs,
      counts: this.#counts,
      ids: this.#ids,
      firstFault: this.#firstFault,
      cpuMs: (cpu.user + cpu.system) / 1000,
    };
  }

  async #work(at: number, startedMs: number): Promise<void> {
    const { host, port, durationMs, ratePerSec } = this.#plan;
    const connection = new HttpConnection({
      host,
      port,
      localAddress: `127.0.0.${2 + (at % ADDRESS_COUNT)}`,
    });
    let cursor = FIRST_CURSOR;
    while (performance.now() < startedMs + durationMs) {
      const number = this.#begunCount++;
      const dueMs = ratePerSec === undefined ? performance.now() : startedMs + (number * 1000) / ratePerSec;
      if (dueMs > startedMs + durationMs) break;
      if (dueMs > performance.now()) await until(dueMs);
      const body = await this.#ask(connection, this.#request(number, cursor), dueMs);
      cursor = (body === undefined ? undefined : NEXT_CURSOR.exec(body)?.[1]) ?? FIRST_CURSOR;
    }
    connection.close();
  }

  async #ask(connection: HttpConnection, request: HttpRequest, dueMs: number): Promise<string | undefined> {
    try {
      const { status, body } = await connection.send(request);
      this.#counts[status] = (this.#counts[status] ?? 0) + 1;
      if (status < 200 || status > 299) {
        this.#firstFault ??= `${request.method} ${request.path}: ${status} ${body}`;
        return undefined;
      }
      this.#latenciesMs.push(performance.now() - dueMs);
      const id = this.#plan.wantIds ? ID.exec(body)?.[1] : undefined;
      if (id !== undefined) this.#ids.push(id);
      return body;
    } catch (error) {
      this.#counts['broken'] = (this.#counts['broken'] ?? 0) + 1;
      this.#firstFault ??= String(error);
      return undefined;
    }
  }

  #request(number: number, cursor: string): HttpRequest {
    const { requests, firstNumber, queueCount } = this.#plan;
    const pattern = requests[number % requests.length] as RequestPattern;
    const slot = Math.floor(number / queueCount) % SLOT_COUNT;
    const atMs = Math.ceil(Date.now() / SLOT_MS + 1 + slot) * SLOT_MS;
    const fill = (text: string): string =>
      text
        .replaceAll('%N%', String(firstNumber + number))
        .replaceAll('%Q%', String(number % queueCount))
        .replace('%T%', new Date(atMs).toISOString())
        .replace('%CURSOR%', cursor);
    const { method, path, headers, body } = pattern;
    const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]));
    return { method, path: fill(path), headers: filled, ...(body !== undefined && { body: fill(body) }) };
  }
}

/** Timers are a millisecond coarse, which is fine: latency counts from when the request was due. */
function until(dueMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
}

process.on('message', (plan: LoadPlan) => {
  void new Load(plan).run().then((report) => process.send?.(report));
});
