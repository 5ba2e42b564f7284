import type { Clock } from '../../kernel/clock.ts';

/** One SIP message on the wire between the SIP server and the world. */
export interface TracedMessage {
  readonly atMs: number;
  readonly direction: 'received' | 'sent';
  /** `udp 192.0.2.1:5060`. */
  readonly peer: string;
  /** Start line, headers and body; credentials and keyed digits are masked. */
  readonly text: string;
}

/** What to trace: a number (user part of From, To or Request-URI) or a SIP Call-ID. */
export type TraceFilter =
  | { readonly kind: 'number'; readonly number: string }
  | { readonly kind: 'call'; readonly sipCallId: string };

const CALLS_MAX = 50;
const MESSAGES_PER_CALL_MAX = 200;
const MESSAGE_LENGTH_MAX = 8192;
const FILTERS_MAX = 20;
/** A filter forgotten by an operator ends by itself. */
const FILTER_LIFETIME_MS = 3_600_000;

/** SIP messages of chosen calls, kept in memory within bounds. Costs nothing while no filter is set. */
export class SipTrace {
  readonly #clock: Clock;
  readonly #filters = new Map<string, { filter: TraceFilter; untilMs: number }>();
  readonly #calls = new Map<string, TracedMessage[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Traces what matches from now on, for `lifetimeMs` (default and most: one hour). The oldest of 20 filters
   * goes.
   */
  enable(filter: TraceFilter, lifetimeMs = FILTER_LIFETIME_MS): void {
    const key = JSON.stringify(filter);
    this.#filters.delete(key);
    this.#filters.set(key, {
      filter,
      untilMs: this.#clock.nowMs() + Math.min(lifetimeMs, FILTER_LIFETIME_MS),
    });
    if (this.#filters.size > FILTERS_MAX) {
      const [oldest] = this.#filters.keys();
      if (oldest !== undefined) this.#filters.delete(oldest);
    }
  }

  /** Stops one filter; what was recorded stays. */
  disable(filter: TraceFilter): void {
    this.#filters.delete(JSON.stringify(filter));
  }

  /** SIP Call-IDs recorded, oldest first. */
  calls(): string[] {
    return [...this.#calls.keys()];
  }

  /** The messages of a call in order; empty when it was not traced. */
  messages(sipCallId: string): readonly TracedMessage[] {
    return this.#calls.get(sipCallId) ?? [];
  }

  /** Forgets everything recorded. */
  clear(): void {
    this.#calls.clear();
  }

  /** Takes a message of the control protocol; others than those that carry SIP are passed over. */
  observe(message: string): void {
    if (this.#filters.size === 0) return;
    const end = message.indexOf('\r\n');
    if (end < 0) return;
    const fields = message.slice(0, end).split('|');
    const text = message.slice(end + 2, end + 2 + MESSAGE_LENGTH_MAX);
    const sipCallId = /^(?:call-id|i)\s*:\s*(\S+)/im.exec(text)?.[1];
    if (sipCallId === undefined) return;
    // <id>|sip|network|<length>|<protocol>|<address>|<port>|…
    if (fields[1] === 'sip' && fields[2] === 'network') {
      this.#record(sipCallId, 'received', `${fields[4]} ${fields[5]}:${fields[6]}`, text);
    } else if (fields[1] === 'response' && fields[3] === 'OK' && fields[4] === 'application') {
      // <id>|response|<id of ours>|OK|application|<length>|<protocol>|<address>|<port>|…
      this.#record(sipCallId, 'sent', `${fields[6]} ${fields[7]}:${fields[8]}`, text);
    }
  }

  #record(sipCallId: string, direction: TracedMessage['direction'], peer: string, text: string): void {
    let messages = this.#calls.get(sipCallId);
    if (!messages) {
      if (!this.#wanted(sipCallId, text)) return;
      messages = [];
      this.#calls.set(sipCallId, messages);
      if (this.#calls.size > CALLS_MAX) {
        const [oldest] = this.#calls.keys();
        if (oldest !== undefined) this.#calls.delete(oldest);
      }
    }
    messages.push({ atMs: this.#clock.nowMs(), direction, peer, text: maskSip(text) });
    if (messages.length > MESSAGES_PER_CALL_MAX) messages.shift();
  }

  #wanted(sipCallId: string, text: string): boolean {
    const nowMs = this.#clock.nowMs();
    for (const [key, { filter, untilMs }] of this.#filters) {
      if (untilMs <= nowMs) this.#filters.delete(key);
      else if (filter.kind === 'call' ? filter.sipCallId === sipCallId : namesNumber(text, filter.number))
        return true;
    }
    return false;
  }
}

function namesNumber(text: string, number: string): boolean {
  const bare = number.replace(/^\+/, '');
  const [startLine = '', ...lines] = text.split('\r\n', 60);
  const parties = lines.filter((line) => /^(?:from|f|to|t)\s*:/i.test(line));
  return [startLine, ...parties].some((line) => {
    const user = /(?:sips?|tel):\+?([^@;>\s]{1,64})/i.exec(line)?.[1];
    return user === bare;
  });
}

/** A header, with the lines that it is folded over (RFC 3261 §7.3.1). */
const CREDENTIALS = /^((?:proxy-)?authorization[ \t]*:).*(?:\r?\n[ \t].*)*$/gim;

/** Masks credentials (RFC 3261 §22) and digits in INFO bodies; everything else stays as it was. */
export function maskSip(text: string): string {
  return text
    .replace(CREDENTIALS, (_lines, name: string) => `${name} ***`)
    .replace(/^((?:www|proxy)-authenticate\s*:.*?nonce=)"[^"]*"/gim, '$1"***"')
    .replace(/^(\s*signal\s*=).*$/gim, '$1 *')
    .replace(/(content-type\s*:\s*application\/dtmf[ \t]*\r\n(?:[^\r\n]+\r\n)*\r\n)[\s\S]*$/i, '$1*');
}
