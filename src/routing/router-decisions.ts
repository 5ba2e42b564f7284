import type { ConnectStrategy } from '../callback/queue-settings.ts';
import type { Token } from '../queue/token.ts';

/**
 * Why a strategy could not be followed or which rule of it applied; one word a rule, for people and programs.
 */
export type RoutingRule =
  /** A live call is offered to an agent. */
  | 'agent-for-call'
  /** `customer-first`: a ready agent backs the dial and is not held. */
  | 'agent-backs-dial'
  /** `customer-first-reserved`: the agent is held from the dial on. */
  | 'agent-held-for-dial'
  /** `agent-first`: the agent is held and rung with the case before anybody is dialled. */
  | 'agent-first'
  /** `preview`: the agent is held and shown the case before anybody is dialled. */
  | 'agent-previews'
  /** `paced`: an agent will be free in time, by estimate; nobody is held. */
  | 'paced'
  /** `paced` without enough data, or for an agent who is ready with nobody dialled: as if reserved. */
  | 'paced-reserves'
  /** `paced`: not now. */
  | 'paced-waits';

/** One of those compared, best first. `value` is what the order went by, in words and figures. */
export type RoutingCandidate =
  | { readonly agentId: string; readonly value: string }
  | { readonly subjectId: string; readonly value: string };

/**
 * Why a decision was taken: plain JSON of at most 4 KiB, stored with the callback's event and printed by
 * `turnkeeper why`.
 */
export interface RoutingWhy {
  /** Instant of the decision, UTC epoch ms. */
  readonly atMs: number;
  readonly queue: string;
  /** The queue's strategy when it was taken. */
  readonly strategy: ConnectStrategy;
  readonly rule: RoutingRule;
  /** What the candidates were ordered by. */
  readonly order: string;
  /** The first 10 compared, best first. */
  readonly candidates: readonly RoutingCandidate[];
  /** How many there were in all. */
  readonly candidateCount: number;
  /** Agent or subject chosen; null when nobody was. */
  readonly choice: string | null;
  /** `paced` only: what the calculator was given and what it said. */
  readonly pacing?: Readonly<Record<string, number | string | null>>;
}

/** The callback may be dialled now. */
export interface DialGrant {
  readonly callbackId: string;
  /** The agent who is held, or who backs the dial unheld; null: paced, no agent in particular. */
  readonly agentId: string | null;
  /** The agent is reserved for this callback until the dial has ended. */
  readonly held: boolean;
  /** What the pass follows: a `paced` queue that holds an agent says `customer-first-reserved`. */
  readonly strategy: ConnectStrategy;
  readonly why: RoutingWhy;
}

/**
 * An agent is RESERVED for the token; ring them, then report by `served` or `offerFailed`. `token.kind`
 * `callback`: agent-first, the customer is dialled after the agent has answered.
 */
export interface AgentOffer {
  readonly token: Token;
  readonly agentId: string;
  readonly why: RoutingWhy;
}

/**
 * An agent is RESERVED to look at the case; report a case that is not taken by `declined` and the token's
 * return to the line.
 */
export interface PreviewOffer {
  readonly callbackId: string;
  readonly agentId: string;
  readonly why: RoutingWhy;
}

/** The callback may not be dialled yet. */
export interface DialRefusal {
  readonly callbackId: string;
  readonly why: RoutingWhy;
}

/**
 * What the router decides; carried out by the room that owns the live call. Called synchronously, and may
 * call the router back.
 */
export interface RouterDecisions {
  dialGranted(grant: DialGrant): void;
  agentOffered(offer: AgentOffer): void;
  previewOffered(offer: PreviewOffer): void;
  /** Pacing lets nobody be dialled now; told once for each new reason, the callback stays in line. */
  dialRefused?(refusal: DialRefusal): void;
}
