import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';

interface Grant {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** What a test may bend. */
export interface ProviderFaults {
  /** Changes the claims before they are signed. */
  claims?: (claims: Record<string, unknown>) => Record<string, unknown>;
  /** Signs with a key that is not published. */
  foreignKey?: boolean;
  /** `iss` of discovery. */
  issuer?: string;
  /** The token endpoint answers this status with an HTML page. */
  tokenStatus?: number;
}

/**
 * An OpenID provider on loopback: discovery, JWKS, authorization and token endpoints of the authorization code
 * flow with PKCE S256, codes good for one use, client_secret_basic.
 */
export class OpenIdProvider {
  readonly faults: ProviderFaults = {};
  /** Who is logged in at the provider, beside what every token says. */
  person: Record<string, unknown> = { sub: 'subject-1', preferred_username: 'anna', roles: ['desk-admin'] };
  readonly clientId = 'turnkeeper';
  readonly clientSecret = 'a secret: with/odd+signs';
  readonly #grants = new Map<string, Grant>();
  readonly #server: Server;
  readonly #keys: Awaited<ReturnType<typeof generateKeyPair>>;
  readonly #foreign: Awaited<ReturnType<typeof generateKeyPair>>;
  readonly #jwk: JWK;
  readonly #nowSec: () => number;

  private constructor(
    keys: [Awaited<ReturnType<typeof generateKeyPair>>, Awaited<ReturnType<typeof generateKeyPair>>],
    jwk: JWK,
    nowSec: () => number,
  ) {
    [this.#keys, this.#foreign] = keys;
    this.#jwk = { ...jwk, kid: 'k1', alg: 'ES256', use: 'sig' };
    this.#nowSec = nowSec;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.writeHead(500).end());
    });
  }

  /** Listens on a free port of loopback. @param nowSec the time that tokens say. */
  static async start(nowSec: () => number): Promise<OpenIdProvider> {
    const keys = await generateKeyPair('ES256');
    const foreign = await generateKeyPair('ES256');
    const provider = new OpenIdProvider([keys, foreign], await exportJWK(keys.publicKey), nowSec);
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** What a browser does that is sent here: logs in, and is sent back; returns where to. */
  async visit(location: string): Promise<URL> {
    const answer = await fetch(location, { redirect: 'manual' });
    return new URL(answer.headers.get('location') ?? 'about:blank');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        json(200, {
          issuer: this.faults.issuer ?? this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
        });
        return;
      case '/keys':
        json(200, { keys: [this.#jwk] });
        return;
      case '/authorize':
        this.#authorize(url.searchParams, response);
        return;
      case '/token':
        await this.#token(request, response, json);
        return;
      default:
        json(404, {});
    }
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    const get = (name: string): string => query.get(name) ?? '';
    const wrong =
      get('response_type') !== 'code' ||
      get('client_id') !== this.clientId ||
      get('code_challenge_method') !== 'S256' ||
      !get('scope').split(' ').includes('openid');
    const back = new URL(get('redirect_uri'));
    back.searchParams.set('state', get('state'));
    if (wrong) back.searchParams.set('error', 'invalid_request');
    else {
      const code = randomBytes(16).toString('hex');
      const redirectUri = get('redirect_uri');
      this.#grants.set(code, { nonce: get('nonce'), challenge: get('code_challenge'), redirectUri });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  }

  async #token(
    request: IncomingMessage,
    response: ServerResponse,
    json: (status: number, body: unknown) => void,
  ): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    if (this.faults.tokenStatus !== undefined) {
      response.writeHead(this.faults.tokenStatus, { 'content-type': 'text/html' }).end('<p>broken</p>');
      return;
    }
    const pair = `${encodeURIComponent(this.clientId)}:${encodeURIComponent(this.clientSecret)}`;
    const basic = `Basic ${Buffer.from(pair).toString('base64')}`;
    if (request.headers.authorization !== basic) {
      json(401, { error: 'invalid_client' });
      return;
    }
    const body = new URLSearchParams(text);
    const code = body.get('code') ?? '';
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const verified = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (!grant || grant.challenge !== verified || grant.redirectUri !== body.get('redirect_uri')) {
      json(400, { error: 'invalid_grant' });
      return;
    }
    json(200, { access_token: 'unused', token_type: 'Bearer', id_token: await this.#sign(grant.nonce) });
  }

  async #sign(nonce: string): Promise<string> {
    const nowSec = this.#nowSec();
    const claims = {
      ...this.person,
      nonce,
      iss: this.issuer,
      aud: this.clientId,
      iat: nowSec,
      exp: nowSec + 300,
    };
    const { privateKey } = this.faults.foreignKey ? this.#foreign : this.#keys;
    return await new SignJWT(this.faults.claims?.(claims) ?? claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .sign(privateKey);
  }
}
