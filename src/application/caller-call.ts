import type { QueueSettings } from '../callback/queue-settings.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { Leg, Party } from '../telephony/leg.ts';
import type { InboundCall } from '../telephony/telephony.ts';
import type { PlaceInLine } from './caller-place.ts';

/** What an agent's transfer to a queue leaves with the customer. */
export interface TransferBefore {
  /** The callback or call that the agent had. */
  readonly from: string;
  /** The callback for which the customer was called; null: they have called us. */
  readonly promisedBy: CallbackId | null;
  /** Told as soon as an agent has the customer. */
  readonly served: () => void;
}

/** The call of somebody who is, or will be, in a line: one that came in, or a customer transferred to it. */
export interface CallerCall extends Pick<InboundCall, 'callId' | 'dialled'> {
  readonly from: Pick<Party, 'number' | 'displayName'>;
  /** Undefined for who has not called. */
  readonly source?: InboundCall['source'];
  readonly sipCallId?: string;
  readonly transferred?: TransferBefore;
}

/** A customer on the line for another queue, and what is kept for them. */
export interface TransferredCaller {
  readonly leg: Leg;
  readonly call: CallerCall;
  readonly settings: QueueSettings;
  readonly language: string;
  readonly place: PlaceInLine;
}

/**
 * How a transferred customer's wait ended. `left`: they hung up, or got a callback or a message instead;
 * `lost`: the call was cut off, which was not their wish; `stopped`: so it was because the program stops.
 */
export type TransferEnd = 'served' | 'left' | 'lost' | 'stopped';
