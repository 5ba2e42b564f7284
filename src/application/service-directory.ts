import type { BusinessHours } from '../calendar/business-hours.ts';
import type { SlotCalendar } from '../calendar/slot-calendar.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { NumberRule } from '../screening/number-rule.ts';
import type { AgentMedia, Did } from '../telephony/directory.ts';

/** An agent as configured; the password stays with telephony. */
export interface DirectoryAgent {
  readonly id: string;
  readonly name: string;
  readonly sipUser: string;
  readonly skills: Readonly<Record<string, number>>;
  readonly media?: AgentMedia | undefined;
}

/** What the application reads of the configuration in force; every call answers with the latest apply. */
export interface ServiceDirectory {
  queues(): readonly QueueSettings[];
  queue(name: string): QueueSettings | undefined;
  /** The same array until the configuration changes: routing derives from it who can serve what. */
  agents(): readonly DirectoryAgent[];
  agent(id: string): DirectoryAgent | undefined;
  /** Ids of agents who satisfy the queue's skill expression. */
  agentsOf(queue: string): readonly string[];
  /** The DID dialled, with or without a leading plus. */
  did(dialled: string): Did | undefined;
  /** Business hours by name. */
  businessHours(name: string): BusinessHours | undefined;
  /** The bookable slots of a queue. */
  slotCalendar(queue: string): SlotCalendar | undefined;
  /** A number rule by name. */
  numberRule(name: string): NumberRule | undefined;
  /** Is this the name of a trunk in use that may dial out? */
  mayDialThrough?(trunk: string): boolean;
  /** What agents may give as a reason for not being ready; default: those of the product. */
  notReadyReasons?(): readonly string[];
  /** False outside the queue's business hours. */
  isOpen(queue: string, atMs: number): boolean;
}
