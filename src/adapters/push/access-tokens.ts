import { createHash } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import { z } from 'zod';
import { messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { PushCredentials } from '../../notify/push-credentials.ts';
import { post } from './limited-answer.ts';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const ASSERTION_SEC = 3600;
/** A token is renewed this long before it ends, for a message on its way. */
const MARGIN_MS = 60_000;
/** After a refusal of the key nobody asks again for so long: every message would. */
const KEYS_WRONG_PAUSE_MS = 10_000;
/** After silence; shorter than any pause between two tries of a message, so that each try asks anew. */
const UNAVAILABLE_PAUSE_MS = 1000;
/** As long as the provider asks for, at most: a message is tried later for itself. */
const ASKED_PAUSE_MAX_MS = 60_000;
const tokenSchema = z.object({
  access_token: z.string().min(1).max(8192),
  expires_in: z.number().min(1).max(86_400),
});
const refusalSchema = z.object({ error: z.string().max(200), error_description: z.string().optional() });

/** Why there is no access token. `keys-wrong`: asking again with the same key is of no use. */
export interface NoAccessToken {
  readonly kind: 'keys-wrong' | 'unavailable';
  readonly reason: string;
  /** The provider asked not to come before; null: it did not say. */
  readonly afterMs: number | null;
}

/** An access token, or why there is none. */
export type AccessToken = { readonly kind: 'token'; readonly token: string } | NoAccessToken;

interface Known {
  readonly answer: Promise<AccessToken>;
  untilMs: number;
}

/**
 * Access tokens of service accounts (RFC 7523 §2.1), asked for once and kept while they are valid, by
 * account and key: a new key is never answered with the token of the old one.
 */
export class AccessTokens {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests at the same time share one question. */
  async tokenFor(credentials: PushCredentials): Promise<AccessToken> {
    const key = keyOf(credentials);
    const nowMs = this.#clock.nowMs();
    for (const [old, { untilMs }] of this.#known) if (untilMs <= nowMs) this.#known.delete(old);
    const known = this.#known.get(key);
    if (known) return known.answer;
    const asked: Known = { answer: this.#ask(credentials), untilMs: nowMs + credentials.timeoutMs };
    this.#known.set(key, asked);
    const answer = await asked.answer;
    if (this.#known.get(key) === asked && answer.kind !== 'token') {
      asked.untilMs = this.#clock.nowMs() + pauseAfter(answer);
    }
    return answer;
  }

  /** The provider takes this token no more. One that was given out since then is kept. */
  async forget(credentials: PushCredentials, token: string): Promise<void> {
    const key = keyOf(credentials);
    const known = this.#known.get(key);
    const answer = await known?.answer;
    const isIt = answer?.kind === 'token' && answer.token === token;
    if (isIt && this.#known.get(key) === known) this.#known.delete(key);
  }

  async #ask(credentials: PushCredentials): Promise<AccessToken> {
    let assertion: string;
    try {
      assertion = await signedAssertion(credentials, Math.floor(this.#clock.nowMs() / 1000));
    } catch (error) {
      const reason = `the private key cannot be used: ${messageOf(error)}`;
      return { kind: 'keys-wrong', reason, afterMs: null };
    }
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = { headers, body: form.toString() };
    const answer = await post(credentials.tokenUrl, request, { ...credentials, clock: this.#clock });
    if (answer.kind === 'silent') return { kind: 'unavailable', reason: answer.reason, afterMs: null };
    const read = tokenSchema.safeParse(jsonOf(answer.text));
    if (answer.status === 200 && read.success) {
      const known = this.#known.get(keyOf(credentials));
      if (known) known.untilMs = this.#clock.nowMs() + read.data.expires_in * 1000 - MARGIN_MS;
      return { kind: 'token', token: read.data.access_token };
    }
    // RFC 6749 §5.2: the refusal's own word.
    const refusal = refusalSchema.safeParse(jsonOf(answer.text));
    const reason = refusal.success ? refusal.data.error : `answered ${answer.status}`;
    const isOurs = answer.status === 400 || answer.status === 401 || answer.status === 403;
    return { kind: isOurs ? 'keys-wrong' : 'unavailable', reason, afterMs: answer.retryAfterMs };
  }
}

function pauseAfter({ kind, afterMs }: NoAccessToken): number {
  const leastMs = kind === 'keys-wrong' ? KEYS_WRONG_PAUSE_MS : UNAVAILABLE_PAUSE_MS;
  return Math.max(leastMs, Math.min(afterMs ?? 0, ASKED_PAUSE_MAX_MS));
}

async function signedAssertion(
  { clientEmail, privateKey, tokenUrl }: PushCredentials,
  nowSec: number,
): Promise<string> {
  // Files carry the key as one line with `\n` spelt out, and so do environments.
  const key = await importPKCS8(privateKey.replaceAll(String.raw`\n`, '\n'), 'RS256');
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(clientEmail)
    .setAudience(tokenUrl)
    .setIssuedAt(nowSec)
    .setExpirationTime(nowSec + ASSERTION_SEC)
    .sign(key);
}

function keyOf({ clientEmail, privateKey, tokenUrl }: PushCredentials): string {
  return createHash('sha256').update(`${clientEmail}\n${tokenUrl}\n${privateKey}`).digest('base64');
}

/** Undefined: no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
