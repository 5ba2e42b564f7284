import type { CallId } from '../kernel/ids.ts';

/**
 * Something at the SIP server that stays up without us: an INVITE that waits for its answer, or an answered
 * dialog. Written down so that after a crash the phones can be told that nobody is there any more.
 */
export interface OpenLeg {
  /** The server's own name for it: the transaction of an `invite`, the dialog, the uuid of a `channel`. */
  readonly reference: string;
  readonly kind: 'invite' | 'dialog' | 'channel';
  /** Of an `invite`: the dialog its answer makes, once a response has named it. */
  readonly dialogId: string | null;
  readonly callId: CallId;
  /** UTC epoch ms. */
  readonly openedAtMs: number;
}

/** Keeps open legs beyond the end of the process. */
export interface OpenLegStore {
  all(): Promise<readonly OpenLeg[]>;
  /** Both at once; a reference of `opened` that is there already is replaced. */
  change(opened: readonly OpenLeg[], closed: readonly string[]): Promise<void>;
}
