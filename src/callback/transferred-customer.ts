import type { CallbackId, CallId } from '../kernel/ids.ts';

/**
 * A customer who was called for a callback and whom an agent then gave to a queue: on the line, and not
 * served yet. The row outlives the call: a customer whose call is lost through our fault is called back.
 */
export interface TransferredCustomer {
  /** The wait in the line; what agents are offered. */
  readonly callId: CallId;
  /** Of the callback that is made when the call is lost: chosen before, so that it is never made twice. */
  readonly callbackId: CallbackId;
  /** The callback for which the customer was called. */
  readonly promisedBy: CallbackId;
  readonly virtualQueue: string;
  readonly customerNumber: string;
  readonly language: string;
  /** The DID that the customer had dialled once; null: none. */
  readonly dialledNumber: string | null;
  /** The place that the customer has in the line. */
  readonly placeAtMs: number;
  readonly priority: number;
}

/** The part of a transaction that remembers transferred customers. */
export interface TransferTx {
  /** Inserts or replaces the customer's row. */
  putTransferredCustomer(customer: TransferredCustomer): Promise<void>;
  /** Harmless when there is none. */
  removeTransferredCustomer(callId: CallId): Promise<void>;
  /** Oldest place first. */
  transferredCustomers(): Promise<TransferredCustomer[]>;
}
