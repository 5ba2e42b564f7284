import type { CallCommand, CallTarget } from '../../src/application/call-desk.ts';
import type { LiveCall } from '../../src/application/live-call.ts';
import { AGENT_MAY } from '../../src/bridging/hang-up-table.ts';
import { partyOf } from '../../src/bridging/conversation-state.ts';
import { seatsOf } from '../../src/bridging/seating.ts';
import { messageOf } from '../../src/kernel/errors.ts';
import { SeededRandom } from '../../src/kernel/random.ts';
import { Chance } from '../../src/simulation/chance.ts';
import type { Termination } from '../../src/telephony/termination.ts';
import { type QuietLeg, settle } from '../fakes/fake-telephony.ts';
import { TalkingHouse } from '../fakes/talking-house.ts';

const agentIds = ['a1', 'a2', 'a3'] as const;
const supervisorId = 's1';
const lost: Termination = { bucket: 'server_error', reason: 'media-server-failure' };
const refusals: readonly Termination[] = [
  { bucket: 'unreachable', reason: 'busy', sipStatus: 486 },
  { bucket: 'unreachable', reason: 'no-answer' },
  { bucket: 'unreachable', reason: 'declined', sipStatus: 603 },
  lost,
];
const everything = AGENT_MAY.talking.concat(AGENT_MAY.consulting, AGENT_MAY.transferring);

/**
 * One history of calls under control, made from a seed: agents command, phones hold, transfer and dial,
 * everybody hangs up at any instant, joins fail. `told` is the list of what was done, for the one who has to
 * find out why.
 */
export class CallControlHistory {
  readonly told: string[] = [];
  readonly faults: string[] = [];
  /** What conversations were in the middle of when something happened. */
  readonly situations = new Set<string>();
  readonly #chance: Chance;
  #house!: TalkingHouse;

  constructor(seed: number) {
    this.#chance = new Chance(new SeededRandom(seed));
  }

  async run(stepCount: number): Promise<void> {
    this.#house = await TalkingHouse.open();
    for (const agentId of ['a2', 'a3']) await this.#house.ready(agentId);
    for (let step = 0; step < stepCount; step++) {
      // Two things at the same instant, now and then.
      for (const agentId of agentIds) {
        const call = this.#house.desk.callOfAgent(agentId);
        if (call) this.situations.add(call.situation);
      }
      const actCount = this.#chance.maybe(0.3) ? 2 : 1;
      for (let act = 0; act < actCount; act++) this.#act();
      if (this.#chance.maybe(0.8)) await settle();
      if (this.#chance.maybe(0.2)) await this.#house.pass(this.#chance.between(0, 15_000));
      await settle();
      this.#check();
    }
    this.#house.telephony.bridgeError = undefined;
    this.#house.telephony.mixFails = false;
    await this.#house.allHangUp();
    this.faults.push(...this.#house.leftovers());
  }

  #act(): void {
    const chance = this.#chance;
    const act = chance.weighted({
      command: 60,
      answer: 35,
      refuse: 4,
      hangUp: 5,
      hangUpTwo: 2,
      lose: 1,
      hold: 8,
      refer: 8,
      dial: 5,
      monitor: 5,
      break: 5,
      agent: 20,
      book: 4,
    });
    switch (act) {
      case 'command':
        return this.#command();
      case 'answer':
        return this.#ringing()?.answer() && this.#tell('a phone is answered');
      case 'refuse':
        this.#ringing()?.fail(chance.pick(refusals));
        return this.#tell('a phone is refused');
      case 'hangUp':
        return this.#hangUp();
      case 'hangUpTwo':
        this.#hangUp();
        return this.#hangUp();
      case 'lose':
        return this.#hangUp(lost);
      case 'hold':
        return this.#phoneHolds();
      case 'refer':
        return this.#refer();
      case 'dial':
        return void this.#house.dials(chance.pick(agentIds), this.#number());
      case 'monitor':
        return this.#monitor();
      case 'break':
        return this.#break();
      case 'agent':
        return this.#agentChanges();
      case 'book':
        return void this.#house.book(`+1202555${chance.between(1000, 9999)}`).catch(() => undefined);
      default:
        return act satisfies never;
    }
  }

  #tell(what: string): void {
    this.told.push(what);
  }

  #ringing() {
    const ringing = this.#house.telephony.placed.filter(({ isOver }) => !isOver);
    return ringing.length === 0 ? undefined : this.#chance.pick(ringing);
  }

  #leg(): QuietLeg | undefined {
    const { legs } = this.#house;
    return legs.length === 0 ? undefined : this.#chance.pick(legs);
  }

  #number(): string {
    return this.#chance.pick([...agentIds, '+12025550199', '12', 'sales', 'nowhere', 'closed']);
  }

  #target(): CallTarget {
    const kind = this.#chance.pick(['agent', 'agent', 'queue', 'external'] as const);
    if (kind === 'agent') return { kind, agentId: this.#chance.pick([...agentIds, supervisorId, 'nobody']) };
    if (kind === 'queue') return { kind, queue: this.#chance.pick(['support', 'sales', 'closed', 'none']) };
    return { kind, number: this.#chance.pick(['+12025550199', '12']) };
  }

  #command(): void {
    const chance = this.#chance;
    const agentId = chance.pick(agentIds);
    const call = this.#house.desk.callOfAgent(agentId);
    const party = call?.partyOfAgent(agentId);
    if (!call || !party) return;
    const allowed = call.allowed(party.id).filter((type) => type !== 'end' || chance.maybe(0.3));
    const wished = allowed.length > 0 && chance.maybe(0.7) ? chance.pick(allowed) : chance.pick(everything);
    const command = this.#commandOf(wished, call);
    this.#tell(`${agentId} in ${call.situation}: ${JSON.stringify(command)}`);
    this.#expect(this.#house.desk.command(agentId, call.facts.id, command, { kind: 'agent', id: agentId }));
  }

  #commandOf(type: CallCommand['type'], call: LiveCall): CallCommand {
    const { parties } = call.conversation.state;
    const more = {
      transfer: () => ({ target: this.#target() }),
      consult: () => ({ target: this.#target() }),
      conference: () => ({ target: this.#target() }),
      mute: () => ({ partyId: this.#chance.pick(parties).id }),
      unmute: () => ({ partyId: this.#chance.pick(parties).id }),
      drop: () => ({ partyId: this.#chance.pick(parties).id }),
      'send-digits': () => ({ digits: '12#' }),
    } as Partial<Record<CallCommand['type'], () => object>>;
    return { type, ...more[type]?.() } as CallCommand;
  }

  #monitor(): void {
    const chance = this.#chance;
    const call = chance.pick(agentIds.map((agentId) => this.#house.desk.callOfAgent(agentId)));
    if (!call) return;
    const actor = { kind: 'user', id: 'boss' } as const;
    const { id } = call.facts;
    const mode = chance.pick(['listen', 'whisper', 'barge', 'stop'] as const);
    this.#tell(`${mode} in ${call.situation}`);
    const { desk } = this.#house;
    this.#expect(
      mode === 'stop'
        ? desk.stopMonitoring(supervisorId, id, actor)
        : desk.monitor(supervisorId, id, mode, actor),
    );
  }

  /** Commands may fail with the media; anything else thrown is a fault. */
  #expect(outcome: Promise<unknown>): void {
    outcome.catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'MEDIA_BRIDGE_FAILED') this.faults.push(`a command threw: ${messageOf(error)}`);
    });
  }

  #hangUp(how?: Termination): void {
    this.#tell(how ? 'a leg is lost' : 'a leg hangs up');
    this.#leg()?.end(how);
  }

  #phoneHolds(): void {
    const held = this.#chance.maybe(0.5);
    this.#tell(held ? 'a phone holds' : 'a phone takes back');
    this.#leg()?.controls.hold(held);
  }

  #refer(): void {
    const number = this.#number();
    const replaces = this.#chance.maybe(0.4) ? this.#leg() : undefined;
    this.#tell(`REFER to ${number}${replaces ? ' with Replaces' : ''}`);
    this.#leg()?.controls.refer({ uri: `sip:${number}@test` }, replaces);
  }

  #break(): void {
    const { telephony } = this.#house;
    telephony.bridgeError = this.#chance.maybe(0.3) ? new Error('no bridge') : undefined;
    telephony.mixFails = this.#chance.maybe(0.3);
    this.#tell(
      `bridges ${telephony.bridgeError ? 'fail' : 'work'}, mixes ${telephony.mixFails ? 'fail' : 'work'}`,
    );
  }

  #agentChanges(): void {
    const agentId = this.#chance.pick([...agentIds, supervisorId]);
    const wish = this.#chance.weighted({ READY: 60, NOT_READY: 10, LOGGED_OUT: 5, WRAP_UP_DONE: 25 });
    this.#tell(`${agentId} wants ${wish}`);
    this.#house.registry.want(agentId, wish, 'agent');
  }

  /** What must hold whenever nothing is under way. */
  #check(): void {
    const calls = new Set(agentIds.flatMap((agentId) => this.#house.desk.callOfAgent(agentId) ?? []));
    const broken = this.#house.telephony.bridgeError !== undefined || this.#house.telephony.mixFails;
    for (const call of calls) if (!broken) this.#checkEars(call);
    for (const agentId of agentIds) {
      const count = [...calls].filter((call) => call.partyOfAgent(agentId)?.role === 'agent').length;
      if (count > 1) this.faults.push(`${agentId} takes part in ${count} calls`);
      if (count > 0) this.#checkAgent(agentId);
    }
  }

  #checkAgent(agentId: string): void {
    const { state } = this.#house.registry.status(agentId);
    if (state !== 'ON_CALL' && state !== 'RINGING') this.faults.push(`${agentId} talks and is ${state}`);
  }

  /** Everybody hears whom the seats say, and nobody else of the house. */
  #checkEars({ conversation }: LiveCall): void {
    const { state } = conversation;
    const seats = seatsOf(state);
    const legs = this.#house.legs;
    for (const listener of legs) {
      const seat = seats.get(listener.callId);
      if (!seat) continue;
      for (const speaker of legs) {
        if (speaker === listener) continue;
        const speaking = seats.get(speaker.callId);
        const isPair = seat.kind === 'joined' && seat.withId === speaker.callId;
        const isMixed =
          seat.kind === 'mixed' &&
          speaking?.kind === 'mixed' &&
          (speaking.heardBy === 'all' || speaking.heardBy.includes(listener.callId));
        const wanted = (isPair || isMixed) && partyOf(state, speaker.callId)?.muted !== true;
        if (this.#house.hears(listener, speaker) === wanted) continue;
        const who = `${listener.callId} ${wanted ? 'does not hear' : 'hears'} ${speaker.callId}`;
        this.faults.push(`${who} after "${this.told.at(-1)}"`);
      }
    }
  }
}
