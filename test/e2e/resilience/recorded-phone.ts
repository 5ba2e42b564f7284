import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import { type Behaviour, SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import type { Address } from '../harness/rtp-endpoint.ts';
import { WatchedList } from '../harness/watched-list.ts';

const CALL_MAX_MS = 20_000;

/** A soft phone that keeps every call it was rung with, in order. */
export class RecordedPhone {
  readonly phone: SoftPhone;
  readonly calls = new WatchedList<PhoneCall>();
  #open = true;

  private constructor(phone: SoftPhone) {
    this.phone = phone;
    void this.#record();
  }

  /** Opens its socket. Where it sends its requests is told later by `use`. */
  static async open(): Promise<RecordedPhone> {
    return new RecordedPhone(await new SoftPhone({ host: '127.0.0.1', port: 0 }).open());
  }

  get address(): Address {
    return { host: '127.0.0.1', port: this.phone.port };
  }

  set behaviour(behaviour: Behaviour) {
    this.phone.behaviour = behaviour;
  }

  use(server: Address): void {
    Object.assign(this.phone.server, server);
  }

  /** The `number`-th call that this phone was rung with, from 1. */
  rung(number: number): Promise<PhoneCall> {
    return this.calls.wait((calls) => calls[number - 1], `call ${number}`, CALL_MAX_MS);
  }

  /** How often it was rung, by callback and attempt: `callback_… 1` → 1. A retransmission does not count. */
  get invitesByAttempt(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { invite } of this.calls.items) {
      if (!invite) continue;
      const key = `${header(invite, 'X-Turnkeeper-Callback')} ${header(invite, 'X-Turnkeeper-Attempt')}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.phone.close();
  }

  async #record(): Promise<void> {
    while (this.#open) this.calls.push(await this.phone.incoming());
  }
}
