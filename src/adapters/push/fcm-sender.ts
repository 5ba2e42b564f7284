import { z } from 'zod';
import type { Clock } from '../../kernel/clock.ts';
import type { Delivery } from '../../notify/delivery.ts';
import type { PushCredentials } from '../../notify/push-credentials.ts';
import { AccessTokens, jsonOf, type NoAccessToken } from './access-tokens.ts';
import { type HttpAnswer, post } from './limited-answer.ts';

/** What a device shows and what its app reads. */
export interface DeviceMessage {
  /** The same at every try: what arrives twice is shown once. */
  readonly id: string;
  /** The registration token. */
  readonly target: string;
  readonly title: string;
  readonly body: string;
  readonly data: Readonly<Record<string, string>>;
  /** The provider keeps it for a device that is off as long as this; null: as long as it will. */
  readonly ttlSec: number | null;
}

/** What a dry run says of credentials. */
export type CredentialVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'keys-wrong' | 'refused' | 'unavailable'; readonly reason: string };

const takenSchema = z.object({ name: z.string().max(1024) });
const errorSchema = z.object({
  error: z.object({
    status: z.string().max(100).optional(),
    message: z.string().optional(),
    details: z.array(z.record(z.string(), z.unknown())).max(20).optional(),
  }),
});
/** For a dry run without a device: the provider looks at the credentials first, then at the token. */
const NO_DEVICE = 'turnkeeper-credential-test';

/** Sends messages to devices by Firebase Cloud Messaging (HTTP v1, `projects.messages.send`). */
export class FcmSender {
  readonly #clock: Clock;
  readonly #tokens: AccessTokens;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tokens = new AccessTokens(clock);
  }

  /** Sends once; a token that the provider takes no more is renewed in passing. */
  async send(credentials: PushCredentials, message: DeviceMessage): Promise<Delivery> {
    const answer = await this.#post(credentials, message, false);
    if ('reason' in answer) return { kind: 'later', fault: faultOf(answer), afterMs: answer.afterMs };
    return deliveryOf(answer);
  }

  /** Tries credentials without sending anything. @param target a device's token; default: none there is. */
  async test(credentials: PushCredentials, target?: string): Promise<CredentialVerdict> {
    const title = 'Turnkeeper';
    const message = {
      id: NO_DEVICE,
      target: target ?? NO_DEVICE,
      title,
      body: 'test',
      data: {},
      ttlSec: null,
    };
    const answer = await this.#post(credentials, message, true);
    if (answer.kind === 'keys-wrong') return { kind: 'keys-wrong', reason: answer.reason };
    if ('reason' in answer) return { kind: 'unavailable', reason: answer.reason };
    const delivery = deliveryOf(answer);
    if (delivery.kind === 'taken') return { kind: 'accepted' };
    if (delivery.kind === 'later') return { kind: 'unavailable', reason: delivery.fault };
    // Without a device of the app's own, the refusal of the one that is not there is what was hoped for.
    if (target === undefined && delivery.gone) return { kind: 'accepted' };
    return { kind: 'refused', reason: delivery.fault };
  }

  async #post(
    credentials: PushCredentials,
    message: DeviceMessage,
    dryRun: boolean,
  ): Promise<Exclude<HttpAnswer, { kind: 'silent' }> | NoAccessToken> {
    const url = `${credentials.sendUrl}/v1/projects/${credentials.project}/messages:send`;
    const json = messageJson(message, this.#clock.nowMs());
    const body = JSON.stringify({ ...(dryRun && { validate_only: true }), message: json });
    for (let isRenewed = false; ; isRenewed = true) {
      const access = await this.#tokens.tokenFor(credentials);
      if (access.kind !== 'token') return access;
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${access.token}` };
      const answer = await post(url, { headers, body }, { ...credentials, clock: this.#clock });
      if (answer.kind === 'silent') return { kind: 'unavailable', reason: answer.reason, afterMs: null };
      if (answer.status !== 401 || isRenewed) return answer;
      await this.#tokens.forget(credentials, access.token);
    }
  }
}

const faultOf = ({ kind, reason }: NoAccessToken): string =>
  kind === 'keys-wrong' ? `credentials refused: ${reason}` : reason;

function messageJson({ id, target, title, body, data, ttlSec }: DeviceMessage, nowMs: number): object {
  // Apple wants the instant, the others the time that is left.
  const expiresAtSec = ttlSec === null ? null : String(Math.floor(nowMs / 1000) + ttlSec);
  return {
    token: target,
    notification: { title, body },
    data: { ...data, id },
    // The customer waits: a sleeping device is woken.
    android: { priority: 'HIGH', notification: { tag: id }, ...(ttlSec !== null && { ttl: `${ttlSec}s` }) },
    apns: {
      headers: {
        'apns-priority': '10',
        'apns-collapse-id': id,
        ...(expiresAtSec !== null && { 'apns-expiration': expiresAtSec }),
      },
    },
    webpush: {
      headers: { Urgency: 'high', ...(ttlSec !== null && { TTL: String(ttlSec) }) },
      notification: { tag: id },
    },
  };
}

/** The provider's word as an outcome (FCM v1 `ErrorCode`, and the status where it names none). */
function deliveryOf({ status, text, retryAfterMs }: Exclude<HttpAnswer, { kind: 'silent' }>): Delivery {
  const json = jsonOf(text);
  if (status === 200) {
    const taken = takenSchema.safeParse(json);
    return { kind: 'taken', receipt: taken.success ? taken.data.name : null };
  }
  const read = errorSchema.safeParse(json);
  const details = read.success ? (read.data.error.details ?? []) : [];
  const code = details.map((detail) => detail['errorCode']).find((each) => typeof each === 'string');
  const word = typeof code === 'string' ? code : read.success ? read.data.error.status : undefined;
  const fault = word ?? `answered ${status}`;
  if (word === 'UNREGISTERED' || word === 'SENDER_ID_MISMATCH') return { kind: 'refused', fault, gone: true };
  if (word === 'INVALID_ARGUMENT' || status === 400) {
    return { kind: 'refused', fault, gone: accusesToken(text) };
  }
  // 404 without UNREGISTERED is a wrong project, 401 and 403 are credentials: an operator may mend them.
  return { kind: 'later', fault, afterMs: retryAfterMs };
}

/** The token itself is no token; any other invalid argument is ours. */
function accusesToken(text: string): boolean {
  return /registration token|"message\.token"/i.test(text);
}
