/** What a Reason header says (RFC 3326): the Q.850 cause and the SIP cause, where given. */
export interface SipReason {
  readonly q850Cause?: number;
  readonly sipCause?: number;
  readonly text?: string;
}

/** Longest Reason header that is read; the rest is ignored. */
const REASON_LENGTH_MAX = 512;
const TEXT_LENGTH_MAX = 100;

/**
 * Reads a Reason header with one or several comma-separated values (RFC 3326 §2). Never throws: what cannot
 * be read is left out.
 */
export function parseReasonHeader(value: string | undefined): SipReason {
  if (value === undefined) return {};
  let q850Cause: number | undefined;
  let sipCause: number | undefined;
  let text: string | undefined;
  for (const part of splitOutsideQuotes(value.slice(0, REASON_LENGTH_MAX))) {
    const protocol = /^\s*([A-Za-z0-9.]{1,20})/.exec(part)?.[1]?.toUpperCase();
    const cause = /;\s*cause\s*=\s*(\d{1,3})\b/i.exec(part)?.[1];
    text ??= /;\s*text\s*=\s*"([^"]{0,300})"/i.exec(part)?.[1]?.slice(0, TEXT_LENGTH_MAX);
    if (cause === undefined) continue;
    if (protocol === 'Q.850') q850Cause ??= Number(cause);
    if (protocol === 'SIP') sipCause ??= Number(cause);
  }
  return {
    ...(q850Cause !== undefined && { q850Cause }),
    ...(sipCause !== undefined && { sipCause }),
    ...(text !== undefined && { text }),
  };
}

function splitOutsideQuotes(value: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '"') quoted = !quoted;
    else if (value[i] === ',' && !quoted) {
      parts.push(value.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(value.slice(start));
  return parts;
}
