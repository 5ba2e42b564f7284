/** One SIP message in sipp's own trace. */
export interface TracedMessage {
  /** Epoch milliseconds, by sipp's clock, with a fraction. */
  readonly atMs: number;
  readonly direction: 'sent' | 'received';
  /** `INVITE`, … of a request; of a response the method in its CSeq. */
  readonly method: string;
  /** Undefined for a request. */
  readonly status: number | undefined;
  readonly callId: string;
  /** The whole message as it went over the wire. */
  readonly text: string;
}

const SEPARATOR = /^-{40,} (\d{4}-\d\d-\d\d)[ \t](\d\d:\d\d:\d\d\.\d+)\s*$/;
const TITLE = /^(?:UDP|TCP) message (sent|received)/;

/**
 * Reads sipp's message file piece by piece. The last message is given out only when the next separator or a
 * later `flush` shows that it is whole.
 */
export class SipTraceReader {
  #rest = '';

  /**
   * Messages completed by `piece`. `sizeSettled` says that nothing was written for a while, so the last one
   * is whole.
   */
  read(piece: string, sizeSettled: boolean): TracedMessage[] {
    this.#rest += piece;
    const starts = [...this.#rest.matchAll(/^-{40,} \d{4}-/gm)].map((match) => match.index);
    if (starts.length === 0) return [];
    const ends = [...starts.slice(1), this.#rest.length];
    const wholeCount = sizeSettled ? starts.length : starts.length - 1;
    const messages: TracedMessage[] = [];
    for (let i = 0; i < wholeCount; i++) {
      const message = parseEntry(this.#rest.slice(starts[i], ends[i]));
      if (message !== undefined) messages.push(message);
    }
    this.#rest = wholeCount === starts.length ? '' : this.#rest.slice(starts[wholeCount]);
    return messages;
  }
}

function parseEntry(entry: string): TracedMessage | undefined {
  const [separator = '', title = '', ...lines] = entry.split(/\r?\n/);
  const time = SEPARATOR.exec(separator);
  const direction = TITLE.exec(title)?.[1];
  if (time === null || direction === undefined) return undefined;
  const text = lines.slice(1).join('\r\n').trimEnd();
  const startLine = text.split('\r\n', 1)[0] ?? '';
  const status = /^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1];
  const cseqMethod = /^CSeq:\s*\d+\s+(\w+)/im.exec(text)?.[1] ?? '';
  return {
    // sipp writes local time; both run on one machine, in one zone.
    atMs: new Date(`${time[1]}T${time[2]!.slice(0, 12)}`).getTime(),
    direction: direction === 'sent' ? 'sent' : 'received',
    method: status === undefined ? (startLine.split(' ', 1)[0] ?? '') : cseqMethod,
    status: status === undefined ? undefined : Number(status),
    callId: /^(?:Call-ID|i):\s*(\S+)/im.exec(text)?.[1] ?? '',
    text,
  };
}

/** Value of the first header with this name, without its compact form; empty when it is not there. */
export function headerOf(message: TracedMessage, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(message.text)?.[1]?.trim() ?? '';
}

/** Where the message's SDP wants audio, or undefined without SDP. */
export function audioAddressOf(message: TracedMessage): { host: string; port: number } | undefined {
  const host = /^c=IN IP4 (\S+)/m.exec(message.text)?.[1];
  const port = /^m=audio (\d+)/m.exec(message.text)?.[1];
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) };
}
