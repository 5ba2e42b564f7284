import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import { type Behaviour, SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import { AgentScreen } from './agent-screen.ts';
import type { Lane, LaneCallback } from './lane.ts';

/** The tone by which each party is known, in hertz; none is another's harmonic. */
export const VOICE = { customer: 440, agent: 700, second: 950, outside: 1230 } as const;
const everybody: readonly number[] = Object.values(VOICE);
const WAIT_MS = 8000;
const CALL_WAIT_MS = 15_000;

/** Settings of a lane whose customers are connected as soon as they answer. */
export const STRAIGHT = { requireConfirm: false, cpdEnabled: false } as const;

/** One person in a conversation: a phone, and the call on it. */
export interface Talker {
  readonly phone: SoftPhone;
  readonly call: PhoneCall;
  readonly toneHz: number;
}

/** Phones of one scene, by a lane whose customer and first agent talk. */
export class Talk {
  readonly lane: Lane;
  readonly customer: Talker;
  readonly agent: Talker;
  readonly screen: AgentScreen;
  /** Id of the callback. */
  readonly id: string;
  readonly #phones: Map<string, SoftPhone>;

  private constructor(
    lane: Lane,
    id: string,
    phones: Map<string, SoftPhone>,
    talkers: { customer: Talker; agent: Talker; screen: AgentScreen },
  ) {
    this.lane = lane;
    this.id = id;
    this.#phones = phones;
    this.customer = talkers.customer;
    this.agent = talkers.agent;
    this.screen = talkers.screen;
  }

  /** Plays the scene with everybody's phone, and hangs up whoever is left. */
  static async of(lane: Lane, run: (talk: Talk) => Promise<void>): Promise<void> {
    const phones = new Map<string, SoftPhone>();
    try {
      await run(await Talk.#begin(lane, phones));
    } finally {
      for (const phone of phones.values()) phone.close();
    }
  }

  static async #begin(lane: Lane, phones: Map<string, SoftPhone>): Promise<Talk> {
    const outside = await new SoftPhone(lane.product.sip).open(await lane.customerPort());
    phones.set('customer', outside);
    for (const index of lane.agentIds.keys()) {
      const phone = await new SoftPhone(lane.product.sip).open();
      phones.set(String(index), phone);
      const { user, password } = lane.credentials(index);
      await phone.register({ user, password });
    }
    const screen = await AgentScreen.open(lane);
    await lane.ready(0);
    const id = await lane.create();
    const customer = await speak(outside, VOICE.customer);
    const agent = await speak(phoneOf(phones, '0'), VOICE.agent);
    const talk = new Talk(lane, id, phones, { customer, agent, screen });
    await talk.hear([customer, agent]);
    return talk;
  }

  /** Does something with the live call; resolves with what the API answered. */
  does(type: string, more: object = {}): Promise<unknown> {
    return this.screen.command(this.id, { type, ...more });
  }

  /** What the lane's `index`-th agent's phone does with the next call. */
  behaves(index: number, behaviour: Behaviour): void {
    phoneOf(this.#phones, String(index)).behaviour = behaviour;
  }

  /** The second agent's phone, with the call that rings there. */
  second(): Promise<Talker> {
    return speak(phoneOf(this.#phones, '1'), VOICE.second);
  }

  /** The call that the trunk brings next: an outside party. */
  outside(): Promise<Talker> {
    return speak(this.customer.phone, VOICE.outside);
  }

  /** What outside parties' phone does with the next call. */
  outsideBehaves(behaviour: Behaviour): void {
    this.customer.phone.behaviour = behaviour;
  }

  /** Each of these hears all the others of them, and nobody else. */
  async hear(talkers: readonly Talker[]): Promise<void> {
    await Promise.all(
      talkers.map(({ call, toneHz }) => {
        const others = talkers.map((other) => other.toneHz).filter((hz) => hz !== toneHz);
        return call.rtp.hearsOnly(others, everybody, WAIT_MS);
      }),
    );
  }

  /** Hears music: sound, and nobody's voice. */
  async hearsMusic({ call }: Talker): Promise<void> {
    await call.rtp.hearsOnly([], everybody, WAIT_MS);
    await call.rtp.hearsSound(WAIT_MS);
  }

  /** Nobody's voice reaches this one. */
  async hearsNobody({ call }: Talker): Promise<void> {
    await call.rtp.hearsSilence(WAIT_MS);
  }

  /** Everybody named has been hung up on, the callback is done and the agents are free. */
  async over(left: readonly Talker[], agentIndexes: readonly number[] = [0]): Promise<LaneCallback> {
    await within(Promise.all(left.map(({ call }) => call.ended)), 'everybody to be hung up on');
    const done = await this.lane.callbackIs(this.id, { state: 'COMPLETED' });
    for (const index of agentIndexes) await this.lane.agentIs(index, { state: 'READY' });
    return done;
  }
}

/** The next call of this phone, once it is up, with its voice. */
async function speak(phone: SoftPhone, toneHz: number): Promise<Talker> {
  const call = await within(phone.incoming(), `a call for the one who sounds ${toneHz} Hz`);
  call.rtp.tone(toneHz);
  return { phone, call, toneHz };
}

function phoneOf(phones: ReadonlyMap<string, SoftPhone>, name: string): SoftPhone {
  const phone = phones.get(name);
  if (!phone) throw new Error(`no phone ${name}`);
  return phone;
}

/** Rejects when it does not happen in time. */
export async function within<T>(happening: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${CALL_WAIT_MS} ms`)), CALL_WAIT_MS);
  });
  return Promise.race([happening, late]).finally(() => clearTimeout(timer));
}
