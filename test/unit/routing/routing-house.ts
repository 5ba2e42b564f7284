import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import type { Token } from '../../../src/queue/token.ts';
import type { RoutingAgent } from '../../../src/routing/agent-pool.ts';
import { AgentRegistry } from '../../../src/routing/agent-registry.ts';
import type { AgentOffer, DialGrant, DialRefusal } from '../../../src/routing/router-decisions.ts';
import { Router } from '../../../src/routing/router.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

/** Registry and router over queues and agents that a test chooses; decisions are written down. */
export class RoutingHouse {
  readonly clock = new SimulatedClock();
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly grants: DialGrant[] = [];
  readonly offers: AgentOffer[] = [];
  readonly refusals: DialRefusal[] = [];
  /** One line a decision: `dial callback_1 for a1`, `dial … with a1 held`, `offer call_1 to a1`. */
  readonly decisions: string[] = [];
  readonly queues = new Map<string, QueueSettings>();
  agents: readonly RoutingAgent[];
  mayDial = true;

  constructor(
    agents: readonly RoutingAgent[],
    queues: Record<string, Partial<QueueSettings>>,
    dialsMax = 100,
  ) {
    this.agents = agents;
    for (const [name, changes] of Object.entries(queues)) {
      this.queues.set(name, aQueue({ name, skillExpression: name, ...changes }));
    }
    this.registry = new AgentRegistry({
      unitOfWork: new MemoryStore(),
      clock: this.clock,
      log: silentLog,
      isReachable: () => true,
      onReady: (agentId) => this.router.agentReady(agentId),
      onWorkEnded: () => undefined,
    });
    this.router = new Router({
      registry: this.registry,
      log: silentLog,
      clock: this.clock,
      directory: { queue: (name) => this.queues.get(name), agents: () => this.agents },
      decisions: {
        dialGranted: (grant) => {
          this.grants.push(grant);
          const { callbackId, agentId, held } = grant;
          this.decisions.push(`dial ${callbackId} ${held ? `with ${agentId} held` : `for ${agentId}`}`);
        },
        agentOffered: (offer) => {
          this.offers.push(offer);
          this.decisions.push(`offer ${offer.token.subjectId} to ${offer.agentId}`);
        },
        previewOffered: ({ callbackId, agentId }) => {
          this.decisions.push(`show ${callbackId} to ${agentId}`);
        },
        dialRefused: (refusal) => this.refusals.push(refusal),
      },
      dialsMax,
      mayDial: () => this.mayDial,
      onDeparture: () => undefined,
    });
  }

  token(subjectId: string, changes: Partial<Token> = {}): Token {
    const kind = subjectId.startsWith('callback') ? 'callback' : 'call';
    const place = { queue: 'support', kind, subjectId, placeAtMs: this.clock.nowMs() } as const;
    return { ...place, priority: 0, confirmed: false, ...changes };
  }

  enqueue(subjectId: string, changes: Partial<Token> = {}): void {
    this.router.enqueue(this.token(subjectId, changes));
  }

  confirm(subjectId: string, changes: Partial<Token> = {}): void {
    this.router.confirmed(this.token(subjectId, { kind: 'call', confirmed: true, ...changes }));
  }

  ready(...agentIds: string[]): void {
    for (const agentId of agentIds) {
      this.clock.advance(1);
      this.registry.want(agentId, 'READY', 'test');
    }
  }

  /** The phone rings and nobody answers. */
  ringsOut(agentId: string, subjectId: string): void {
    this.registry.ringing(agentId, subjectId);
    this.registry.release(agentId, subjectId, 'RONA');
    this.router.offerFailed(subjectId);
  }

  /** They talk. */
  talk(agentId: string, subjectId: string): void {
    this.registry.ringing(agentId, subjectId);
    this.registry.connected(agentId, subjectId);
    this.router.served(subjectId);
  }

  /** They have talked; the agent is ready again. */
  over(agentId: string, subjectId: string): void {
    this.registry.workOver(agentId, subjectId, 0);
    this.clock.advance(0);
  }

  state(agentId: string): string {
    return this.registry.status(agentId).state;
  }
}

export function agent(id: string, skills: Record<string, number> = { support: 1 }): RoutingAgent {
  return { id, skills };
}
