import { DateTime } from 'luxon';
import { ApplicationService } from '../application/application-service.ts';
import { deskWithoutGroups } from '../application/call-in-desk.ts';
import { createEngine, type Engine } from '../application/engine.ts';
import type { FlowLibrary } from '../ivr/flow-library.ts';
import { IdSource } from '../kernel/ids.ts';
import { type Log, silentLog } from '../kernel/log.ts';
import { silentMetrics } from '../kernel/metrics.ts';
import { type Random, SeededRandom } from '../kernel/random.ts';
import { SimulatedClock } from '../kernel/simulated-clock.ts';
import { LiveDirectory } from '../provisioning/live-directory.ts';
import { SecretBox } from '../provisioning/secret-box.ts';
import { secretPlaceOf } from '../provisioning/secret-place.ts';
import { Callers } from './callers.ts';
import { Chance } from './chance.ts';
import { Customers } from './customers.ts';
import { arrivals, drawMs } from './draws.ts';
import { Incarnation } from './incarnation.ts';
import { MemoryRecordings } from './memory-recordings.ts';
import { MemoryStore } from './memory-store.ts';
import type { Scenario } from './scenario.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { Staff } from './staff.ts';
import { Tally } from './tally.ts';

/** The lines run empty within this after the last arrival; what is still open then is told as open. */
const DRAIN_MAX_MS = 6 * 3_600_000;
const DRAIN_STEP_MS = 60_000;
/** Dials in progress at most, as a production installation has it by default. */
const DIALS_MAX = 500;

export interface SimulatorOptions {
  readonly scenario: Scenario;
  readonly flows: FlowLibrary;
  /** Default: the scenario's own. */
  readonly seed?: number;
  /** Operating messages of the rooms; default: none. */
  readonly log?: Log;
}

/**
 * One scenario in virtual time: the rooms of production, wired as in production, between simulated callers,
 * customers and agents. The same seed gives the same day.
 */
export class Simulator {
  readonly #clock: SimulatedClock;
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #store = new MemoryStore();
  readonly #network: SimulatedNetwork;
  readonly #engine: Engine;
  readonly #application: ApplicationService;
  readonly #staff: Staff;
  readonly #callers: Callers;
  readonly #tally: Tally;
  #isOver = false;

  constructor({ scenario, flows, seed = scenario.settings.seed, log = silentLog }: SimulatorOptions) {
    const { settings } = scenario;
    this.#scenario = scenario;
    const startMs = DateTime.fromISO(settings.startsAt, { zone: settings.timeZone }).toMillis();
    const clock = (this.#clock = new SimulatedClock(startMs));
    const random = (this.#random = new SeededRandom(seed));
    const life = new Incarnation({ clock, wallAheadMs: 0 });
    const tally = (this.#tally = new Tally(clock));
    const staff = (this.#staff = new Staff({ clock, random, settings, tally }));
    const customers = new Customers({ clock, random, settings: settings.customers, staff });
    const network = (this.#network = new SimulatedNetwork({
      clock,
      chance: new Chance(random),
      audioMs: flows.audioMs,
      called: customers,
      witness: {
        invited: () => undefined,
        bridged: (customer, agent) => {
          tally.connected(customer.callId);
          staff.talks(customer, agent);
        },
      },
    }));
    const directory = directoryOf(scenario, staff);
    const telephony = network.openFor(life);
    const ids = new IdSource(clock, random);
    const engine = (this.#engine = createEngine({
      telephony,
      store: tally.watching(this.#store),
      directory,
      flow: (name) => flows.get(name),
      audioMs: flows.audioMs,
      holdMusic: [{ kind: 'file', path: 'music/hold-1.wav' }],
      dialsMax: DIALS_MAX,
      clock: life,
      ids,
      recordings: new MemoryRecordings(ids),
      log,
      metrics: silentMetrics,
    }));
    this.#application = new ApplicationService({
      callIn: deskWithoutGroups,
      ...engine,
      unitOfWork: this.#store,
      directory,
      telephony,
      nowMs: () => clock.nowMs(),
      openCallbackCount: (queue) => engine.openCallbacks.count(queue),
      loads: () => ({ inboundCallCount: 0, customerCallCount: 0, openCallbacks: [] }),
      health: () => [],
      ready: () => true,
    });
    this.#callers = new Callers({ clock, random, network, tally });
  }

  /** Plays the scenario to its end. Call once. */
  async run(): Promise<Tally> {
    const { settings } = this.#scenario;
    const lengthMs = settings.hours * 3_600_000;
    await this.#engine.recover();
    this.#staff.answers(this.#engine.invitations);
    this.#staff.begin(this.#network, this.#engine.registry, lengthMs + DRAIN_MAX_MS);
    this.#scheduleArrivals(lengthMs);
    await this.#pass(lengthMs);
    this.#tally.closeHours();
    for (let passedMs = 0; passedMs < DRAIN_MAX_MS && !this.#isDrained(); passedMs += DRAIN_STEP_MS) {
      await this.#pass(DRAIN_STEP_MS);
    }
    this.#isOver = true;
    await this.#engine.close();
    this.#tally.callbacks(this.#store);
    return this.#tally;
  }

  #pass(byMs: number): Promise<void> {
    return this.#clock.run(byMs, () => new Promise((resolve) => void setImmediate(resolve)));
  }

  #isDrained(): boolean {
    return this.#store.openCount === 0 && this.#engine.inboundCalls.callCount === 0;
  }

  #scheduleArrivals(lengthMs: number): void {
    const random = this.#random;
    this.#scenario.settings.traffic.forEach((traffic, index) => {
      const at = (times: readonly number[], act: () => void): void => {
        for (const atMs of times) this.#clock.setTimer(atMs, act);
      };
      at(arrivals(random, traffic.callsPerHour, lengthMs), () =>
        this.#callers.dial(numberOf(index), traffic),
      );
      at(arrivals(random, traffic.callbacksPerHour, lengthMs), () => this.#ask(traffic.queue, undefined));
      at(arrivals(random, traffic.scheduledPerHour, lengthMs), () => {
        this.#ask(traffic.queue, this.#clock.nowMs() + drawMs(random, traffic.scheduledAheadSec));
      });
    });
  }

  /** Somebody asks for a callback on the web. */
  #ask(virtualQueue: string, desiredAtMs: number | undefined): void {
    if (this.#isOver) return;
    const customerNumber = this.#callers.nextNumber();
    const request = { virtualQueue, customerNumber, ...(desiredAtMs !== undefined && { desiredAtMs }) };
    this.#application
      .createCallback(request, { kind: 'api-key', id: 'web' })
      .then((outcome) => this.#tally.asked(virtualQueue, outcome.ok ? undefined : outcome.refusal.kind))
      .catch((error: unknown) => this.#tally.failed(error));
  }
}

/** The DID of the queue that the scenario's traffic names at this place. */
function numberOf(index: number): string {
  return String(100 + index);
}

/** The scenario's configuration in force, with its agents and one DID for each line of traffic. */
function directoryOf({ settings, configuration }: Scenario, staff: Staff): LiveDirectory {
  const box = new SecretBox(Buffer.alloc(32));
  const directory = new LiveDirectory('simulation', box);
  directory.replace(
    {
      ...configuration,
      agents: staff
        .agents()
        .map((agent) => ({ ...agent, password: box.seal('simulated', secretPlaceOf('agents', agent)) })),
      dids: settings.traffic.map(({ queue }, index) => ({
        number: numberOf(index),
        flow: 'inbound',
        queue,
        language: 'en',
      })),
    },
    1,
  );
  return directory;
}
