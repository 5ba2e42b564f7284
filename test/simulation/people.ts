import type { OriginateRequest } from '../../src/telephony/telephony.ts';
import type { TerminationReason } from '../../src/telephony/termination.ts';
import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { Chance } from '../../src/simulation/chance.ts';
import { type Called, failure, type PhoneBehaviour } from '../../src/simulation/simulated-network.ts';
import type { SimulatedLeg } from '../../src/simulation/simulated-leg.ts';

export interface PeopleOptions {
  readonly clock: SimulatedClock;
  readonly chance: Chance;
  /** Everybody behaves well from now on: what was promised must come to its end. */
  readonly calm: () => boolean;
}

const customerEnds: Readonly<Record<string, number>> = {
  answers: 60,
  rings: 12,
  busy: 12,
  declined: 5,
  'not-found': 3,
  'network-failure': 4,
};
const agentEnds: Readonly<Record<string, number>> = { answers: 80, rings: 8, busy: 4, declined: 8 };

/** Called customers and agents: who answers, when, which key they press and who hangs up. */
export class People implements Called {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  behaviourOf({ target }: OriginateRequest): PhoneBehaviour {
    const { chance, calm } = this.#options;
    const ends = target.kind === 'agent' ? agentEnds : customerEnds;
    const end = calm() ? 'answers' : chance.weighted(ends);
    if (end === 'rings') return { kind: 'rings' };
    if (end === 'answers') {
      return {
        kind: 'answers',
        afterMs: target.kind === 'agent' ? chance.between(0, 8000) : this.#answerMs(),
      };
    }
    const termination = failure(end as TerminationReason);
    return { kind: 'fails', afterMs: chance.between(5, 6000), termination };
  }

  answered({ target, headers = {} }: OriginateRequest, leg: SimulatedLeg): void {
    const { clock, chance } = this.#options;
    const isCustomer = headers['X-Turnkeeper-Attempt'] !== undefined;
    if (isCustomer) this.#customerAnswers(leg);
    else this.#agentAnswers(leg);
    // Some hang up the moment they have answered.
    if (chance.maybe(0.03)) clock.setTimer(chance.between(0, 60), () => leg.end());
    if (target.kind === 'agent') clock.setTimer(this.talkMs(), () => leg.end());
  }

  /** How long somebody talks once joined. */
  talkMs(): number {
    return this.#options.chance.between(50, 120_000);
  }

  /** Most answer while it rings; some just as the ring time is over. */
  #answerMs(): number {
    const { chance } = this.#options;
    return chance.maybe(0.05) ? chance.between(19_990, 20_000) : chance.between(50, 18_000);
  }

  /** Agents who are asked for a key press one, sooner or later or not. */
  #agentAnswers(leg: SimulatedLeg): void {
    const { clock, chance, calm } = this.#options;
    leg.onHeard = (prompts) => {
      if (!prompts.includes('case-press-key') || (!calm() && chance.maybe(0.15))) return;
      clock.setTimer(chance.between(100, 4000), () => leg.press('5'));
    };
  }

  #customerAnswers(leg: SimulatedLeg): void {
    const { clock, chance, calm } = this.#options;
    const key = calm() ? '1' : chance.weighted({ '1': 60, '2': 8, '9': 6, '5': 4, none: 22 });
    let asked = false;
    leg.onHeard = (prompts) => {
      if (asked || !prompts.includes('confirm-menu') || key === 'none') return;
      asked = true;
      const leaves = chance.maybe(0.1);
      clock.setTimer(chance.between(100, 6000), () => {
        leg.press(key);
        if (leaves) clock.setTimer(chance.between(0, 1500), () => leg.end());
      });
    };
    // The customer's own patience and talk end the call in the end, whatever state it is in.
    clock.setTimer(chance.between(1000, 300_000), () => leg.end());
  }
}
