import { type ConnectStrategy, queueSettingsSchema } from '../src/callback/queue-settings.ts';
import { silentLog } from '../src/kernel/log.ts';
import { SeededRandom } from '../src/kernel/random.ts';
import { SimulatedClock } from '../src/kernel/simulated-clock.ts';
import type { Token } from '../src/queue/token.ts';
import { AgentRegistry } from '../src/routing/agent-registry.ts';
import { Router } from '../src/routing/router.ts';
import { type Measurement, type Result, type Row, rounded } from './measurement.ts';

const AGENTS = 50;
const HANDLING_MS = 180_000;
const RING_MS = 3000;
const NO_ANSWER_MS = 30_000;
const WARM_UP_MS = 30 * 60_000;
const MEASURED_MS = Number(process.env['BENCH_PACING_MIN'] ?? 120) * 60_000;
const BACKLOG = 20;
const LATE_MS = 2000;
/** Inbound calls as a share of what the agents can handle. */
const LOADS = [0.2, 0.5, 0.8];
/** Dials that end with a confirmed customer. */
const ANSWERS = [0.3, 0.6, 0.9];
const STRATEGIES: readonly ConnectStrategy[] = [
  'customer-first',
  'customer-first-reserved',
  'agent-first',
  'paced',
];

/**
 * One centre in virtual time: the real router and registry between modelled callers, customers and agents.
 */
class Centre {
  readonly #clock = new SimulatedClock();
  readonly #random = new SeededRandom(42);
  readonly #registry: AgentRegistry;
  readonly #router: Router;
  readonly #load: number;
  readonly #answerShare: number;
  readonly #confirmedAtMs = new Map<string, number>();
  readonly #patience = new Map<string, number>();
  #count = 0;
  #backlog = 0;
  #measuring = false;
  #talkedMs = 0;
  #confirmedCount = 0;
  #lateCount = 0;
  #servedCallbackCount = 0;

  constructor(strategy: ConnectStrategy, load: number, answerShare: number) {
    this.#load = load;
    this.#answerShare = answerShare;
    const settings = queueSettingsSchema.parse({
      name: 'support',
      skillExpression: 'support',
      connectStrategy: strategy,
    });
    const agents = Array.from({ length: AGENTS }, (_, at) => ({ id: `a${at}`, skills: { support: 1 } }));
    const tx = {
      agentStatuses: async () => [],
      putAgentStatus: async () => undefined,
      appendAgentEvent: async () => undefined,
    };
    this.#registry = new AgentRegistry({
      unitOfWork: { transact: (work) => work(tx) },
      clock: this.#clock,
      log: silentLog,
      isReachable: () => true,
      onReady: (agentId) => this.#router.agentReady(agentId),
      onWorkEnded: () => undefined,
    });
    this.#router = new Router({
      registry: this.#registry,
      log: silentLog,
      clock: this.#clock,
      directory: { queue: () => settings, agents: () => agents },
      decisions: {
        dialGranted: ({ callbackId, agentId, held }) => this.#dial(callbackId, held ? agentId : null),
        agentOffered: ({ token, agentId }) => this.#offered(token, agentId),
        previewOffered: () => undefined,
      },
      dialsMax: 1000,
      mayDial: () => true,
      onDeparture: () => undefined,
    });
    for (const { id } of agents) this.#in(this.#random.next() * 60_000, () => this.#ready(id));
    this.#callArrives();
  }

  async run(): Promise<Row> {
    const settle = (): Promise<void> => Promise.resolve();
    await this.#clock.run(WARM_UP_MS, settle);
    this.#measuring = true;
    await this.#clock.run(MEASURED_MS, settle);
    return {
      'late %': rounded((100 * this.#lateCount) / Math.max(1, this.#confirmedCount), 2),
      'idle %': rounded(100 * (1 - this.#talkedMs / (AGENTS * MEASURED_MS))),
      'callbacks served': this.#servedCallbackCount,
    };
  }

  #in(delayMs: number, act: () => void): void {
    this.#clock.setTimer(delayMs, act);
  }

  #exponential(meanMs: number): number {
    return -meanMs * Math.log(1 - this.#random.next());
  }

  #token(kind: Token['kind'], subjectId: string): Token {
    const place = { queue: 'support', kind, subjectId, placeAtMs: this.#clock.nowMs() };
    return { ...place, priority: 0, confirmed: false };
  }

  #ready(agentId: string): void {
    this.#registry.want(agentId, 'READY', 'bench');
    this.#fillBacklog();
  }

  #fillBacklog(): void {
    while (this.#backlog < BACKLOG) {
      this.#backlog++;
      this.#count++;
      this.#router.enqueue(this.#token('callback', `callback_${String(this.#count).padStart(8, '0')}`));
    }
  }

  #callArrives(): void {
    const id = `call_${String(++this.#count).padStart(8, '0')}`;
    this.#router.enqueue(this.#token('call', id));
    this.#givesUp(id, 120_000);
    this.#in(this.#exponential(HANDLING_MS / (AGENTS * this.#load)), () => this.#callArrives());
  }

  #givesUp(subjectId: string, meanMs: number): void {
    const at = this.#clock.nowMs() + this.#exponential(meanMs);
    this.#patience.set(subjectId, at);
    this.#in(at - this.#clock.nowMs(), () => {
      if (this.#patience.get(subjectId) !== at) return;
      this.#confirmedWaitEnded(subjectId);
      this.#router.leave(subjectId);
    });
  }

  #dial(callbackId: string, heldAgentId: string | null): void {
    this.#backlog--;
    this.#in(0, () => this.#fillBacklog());
    if (this.#random.next() >= this.#answerShare) {
      this.#in(NO_ANSWER_MS, () => this.#router.leave(callbackId));
      return;
    }
    this.#in(10_000 + this.#random.next() * 15_000, () => {
      this.#countConfirmed();
      if (heldAgentId !== null) this.#ring(heldAgentId, callbackId, true);
      else {
        this.#confirmedAtMs.set(callbackId, this.#clock.nowMs());
        const token = this.#router.queueOf(callbackId)?.find(callbackId);
        if (!token) return;
        this.#givesUp(callbackId, 120_000);
        this.#router.confirmed({ ...token, kind: 'call', confirmed: true });
      }
    });
  }

  #countConfirmed(): void {
    if (this.#measuring) this.#confirmedCount++;
  }

  #offered({ subjectId, kind, confirmed }: Token, agentId: string): void {
    this.#patience.delete(subjectId);
    this.#confirmedWaitEnded(subjectId);
    if (kind === 'call') this.#ring(agentId, subjectId, confirmed);
    else this.#agentFirst(agentId, subjectId);
  }

  #confirmedWaitEnded(subjectId: string): void {
    const sinceMs = this.#confirmedAtMs.get(subjectId);
    this.#confirmedAtMs.delete(subjectId);
    if (sinceMs === undefined || !this.#measuring) return;
    if (this.#clock.nowMs() - sinceMs > LATE_MS) this.#lateCount++;
  }

  #agentFirst(agentId: string, callbackId: string): void {
    this.#backlog--;
    this.#in(0, () => this.#fillBacklog());
    this.#registry.ringing(agentId, callbackId);
    const answered = this.#random.next() < this.#answerShare;
    const dialMs = answered ? 10_000 + this.#random.next() * 15_000 : NO_ANSWER_MS;
    this.#in(RING_MS + dialMs, () => {
      if (answered) {
        this.#countConfirmed();
        this.#talk(agentId, callbackId, true);
      } else {
        this.#registry.release(agentId, callbackId, 'not-needed');
        this.#router.leave(callbackId);
      }
    });
  }

  #ring(agentId: string, subjectId: string, isCallback: boolean): void {
    this.#registry.ringing(agentId, subjectId);
    this.#in(RING_MS, () => this.#talk(agentId, subjectId, isCallback));
  }

  #talk(agentId: string, subjectId: string, isCallback: boolean): void {
    this.#registry.connected(agentId, subjectId);
    this.#router.served(subjectId);
    if (isCallback && this.#measuring) this.#servedCallbackCount++;
    const talkMs = this.#exponential(HANDLING_MS);
    const endAtMs = WARM_UP_MS + MEASURED_MS - this.#elapsedMs();
    if (this.#measuring) this.#talkedMs += Math.min(talkMs, endAtMs);
    else this.#talkedMs += Math.max(0, talkMs - (WARM_UP_MS - this.#elapsedMs()));
    this.#in(talkMs, () => {
      this.#registry.workOver(agentId, subjectId, 0);
      this.#in(0, () => this.#fillBacklog());
    });
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startedAtMs;
  }

  readonly #startedAtMs = this.#clock.monotonicMs();
}

async function run(): Promise<Result> {
  const rows: Row[] = [];
  for (const load of LOADS) {
    for (const answerShare of ANSWERS) {
      for (const strategy of STRATEGIES) {
        const found = await new Centre(strategy, load, answerShare).run();
        rows.push({ 'inbound load': load, 'answer share': answerShare, strategy, ...found });
      }
    }
  }
  return {
    rows,
    notes: [
      'late: confirmed customers who wait longer than 2 s until an agent is reserved for them; target of paced: ' +
        'at most 3 %.',
      'idle: agents’ time in which they do not talk, ringing and waiting for a customer who is dialled included.',
      `${AGENTS} agents, handling ${HANDLING_MS / 1000} s (exponential), callbacks always waiting, a confirmation ` +
        'after 10–25 s, no answer after 30 s; inbound load: calls as a share of what the agents can handle. ' +
        'Virtual time, the real router and agent registry, one seed.',
    ],
  };
}

/** What each connect strategy costs customers and agents. */
export const pacing: Measurement = {
  name: 'pacing',
  title: 'Strategies: waits of confirmed customers and idle agents',
  run,
};
