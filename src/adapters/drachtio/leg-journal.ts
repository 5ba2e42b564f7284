import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { OpenLeg, OpenLegStore } from '../../telephony/open-leg.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import type { Srf } from './drachtio-srf.ts';

/** Orphans that are ended at the same time: a server just reconnected to is not flooded. */
const ENDED_AT_ONCE_MAX = 32;
/** Longest wait for the server's word on one request. */
const REQUEST_DEADLINE_MS = 1000;
/** No URI: a dialog has its target and an INVITE its own, and the server knows both by their names. */
const SERVER_KNOWS = '';
/** RFC 3326: why the call ends, in the words of the telephone network (41: temporary failure). */
const REASON = { Reason: 'Q.850;cause=41' };

/** The servers that orphans are ended at. */
export interface OrphanServers {
  readonly srf: Srf;
  /** Ends a media channel by its uuid; rejects when there is none. */
  readonly killChannel: (uuid: string) => Promise<unknown>;
}

/** What an INVITE, dialog or channel of ours is called by its server. */
export type LegName = Pick<OpenLeg, 'kind' | 'reference'> & { readonly dialogId?: string };

/**
 * Remembers across a crash what is up at the SIP server, and ends it when we are connected again:
 * drachtio-server keeps the dialogs of an application that has gone, and lets any later one speak in them by
 * their id. Storing is write-behind; nothing on the way of a call waits for it.
 */
export class LegJournal {
  readonly #store: OpenLegStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Map<string, OpenLeg>();
  /** Of an earlier process or an earlier connection: nobody looks after them. */
  readonly #orphans = new Map<string, OpenLeg>();
  readonly #opened = new Map<string, OpenLeg>();
  readonly #closed = new Set<string>();
  /** References that the store has or is about to have. */
  readonly #stored = new Set<string>();
  #writing: Promise<void> | undefined;

  constructor(store: OpenLegStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** What an earlier process left behind. */
  async load(): Promise<void> {
    for (const leg of await this.#store.all()) this.#orphans.set(leg.reference, leg);
    for (const reference of this.#orphans.keys()) this.#stored.add(reference);
  }

  /** An INVITE has left, a response has named its dialog, or a dialog has been made. */
  opened(callId: CallId, { kind, reference, dialogId }: LegName): void {
    const openedAtMs = this.#clock.nowMs();
    const leg: OpenLeg = { kind, reference, dialogId: dialogId ?? null, callId, openedAtMs };
    this.#open.set(reference, leg);
    this.#opened.set(reference, leg);
    this.#writeSoon();
  }

  /** The INVITE has its final response, or the dialog its BYE. */
  closed(reference: string): void {
    if (this.#open.delete(reference)) this.#forget(reference);
  }

  /** The connection is lost: what is up now goes on at the server without us. */
  lost(): void {
    for (const [reference, leg] of this.#open) this.#orphans.set(reference, leg);
    this.#open.clear();
  }

  /** Ends what nobody looks after: CANCEL, BYE, or killing the channel. Never rejects; bounded. */
  async endOrphans(servers: OrphanServers): Promise<void> {
    const orphans = [...this.#orphans.values()];
    if (orphans.length === 0) return;
    let endedCount = 0;
    for (let i = 0; i < orphans.length; i += ENDED_AT_ONCE_MAX) {
      const batch = orphans.slice(i, i + ENDED_AT_ONCE_MAX).map(async (leg) => {
        const answer = await this.#end(servers, leg);
        // No word at all: the connection has gone again; the next one tries again.
        if (answer === undefined) return;
        if (answer) endedCount++;
        this.#orphans.delete(leg.reference);
        this.#forget(leg.reference);
      });
      await Promise.all(batch);
    }
    this.#log.info({ legCount: orphans.length, endedCount }, 'calls left behind were ended');
  }

  /** Resolves when everything so far is stored. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** True: ended now; false: it had ended already; undefined: no word. */
  async #end({ srf, killChannel }: OrphanServers, leg: OpenLeg): Promise<boolean | undefined> {
    if (leg.kind === 'channel') {
      const killed = killChannel(leg.reference).then(
        () => true,
        () => false,
      );
      return withDeadline(this.#clock, REQUEST_DEADLINE_MS, killed);
    }
    if (leg.kind === 'dialog') return this.#ask(srf, { method: 'BYE', stackDialogId: leg.reference });
    const cancelled = await this.#ask(srf, { method: 'CANCEL', stackTxnId: leg.reference });
    if (cancelled !== false || leg.dialogId === null) return cancelled;
    // Answered while nobody was here: RFC 3261 §13.2.2.4 wants the ACK before the BYE.
    await this.#ask(srf, { method: 'ACK', stackDialogId: leg.dialogId });
    return this.#ask(srf, { method: 'BYE', stackDialogId: leg.dialogId });
  }

  #ask(
    srf: Srf,
    options: { method: string; stackDialogId?: string; stackTxnId?: string },
  ): Promise<boolean | undefined> {
    const asked = new Promise<boolean | undefined>((resolve) => {
      try {
        const heard = (err: unknown): void => resolve(!err);
        srf.request(SERVER_KNOWS, { ...options, headers: REASON }, heard);
      } catch (thrown) {
        this.#log.debug({ error: messageOf(thrown) }, 'a call left behind could not be ended');
        resolve(undefined);
      }
    });
    return withDeadline(this.#clock, REQUEST_DEADLINE_MS, asked);
  }

  #forget(reference: string): void {
    const isStored = this.#stored.delete(reference);
    this.#opened.delete(reference);
    if (!isStored) return;
    this.#closed.add(reference);
    this.#writeSoon();
  }

  /** One write at a time; what changes meanwhile goes with the next, what has closed by then nowhere. */
  #writeSoon(): void {
    if (!this.#writing) this.#writing = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#opened.size + this.#closed.size > 0) {
      const [opened, closed] = [[...this.#opened.values()], [...this.#closed]];
      this.#opened.clear();
      this.#closed.clear();
      for (const { reference } of opened) this.#stored.add(reference);
      try {
        await this.#store.change(opened, closed);
      } catch (error) {
        // A call is worth more than its line here.
        this.#log.error({ error: messageOf(error) }, 'open calls could not be written down');
      }
    }
    this.#writing = undefined;
  }
}
