import { ApplicationService } from '../../src/application/application-service.ts';
import { createEngine, type Engine } from '../../src/application/engine.ts';
import type { ServiceDirectory } from '../../src/application/service-directory.ts';
import { CaseDesk } from '../../src/application/workspace/case-desk.ts';
import { Workspace } from '../../src/application/workspace/workspace.ts';
import { SlotCalendar } from '../../src/calendar/slot-calendar.ts';
import {
  connectStrategies,
  type ConnectStrategy,
  type QueueSettings,
} from '../../src/callback/queue-settings.ts';
import type { FlowLibrary } from '../../src/ivr/flow-library.ts';
import { messageOf } from '../../src/kernel/errors.ts';
import { IdSource } from '../../src/kernel/ids.ts';
import type { Log } from '../../src/kernel/log.ts';
import { silentMetrics } from '../../src/kernel/metrics.ts';
import { SeededRandom } from '../../src/kernel/random.ts';
import { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import { Chance } from '../../src/simulation/chance.ts';
import { Incarnation } from '../../src/simulation/incarnation.ts';
import { MemoryRecordings } from '../../src/simulation/memory-recordings.ts';
import { MemoryStore } from '../../src/simulation/memory-store.ts';
import { SimulatedNetwork } from '../../src/simulation/simulated-network.ts';
import { deskWithoutGroups } from '../../src/application/call-in-desk.ts';
import { MemoryCases } from '../fakes/memory-cases.ts';
import { aQueue } from '../fakes/queue-settings.ts';
import { InboundCaller } from './inbound-caller.ts';
import { InvitedAgents } from './invited-agents.ts';
import { ShiftAgents } from './shift-agents.ts';
import { ShiftPeople } from './shift-people.ts';

const SHIFT_MS = 2 * 3_600_000;
const DRAIN_MAX_MS = 3 * 3_600_000;
const MINUTE_MS = 60_000;
const AGENT_COUNT = 50;
const CALLBACKS_PER_MINUTE = 5;
const CALLS_PER_MINUTE = 2;

/** What a shift came to. */
export interface ShiftReport {
  /** What must never be; empty. */
  readonly faults: readonly string[];
  /** Action → times it was carried out, and times it was refused. */
  readonly done: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
  /** Strategy of the queue → reason → callbacks. */
  readonly reasons: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly conversationCount: number;
}

/** Two hours of fifty agents: one queue a strategy, every action used; then everybody goes home. */
export class Shift {
  readonly #clock = new SimulatedClock();
  readonly #chance: Chance;
  readonly #life: Incarnation;
  readonly #ids: IdSource;
  readonly #store = new MemoryStore();
  readonly #network: SimulatedNetwork;
  readonly #people: ShiftPeople;
  readonly #queues: ReadonlyMap<string, QueueSettings>;
  readonly #agentIds = Array.from({ length: AGENT_COUNT }, (_, index) => `agent-${index + 1}`);
  readonly #supervisorIds = ['super-1', 'super-2'];
  readonly #callers = new Map<string, InboundCaller>();
  readonly #faults: string[] = [];
  readonly #engine: Engine;
  readonly #application: ApplicationService;
  readonly #cases: CaseDesk;
  readonly #workspace: Workspace;
  readonly #agents: ShiftAgents;
  #conversationCount = 0;
  #isOver = false;

  constructor(seed: number, flows: FlowLibrary) {
    const random = new SeededRandom(seed);
    const clock = this.#clock;
    const chance = (this.#chance = new Chance(random));
    const life = (this.#life = new Incarnation({ clock, wallAheadMs: 0 }));
    const ids = (this.#ids = new IdSource(clock, random));
    this.#queues = new Map(connectStrategies.map((strategy) => [strategy, this.#settings(strategy)]));
    this.#people = new ShiftPeople(clock, chance);
    const network = (this.#network = new SimulatedNetwork({
      clock,
      chance,
      audioMs: flows.audioMs,
      called: this.#people,
      witness: {
        invited: () => undefined,
        bridged: (a, b) => {
          this.#conversationCount++;
          this.#people.talks([a, b].filter(({ remote }) => remote.number?.startsWith('+') === true));
          for (const { callId } of [a, b]) this.#callers.get(callId)?.talks();
        },
      },
    }));
    const directory = this.#directory();
    const telephony = network.openFor(life);
    const store = this.#store;
    const engine = (this.#engine = createEngine({
      telephony,
      store,
      directory,
      flow: (name) => flows.get(name),
      audioMs: flows.audioMs,
      holdMusic: [{ kind: 'file', path: 'music/hold-1.wav' }],
      dialsMax: 100,
      clock: life,
      ids,
      recordings: new MemoryRecordings(ids),
      log: this.#log(),
      metrics: silentMetrics,
    }));
    const application = (this.#application = new ApplicationService({
      callIn: deskWithoutGroups,
      ...engine,
      unitOfWork: store,
      directory,
      telephony,
      nowMs: () => clock.nowMs(),
      openCallbackCount: (queue) => engine.openCallbacks.count(queue),
      loads: () => ({ inboundCallCount: 0, customerCallCount: 0, openCallbacks: [] }),
      health: () => [],
      ready: () => true,
    }));
    const kept = new MemoryCases();
    this.#cases = new CaseDesk({
      unitOfWork: { transact: (work) => store.transact((tx) => work({ ...tx, cases: kept })) },
      registry: engine.registry,
      settingsOf: (queue) => this.#queues.get(queue),
      callOf: (callId) => engine.inboundCalls.callerOf(callId),
      clock: life,
      log: this.#log(),
    });
    const calls = engine.callControl.calls;
    this.#workspace = new Workspace({
      application,
      registry: engine.registry,
      calls,
      invitations: engine.invitations,
      notCalled: engine.notCalled,
      cases: this.#cases,
      notReadyReasons: () => [],
      clock: life,
      ids,
    });
    this.#agents = new ShiftAgents({
      clock,
      chance,
      workspace: this.#workspace,
      calls,
      agentIds: this.#agentIds,
      supervisorIds: this.#supervisorIds,
      queueNames: [...this.#queues.keys()],
      phoneOf: (agentId) =>
        network
          .outbound()
          .find(({ request: { target } }) => target.kind === 'agent' && target.agentId === agentId)?.leg,
      nowMs: () => clock.nowMs(),
      isOver: () => this.#isOver,
    });
    engine.registry.watch((status, before) => this.#agents.changed(status, before));
    new InvitedAgents({
      clock,
      chance,
      calm: () => this.#isOver,
      events: () => store.events,
      skipMsOf: (queue) => (this.#queues.get(queue)?.agentSkipSec ?? 0) * 1000,
      fail: (message) => this.#faults.push(message),
    }).follow(engine, life);
  }

  /** Plays the shift. Call once. */
  async run(): Promise<ShiftReport> {
    await this.#engine.recover();
    for (const agentId of [...this.#agentIds, ...this.#supervisorIds]) this.#network.register(agentId, true);
    for (const agentId of this.#agentIds) this.#engine.registry.want(agentId, 'READY', 'shift');
    for (let passedMs = 0; passedMs < SHIFT_MS; passedMs += MINUTE_MS) {
      this.#arrivals();
      await this.#agents.minute();
      await this.#pass(MINUTE_MS);
    }
    this.#isOver = true;
    for (let passedMs = 0; passedMs < DRAIN_MAX_MS && !this.#isDrained(); passedMs += MINUTE_MS) {
      await this.#pass(MINUTE_MS);
    }
    // The last calls end, the last agents finish.
    await this.#pass(20 * MINUTE_MS);
    for (const agentId of this.#agentIds) this.#engine.registry.want(agentId, 'LOGGED_OUT', 'shift');
    await this.#pass(MINUTE_MS);
    this.#check();
    this.#workspace.close();
    await this.#cases.close();
    await this.#engine.close();
    return {
      faults: this.#faults,
      done: this.#agents.done,
      refused: this.#agents.refused,
      reasons: this.#reasons(),
      conversationCount: this.#conversationCount,
    };
  }

  #settings(strategy: ConnectStrategy): QueueSettings {
    const chance = this.#chance;
    return aQueue({
      name: strategy,
      skillExpression: strategy.replaceAll('-', ''),
      connectStrategy: strategy,
      maxAttempts: 2,
      retryIntervalSec: 60,
      wrapUpSec: 20,
      wrapUpMaxSec: 90,
      dispositions: ['Sold', 'Call again'],
      offerEwtThresholdSec: 20,
      dialTimeoutSec: 20,
      confirmTimeoutSec: 15,
      maxWaitForAgentSec: 600,
      agentRingTimeoutSec: 15,
      agentAccept: strategy === 'customer-first-reserved' ? 'workspace' : 'phone',
      agentAcceptKey: strategy === 'agent-first',
      agentWhisper: strategy === 'paced' ? 'agent-whisper' : undefined,
      agentRejectNotReady: chance.maybe(0.5),
      agentFirstRedialSec: 5,
      previewConnect: chance.pick(['customer-first-reserved', 'agent-first']),
      previewRejectMax: 2,
      slotCapacity: 1000,
      defaultHandlingTimeSec: 60,
      duplicateCheck: 'OFF',
      defaultCountry: 'US',
    });
  }

  #directory(): ServiceDirectory {
    const names = [...this.#queues.keys()];
    const skilled = this.#agentIds.map((id, at) => {
      // Everybody serves two queues, so that each strategy meets the others' work.
      const mine = [names[at % names.length], names[(at + 1) % names.length]];
      const skills = Object.fromEntries(mine.map((name) => [String(name).replaceAll('-', ''), 1]));
      return { id, name: id, sipUser: id, skills };
    });
    const agents = [
      ...skilled,
      ...this.#supervisorIds.map((id) => ({ id, name: id, sipUser: id, skills: {} })),
    ];
    return {
      queues: () => [...this.#queues.values()],
      queue: (name) => this.#queues.get(name),
      agents: () => agents,
      agent: (id) => agents.find((agent) => agent.id === id),
      agentsOf: (queue) =>
        skilled.filter(({ skills }) => queue.replaceAll('-', '') in skills).map(({ id }) => id),
      did: (dialled) => {
        const queue = names[Number(dialled)];
        return queue === undefined ? undefined : { number: dialled, flow: 'inbound', queue, language: 'en' };
      },
      businessHours: () => undefined,
      slotCalendar: (name) => {
        const settings = this.#queues.get(name);
        return settings && new SlotCalendar(settings, undefined, undefined);
      },
      numberRule: () => undefined,
      isOpen: () => true,
    };
  }

  /** Operating errors are part of a shift; a broken assertion is a fault. */
  #log(): Log {
    const error = (fields: Readonly<Record<string, unknown>>, message: string): void => {
      const thrown = fields['error'] ?? fields['err'];
      if (thrown !== undefined && (thrown as { code?: string }).code === undefined) {
        this.#faults.push(`${message}: ${messageOf(thrown)}`);
      }
    };
    const quiet = (): void => undefined;
    const log: Log = { debug: quiet, info: quiet, warn: quiet, error, child: () => log };
    return log;
  }

  /** One minute's customers, on the web and on the phone, and what else happens to a call centre. */
  #arrivals(): void {
    const chance = this.#chance;
    const at = (act: () => void): void => void this.#clock.setTimer(chance.between(0, MINUTE_MS - 1), act);
    for (let count = 0; count < CALLBACKS_PER_MINUTE; count++) at(() => this.#asks());
    for (let count = 0; count < CALLS_PER_MINUTE; count++) at(() => this.#dials());
    if (chance.maybe(0.2)) at(() => this.#losesPhone());
    if (chance.maybe(0.3)) at(() => this.#cancels());
  }

  #asks(): void {
    const virtualQueue = this.#chance.pick([...this.#queues.keys()]);
    const request = { virtualQueue, customerNumber: this.#number(), userData: { _subject: 'a shift' } };
    void this.#application.createCallback(request, { kind: 'api-key', id: 'web' }).then((outcome) => {
      if (!outcome.ok) this.#faults.push(`no callback could be booked: ${outcome.refusal.kind}`);
    });
  }

  #dials(): void {
    const chance = this.#chance;
    const callId = this.#ids.next('call');
    const caller = new InboundCaller({
      callId,
      number: this.#number(),
      dialled: String(chance.between(0, this.#queues.size - 1)),
      network: this.#network,
      clock: this.#clock,
      chance,
      talkMs: () => chance.between(20_000, 240_000),
    });
    this.#callers.set(callId, caller);
    caller.dial();
  }

  #losesPhone(): void {
    const agentId = this.#chance.pick(this.#agentIds);
    this.#network.register(agentId, false);
    this.#clock.setTimer(30_000, () => this.#network.register(agentId, true));
  }

  #cancels(): void {
    const open = [...this.#store.callbacks.values()].filter(({ state }) => state !== 'COMPLETED');
    if (open.length === 0) return;
    const { id } = this.#chance.pick(open);
    void this.#application.cancelCallback(id, { kind: 'api-key', id: 'web' });
  }

  #number(): string {
    return `+1212${this.#chance.between(2_000_000, 9_999_999)}`;
  }

  #pass(byMs: number): Promise<void> {
    return this.#clock.run(byMs, () => new Promise((resolve) => void setImmediate(resolve)));
  }

  #isDrained(): boolean {
    return this.#store.openCount === 0 && this.#engine.inboundCalls.callCount === 0;
  }

  /** Everybody has gone home: nothing stays anywhere. */
  #check(): void {
    const { registry, router, invitations, callControl, inboundCalls, callbackCalls } = this.#engine;
    const faults = this.#faults;
    for (const agentId of this.#agentIds) {
      const { state, subjectId } = registry.status(agentId);
      if (state !== 'LOGGED_OUT') faults.push(`${agentId} is stuck in ${state} for ${subjectId}`);
      if (invitations.invitationsOf(agentId).length > 0) faults.push(`${agentId} is asked for ever`);
    }
    for (const agentId of [...this.#agentIds, ...this.#supervisorIds]) {
      const calls = callControl.calls.callsOf(agentId);
      if (calls.length > 0) faults.push(`${agentId} stays in ${calls.map(({ id }) => id).join(' ')}`);
    }
    for (const [name, { size }] of Object.entries({
      legs: this.#network.legs,
      rings: this.#network.ringing,
    })) {
      if (size > 0) faults.push(`${size} ${name} stay`);
    }
    for (const name of this.#queues.keys()) {
      const { length, overtakeCount } = router.queue(name);
      if (length > 0) faults.push(`${length} tokens stay in ${name}`);
      if (overtakeCount > 0) faults.push(`${overtakeCount} overtakes in ${name}`);
    }
    if (inboundCalls.callCount + callbackCalls.callCount > 0) faults.push('calls stay');
    for (const { id, state, subState } of this.#store.callbacks.values()) {
      if (state !== 'COMPLETED') faults.push(`${id} is stuck in ${state}/${subState}`);
    }
    if (this.#life.timerCount > 0) faults.push(`${this.#life.timerCount} timers stay`);
  }

  #reasons(): Record<string, Record<string, number>> {
    const reasons: Record<string, Record<string, number>> = {};
    for (const { virtualQueue, reason } of this.#store.callbacks.values()) {
      const counts = (reasons[virtualQueue] ??= {});
      counts[String(reason)] = (counts[String(reason)] ?? 0) + 1;
    }
    return reasons;
  }
}
