import { DateTime } from 'luxon';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Leg } from '../telephony/leg.ts';
import type { InvitationDesk } from '../application/invitation-desk.ts';
import { drawMs } from './draws.ts';
import type { ScenarioSettings, Staff as StaffGroup } from './scenario.ts';
import type { SimulatedLeg } from './simulated-leg.ts';
import { failure, type PhoneBehaviour, type SimulatedNetwork } from './simulated-network.ts';
import type { Tally } from './tally.ts';

/** An agent who missed a call is back after this. */
const RONA_PAUSE_MS = 30_000;
/** From the question to the key. */
const KEY_SEC = { mean: 1, sd: 0.5 };
const DAY_MINUTES = 24 * 60;

export interface StaffOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ScenarioSettings;
  readonly tally: Tally;
}

/** The agents: shifts and breaks, how fast they answer, how long they talk and finish the case. */
export class Staff {
  readonly #options: StaffOptions;
  readonly #groups = new Map<string, StaffGroup>();
  readonly #onDuty = new Set<string>();
  readonly #talking = new Set<Leg>();
  #registry: AgentRegistry | undefined;

  constructor(options: StaffOptions) {
    this.#options = options;
    for (const group of options.settings.staff) {
      for (let index = 1; index <= group.count; index++) this.#groups.set(`${group.name}-${index}`, group);
    }
  }

  agents(): { id: string; name: string; sipUser: string; skills: Record<string, number> }[] {
    return [...this.#groups].map(([id, { skills }]) => ({ id, name: id, sipUser: id, skills }));
  }

  /** Registers the phones and lets every shift and break come at its time. */
  begin(network: SimulatedNetwork, registry: AgentRegistry, forMs: number): void {
    this.#registry = registry;
    const { clock, settings, tally } = this.#options;
    const start = DateTime.fromMillis(clock.nowMs(), { zone: settings.timeZone });
    for (const [agentId, group] of this.#groups) {
      network.register(agentId, true);
      for (let day = -1; day <= forMs / (DAY_MINUTES * 60_000); day++) {
        const midnight = start.startOf('day').plus({ days: day });
        for (const { from, to } of group.shifts) {
          const length = (minutesOf(to) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
          const begins = midnight.plus({ minutes: minutesOf(from) });
          this.#duty(agentId, begins.toMillis(), begins.plus({ minutes: length }).toMillis());
        }
        for (const { at, minutes } of group.breaks) {
          const begins = midnight.plus({ minutes: minutesOf(at) });
          this.#break(agentId, begins.toMillis(), begins.plus({ minutes }).toMillis());
        }
      }
    }
    tally.onAgentStatus = ({ agentId, state, notReadyReason }) => {
      if (state !== 'NOT_READY' || notReadyReason !== 'RONA') return;
      clock.setTimer(RONA_PAUSE_MS, () => this.#comeBack(agentId));
    };
  }

  /** Cases on the screen are taken as phones are answered: after as long, and missed as often. */
  answers(invitations: InvitationDesk): void {
    const { clock, random } = this.#options;
    invitations.onChange((agentId, { id, acceptedBy }, outcome) => {
      const group = this.#groups.get(agentId);
      if (outcome !== 'offered' || acceptedBy !== 'workspace' || !group) return;
      if (random.next() < group.misses) return;
      clock.setTimer(drawMs(random, group.answerSec), () => {
        void invitations.accept(agentId, id, { kind: 'agent', id: agentId });
      });
    });
  }

  /** The agent's phone is answered: who is asked for a key presses one. */
  hears(leg: SimulatedLeg): void {
    const { clock, random } = this.#options;
    leg.onHeard = (prompts) => {
      if (!prompts.includes('case-press-key')) return;
      clock.setTimer(drawMs(random, KEY_SEC), () => leg.press('1'));
    };
  }

  behaviourOf(agentId: string): PhoneBehaviour {
    const { random } = this.#options;
    const group = this.#groups.get(agentId);
    if (!group) return { kind: 'fails', afterMs: 0, termination: failure('not-found') };
    if (random.next() < group.misses) return { kind: 'rings' };
    return { kind: 'answers', afterMs: drawMs(random, group.answerSec) };
  }

  isTalking(leg: Leg): boolean {
    return this.#talking.has(leg);
  }

  /** Both are joined: they talk, the customer hangs up, the agent finishes the case. */
  talks(customer: Leg & { end?: () => void }, agent: Leg): void {
    const { clock, random } = this.#options;
    const agentId = agent.remote.number ?? '';
    const group = this.#groups.get(agentId);
    if (!group) return;
    this.#talking.add(customer);
    clock.setTimer(drawMs(random, group.talkSec), () => customer.end?.());
    void customer.ended.then(() => {
      this.#talking.delete(customer);
      clock.setTimer(drawMs(random, group.wrapUpSec), () => {
        this.#registry?.want(agentId, 'WRAP_UP_DONE', 'simulated');
      });
    });
  }

  #duty(agentId: string, fromMs: number, toMs: number): void {
    const nowMs = this.#options.clock.nowMs();
    if (toMs <= nowMs) return;
    this.#at(fromMs, () => {
      this.#onDuty.add(agentId);
      this.#comeBack(agentId);
    });
    this.#at(toMs, () => {
      this.#onDuty.delete(agentId);
      this.#registry?.want(agentId, 'LOGGED_OUT', 'simulated');
    });
  }

  #break(agentId: string, fromMs: number, toMs: number): void {
    if (toMs <= this.#options.clock.nowMs()) return;
    this.#at(fromMs, () => {
      if (this.#onDuty.has(agentId)) this.#registry?.want(agentId, 'NOT_READY', 'simulated');
    });
    this.#at(toMs, () => this.#comeBack(agentId));
  }

  #comeBack(agentId: string): void {
    if (this.#onDuty.has(agentId)) this.#registry?.want(agentId, 'READY', 'simulated');
  }

  #at(instantMs: number, act: () => void): void {
    const { clock } = this.#options;
    clock.setTimer(Math.max(0, instantMs - clock.nowMs()), act);
  }
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
