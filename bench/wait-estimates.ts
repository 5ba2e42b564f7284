import { waitEstimators } from '../src/callback/queue-settings.ts';
import { SeededRandom } from '../src/kernel/random.ts';
import { SimulatedClock } from '../src/kernel/simulated-clock.ts';
import { WaitEstimator, type WaitFacts } from '../src/queue/wait-estimator.ts';
import { type Measurement, type Result, type Row, rounded } from './measurement.ts';

const HANDLING_MS = 180_000;
const CALLS = Number(process.env['BENCH_WAIT_CALLS'] ?? 30_000);
const WARM_UP_CALLS = 3000;

interface Scenario {
  readonly model: string;
  readonly agents: number;
  /** Calls offered as a share of what the agents can handle. */
  readonly load: number;
  /** Mean patience; undefined: nobody gives up. */
  readonly patienceMs?: number;
}

const SCENARIOS: readonly Scenario[] = [
  { model: 'M/M/10', agents: 10, load: 0.95 },
  { model: 'M/M/100', agents: 100, load: 0.98 },
  { model: 'M/M/10+M', agents: 10, load: 1.1, patienceMs: 180_000 },
  { model: 'M/M/100+M', agents: 100, load: 1.1, patienceMs: 180_000 },
];

interface Waiting {
  readonly joinedAtMs: number;
  /** Estimator → seconds; −1 unknown. */
  readonly estimates: ReadonlyMap<string, number>;
  readonly isScored: boolean;
}

/** One line and its agents, by the textbook; every arrival is estimated, every wait compared. */
class Line {
  readonly errors = new Map<string, number[]>();
  readonly #clock = new SimulatedClock();
  readonly #random = new SeededRandom(11);
  readonly #estimator = new WaitEstimator(HANDLING_MS);
  readonly #waiting = new Set<Waiting>();
  readonly #scenario: Scenario;
  #busyCount = 0;
  #callCount = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#arrive();
    while (this.#callCount < CALLS || this.#waiting.size > 0) this.#clock.advance(60_000);
  }

  #exponential(meanMs: number): number {
    return Math.round(-meanMs * Math.log(1 - this.#random.next()));
  }

  #arrive(): void {
    const { agents, load, patienceMs } = this.#scenario;
    if (++this.#callCount < CALLS) {
      this.#clock.setTimer(this.#exponential(HANDLING_MS / (agents * load)), () => this.#arrive());
    }
    const nowMs = this.#clock.nowMs();
    const estimates = this.#estimates(nowMs);
    const call = { joinedAtMs: nowMs, estimates, isScored: this.#callCount > WARM_UP_CALLS };
    this.#waiting.add(call);
    if (this.#busyCount < agents) this.#serveNext();
    else if (patienceMs !== undefined) {
      this.#clock.setTimer(this.#exponential(patienceMs), () => {
        if (this.#waiting.delete(call)) this.#estimator.abandoned(this.#clock.nowMs() - nowMs);
      });
    }
  }

  #estimates(nowMs: number): Map<string, number> {
    const { agents, patienceMs } = this.#scenario;
    const [head] = this.#waiting;
    const readyAgentCount = agents - this.#busyCount;
    const position = this.#waiting.size + 1;
    const headJoinedAtMs = head?.joinedAtMs ?? null;
    const facts: WaitFacts = { position, readyAgentCount, servingAgentCount: agents, headJoinedAtMs, nowMs };
    const known = new Map<string, number>(
      waitEstimators.map((name) => [name, this.#estimator.estimate(name, facts).sec]),
    );
    const servedPerSec = (agents * 1000) / HANDLING_MS;
    const erlangC = readyAgentCount > 0 ? 0 : position / servedPerSec;
    let withAbandonment = 0;
    for (let ahead = 0; ahead < position; ahead++) {
      withAbandonment += 1 / (servedPerSec + (patienceMs === undefined ? 0 : (ahead * 1000) / patienceMs));
    }
    known.set('Erlang C', erlangC);
    return known.set('M/M/n+M', readyAgentCount > 0 ? 0 : withAbandonment);
  }

  #serveNext(): void {
    const [call] = this.#waiting;
    if (!call) return;
    this.#waiting.delete(call);
    this.#busyCount++;
    const nowMs = this.#clock.nowMs();
    const waitedMs = nowMs - call.joinedAtMs;
    this.#estimator.departed(nowMs, waitedMs);
    if (call.isScored) this.#score(call, waitedMs / 1000);
    const handlingMs = this.#exponential(HANDLING_MS);
    this.#clock.setTimer(handlingMs, () => {
      this.#busyCount--;
      this.#estimator.handled(handlingMs);
      this.#serveNext();
    });
  }

  #score({ estimates }: Waiting, waitedSec: number): void {
    for (const [name, sec] of estimates) {
      if (sec < 0) continue;
      const errors = this.errors.get(name) ?? [];
      errors.push(sec - waitedSec);
      this.errors.set(name, errors);
    }
  }
}

const rmseOf = (errors: readonly number[]): number =>
  Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);

async function run(): Promise<Result> {
  const notes: string[] = [];
  const rows: Row[] = SCENARIOS.map((scenario) => {
    const { errors } = new Line(scenario);
    const rmse = (name: string): number => rmseOf(errors.get(name) ?? []);
    const closed = Math.min(rmse('Erlang C'), rmse('M/M/n+M'));
    const best = Math.min(...waitEstimators.map(rmse));
    const names = [...waitEstimators, 'Erlang C', 'M/M/n+M'];
    return {
      model: scenario.model,
      load: scenario.load,
      ...Object.fromEntries(names.map((name) => [name, rounded(rmse(name))])),
      'best ÷ closed form': rounded(best / closed, 3),
    };
  });
  notes.push(
    'Root mean square error in seconds, every estimator on the same calls; the closed forms know the true ' +
      'rates, the estimators measure them. Target: best ÷ closed form at most 1.05.',
  );
  notes.push(`${CALLS} calls a row, handling ${HANDLING_MS / 1000} s, patience 180 s where people give up.`);
  return { rows, notes };
}

/** How well each estimator does beside the closed forms. */
export const waitEstimates: Measurement = {
  name: 'wait-estimates',
  title: 'Estimated waits against what happened',
  run,
};
