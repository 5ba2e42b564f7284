/** One event's headers in order; names as FreeSWITCH has them. */
export type EventHeaders = Record<string, string>;

/** An event: headers and, for some, a body. */
export interface SwitchEvent {
  readonly headers: EventHeaders;
  readonly body?: string;
}

/** Percent-encoding as clients undo it: everything but letters, digits and a few marks. */
export function encodeHeaderValue(value: string): string {
  if (/^[\w./,() -]*$/.test(value) && !value.includes(' ')) return value;
  return encodeURIComponent(wellFormed(value)).replaceAll('%2F', '/').replaceAll('%2C', ',');
}

/** encodeURIComponent throws on half a surrogate pair. */
function wellFormed(value: string): string {
  return Buffer.from(value, 'utf8').toString('utf8');
}

/** `Name: value` lines with encoded values, each ended by LF. */
export function formatHeaders(headers: EventHeaders): string {
  let text = '';
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${encodeHeaderValue(value)}\n`;
  return text;
}

/** A whole `text/event-json` or `text/event-plain` message (mod_event_socket). */
export function formatEvent(event: SwitchEvent, format: 'json' | 'plain'): Buffer {
  const body = format === 'json' ? jsonBody(event) : plainBody(event);
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`Content-Length: ${bytes.length}\nContent-Type: text/event-${format}\n\n`),
    bytes,
  ]);
}

function jsonBody(event: SwitchEvent): string {
  if (event.body === undefined) return JSON.stringify(event.headers);
  const length = String(Buffer.byteLength(event.body));
  return JSON.stringify({ ...event.headers, 'Content-Length': length, _body: event.body });
}

function plainBody(event: SwitchEvent): string {
  const head = formatHeaders(event.headers);
  if (event.body === undefined) return `${head}\n`;
  return `${head}Content-Length: ${Buffer.byteLength(event.body)}\n\n${event.body}`;
}
