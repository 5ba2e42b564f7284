import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as an app would receive it. */
export interface PushedMessage {
  readonly token: string;
  readonly notification: { readonly title: string; readonly body: string };
  readonly data: Readonly<Record<string, string>>;
  readonly android: { readonly ttl?: string; readonly notification: { readonly tag: string } };
  readonly apns: { readonly headers: Readonly<Record<string, string>> };
  readonly webpush: {
    readonly headers: Readonly<Record<string, string>>;
    readonly notification: { readonly tag: string };
  };
  readonly dryRun: boolean;
}

/** What the provider answers to a message, where it does not take it. */
export interface PushRefusal {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly retryAfterSec?: number;
}

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PROJECT = 'turnkeeper-tests';
const EMAIL = 'sender@turnkeeper-tests.example.com';

/**
 * A Firebase Cloud Messaging of the loopback network: it checks the assertion's signature, audience and times
 * (RFC 7523 §3), gives out access tokens, and takes messages with a valid one.
 */
export class PushProvider {
  readonly messages: PushedMessage[] = [];
  /** Grants of access tokens, one entry a token. */
  readonly grants: string[] = [];
  /** Asked for every message; undefined: it is taken. */
  refusal: (message: PushedMessage) => PushRefusal | undefined = () => undefined;
  /** Answered where an access token is asked for; undefined: one is given out. */
  grantRefusal: PushRefusal | undefined;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The service account, as the configuration document names it. */
  get credentials(): {
    name: string;
    project: string;
    clientEmail: string;
    privateKey: string;
    tokenUrl: string;
    sendUrl: string;
  } {
    const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const urls = { tokenUrl: `${this.url}/token`, sendUrl: this.url };
    return { name: 'app', project: PROJECT, clientEmail: EMAIL, privateKey, ...urls };
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The access tokens given out so far are taken no more. */
  forgetGrants(): void {
    this.grants.length = 0;
  }

  /** Resolves with the first message that fits, come or to come. */
  async pushed(
    fits: (message: PushedMessage) => boolean,
    what: string,
    withinMs = 20_000,
  ): Promise<PushedMessage> {
    const giveUpAtMs = Date.now() + withinMs;
    for (;;) {
      const found = this.messages.find(fits);
      if (found) return found;
      const leftMs = giveUpAtMs - Date.now();
      const seen = JSON.stringify(this.messages.map(({ token, data }) => [token, data['event']]));
      if (leftMs <= 0) throw new Error(`waited ${withinMs} ms for ${what}; pushed: ${seen}`);
      await this.#next(leftMs);
    }
  }

  #next(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    if (request.url === '/token') return this.#grant(body, response);
    if (request.url !== `/v1/projects/${PROJECT}/messages:send`) {
      return json(response, 404, { error: { status: 'NOT_FOUND', message: 'no such project' } });
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!this.grants.includes(token)) {
      return json(response, 401, { error: { status: 'UNAUTHENTICATED', message: 'no valid access token' } });
    }
    return this.#take(body, response);
  }

  #take(body: string, response: ServerResponse): void {
    const { message: sent, validate_only: dryRun = false } = JSON.parse(body) as {
      message: Omit<PushedMessage, 'dryRun'>;
      validate_only?: boolean;
    };
    const message = { ...sent, dryRun };
    const refusal = this.refusal(message);
    if (refusal) {
      const { status, code, message: text = code, retryAfterSec } = refusal;
      const error = { code: status, message: text, status: code, details: [{ errorCode: code }] };
      const headers = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) };
      return json(response, status, { error }, headers);
    }
    this.messages.push(message);
    for (const wake of this.#waiting) wake();
    return json(response, 200, { name: `projects/${PROJECT}/messages/${this.messages.length}` });
  }

  #grant(body: string, response: ServerResponse): void {
    if (this.grantRefusal) {
      const { status, code, retryAfterSec } = this.grantRefusal;
      const headers = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) };
      return json(response, status, { error: code }, headers);
    }
    const form = new URLSearchParams(body);
    const isBearer = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    if (!isBearer || !isSigned(form.get('assertion') ?? '', `${this.url}/token`)) {
      return json(response, 400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' });
    }
    const token = `access-${this.grants.length + 1}-${Math.random()}`;
    this.grants.push(token);
    return json(response, 200, { access_token: token, expires_in: 3600, token_type: 'Bearer' });
  }
}

function isSigned(assertion: string, audience: string): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const publicKey = createPublicKey(keys.privateKey);
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))) return false;
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  const nowSec = Date.now() / 1000;
  const { iss, aud, scope, iat, exp } = said;
  const isTimely = Number(iat) <= nowSec + 5 && Number(exp) > nowSec && Number(exp) - Number(iat) <= 3600;
  return iss === EMAIL && aud === audience && String(scope).endsWith('/auth/firebase.messaging') && isTimely;
}

function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
