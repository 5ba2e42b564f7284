import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { EventHeaders, SwitchEvent } from './event-format.ts';

/** The version clients are told; the protocol is that of FreeSWITCH 1.10 and 1.11. */
export const REPORTED_VERSION = '1.11.1-turnkeeper~64bit';

/** Stamps events with what every FreeSWITCH event carries and hands them to the subscribers. */
export class EventSource {
  readonly coreUuid = randomUUID();
  readonly hostname = hostname();
  readonly #host: string;
  readonly #deliver: (event: SwitchEvent) => void;
  readonly #isWanted: (name: string, uuid: string, subclass?: string) => boolean;
  #sequence = 0;

  constructor(
    host: string,
    deliver: (event: SwitchEvent) => void,
    isWanted: (name: string, uuid: string, subclass?: string) => boolean = () => true,
  ) {
    this.#host = host;
    this.#deliver = deliver;
    this.#isWanted = isWanted;
  }

  /** False when nobody listens for such an event of the channel `uuid`. */
  isWanted(name: string, uuid: string, subclass?: string): boolean {
    return this.#isWanted(name, uuid, subclass);
  }

  /** The headers at the head of every event. */
  stamp(name: string, subclass?: string): EventHeaders {
    const now = new Date();
    return {
      'Event-Name': name,
      'Core-UUID': this.coreUuid,
      'FreeSWITCH-Hostname': this.hostname,
      'FreeSWITCH-IPv4': this.#host,
      'Event-Date-Timestamp': `${now.getTime()}000`,
      'Event-Sequence': String(++this.#sequence),
      ...(subclass === undefined ? {} : { 'Event-Subclass': subclass }),
    };
  }

  /** Sends an event; `headers` follow the stamp. */
  fire(name: string, headers: EventHeaders, subclass?: string, body?: string): void {
    const all = { ...this.stamp(name, subclass), ...headers };
    this.#deliver(body === undefined ? { headers: all } : { headers: all, body });
  }
}
