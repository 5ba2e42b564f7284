import type { SrfResponse } from './drachtio-srf.ts';

/**
 * Sends a final response whose headers may have several values. The library joins values of one name with
 * commas, which challenges cannot bear (RFC 3261 §7.3.1): each further one is put on a header line of its
 * own.
 */
export function sendResponse(
  res: SrfResponse,
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): void {
  const lines: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const values = typeof value === 'string' ? [value] : value;
    if (values.length > 0) lines[name] = values.join(name === 'Contact' ? ', ' : `\r\n${name}: `);
  }
  res.send(status, { headers: lines });
}
