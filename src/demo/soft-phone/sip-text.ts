/** A SIP message as the soft phone sees it: header names in lower case, values in order. */
export interface SipText {
  readonly startLine: string;
  readonly method?: string;
  readonly status?: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

export function parseSip(text: string): SipText {
  const end = text.indexOf('\r\n\r\n');
  const [startLine = '', ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const status = /^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1];
  return {
    startLine,
    headers,
    body: end < 0 ? '' : text.slice(end + 4),
    ...(status === undefined ? { method: startLine.split(' ', 1)[0] ?? '' } : { status: Number(status) }),
  };
}

export function header(message: SipText, name: string): string {
  return message.headers.get(name.toLowerCase())?.[0] ?? '';
}

export function writeSip(
  startLine: string,
  headers: readonly (readonly [string, string])[],
  body = '',
): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${startLine}\r\n${lines}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export function tagOf(value: string): string | undefined {
  return /;tag=([^;>\s]+)/.exec(value)?.[1];
}

export function uriOf(value: string): string {
  return /<([^>]+)>/.exec(value)?.[1] ?? value.split(';', 1)[0] ?? value;
}
