import type { CallId } from '../../src/kernel/ids.ts';
import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { Digit } from '../../src/telephony/leg.ts';
import type { InboundCall } from '../../src/telephony/telephony.ts';
import type { Chance } from '../../src/simulation/chance.ts';
import type { SimulatedLeg } from '../../src/simulation/simulated-leg.ts';
import type { SimulatedNetwork } from '../../src/simulation/simulated-network.ts';

export interface CallerOptions {
  readonly callId: CallId;
  readonly number: string | undefined;
  readonly dialled: string;
  readonly network: SimulatedNetwork;
  readonly clock: SimulatedClock;
  readonly chance: Chance;
  readonly talkMs: () => number;
}

/** Somebody who dials in: waits, perhaps takes the callback when it is offered, perhaps loses patience. */
export class InboundCaller {
  readonly #options: CallerOptions;
  readonly #acceptsOffer: boolean;
  #leg: SimulatedLeg | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#acceptsOffer = options.chance.maybe(0.7);
  }

  /** Dials; false when nobody takes calls now. */
  dial(): boolean {
    const { callId, number, dialled, network, clock, chance } = this.#options;
    const cancels = chance.maybe(0.03);
    const call: InboundCall = {
      callId,
      source: { kind: 'trunk', trunk: 'simulated' },
      from: { uri: 'sip:caller@simulated', ...(number !== undefined && { number }) },
      dialled,
      sipCallId: callId,
      cancelled: new Promise(() => undefined),
      answer: async () => {
        await new Promise<void>((resolve) => {
          clock.setTimer(chance.between(1, 30), resolve);
        });
        if (cancels || !network.up) {
          return { kind: 'failed', termination: { bucket: 'success', reason: 'cancelled' } };
        }
        return { kind: 'answered', leg: this.#answered() };
      },
      reject: () => undefined,
    };
    return network.ring(call);
  }

  #answered(): SimulatedLeg {
    const { callId, number, network, clock, chance } = this.#options;
    const leg = network.leg(callId, 'inbound', number ?? 'anonymous');
    this.#leg = leg;
    leg.onHeard = (prompts) => this.#heard(prompts);
    clock.setTimer(chance.between(1000, 900_000), () => leg.end());
    return leg;
  }

  /** Joined with an agent: the caller talks as long as it takes. */
  talks(): void {
    const { clock, talkMs } = this.#options;
    clock.setTimer(talkMs(), () => this.#leg?.end());
  }

  #heard(prompts: readonly string[]): void {
    const { chance } = this.#options;
    if (prompts.includes('offer') && this.#acceptsOffer) this.#press('1');
    else if (prompts.includes('press-1-keep-2-other')) this.#press(chance.maybe(0.9) ? '1' : '7');
    else if (prompts.includes('key-number')) this.#press(chance.pick(['2125550199#', '21', '']));
    else if (prompts.includes('pending-menu')) this.#press(chance.pick(['1', '2', '2', '3']));
    else if (prompts.includes('booked') && chance.maybe(0.3)) this.#leg?.end();
  }

  #press(digits: string): void {
    const { clock, chance } = this.#options;
    const hangsUpAtOnce = chance.maybe(0.05);
    clock.setTimer(chance.between(300, 3000), () => {
      for (const digit of digits) this.#leg?.press(digit as Digit);
      if (hangsUpAtOnce) this.#leg?.end();
    });
  }
}
