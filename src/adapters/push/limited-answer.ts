import { messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';

/** An answer of a provider is a few hundred bytes; more is somebody else's page. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** What came of a request over HTTP. */
export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Empty where there was none, it broke off or was too long. */
      readonly text: string;
      /** From `Retry-After`; null: none was given. */
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'silent'; readonly reason: string };

/**
 * Sends a POST; never throws, follows no redirect, and is done within `timeoutMs`. The status counts,
 * whatever becomes of the body: what was taken must not be sent again because the answer broke off.
 */
export async function post(
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: Clock },
): Promise<HttpAnswer> {
  const late = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => late.abort(new Error('no answer in time')));
  try {
    const answer = await fetch(url, {
      ...request,
      method: 'POST',
      signal: late.signal,
      redirect: 'manual',
    });
    const text = await limitedText(answer).catch(() => '');
    const retryAfterMs = retryAfter(answer.headers.get('retry-after'), clock.nowMs());
    return { kind: 'answered', status: answer.status, text, retryAfterMs };
  } catch (error) {
    return { kind: 'silent', reason: whyNot(late.signal.aborted ? late.signal.reason : error) };
  } finally {
    clock.clearTimer(timer);
  }
}

async function limitedText(answer: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part as Uint8Array, { stream: true });
    if (text.length > ANSWER_BYTES_MAX) throw new Error('the answer is too long');
  }
  return text + decoder.decode();
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d{1,7}$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** `fetch` says only that it failed; what failed is its cause. */
function whyNot(error: unknown): string {
  const inner = error instanceof Error ? error.cause : undefined;
  return inner === undefined ? messageOf(error) : messageOf(inner);
}
