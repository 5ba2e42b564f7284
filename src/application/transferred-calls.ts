import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import { type NewCallback, sameCaseAgain } from '../callback/new-callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { untilStored } from '../callback/store-retry.ts';
import type { TransferredCustomer } from '../callback/transferred-customer.ts';
import { type Clock, delay } from '../kernel/clock.ts';
import type { CallId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Leg } from '../telephony/leg.ts';
import type { InboundCalls } from './inbound-calls.ts';
import type { LiveCallFacts, PromisedPlace } from './live-call.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface TransferredCallsOptions {
  readonly inbound: () => Pick<InboundCalls, 'takeOver'>;
  readonly runner: () => Pick<CallbackRunner, 'keep'>;
  readonly store: UnitOfWork<CallbackTx>;
  readonly directory: Pick<ServiceDirectory, 'queue'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** User data of a callback made for a customer who was lost after a transfer: the callback before it. */
const FROM_KEY = '_transferredFrom';
/** Callbacks of the customer looked through for one that they booked while they waited. */
const OWN_BOOKINGS_MAX = 50;
/** Longest that an agent's transfer waits for the store. */
const STORED_MAX_MS = 2000;

/**
 * Customers whom agents gave to queues. Each is a caller like any other from there on, at the place in time
 * that they had before. Who was called for a callback is remembered until an agent has them: when the call is
 * lost through our fault, or the process ends, they are called back (docs/decisions/0008).
 */
export class TransferredCalls {
  readonly #options: TransferredCallsOptions;
  readonly #up = new Set<CallId>();

  constructor(options: TransferredCallsOptions) {
    this.#options = options;
  }

  /** Customers in line or in conversation. */
  get callCount(): number {
    return this.#up.size;
  }

  /** Remembers the customer, before anybody is hung up: whoever was called is called back after a crash. */
  promise(wanted: string, before: LiveCallFacts): PromisedPlace {
    const { ids, clock } = this.#options;
    const callId = ids.next('call');
    const kept = this.#remember(callId, this.#queueFor(wanted, before)?.name ?? wanted, before);
    const nothing = (): void => undefined;
    if (!kept) return { callId, stored: Promise.resolve(), forget: nothing, keep: nothing };
    // While the store fails the agent waits for it no longer than that.
    return { callId, ...kept, stored: Promise.race([kept.stored, delay(clock, STORED_MAX_MS)]) };
  }

  /** The customer takes a place; hung up on when neither that queue nor the one before exists any more. */
  take(customer: Leg, wanted: string, before: LiveCallFacts, place: PromisedPlace): void {
    const { log, inbound } = this.#options;
    const settings = this.#queueFor(wanted, before);
    if (!settings) {
      log.error({ queue: wanted, subjectId: before.id }, 'customer transferred to a queue that was removed');
      place.forget();
      void customer.hangUp();
      return;
    }
    const { callId } = place;
    const queue = settings.name;
    log.info({ callId, queue, before: before.id }, 'customer transferred to queue');
    this.#up.add(callId);
    const { promisedBy, language, customerNumber: number } = before;
    const call = {
      callId,
      from: number === '' ? {} : { number },
      dialled: before.dialled ?? '',
      transferred: { from: before.id, promisedBy, served: () => place.forget() },
    };
    void inbound()
      .takeOver({ leg: customer, call, settings, language, place: before.place })
      .then((end) => {
        this.#up.delete(callId);
        if (end === 'lost') return place.keep();
        // What a stop has cut off is looked at by the next start.
        return end === 'stopped' ? undefined : place.forget();
      });
  }

  /** After a start: whoever was on the line then is called back. Rejects when the store fails. */
  async recover(): Promise<void> {
    for (const customer of await this.#options.store.transact((tx) => tx.transferredCustomers())) {
      await this.#callBack(customer);
    }
  }

  #queueFor(wanted: string, before: LiveCallFacts): QueueSettings | undefined {
    const { directory } = this.#options;
    return directory.queue(wanted) ?? directory.queue(before.virtualQueue);
  }

  /** The row of a customer who was called, and what becomes of it; in this order, whatever the store does. */
  #remember(
    callId: CallId,
    virtualQueue: string,
    { promisedBy, customerNumber, language, dialled, place }: LiveCallFacts,
  ): Omit<PromisedPlace, 'callId'> | undefined {
    if (promisedBy === null) return undefined;
    const row: TransferredCustomer = {
      callId,
      callbackId: this.#options.ids.next('callback'),
      promisedBy,
      virtualQueue,
      customerNumber,
      language,
      dialledNumber: dialled,
      placeAtMs: place.atMs,
      priority: place.priority,
    };
    const { store } = this.#options;
    let isOver = false;
    let last = this.#stored(
      row,
      () => store.transact((tx) => tx.putTransferredCustomer(row)),
      () => !isOver,
    );
    const then = (work: () => Promise<void>): void => {
      if (isOver) return;
      isOver = true;
      last = last.then(() => this.#stored(row, work));
    };
    return {
      stored: last,
      forget: () => then(() => store.transact((tx) => tx.removeTransferredCustomer(callId))),
      keep: () => then(() => this.#callBack(row)),
    };
  }

  /** Tried again while the store fails; never rejects. */
  async #stored(
    { callId, promisedBy }: TransferredCustomer,
    work: () => Promise<void>,
    wanted: () => boolean = () => true,
  ): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await untilStored({ clock, wanted }, work);
    } catch (error) {
      if (wanted()) log.error({ error, callId, promisedBy }, 'a transferred customer could not be stored');
    }
  }

  /** Makes the callback, once, unless the customer has booked one on the line; then forgets the wait. */
  async #callBack(customer: TransferredCustomer): Promise<void> {
    const { directory, log, runner, store } = this.#options;
    const { callId, callbackId, promisedBy, customerNumber } = customer;
    const { before, own } = await store.transact(async (tx) => ({
      before: await tx.findCallback(promisedBy),
      own: await tx.listCallbacks({ customerNumber, limit: OWN_BOOKINGS_MAX }),
    }));
    const queues = [customer.virtualQueue, before?.virtualQueue ?? ''];
    const virtualQueue = queues.find((queue) => directory.queue(queue) !== undefined);
    if (virtualQueue === undefined) {
      log.error({ callId, promisedBy, queues }, 'nobody can call a lost customer back: no such queue');
      return;
    }
    if (!own.some(({ originCallId }) => originCallId === callId)) {
      const { language, dialledNumber, placeAtMs, priority } = customer;
      const request: NewCallback = {
        origin: 'api',
        ...(dialledNumber !== null && { dialledNumber }),
        ...(before && sameCaseAgain(before, {})),
        id: callbackId,
        virtualQueue,
        customerNumber,
        originCallId: callId,
        language,
        placeAtMs,
        priority,
        userData: { ...before?.userData, [FROM_KEY]: promisedBy },
      };
      await runner().keep(request, { kind: 'system', part: 'transfer' });
      log.warn(
        { callId, callbackId, promisedBy, virtualQueue },
        'a customer lost on the line is called back',
      );
    }
    await store.transact((tx) => tx.removeTransferredCustomer(callId));
  }
}
