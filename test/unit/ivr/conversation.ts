import assert from 'node:assert/strict';
import { FlowFolder } from '../../../src/adapters/flows/flow-folder.ts';
import { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import type { FlowMachine } from '../../../src/ivr/flow-machine.ts';
import { runFlow } from '../../../src/ivr/flow-runner.ts';
import type { FlowOutcome } from '../../../src/ivr/flow-host.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { FakeFlowHost } from '../../fakes/fake-flow-host.ts';
import { promptIds } from '../../../src/simulation/simulated-leg.ts';
import { FakeLeg } from '../../fakes/fake-leg.ts';

const STEP_MS = 50;
const HEAR_LIMIT_MS = 400_000;
export const flowsFolder = new URL('../../../flows/', import.meta.url).pathname;

/** The flows of the repository, read once a test file. */
export async function repositoryFlows(): Promise<FlowLibrary> {
  const source = new FlowFolder({ folder: flowsFolder, clock: new SystemClock(), log: silentLog });
  const library = new FlowLibrary({ source, log: silentLog });
  assert.deepEqual(await library.reload(), []);
  return library;
}

/** One caller talking to one flow in virtual time. */
export class Conversation {
  readonly clock = new SimulatedClock();
  readonly leg: FakeLeg;
  readonly host = new FakeFlowHost();
  readonly stop = new AbortController();
  outcome: FlowOutcome | undefined;
  readonly #machine: FlowMachine;
  readonly #audioMs: ReadonlyMap<string, number>;
  #heardCount = 0;

  constructor(machine: FlowMachine, audioMs: ReadonlyMap<string, number> = new Map()) {
    this.#machine = machine;
    this.#audioMs = audioMs;
    this.leg = new FakeLeg(this.clock, audioMs);
  }

  start(language = 'en'): this {
    const { clock, host, leg } = this;
    const options = {
      leg,
      host,
      clock,
      log: silentLog,
      language,
      audioMs: this.#audioMs,
      signal: this.stop.signal,
    };
    void runFlow(this.#machine, options).then((outcome) => {
      this.outcome = outcome;
    });
    return this;
  }

  /** Lets virtual time pass, with everything that follows from it. */
  async pass(byMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < byMs; passedMs += STEP_MS) {
      await settle();
      this.clock.advance(STEP_MS);
    }
    await settle();
  }

  /**
   * Lets time pass until a playback with the prompt begins (each playback counts once); fails if it never
   * does.
   */
  async hear(id: string): Promise<void> {
    for (let passedMs = 0; passedMs < HEAR_LIMIT_MS; passedMs += STEP_MS) {
      await settle();
      for (; this.#heardCount < this.leg.playbacks.length;) {
        const playback = this.leg.playbacks[this.#heardCount];
        this.#heardCount++;
        if (playback && promptIds(playback.sources).includes(id)) return;
      }
      if (this.outcome) break;
      this.clock.advance(STEP_MS);
    }
    throw new Error(
      `"${id}" was never heard; heard: ${this.heard.join(' ')}; outcome ${JSON.stringify(this.outcome)}`,
    );
  }

  /** Hears the prompt, then presses. */
  async press(id: string, digits: string): Promise<void> {
    await this.hear(id);
    this.leg.press(digits);
    await settle();
  }

  /** Lets time pass until the flow has ended; fails if it does not. Then nothing may be left behind. */
  async end(): Promise<FlowOutcome> {
    for (let passedMs = 0; passedMs < HEAR_LIMIT_MS && !this.outcome; passedMs += STEP_MS) {
      await settle();
      if (!this.outcome) this.clock.advance(STEP_MS);
    }
    if (!this.outcome) throw new Error(`the flow did not end; heard: ${this.heard.join(' ')}`);
    const left = {
      digitListenerCount: this.leg.listenerCount,
      factListenerCount: this.host.listenerCount,
      timerCount: this.clock.pendingCount,
      playing: this.leg.playing,
    };
    assert.deepEqual(left, { digitListenerCount: 0, factListenerCount: 0, timerCount: 0, playing: [] });
    return this.outcome;
  }

  /** Ids of every playback, in order. */
  get heard(): string[] {
    return this.leg.playbacks.flatMap((playback) => promptIds(playback.sources));
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
