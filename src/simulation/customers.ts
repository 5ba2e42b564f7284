import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { OriginateRequest } from '../telephony/telephony.ts';
import { drawMs } from './draws.ts';
import type { ScenarioSettings } from './scenario.ts';
import type { SimulatedLeg } from './simulated-leg.ts';
import { type Called, failure, type PhoneBehaviour } from './simulated-network.ts';
import type { Staff } from './staff.ts';

/** A voicemail box records this long before it hangs up. */
const VOICEMAIL_MS = 30_000;
const BUSY_AFTER_MS = 800;
const REACTION_SEC = { mean: 2, sd: 1 };

export interface CustomersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ScenarioSettings['customers'];
  readonly staff: Staff;
}

/** Whoever is called: customers with their own behaviour, agents with their staff group's. */
export class Customers implements Called {
  readonly #options: CustomersOptions;
  readonly #voicemail = new Set<string>();

  constructor(options: CustomersOptions) {
    this.#options = options;
  }

  behaviourOf(request: OriginateRequest): PhoneBehaviour {
    const { random, settings, staff } = this.#options;
    if (request.target.kind === 'agent') return staff.behaviourOf(request.target.agentId);
    const { answer, busy, noAnswer, answerSec } = settings;
    const drawn = random.next();
    if (drawn < busy) return { kind: 'fails', afterMs: BUSY_AFTER_MS, termination: failure('busy') };
    if (drawn < busy + noAnswer) return { kind: 'rings' };
    if (drawn >= busy + noAnswer + answer) this.#voicemail.add(request.callId);
    return { kind: 'answers', afterMs: drawMs(random, answerSec) };
  }

  answered(request: OriginateRequest, leg: SimulatedLeg): void {
    if (request.target.kind === 'agent') return this.#options.staff.hears(leg);
    const { clock, random, settings, staff } = this.#options;
    const isVoicemail = this.#voicemail.delete(request.callId);
    const confirms = !isVoicemail && random.next() < settings.confirms;
    const staysMs = isVoicemail ? VOICEMAIL_MS : drawMs(random, settings.patienceSec);
    clock.setTimer(confirms ? staysMs : Math.min(staysMs, VOICEMAIL_MS), () => {
      if (!staff.isTalking(leg)) leg.end();
    });
    let asked = false;
    leg.onHeard = (prompts) => {
      if (asked || !confirms || !prompts.includes('confirm-menu')) return;
      asked = true;
      clock.setTimer(drawMs(random, REACTION_SEC), () => leg.press('1'));
    };
    return undefined;
  }
}
