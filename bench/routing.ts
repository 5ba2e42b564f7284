import { queueSettingsSchema } from '../src/callback/queue-settings.ts';
import { silentLog } from '../src/kernel/log.ts';
import { SeededRandom } from '../src/kernel/random.ts';
import { SimulatedClock } from '../src/kernel/simulated-clock.ts';
import type { Token } from '../src/queue/token.ts';
import { AgentRegistry } from '../src/routing/agent-registry.ts';
import { Router } from '../src/routing/router.ts';
import { type Measurement, quantile, type Result, type Row, rounded } from './measurement.ts';

const QUEUE_COUNT = 200;
const EXPRESSION_COUNT = 50;
const SKILL_COUNT = 20;
const SKILLS_OF_AGENT = 6;
const AGENT_COUNTS = [100, 1000, 10_000];
const TOKEN_COUNTS = [1000, 100_000];
const WARM_UP = 1000;
const DECISIONS = 4000;

/** Rooms of one size, and the stopwatch: from the event to the router's decision. */
class Centre {
  readonly clock = new SimulatedClock();
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly agentIds: string[];
  readonly #random = new SeededRandom(1);
  #startedAtMs = 0;
  #decidedAtMs = 0;
  decided: { agentId: string; subjectId: string } | undefined;
  #tokenCount = 0;

  constructor(agentCount: number) {
    const random = this.#random;
    const pick = (below: number): number => Math.floor(random.next() * below);
    const agents = Array.from({ length: agentCount }, (_, at) => ({
      id: `agent-${at}`,
      skills: Object.fromEntries(
        Array.from({ length: SKILLS_OF_AGENT }, () => [`s${pick(SKILL_COUNT)}`, 1 + pick(9)]),
      ),
    }));
    this.agentIds = agents.map(({ id }) => id);
    const expressions = Array.from(
      { length: EXPRESSION_COUNT },
      (_, at) =>
        `s${at % SKILL_COUNT} >= ${1 + (at % 3)} | s${(at * 7 + 3) % SKILL_COUNT} >= ${1 + (at % 5)}`,
    );
    const queues = new Map(
      Array.from({ length: QUEUE_COUNT }, (_, at) => {
        const skillExpression = expressions[at % EXPRESSION_COUNT];
        const priorityIncrement = at % 2;
        const row = { name: `queue-${at}`, skillExpression, priorityIncrement };
        return [row.name, queueSettingsSchema.parse(row)] as const;
      }),
    );
    const tx = {
      agentStatuses: async () => [],
      putAgentStatus: async () => undefined,
      appendAgentEvent: async () => undefined,
    };
    this.registry = new AgentRegistry({
      unitOfWork: { transact: (work) => work(tx) },
      clock: this.clock,
      log: silentLog,
      isReachable: () => true,
      onReady: (agentId) => {
        this.#startedAtMs = performance.now();
        this.router.agentReady(agentId);
      },
      onWorkEnded: () => undefined,
    });
    this.router = new Router({
      registry: this.registry,
      log: silentLog,
      clock: this.clock,
      directory: { queue: (name) => queues.get(name), agents: () => agents },
      decisions: {
        dialGranted: () => undefined,
        previewOffered: () => undefined,
        agentOffered: ({ token, agentId }) => {
          this.#decidedAtMs = performance.now();
          this.decided = { agentId, subjectId: token.subjectId };
        },
      },
      dialsMax: 100,
      mayDial: () => true,
      onDeparture: () => undefined,
    });
  }

  token(): Token {
    const random = this.#random;
    this.#tokenCount++;
    return {
      queue: `queue-${Math.floor(random.next() * QUEUE_COUNT)}`,
      kind: 'call',
      subjectId: `call_${String(this.#tokenCount).padStart(9, '0')}`,
      placeAtMs: this.clock.nowMs() - Math.floor(random.next() * 600_000),
      priority: random.next() < 0.1 ? 10 : 0,
      confirmed: false,
    };
  }

  randomAgent(): string {
    return this.agentIds[Math.floor(this.#random.next() * this.agentIds.length)] as string;
  }

  /** Microseconds from the beginning of the event to the decision; undefined: nothing was decided. */
  timed(event: () => void): number | undefined {
    this.decided = undefined;
    this.clock.advance(1);
    this.#startedAtMs = performance.now();
    event();
    return this.decided ? (this.#decidedAtMs - this.#startedAtMs) * 1000 : undefined;
  }

  /** The decided pair talks, and the agent is at work. */
  begin(): void {
    if (!this.decided) return;
    const { agentId, subjectId } = this.decided;
    this.registry.ringing(agentId, subjectId);
    this.registry.connected(agentId, subjectId);
    this.router.served(subjectId);
  }

  /** Back to not ready, without telling the router of a free agent. */
  rest(agentId: string): void {
    const { subjectId } = this.registry.status(agentId);
    this.registry.want(agentId, 'NOT_READY', 'bench');
    if (subjectId !== null) this.registry.workOver(agentId, subjectId, 0);
    this.clock.advance(0);
  }
}

/** Everybody waits: one agent after another becomes ready, and the line is filled up again. */
export async function agentBecomesReady(agentCount: number, tokenCount: number): Promise<number[]> {
  const centre = new Centre(agentCount);
  for (let at = 0; at < tokenCount; at++) centre.router.enqueue(centre.token());
  const times: number[] = [];
  for (let at = 0; at < WARM_UP + DECISIONS; at++) {
    const agentId = centre.randomAgent();
    const time = centre.timed(() => centre.registry.want(agentId, 'READY', 'bench'));
    centre.begin();
    centre.rest(agentId);
    if (centre.decided) centre.router.enqueue(centre.token());
    if (time !== undefined && at >= WARM_UP) times.push(time);
    if (at % 100 === 0) await centre.registry.flush();
  }
  return times;
}

/** Every agent is ready: one call after another arrives, and its agent becomes ready again. */
async function callArrives(agentCount: number): Promise<number[]> {
  const centre = new Centre(agentCount);
  for (const agentId of centre.agentIds) centre.registry.want(agentId, 'READY', 'bench');
  const times: number[] = [];
  for (let at = 0; at < WARM_UP + DECISIONS; at++) {
    const token = centre.token();
    const time = centre.timed(() => centre.router.enqueue(token));
    const agentId = centre.decided?.agentId;
    centre.begin();
    if (agentId === undefined) centre.router.leave(token.subjectId);
    else {
      centre.rest(agentId);
      centre.registry.want(agentId, 'READY', 'bench');
    }
    if (time !== undefined && at >= WARM_UP) times.push(time);
    if (at % 100 === 0) await centre.registry.flush();
  }
  return times;
}

function row(event: string, agents: number, tokens: number, times: readonly number[]): Row {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    event,
    agents,
    tokens,
    decisions: times.length,
    'p10 µs': rounded(quantile(sorted, 0.1)),
    'p50 µs': rounded(quantile(sorted, 0.5)),
    'p99 µs': rounded(quantile(sorted, 0.99)),
  };
}

async function run(): Promise<Result> {
  const rows: Row[] = [];
  for (const agents of AGENT_COUNTS) {
    for (const tokens of TOKEN_COUNTS) {
      rows.push(row('agent becomes ready', agents, tokens, await agentBecomesReady(agents, tokens)));
    }
  }
  for (const agents of AGENT_COUNTS) rows.push(row('call arrives', agents, 0, await callArrives(agents)));
  return { rows, notes: notesOn(rows) };
}

function notesOn(rows: readonly Row[]): string[] {
  const p50 = (agents: number, tokens: number): number =>
    Number(rows.find((line) => line['agents'] === agents && line['tokens'] === tokens)?.['p50 µs']);
  const ratio = (a: number, b: number): number => rounded(a / b, 2);
  return [
    `Target: at most 100 µs (median) at 10 000 agents and 100 000 tokens: ${p50(10_000, 100_000)} µs.`,
    `100 times the agents: ${ratio(p50(10_000, 100_000), p50(100, 100_000))} times the time; ` +
      `100 times the tokens: ${ratio(p50(10_000, 100_000), p50(10_000, 1000))} times.`,
    `${QUEUE_COUNT} queues, ${EXPRESSION_COUNT} distinct expressions, half of the queues with ageing, two initial ` +
      'priorities; from the word to the router (agent ready, or the new token) to its decision, the ' +
      'reservation of the agent and the why included, storage not awaited.',
  ];
}

/** How long the router takes to decide. */
export const routing: Measurement = {
  name: 'routing',
  title: 'Matching decision: agents, tokens and time',
  run,
};
