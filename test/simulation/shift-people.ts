import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { Leg } from '../../src/telephony/leg.ts';
import type { OriginateRequest } from '../../src/telephony/telephony.ts';
import type { TerminationReason } from '../../src/telephony/termination.ts';
import type { Chance } from '../../src/simulation/chance.ts';
import { type Called, failure, type PhoneBehaviour } from '../../src/simulation/simulated-network.ts';
import type { SimulatedLeg } from '../../src/simulation/simulated-leg.ts';

/** Nobody stays on the line longer, whatever happens there. */
const PATIENCE_MAX_MS = 600_000;
/** A customer who is joined with nobody hangs up after this. */
const WAIT_MAX_MS = 300_000;

const customers: Readonly<Record<string, number>> = { answers: 74, rings: 10, busy: 12, declined: 4 };
const agents: Readonly<Record<string, number>> = { answers: 93, rings: 4, declined: 3 };
const others: Readonly<Record<string, number>> = { answers: 80, busy: 12, rings: 8 };

/** Everybody whose phone rings in a shift: customers, agents, and those whom agents call in. */
export class ShiftPeople implements Called {
  readonly #clock: SimulatedClock;
  readonly #chance: Chance;
  readonly #joined = new WeakSet<Leg>();

  constructor(clock: SimulatedClock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  behaviourOf(request: OriginateRequest): PhoneBehaviour {
    const chance = this.#chance;
    const isAgent = request.target.kind === 'agent';
    const end = chance.weighted(isAgent ? agents : isCustomer(request) ? customers : others);
    if (end === 'rings') return { kind: 'rings' };
    if (end === 'answers') return { kind: 'answers', afterMs: chance.between(500, isAgent ? 5000 : 15_000) };
    return {
      kind: 'fails',
      afterMs: chance.between(50, 4000),
      termination: failure(end as TerminationReason),
    };
  }

  answered(request: OriginateRequest, leg: SimulatedLeg): void {
    const chance = this.#chance;
    if (request.target.kind === 'agent') return this.#agentHears(leg);
    this.#in(PATIENCE_MAX_MS, () => leg.end());
    if (!isCustomer(request)) return this.#in(chance.between(5000, 90_000), () => leg.end());
    this.#in(WAIT_MAX_MS, () => {
      if (!this.#joined.has(leg)) leg.end();
    });
    const key = chance.weighted({ '1': 86, '2': 4, '9': 4, none: 6 });
    let isAsked = false;
    leg.onHeard = (prompts) => {
      if (isAsked || key === 'none' || !prompts.includes('confirm-menu')) return;
      isAsked = true;
      this.#in(chance.between(200, 4000), () => leg.press(key));
    };
    return undefined;
  }

  /** They talk; some customers are the first to hang up. */
  talks(legs: readonly Leg[]): void {
    for (const leg of legs) {
      if (this.#joined.has(leg)) continue;
      this.#joined.add(leg);
      this.#in(this.#chance.between(20_000, 240_000), () => (leg as SimulatedLeg).end());
    }
  }

  #agentHears(leg: SimulatedLeg): void {
    leg.onHeard = (prompts) => {
      if (prompts.includes('case-press-key')) this.#in(this.#chance.between(200, 3000), () => leg.press('3'));
    };
  }

  #in(afterMs: number, act: () => void): void {
    this.#clock.setTimer(afterMs, act);
  }
}

function isCustomer({ headers = {} }: OriginateRequest): boolean {
  return headers['X-Turnkeeper-Attempt'] !== undefined;
}
