import type { ClientTransaction } from '../sip/client-transaction.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import type { SipDialog } from '../sip/sip-dialog.ts';
import type { SipTarget } from '../sip/sip-flow.ts';
import type { ControlConnection } from './control-connection.ts';

/** A dialog of an application: from its INVITE to its BYE. */
export interface ServerDialog {
  /** What the application calls it: `<Call-ID>;from-tag=<tag of whoever sent the INVITE>`. */
  readonly id: string;
  readonly owner: ControlConnection;
  readonly side: 'uac' | 'uas';
  /** Transaction id of the INVITE that began it. */
  readonly inviteTransactionId: string;
  /** Our Contact, for re-INVITEs that bring none. */
  contact: string;
  /** Known once the peer's tag is; early until `isConfirmed`. */
  sip: SipDialog | undefined;
  isConfirmed: boolean;
  /** The INVITE that is to be acknowledged by the application: the first one or the latest re-INVITE. */
  invite: ClientTransaction | undefined;
  /** An INVITE of the peer inside the dialog that has no final answer yet (RFC 3261 §14.2). */
  inboundInvite: ServerTransaction | undefined;
  /** Where the peer really is, when its Contact leads elsewhere (NAT) or it came over TCP. */
  peer: SipTarget | undefined;
  /** RFC 3262: sequence of the last reliable provisional response seen or sent. */
  reliableSequence: number;
  /** A 2xx came for an INVITE already cancelled: a BYE follows the application's ACK. */
  isEndedByCancel: boolean;
}

/** The dialogs of all applications, by the application's name for them and by what a request carries. */
export class DialogStore {
  readonly #byId = new Map<string, ServerDialog>();
  readonly #bySipId = new Map<string, ServerDialog>();

  get count(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): Iterator<ServerDialog> {
    return this.#byId.values();
  }

  add(dialog: ServerDialog): void {
    const previous = this.#byId.get(dialog.id);
    if (previous !== undefined) this.remove(previous);
    this.#byId.set(dialog.id, dialog);
  }

  /** Takes the peer's tag into account: requests inside the dialog find it from here on. */
  setSip(dialog: ServerDialog, sip: SipDialog): void {
    if (dialog.sip !== undefined) this.#bySipId.delete(dialog.sip.id);
    dialog.sip = sip;
    if (this.#byId.get(dialog.id) === dialog) this.#bySipId.set(sip.id, dialog);
  }

  byId(id: string): ServerDialog | undefined {
    return this.#byId.get(id);
  }

  bySipId(id: string): ServerDialog | undefined {
    return this.#bySipId.get(id);
  }

  remove(dialog: ServerDialog): void {
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
    if (dialog.sip !== undefined && this.#bySipId.get(dialog.sip.id) === dialog) {
      this.#bySipId.delete(dialog.sip.id);
    }
  }
}
