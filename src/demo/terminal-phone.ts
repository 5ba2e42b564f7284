import { AppError } from '../kernel/errors.ts';
import type { PhoneCall } from './soft-phone/phone-call.ts';
import { header } from './soft-phone/sip-text.ts';
import { SoftPhone } from './soft-phone/soft-phone.ts';
import type { Timeline } from './timeline.ts';

/** How long the phone waits for an answer to REGISTER and for one to its BYE. */
const ANSWER_MAX_MS = 5000;
const FAREWELL_MAX_MS = 2000;
/** A registration lasts this long and is renewed before it ends. */
const REGISTRATION_SEC = 300;
const RENEWAL_MS = 240_000;
/** Silence between two keys, so that two equal ones stay two. */
const KEY_GAP_MS = 80;
const UNANSWERED = 'does not answer; is the server there?';

/** Keys that the phone presses, so many seconds after the keys before, the first ones after the answer. */
export interface TimedKeys {
  readonly afterSec: number;
  readonly keys: string;
}

/** What a phone does. It sends and listens on 127.0.0.1. */
export interface PhoneOrders {
  readonly server: { readonly host: string; readonly port: number };
  /** Number to dial; without one it only takes calls. */
  readonly dial?: string;
  /** The number that it presents; an agent's phone presents its user. */
  readonly ani: string;
  /** Registers as this agent's phone. */
  readonly agent?: { readonly user: string; readonly password: string };
  /** Its own SIP port; 0: any. */
  readonly port: number;
  readonly press: readonly TimedKeys[];
  /** Seconds after the last keys, or after the answer, until it hangs up; without them the far end does. */
  readonly hangUpAfterSec?: number;
  /** Ends after so many calls; without it, one when it dials, else it stays. */
  readonly callCountMax?: number;
  /** Declines whatever rings (603). */
  readonly declines: boolean;
}

/**
 * `turnkeeper phone`: one SIP phone in a terminal, for trying things without a sound card. It says what
 * happens, presses the keys that it was told to, and those typed meanwhile.
 */
export class TerminalPhone {
  readonly #orders: PhoneOrders;
  readonly #timeline: Timeline;
  readonly #phone: SoftPhone;
  readonly #name: string;
  readonly #live = new Set<PhoneCall>();
  #endedCount = 0;
  #renewal: NodeJS.Timeout | undefined;
  #settle: () => void = () => undefined;
  /** Resolves when the phone has had its calls, or was told to stop. */
  readonly #over: Promise<void>;

  constructor(orders: PhoneOrders, timeline: Timeline) {
    this.#orders = orders;
    this.#timeline = timeline;
    this.#phone = new SoftPhone({ ...orders.server });
    this.#name = orders.agent?.user ?? (orders.dial === undefined ? 'phone' : 'caller');
    this.#over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /**
   * Carries the orders out. @returns the exit code: 0, or 1 when the number dialled did not answer. @throws
   * AppError PHONE_REFUSED when the phone cannot listen or register, or the server does not answer.
   */
  async run(): Promise<number> {
    const { dial, port, declines } = this.#orders;
    await this.#phone.open(port).catch((cause: unknown) => {
      throw new AppError('PHONE_REFUSED', `the phone cannot listen at 127.0.0.1:${port}`, { cause });
    });
    try {
      if (declines) this.#phone.behaviour = { kind: 'refuse', status: 603 };
      await this.#register(REGISTRATION_SEC);
      if (dial === undefined) this.#say(`takes calls at 127.0.0.1:${this.#phone.port}`);
      void this.#takeCalls();
      const answered = dial === undefined || (await this.#dial(dial));
      if (answered) await this.#over;
      return answered ? 0 : 1;
    } finally {
      await this.#close();
    }
  }

  /** Hangs up and ends. */
  stop(): void {
    this.#settle();
  }

  /** Presses keys in the latest call; `h` hangs it up. What is no key is not sent. */
  async type(line: string): Promise<void> {
    const call = [...this.#live].at(-1);
    if (!call) return this.#say('there is no call');
    if (line.trim() === 'h') await this.#hangUp(call);
    else await this.#press(call, line.replaceAll(/[^\d*#A-D]/g, ''));
  }

  async #register(expiresSec: number): Promise<void> {
    const { agent } = this.#orders;
    if (!agent) return;
    const answer = await inTime(this.#phone.register({ ...agent, expiresSec }), ANSWER_MAX_MS);
    if (!answer) throw this.#refused(UNANSWERED);
    if (answer.status !== 200) {
      throw this.#refused(`answered REGISTER of ${agent.user} with ${answer.status}`);
    }
    if (expiresSec === 0) return;
    this.#say('registered');
    this.#renewal ??= setInterval(() => {
      this.#register(REGISTRATION_SEC).catch((error: unknown) => this.#say(String(error)));
    }, RENEWAL_MS);
  }

  async #dial(number: string): Promise<boolean> {
    const { agent, ani } = this.#orders;
    const from = agent?.user ?? ani;
    const call = await this.#phone.call(number, { from: `sip:${from}@127.0.0.1` });
    this.#say(`dials ${number} as ${from}`);
    const final = Promise.race([call.final, this.#over.then(() => null)]);
    // A server says 100 at once.
    if ((await inTime(final, ANSWER_MAX_MS)) === undefined && call.statuses.length === 0) {
      throw this.#refused(UNANSWERED);
    }
    const answer = await final;
    if (answer?.status !== 200) {
      this.#say(answer ? `refused with ${answer.status}` : 'gave up');
      if (!answer) call.cancel();
      return false;
    }
    void this.#talk(call, number);
    return true;
  }

  async #takeCalls(): Promise<void> {
    for (;;) {
      const call = await this.#phone.incoming();
      const from = /sip:([^@>;]+)/.exec(call.invite ? header(call.invite, 'from') : '')?.[1] ?? 'somebody';
      if (this.#orders.declines) {
        this.#say(`declined a call from ${from}`);
        call.dispose();
        this.#ended();
      } else void this.#talk(call, from);
    }
  }

  /** One call from the answer to its end. */
  async #talk(call: PhoneCall, other: string): Promise<void> {
    const { press, hangUpAfterSec } = this.#orders;
    this.#live.add(call);
    this.#say(`talks with ${other}`);
    const end = call.ended.then(() => true as const);
    let isOver = false;
    for (const { afterSec, keys } of press) {
      isOver = (await inTime(end, afterSec * 1000)) ?? false;
      if (isOver) break;
      await this.#press(call, keys);
    }
    if (!isOver && hangUpAfterSec !== undefined) {
      isOver = (await inTime(end, hangUpAfterSec * 1000)) ?? false;
      if (!isOver) await this.#hangUp(call);
    }
    await end;
    this.#live.delete(call);
    this.#say(`the call with ${other} is over`);
    call.dispose();
    this.#ended();
  }

  async #press(call: PhoneCall, keys: string): Promise<void> {
    for (const key of keys) {
      await call.rtp.digit(key);
      await new Promise((resolve) => setTimeout(resolve, KEY_GAP_MS));
    }
    if (keys !== '') this.#say(`pressed ${keys}`);
  }

  async #hangUp(call: PhoneCall): Promise<void> {
    this.#say('hangs up');
    await inTime(call.bye(), FAREWELL_MAX_MS);
  }

  #ended(): void {
    this.#endedCount++;
    const { dial, callCountMax = dial === undefined ? Infinity : 1 } = this.#orders;
    if (this.#endedCount >= callCountMax) this.#settle();
  }

  async #close(): Promise<void> {
    clearInterval(this.#renewal);
    await Promise.all([...this.#live].map((call) => this.#hangUp(call)));
    if (this.#renewal) await this.#register(0).catch(() => undefined);
    this.#phone.close();
  }

  #refused(why: string): AppError {
    const { host, port } = this.#orders.server;
    return new AppError('PHONE_REFUSED', `${host}:${port} ${why}`);
  }

  #say(what: string): void {
    this.#timeline.note(this.#name, what);
  }
}

/** What `happens`, or undefined after `timeoutMs`. */
async function inTime<T>(happens: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([happens, late]);
  } finally {
    clearTimeout(timer);
  }
}
