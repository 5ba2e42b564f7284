import type { CallCommand, WorkspaceCall } from '../../src/application/call-desk.ts';
import type { LiveCallDesk } from '../../src/application/live-call-desk.ts';
import type { Refusal } from '../../src/application/application.ts';
import type { ServiceDirectory } from '../../src/application/service-directory.ts';
import { SlotCalendar } from '../../src/calendar/slot-calendar.ts';
import type { Callback } from '../../src/callback/callback.ts';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import type { QuietLeg } from './fake-telephony.ts';
import { settle } from './fake-telephony.ts';
import { FakeInboundCall } from './fake-inbound-call.ts';
import { House } from './house.ts';
import { aQueue } from './queue-settings.ts';

/** Nobody is asked anything; whoever answers is connected. */
const defaults = {
  skillExpression: 'support > 0',
  wrapUpSec: 10,
  requireConfirm: false,
  cpdEnabled: false,
  maxAttempts: 2,
  retryIntervalSec: 30,
} as const;
/** Retries, after-call work and reservations are over after so many rounds of half a minute. */
const ROUNDS_MAX = 60;

const agentIds = ['a1', 'a2', 'a3', 's1'] as const;
const agents = agentIds.map((id) => ({
  id,
  name: `Agent ${id}`,
  sipUser: id,
  skills: { support: id === 's1' ? 0 : 1 },
}));

/** Callers of this number wait for `sales`. */
const dids = [{ number: '5000', flow: 'inbound', queue: 'sales', language: 'en' }] as const;

function directoryOf(queues: readonly QueueSettings[]): ServiceDirectory {
  const queue = (name: string) => queues.find((settings) => settings.name === name);
  return {
    queues: () => queues,
    queue,
    agents: () => agents,
    agent: (id) => agents.find((agent) => agent.id === id),
    agentsOf: () => ['a1', 'a2', 'a3'],
    did: (number) => dids.find((did) => did.number === number),
    businessHours: () => undefined,
    slotCalendar: (name) => new SlotCalendar(queue(name) ?? aQueue({}), undefined, undefined),
    numberRule: () => undefined,
    isOpen: (name) => name !== 'closed',
  };
}

/** A house in which agent a1 talks with the customer of a callback. */
export class TalkingHouse extends House {
  customer!: QuietLeg;
  agent!: QuietLeg;
  /** Calls that agents' phones made. */
  readonly dialled: FakeInboundCall[] = [];
  #callbackId = '';

  static async open(changes: Partial<QueueSettings> = {}): Promise<TalkingHouse> {
    const of = (name: string): QueueSettings => aQueue({ name, ...defaults, ...changes });
    const house = new TalkingHouse({}, directoryOf([of('support'), of('sales'), of('closed')]));
    house.open();
    await house.engine.recover();
    const { id } = await house.book();
    house.#callbackId = id;
    await house.ready('a1');
    house.customer = await house.answers(house.last);
    house.agent = await house.answers(house.last);
    return house;
  }

  get desk(): LiveCallDesk {
    return this.engine.callControl.calls;
  }

  /** The callback that brought them together. */
  get callback(): Callback {
    const found = this.store.callbacks.get(this.#callbackId);
    if (!found) throw new Error('the callback is gone');
    return found;
  }

  /** A command of the agent (default a1) on their call, and what the desk shows after it. */
  async does(type: CallCommand['type'], more: object = {}, agentId = 'a1'): Promise<WorkspaceCall> {
    const outcome = await this.#command({ type, ...more } as CallCommand, agentId);
    if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome.refusal)}`);
    await settle();
    return outcome.value;
  }

  /** A command that is refused. */
  async tries(command: CallCommand, agentId = 'a1'): Promise<Refusal> {
    const outcome = await this.#command(command, agentId);
    if (outcome.ok) throw new Error('carried out');
    return outcome.refusal;
  }

  hears(listener: QuietLeg, speaker: QuietLeg): boolean {
    return this.telephony.joins.hears(listener, speaker);
  }

  /** Every ordered pair of two different legs. */
  pairsOf(...legs: readonly QuietLeg[]): (readonly [QuietLeg, QuietLeg])[] {
    return legs.flatMap((a) => legs.filter((b) => b !== a).map((b) => [a, b] as const));
  }

  /** Legs that are up. */
  get legs(): QuietLeg[] {
    const calls = [...this.telephony.placed, ...this.dialled];
    return calls.flatMap(({ leg }) => (leg && !leg.termination ? [leg] : []));
  }

  /** Everybody hangs up, and nobody answers any more, until nothing is left or it stays for good. */
  async allHangUp(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      for (const call of this.telephony.placed) {
        if (!call.isOver) call.fail({ bucket: 'unreachable', reason: 'no-answer' });
      }
      for (const leg of this.legs) leg.end();
      for (const agentId of ['a1', 'a2', 'a3']) this.registry.want(agentId, 'READY', 'test');
      await this.pass(1000);
      await this.pass(30_000);
      if (this.leftovers().length === 0) return;
    }
  }

  /** An agent's phone dials. */
  async dials(agentId: string, number: string): Promise<FakeInboundCall> {
    const call = new FakeInboundCall(
      `call_dialled${this.dialled.length}`,
      { kind: 'agent', agentId },
      number,
    );
    this.dialled.push(call);
    this.telephony.ring(call);
    await settle();
    return call;
  }

  /** Whatever has stayed although everybody has gone; empty when nothing has. */
  leftovers(): string[] {
    const { engine, telephony } = this;
    const { calls, transferred } = engine.callControl;
    const states = agentIds.map((id) => [id, this.registry.status(id).state] as const);
    const idle = new Set(['READY', 'NOT_READY', 'LOGGED_OUT']);
    const counts = {
      conversations: calls.callCount,
      'transferred calls': transferred.callCount,
      'customer calls': engine.callbackCalls.callCount,
      'inbound calls': engine.inboundCalls.callCount,
      legs: this.legs.length,
      'ringing phones': telephony.placed.filter(({ isOver }) => !isOver).length,
      mixes: telephony.joins.openMixCount,
      tokens: ['support', 'sales'].reduce((sum, name) => sum + this.router.queue(name).length, 0),
      recordings: [...this.recordings.recordings.values()].filter(({ state }) => state === 'recording')
        .length,
    };
    return [
      ...states.filter(([, state]) => !idle.has(state)).map(([id, state]) => `${id} is ${state}`),
      ...Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`])),
      ...[...this.store.callbacks.values()].flatMap(({ id, state, subState }) =>
        state === 'COMPLETED' ? [] : [`${id} is ${state}/${subState}`],
      ),
    ];
  }

  #command(command: CallCommand, agentId: string) {
    const call = this.desk.callOfAgent(agentId);
    return this.desk.command(agentId, call?.facts.id ?? '', command, { kind: 'agent', id: agentId });
  }
}
