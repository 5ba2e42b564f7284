import { createHmac } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Delivery } from '../../notify/delivery.ts';
import type { WebhookSettings } from '../../notify/webhook-settings.ts';
import { post } from './limited-answer.ts';

/** Answers that ask for another try (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4); 5xx do, too. */
const LATER_STATUSES: readonly number[] = [408, 425, 429];

/** What another system is told. */
export interface WebhookMessage {
  /** The same at every try: the receiver knows by it what it has had already. */
  readonly id: string;
  readonly data: Readonly<Record<string, string>>;
}

/**
 * Sends a message once. `webhook-id`, `webhook-timestamp` and the body, joined by dots, are signed with
 * HMAC-SHA256: `webhook-signature: v1,<base64>`.
 */
export async function sendWebhook(
  webhook: WebhookSettings,
  { id, data }: WebhookMessage,
  clock: Clock,
): Promise<Delivery> {
  const body = JSON.stringify({ id, ...data });
  const timestamp = String(Math.floor(clock.nowMs() / 1000));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'turnkeeper',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signatureOf(webhook.secret, `${id}.${timestamp}.${body}`)}`,
  };
  const answer = await post(webhook.url, { headers, body }, { ...webhook, clock });
  if (answer.kind === 'silent') return { kind: 'later', fault: answer.reason, afterMs: null };
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { kind: 'taken', receipt: null };
  const fault = `answered ${status}`;
  if (status >= 500 || LATER_STATUSES.includes(status)) {
    return { kind: 'later', fault, afterMs: retryAfterMs };
  }
  return { kind: 'refused', fault, gone: false };
}

function signatureOf(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64');
}
