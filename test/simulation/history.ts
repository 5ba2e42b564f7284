import { ApplicationService } from '../../src/application/application-service.ts';
import { deskWithoutGroups } from '../../src/application/call-in-desk.ts';
import { createEngine, type Engine } from '../../src/application/engine.ts';
import type { ServiceDirectory } from '../../src/application/service-directory.ts';
import { SlotCalendar } from '../../src/calendar/slot-calendar.ts';
import { connectStrategies, type QueueSettings } from '../../src/callback/queue-settings.ts';
import type { FlowLibrary } from '../../src/ivr/flow-library.ts';
import { messageOf } from '../../src/kernel/errors.ts';
import { IdSource } from '../../src/kernel/ids.ts';
import type { Log } from '../../src/kernel/log.ts';
import { silentMetrics } from '../../src/kernel/metrics.ts';
import { SeededRandom } from '../../src/kernel/random.ts';
import { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import { aQueue } from '../fakes/queue-settings.ts';
import { Chance } from '../../src/simulation/chance.ts';
import { Checker } from './checker.ts';
import { checkEnd } from './end-check.ts';
import { InboundCaller } from './inbound-caller.ts';
import { InvitedAgents } from './invited-agents.ts';
import { Incarnation } from '../../src/simulation/incarnation.ts';
import { People } from './people.ts';
import { MemoryRecordings } from '../../src/simulation/memory-recordings.ts';
import { SimulatedNetwork } from '../../src/simulation/simulated-network.ts';
import { SimulatedDisk, type DiskFaults } from './simulated-store.ts';

/** Arrivals and faults happen this long. */
const BUSY_MS = 25 * 60_000;
/** Then everything that was promised has to come to its end within this. */
export const DRAIN_MAX_MS = 3 * 3_600_000;
const DRAIN_STEP_MS = 60_000;
const QUEUES = ['support', 'sales'] as const;

/** What a history went through; the sum over many shows that the faults really came. */
export interface HistorySummary {
  readonly callbackCount: number;
  readonly inviteCount: number;
  readonly conversationCount: number;
  readonly crashCount: number;
  readonly failedTransactionCount: number;
  readonly virtualMs: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** The rooms of one life of the process. */
interface Running {
  readonly life: Incarnation;
  readonly engine: Engine;
  readonly application: ApplicationService;
}

/**
 * One day of a small call centre, chosen by its seed: the production rooms between simulated people and
 * faults.
 */
export class History {
  readonly clock = new SimulatedClock();
  readonly #time = { clock: this.clock, wallAheadMs: 0 };
  readonly #random: SeededRandom;
  readonly #chance: Chance;
  readonly #flows: FlowLibrary;
  readonly #faults: DiskFaults;
  readonly #queues: ReadonlyMap<string, QueueSettings>;
  readonly agentIds: readonly string[];
  readonly queueNames = QUEUES;
  readonly #agentsOf = new Map<string, string[]>();
  readonly #callers = new Map<string, InboundCaller>();
  readonly #callersIds: IdSource;
  readonly checker: Checker;
  readonly people: People;
  readonly #invited: InvitedAgents;
  readonly disk: SimulatedDisk;
  readonly network: SimulatedNetwork;
  running: Running | undefined;
  #calm = false;
  #lives = 0;
  #counts = { inviteCount: 0, conversationCount: 0, crashCount: 0, failedTransactionCount: 0 };

  constructor(seed: number, flows: FlowLibrary) {
    this.#random = new SeededRandom(seed);
    const chance = (this.#chance = new Chance(this.#random));
    this.#flows = flows;
    const { clock } = this;
    this.#callersIds = new IdSource(clock, this.#random);
    this.#queues = new Map(QUEUES.map((name) => [name, this.#settings(name)]));
    this.agentIds = Array.from({ length: chance.between(1, 5) }, (_, i) => `agent-${i + 1}`);
    for (const queue of QUEUES) {
      const able = this.agentIds.filter(() => chance.maybe(0.7));
      this.#agentsOf.set(queue, able.length > 0 ? able : [chance.pick(this.agentIds)]);
    }
    this.people = new People({ clock, chance, calm: () => this.#calm });
    this.#invited = new InvitedAgents({
      clock,
      chance,
      calm: () => this.#calm,
      events: () => this.disk.kept.events,
      skipMsOf: (queue) => this.settingsOf(queue).agentSkipSec * 1000,
      fail: (message) => this.checker.fail(message),
    });
    this.#faults = {
      failure: chance.pick([0, 0, 0.01, 0.05]),
      slowness: chance.pick([0, 0, 0.01, 0.05]),
    };
    this.disk = new SimulatedDisk({
      clock,
      chance,
      faults: this.#faults,
      onCommit: () => this.checker.committed(),
    });
    this.network = new SimulatedNetwork({
      clock,
      chance,
      audioMs: flows.audioMs,
      called: this.people,
      canTap: true,
      witness: {
        invited: (request) => {
          this.#counts.inviteCount++;
          this.checker.invited(request);
        },
        bridged: (a, b) => {
          this.#counts.conversationCount++;
          this.checker.bridged(a, b);
          this.#callers.get(a.callId)?.talks();
        },
      },
    });
    this.network.bridgeFailure = chance.pick([0, 0, 0.05]);
    this.checker = new Checker({
      disk: () => this.disk,
      network: () => this.network,
      engine: () => this.running?.engine,
      settingsOf: (queue) => this.#queues.get(queue) as QueueSettings,
      queueNames: QUEUES,
      clock,
      wallMs: () => clock.nowMs() + this.#time.wallAheadMs,
    });
  }

  /** Plays the whole history. @throws Violation when the product did what it must never do. */
  async run(): Promise<HistorySummary> {
    const startedAtMs = this.clock.monotonicMs();
    void this.#open();
    this.#schedule();
    await this.#pass(BUSY_MS);
    this.#calmDown();
    const calmAtMs = this.clock.monotonicMs();
    while (!this.#isDrained() && this.clock.monotonicMs() - calmAtMs < DRAIN_MAX_MS) {
      await this.#pass(DRAIN_STEP_MS);
    }
    // The last calls hang up, the last agents finish.
    await this.#pass(20 * 60_000);
    checkEnd(this);
    this.checker.rethrow();
    const reasons: Record<string, number> = {};
    for (const { reason } of this.disk.kept.callbacks.values()) {
      reasons[String(reason)] = (reasons[String(reason)] ?? 0) + 1;
    }
    return {
      ...this.#counts,
      failedTransactionCount: this.disk.failedCount,
      callbackCount: this.disk.kept.callbacks.size,
      virtualMs: this.clock.monotonicMs() - startedAtMs,
      reasons,
    };
  }

  settingsOf(queue: string): QueueSettings {
    return this.#queues.get(queue) as QueueSettings;
  }

  #settings(name: string): QueueSettings {
    const chance = this.#chance;
    return aQueue({
      name,
      skillExpression: name,
      maxAttempts: chance.between(1, 3),
      retryIntervalSec: chance.between(5, 120),
      wrapUpSec: chance.pick([0, 1, 10, 30]),
      offerEwtThresholdSec: chance.pick([0, 0, 20]),
      announceIntervalSec: chance.pick([15, 60]),
      snoozeSec: 60,
      dialTimeoutSec: 20,
      confirmTimeoutSec: 15,
      maxWaitForAgentSec: chance.between(30, 240),
      maxAgentTransferAttempts: chance.between(1, 4),
      agentRingTimeoutSec: 10,
      agentAccept: chance.pick(['phone', 'phone', 'workspace']),
      agentAcceptTimeoutSec: chance.between(5, 15),
      agentAcceptKey: chance.maybe(0.2),
      agentWhisper: chance.pick([undefined, undefined, 'agent-whisper']),
      agentRejectNotReady: chance.maybe(0.5),
      agentSkipSec: chance.pick([0, 20, 60]),
      previewTimeoutSec: chance.between(5, 30),
      previewRejectMax: chance.between(1, 3),
      previewTimeoutNotReady: chance.maybe(0.5),
      previewConnect: chance.pick(['customer-first-reserved', 'agent-first']),
      agentFirstRedialSec: chance.pick([0, 0, 5]),
      defaultHandlingTimeSec: 60,
      requireConfirm: chance.maybe(0.9),
      onConfirmTimeout: chance.pick(['RETRY', 'RETRY', 'CONNECT_ANYWAY']),
      connectStrategy: chance.pick(connectStrategies),
      cpdEnabled: chance.maybe(0.5),
      agentSelection: chance.pick(['longest-idle', 'least-occupied', 'most-specific']),
      targets: chance.pick([[], [], [{ expression: 'support | sales', afterSec: 60, keepEarlier: true }]]),
      priorityIncrement: chance.pick([0, 0, 1]),
      retryByResult: chance.pick([{}, {}, { BUSY: { intervalSec: 7 }, NO_ANSWER: 'never' }]),
      purgeTimeMin: chance.pick([0, 0, 0, 15]),
      queueTtlSec: chance.pick([14_400, 14_400, 300]),
      slotCapacity: chance.pick([1, 2, 5]),
      defaultCountry: 'US',
    });
  }

  async #open(): Promise<void> {
    for (;;) {
      const life = new Incarnation(this.#time);
      const running = this.#wire(life);
      this.running = running;
      try {
        await running.engine.recover();
        return;
      } catch (error) {
        // A start that could not read or write its store fails as a whole; whoever supervises it starts it
        // again.
        this.#unless(life, error);
        if (!life.alive) return;
        life.end();
        this.network.processDied();
        await new Promise<void>((resolve) => {
          this.clock.setTimer(1000, resolve);
        });
      }
    }
  }

  #unless(life: Incarnation, error: unknown): void {
    if (life.alive && (error as { code?: string }).code !== 'STORAGE_FAILED') {
      this.checker.fail(`recovery failed: ${messageOf(error)}`);
    }
  }

  #wire(life: Incarnation): Running {
    this.#lives++;
    const ids = new IdSource(life, new SeededRandom(this.#lives));
    const telephony = this.network.openFor(life);
    const store = this.disk.openFor(life);
    const directory = this.#directory();
    const engine = createEngine({
      telephony,
      store,
      directory,
      flow: (name) => this.#flows.get(name),
      audioMs: this.#flows.audioMs,
      holdMusic: [{ kind: 'file', path: 'music/hold-1.wav' }],
      dialsMax: this.#chance.between(1, 4),
      clock: life,
      ids,
      recordings: new MemoryRecordings(ids),
      log: this.#log(life),
      metrics: silentMetrics,
    });
    this.#invited.follow(engine, life);
    const application = new ApplicationService({
      callIn: deskWithoutGroups,
      ...engine,
      unitOfWork: store,
      directory,
      telephony,
      nowMs: () => life.nowMs(),
      openCallbackCount: (queue) => engine.openCallbacks.count(queue),
      loads: () => ({ inboundCallCount: 0, customerCallCount: 0, openCallbacks: [] }),
      health: () => [],
      ready: () => true,
    });
    return { life, engine, application };
  }

  #directory(): ServiceDirectory {
    const agents = this.agentIds.map((id) => {
      const able = QUEUES.filter((queue) => this.#agentsOf.get(queue)?.includes(id));
      return { id, name: id, sipUser: id, skills: Object.fromEntries(able.map((queue) => [queue, 1])) };
    });
    return {
      queues: () => [...this.#queues.values()],
      queue: (name) => this.#queues.get(name),
      agents: () => agents,
      agent: (id) => agents.find((agent) => agent.id === id),
      agentsOf: (queue) => this.#agentsOf.get(queue) ?? [],
      did: (dialled) => ({
        number: dialled,
        flow: 'inbound',
        queue: dialled === '100' ? 'support' : 'sales',
        language: 'en',
      }),
      businessHours: () => undefined,
      slotCalendar: (name) => {
        const settings = this.#queues.get(name);
        return settings && new SlotCalendar(settings, undefined, undefined);
      },
      numberRule: () => undefined,
      isOpen: () => true,
    };
  }

  /** Operating errors are part of a history; a broken assertion is a fault of the product. */
  #log(life: Incarnation): Log {
    const error = (fields: Readonly<Record<string, unknown>>, message: string): void => {
      const thrown = fields['error'] ?? fields['err'];
      if (!life.alive || thrown === undefined || (thrown as { code?: string }).code !== undefined) return;
      this.checker.fail(`${message}: ${messageOf(thrown)}`);
    };
    const quiet = (): void => undefined;
    const log: Log = { debug: quiet, info: quiet, warn: quiet, error, child: () => log };
    return log;
  }

  /** Everything that will happen from outside, at its instant. */
  #schedule(): void {
    const chance = this.#chance;
    const at = (act: () => void): void => {
      this.clock.setTimer(chance.between(0, BUSY_MS), () => {
        if (!this.#calm) act();
      });
    };
    const times = (low: number, high: number, act: () => void): void => {
      for (let count = chance.between(low, high); count > 0; count--) at(act);
    };
    for (const agentId of this.agentIds) {
      this.clock.setTimer(chance.between(0, 120_000), () => this.#agentReady(agentId));
      times(4, 12, () => this.#agentChanges(agentId));
    }
    times(2, 20, () => this.#callerDials());
    times(2, 12, () => this.#apiCreates());
    times(0, 5, () => this.#apiCancels());
    times(0, 4, () => this.#reschedules());
    times(0, 4, () => this.#recreates());
    times(0, 3, () => this.#crash());
    times(0, 2, () => this.#loseCalls());
    times(0, 1, () => this.#setWallForward());
  }

  async #pass(byMs: number): Promise<void> {
    await this.clock.run(byMs, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      this.checker.rethrow();
    });
  }

  #agentReady(agentId: string): void {
    this.network.register(agentId, true);
    this.running?.engine.registry.want(agentId, 'READY', 'agent');
  }

  #agentChanges(agentId: string): void {
    const change = this.#chance.weighted({
      READY: 40,
      NOT_READY: 10,
      LOGGED_OUT: 8,
      WRAP_UP_DONE: 30,
      EXTEND_WRAP_UP: 10,
      unregister: 6,
      register: 14,
    });
    if (change === 'register') this.#agentReady(agentId);
    else if (change === 'unregister') this.network.register(agentId, false);
    else this.running?.engine.registry.want(agentId, change, 'agent');
  }

  #number(): string {
    return `+1212555${String(this.#chance.between(100, 112)).padStart(4, '0')}`;
  }

  #callerDials(): void {
    const { clock, network } = this;
    const chance = this.#chance;
    const callId = this.#callersIds.next('call');
    const number = chance.maybe(0.9) ? this.#number() : undefined;
    const dialled = chance.pick(['100', '200']);
    const talkMs = (): number => this.people.talkMs();
    const caller = new InboundCaller({ callId, number, dialled, network, clock, chance, talkMs });
    this.#callers.set(callId, caller);
    caller.dial();
  }

  #apiCreates(): void {
    const chance = this.#chance;
    const inMs = chance.maybe(0.3) ? chance.between(0, BUSY_MS) : undefined;
    const running = this.running;
    running?.application
      .createCallback(
        {
          virtualQueue: chance.pick(QUEUES),
          customerNumber: this.#number(),
          ...(inMs !== undefined && { desiredAtMs: running.life.nowMs() + inMs }),
          ...(chance.maybe(0.2) && { priority: 10 }),
        },
        { kind: 'api-key', id: 'key' },
      )
      .catch(() => undefined);
  }

  #apiCancels(): void {
    const open = [...this.disk.kept.callbacks.values()].filter(({ state }) => state !== 'COMPLETED');
    if (open.length === 0) return;
    const { id } = this.#chance.pick(open);
    this.running?.application
      .cancelCallback(id, { kind: 'api-key', id: 'key' })
      .then((outcome) => {
        if (outcome.ok) this.checker.wasCancelled(id);
      })
      .catch(() => undefined);
  }

  /** Somebody chooses another time; in a conversation the agent does. */
  #reschedules(): void {
    const open = [...this.disk.kept.callbacks.values()].filter(({ state }) => state !== 'COMPLETED');
    const { running } = this;
    if (open.length === 0 || !running) return;
    const { id, agentId } = this.#chance.pick(open);
    const actor =
      agentId === null
        ? ({ kind: 'api-key', id: 'key' } as const)
        : ({ kind: 'agent', id: agentId } as const);
    const desiredAtMs = running.life.nowMs() + this.#chance.between(-60_000, 900_000);
    running.engine.runner.reschedule(id, desiredAtMs, actor).catch(() => undefined);
  }

  #recreates(): void {
    const ended = [...this.disk.kept.callbacks.values()].filter(({ state }) => state === 'COMPLETED');
    if (ended.length === 0) return;
    const { id } = this.#chance.pick(ended);
    const actor = { kind: 'user', id: 'anna' } as const;
    this.running?.engine.runner.recreate(id, undefined, actor).catch(() => undefined);
  }

  #crash(): void {
    if (!this.running?.life.alive) return;
    this.#counts.crashCount++;
    this.running.life.end();
    this.network.processDied();
    this.clock.setTimer(this.#chance.between(10, 20_000), () => {
      void this.#open();
    });
  }

  #loseCalls(): void {
    this.network.loseCalls(false);
    this.clock.setTimer(this.#chance.between(1, 8000), () => this.network.mend());
  }

  #setWallForward(): void {
    const byMs = this.#chance.pick([1000, 60_000, 3_600_000]);
    this.#time.wallAheadMs += byMs;
    this.checker.wallSetForward(byMs);
  }

  /** No more arrivals and faults; agents come back whenever they are not at work. */
  #calmDown(): void {
    this.#calm = true;
    this.#faults.failure = 0;
    this.#faults.slowness = 0;
    this.network.bridgeFailure = 0;
    this.network.mend();
    const comeBack = (): void => {
      for (const agentId of this.agentIds) {
        const state = this.running?.engine.registry.status(agentId).state;
        if (state === 'NOT_READY' || state === 'LOGGED_OUT') this.#agentReady(agentId);
      }
      this.clock.setTimer(15_000, comeBack);
    };
    for (const agentId of this.agentIds) this.network.register(agentId, true);
    comeBack();
  }

  #isDrained(): boolean {
    return [...this.disk.kept.callbacks.values()].every(({ state }) => state === 'COMPLETED');
  }
}
