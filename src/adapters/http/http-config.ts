import { defaultLoginLocks, type LoginLocks } from './login-guard.ts';
import type { RateLimit } from './rate-limiter.ts';

/** The OpenID provider that people log in at, and what its claims mean; docs/access.md. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** `https://desk.example`, without a path: the redirect URI is this and `/api/v1/oidc/callback`. */
  readonly publicUrl: string;
  readonly scopes: string;
  readonly nameClaim: string;
  readonly roleClaim: string;
  /** Value of the claim and role, strongest first. */
  readonly roleMap: readonly (readonly [value: string, role: string])[];
  /** Undefined: access groups are given here. */
  readonly groupClaim: string | undefined;
  /** Undefined: agents are given here. */
  readonly agentClaim: string | undefined;
}

/**
 * Everything about the HTTP adapter that an installation may set; {@link defaultHttpConfig} has the defaults.
 */
export interface HttpConfig {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host: string;
  /** 0 picks a free port. Default 8080. */
  readonly port: number;
  /** Version of the program, shown in the OpenAPI document. */
  readonly version: string;
  /** Proxies whose X-Forwarded-For is believed: addresses or CIDR blocks. Default none. */
  readonly trustedProxies: readonly string[];
  /** The session cookie gets `Secure`. True behind TLS. Default false. */
  readonly secureCookies: boolean;
  /** `/metrics` without credentials. Default false: an API key or session is asked for. */
  readonly publicMetrics: boolean;
  readonly addressRate: RateLimit;
  /** By API key or user. */
  readonly principalRate: RateLimit;
  readonly loginAddressRate: RateLimit;
  /** What failed log-ins cost. */
  readonly loginLocks: LoginLocks;
  /** A session ends when it is unused for this long. Default 20 min (product §9). */
  readonly sessionIdleMs: number;
  /** However much it is used, a session ends after this long. Default 12 h. */
  readonly sessionMs: number;
  /** Undefined: people log in with a password only. */
  readonly oidc?: OidcSettings;
}

/** Defaults: generous for programs, strict for logins. */
export const defaultHttpConfig: HttpConfig = {
  host: '127.0.0.1',
  port: 8080,
  version: '0.0.0',
  trustedProxies: [],
  secureCookies: false,
  publicMetrics: false,
  addressRate: { perMinuteMax: 120_000, burstMax: 4000 },
  principalRate: { perMinuteMax: 90_000, burstMax: 3000 },
  loginAddressRate: { perMinuteMax: 10, burstMax: 10 },
  loginLocks: defaultLoginLocks,
  sessionIdleMs: 20 * 60_000,
  sessionMs: 12 * 3_600_000,
};

/** Limits that no installation needs to change; each names the failure it bounds. */
export const httpLimits = {
  /** Memory one request's body may take. */
  bodyBytesMax: 1024 * 1024,
  /** Callbacks carry at most 8 KiB of user data and ten devices' tokens of 4 KiB. */
  callbackBodyBytesMax: 64 * 1024,
  /** What somebody without a credential may have us read: a name and a password. */
  loginBodyBytesMax: 4 * 1024,
  /** Of one address with a key that pages and apps carry, which many customers share. */
  visitorRate: { perMinuteMax: 1200, burstMax: 300 },
  /** Of the same: numbers to call in, so that one address does not use up a pool. */
  callInVisitorRate: { perMinuteMax: 60, burstMax: 30 },
  headerBytesMax: 16 * 1024,
  headersMax: 64,
  /** Longest variable part of a path; a longer one leads nowhere. */
  pathPartCharactersMax: 256,
  /** Clients that connect and send nothing, or one byte a minute (slowloris). */
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  overdueCheckMs: 1000,
  keepAliveTimeoutMs: 10_000,
  /** Requests in progress when the server closes have this long to finish. */
  closeGraceMs: 5000,
  /** A handler that waits for ever. */
  handlerMaxMs: 25_000,
  /** A download to a client that reads slowly, or not at all. */
  downloadMaxMs: 600_000,
  connectionsMax: 2000,
  /** Screens on workspace feeds; the rest of the connections is for requests. */
  feedSocketsMax: 1000,
  requestsPerSocketMax: 10_000,
  /** Page size of lists. */
  pageMax: 200,
  usersMax: 1000,
  apiKeysMax: 1000,
  accessGroupsMax: 500,
  /** Access groups of one user or key. */
  groupsPerMemberMax: 50,
  queuesPerGroupMax: 1000,
  originsPerKeyMax: 50,
  /** The secret before a rotation is valid for this long at most. */
  rotationGraceMs: 30 * 24 * 3_600_000,
  /** A log-in's address counts as known for this long. */
  familiarMs: 30 * 24 * 3_600_000,
  /** As long as the events of callbacks. */
  auditKeepMs: 400 * 24 * 3_600_000,
  idempotencyMs: 24 * 3_600_000,
  /** Error answers are looked up for as long as callbacks are kept (product §3 rule 5). */
  errorKeepMs: 14 * 24 * 3_600_000,
  errorsKeptMax: 10_000,
  /**
   * Errors of people without a credential, and failed log-ins, that are written to the disk: whoever comes
   * with any number of addresses must not fill it, nor push out what others look for.
   */
  strangersKept: { perMinuteMax: 60, burstMax: 600 },
  housekeepingMs: 60_000,
} as const;
