import type { Clock } from '../kernel/clock.ts';
import { IdSource } from '../kernel/ids.ts';
import type { Random } from '../kernel/random.ts';
import type { Digit } from '../telephony/leg.ts';
import type { InboundCall } from '../telephony/telephony.ts';
import { drawMs } from './draws.ts';
import type { Traffic } from './scenario.ts';
import type { SimulatedLeg } from './simulated-leg.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { Tally } from './tally.ts';

/** From the end of a question's first words to the key. */
const REACTION_SEC = { mean: 2, sd: 1 };

export interface CallersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly tally: Tally;
}

/**
 * People who dial in: they hold the line as long as they have patience, and some take the callback offered.
 */
export class Callers {
  readonly #options: CallersOptions;
  readonly #ids: IdSource;
  #numberCount = 0;

  constructor(options: CallersOptions) {
    this.#options = options;
    this.#ids = new IdSource(options.clock, options.random);
  }

  /**
   * A telephone number that nobody has had yet: ten million of them, of the range kept for fiction and
   * beyond.
   */
  nextNumber(): string {
    const number = this.#numberCount++;
    return `+1212${String(2_000_000 + (number % 8_000_000))}`;
  }

  dial(dialled: string, traffic: Traffic): void {
    const { network, tally } = this.#options;
    const callId = this.#ids.next('call');
    const number = this.nextNumber();
    tally.offered(callId, traffic.queue);
    const call: InboundCall = {
      callId,
      source: { kind: 'trunk', trunk: 'simulated' },
      from: { uri: `sip:${number}@simulated`, number },
      dialled,
      sipCallId: callId,
      cancelled: new Promise(() => undefined),
      answer: () => Promise.resolve({ kind: 'answered', leg: this.#answered(call, number, traffic) }),
      reject: () => tally.ended(callId),
    };
    if (!network.ring(call)) tally.ended(callId);
  }

  #answered({ callId }: InboundCall, number: string, traffic: Traffic): SimulatedLeg {
    const { clock, network, random, tally } = this.#options;
    const leg = network.leg(callId, 'inbound', number);
    const acceptsOffer = random.next() < traffic.acceptsOffer;
    const patience = clock.setTimer(drawMs(random, traffic.patienceSec), () => {
      if (!tally.isConnected(callId)) leg.end();
    });
    leg.onHeard = (prompts) => {
      if (prompts.includes('offer') && acceptsOffer) this.#press(leg, '1');
      else if (prompts.includes('press-1-keep-2-other')) this.#press(leg, '1');
      else if (prompts.includes('booked')) tally.booked(callId);
    };
    void leg.ended.then(() => {
      clock.clearTimer(patience);
      tally.ended(callId);
    });
    return leg;
  }

  #press(leg: SimulatedLeg, digit: Digit): void {
    const { clock, random } = this.#options;
    clock.setTimer(drawMs(random, REACTION_SEC), () => leg.press(digit));
  }
}
