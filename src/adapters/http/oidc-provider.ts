import { createRemoteJWKSet, customFetch, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../kernel/clock.ts';
import { AppError, messageOf } from '../../kernel/errors.ts';
import { z } from 'zod';

/** What is known of an OpenID provider beforehand. */
export interface OidcClient {
  /** Exactly as the provider's tokens say it. https, except on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client, proved by PKCE alone. */
  readonly clientSecret: string | undefined;
  readonly redirectUri: string;
  /** Separated by spaces; `openid` among them. */
  readonly scopes: string;
}

/** What one log-in is bound to; kept by the browser that began it. */
export interface OidcAttempt {
  readonly state: string;
  readonly nonce: string;
  /** RFC 7636 §4.1, 43–128 characters. */
  readonly verifier: string;
  readonly challenge: string;
}

/** Bounds a provider that does not answer. */
const REQUEST_MAX_MS = 5000;
const ANSWER_BYTES_MAX = 256 * 1024;
/** Discovery is asked for again after this long, and after a failure. */
const DISCOVERY_KEPT_MS = 3_600_000;
const CLOCK_TOLERANCE_SEC = 60;
/** Of signatures: no symmetric ones and no `none` (RFC 8725 §3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

const discoverySchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
});
type Discovery = z.infer<typeof discoverySchema>;

interface Known {
  readonly discovery: Discovery;
  readonly keys: JWTVerifyGetKey;
  readonly untilMs: number;
}

/**
 * The authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636) at one provider. Every
 * method rejects with AppError OIDC_PROVIDER_FAILED when the provider does not answer as it must,
 * OIDC_LOGIN_REFUSED when what it says is not to be believed.
 */
export class OidcProvider {
  readonly #client: OidcClient;
  readonly #clock: Clock;
  #known: Known | undefined;

  constructor(client: OidcClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  get issuer(): string {
    return this.#client.issuer;
  }

  /** Where the browser is sent to log in. */
  async authorizationUrl({ state, nonce, challenge }: OidcAttempt): Promise<string> {
    const { discovery } = await this.#provider();
    const url = new URL(discovery.authorization_endpoint);
    const { clientId, redirectUri, scopes } = this.#client;
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: scopes,
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** The claims of the person who logged in, for the code that came back. */
  async claims(code: string, { nonce, verifier }: OidcAttempt): Promise<JWTPayload & { sub: string }> {
    const provider = await this.#provider();
    const token = await this.#redeem(provider.discovery, code, verifier);
    let payload: JWTPayload;
    try {
      // OpenID Connect Core 1.0 §3.1.3.7.
      ({ payload } = await jwtVerify(token, provider.keys, {
        issuer: this.#client.issuer,
        audience: this.#client.clientId,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SEC,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: new Date(this.#clock.nowMs()),
      }));
    } catch (error) {
      throw refused(`the ID token is not valid: ${messageOf(error)}`, error);
    }
    const { aud, sub, azp } = payload;
    if (payload['nonce'] !== nonce) throw refused('the ID token belongs to another log-in');
    // §3.1.3.7, 4 and 5: of several audiences the one that asked must be named.
    const isShared = Array.isArray(aud) && aud.length > 1;
    if ((azp !== undefined || isShared) && azp !== this.#client.clientId)
      throw refused('the ID token is for another client');
    if (typeof sub !== 'string' || sub === '' || sub.length > 255) throw refused('the ID token names nobody');
    return { ...payload, sub };
  }

  /** RFC 6749 §4.1.3 with RFC 7636 §4.5: the ID token. */
  async #redeem(discovery: Discovery, code: string, verifier: string): Promise<string> {
    const { clientId, clientSecret, redirectUri } = this.#client;
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' });
    // RFC 8414 §2: client_secret_basic where the provider does not say what it takes.
    const methods = discovery.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    if (clientSecret === undefined) body.set('client_id', clientId);
    else if (methods.includes('client_secret_basic')) {
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
      headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    } else {
      body.set('client_id', clientId);
      body.set('client_secret', clientSecret);
    }
    const { status, json } = await ask(discovery.token_endpoint, { method: 'POST', headers, body });
    const answer = z.object({ id_token: z.string().max(ANSWER_BYTES_MAX) }).safeParse(json);
    // RFC 6749 §5.2: 400 invalid_grant is a code that is used, old or somebody else's.
    if (status === 400 || status === 401) throw refused('the provider does not accept the code');
    if (status !== 200 || !answer.success) throw failed(`the token endpoint answered ${status}`);
    return answer.data.id_token;
  }

  async #provider(): Promise<Known> {
    if (this.#known && this.#known.untilMs > this.#clock.monotonicMs()) return this.#known;
    const { issuer } = this.#client;
    const { status, json } = await ask(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {});
    const read = discoverySchema.safeParse(json);
    if (status !== 200 || !read.success) throw failed(`discovery answered ${status}`);
    // OpenID Connect Discovery 1.0 §4.3: otherwise another provider could stand in for this one.
    if (read.data.issuer !== issuer) throw failed(`the provider calls itself ${read.data.issuer}`);
    const { authorization_endpoint: login, token_endpoint: token, jwks_uri: keysUrl } = read.data;
    for (const url of [login, token, keysUrl]) assertSafe(url);
    const keys = createRemoteJWKSet(new URL(keysUrl), {
      timeoutDuration: REQUEST_MAX_MS,
      [customFetch]: (url, options) => fetch(url, { ...options, redirect: 'error' }),
    });
    const untilMs = this.#clock.monotonicMs() + DISCOVERY_KEPT_MS;
    return (this.#known = { discovery: read.data, keys, untilMs });
  }
}

async function ask(url: string, options: RequestInit): Promise<{ status: number; json: unknown }> {
  assertSafe(url);
  try {
    const signal = AbortSignal.timeout(REQUEST_MAX_MS);
    const answer = await fetch(url, { ...options, signal, redirect: 'error' });
    const text = await readText(answer);
    return { status: answer.status, json: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw failed(`${new URL(url).host} did not answer: ${messageOf(error)}`, error);
  }
}

async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of answer.body ?? []) {
    byteCount += chunk.byteLength;
    if (byteCount > ANSWER_BYTES_MAX) throw failed('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * RFC 6749 §3.1.2.1: without TLS codes and tokens would be read on the way; within this machine they are not.
 */
function assertSafe(address: string): void {
  const { protocol, hostname } = new URL(address);
  const local = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  if (protocol !== 'https:' && !local) throw failed(`${address} is not https`);
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError('OIDC_PROVIDER_FAILED', message, { cause, retryable: true });
}

function refused(message: string, cause?: unknown): AppError {
  return new AppError('OIDC_LOGIN_REFUSED', message, { cause });
}
