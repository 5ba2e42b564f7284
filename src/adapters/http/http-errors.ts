import { AppError } from '../../kernel/errors.ts';
import type { AppErrorOptions } from '../../kernel/errors.ts';

/** Codes of the HTTP adapter with the status each is answered with; every one is a row of docs/errors.md. */
export const statusByCode = {
  VALIDATION_FAILED: 400,
  MALFORMED_BODY: 400,
  BAD_REQUEST: 400,
  CAPTCHA_REQUIRED: 400,
  CAPTCHA_REFUSED: 400,
  UNAUTHENTICATED: 401,
  LOGIN_FAILED: 401,
  FORBIDDEN: 403,
  ORIGIN_NOT_ALLOWED: 403,
  OIDC_LOGIN_REFUSED: 403,
  NOT_FOUND: 404,
  UNKNOWN_QUEUE: 404,
  CALL_IN_GROUP_UNKNOWN: 404,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  NOT_ALLOWED_IN_STATE: 409,
  ALREADY_EXISTS: 409,
  DUPLICATE_CALLBACK: 409,
  NOT_BOOKABLE: 409,
  LIMIT_REACHED: 409,
  TARGET_UNAVAILABLE: 409,
  CUSTOMER_NOT_CALLED: 409,
  CALL_IN_POOL_EXHAUSTED: 409,
  IN_USE: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  DISPOSITION_REQUIRED: 409,
  PAYLOAD_TOO_LARGE: 413,
  RANGE_NOT_SATISFIABLE: 416,
  UNSUPPORTED_MEDIA_TYPE: 415,
  INVALID_NUMBER: 422,
  COUNTRY_NOT_PERMITTED: 422,
  NUMBER_BLOCKED: 422,
  PUSH_TARGET_MISSING: 422,
  CALL_IN_NEEDED: 409,
  IDEMPOTENCY_KEY_REUSED: 422,
  UNKNOWN_DISPOSITION: 422,
  UPGRADE_REQUIRED: 426,
  CONFIG_REFUSED: 422,
  RATE_LIMITED: 429,
  LOGIN_LOCKED: 429,
  SLOT_FULL: 429,
  THROTTLED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_ERROR: 500,
  QUEUE_FULL: 503,
  LOGIN_BUSY: 503,
  TEMPORARILY_UNAVAILABLE: 503,
  CAPTCHA_UNAVAILABLE: 503,
  TRACING_UNAVAILABLE: 503,
} as const;
export type HttpErrorCode = keyof typeof statusByCode;

/** What an {@link HttpError} may carry beside its code. */
export interface HttpErrorOptions extends AppErrorOptions {
  /** Becomes Retry-After (RFC 9110 §10.2.3), seconds. */
  readonly retryAfterSec?: number;
  /** Becomes Allow (RFC 9110 §10.2.1). */
  readonly allow?: readonly string[];
  /** Further members of the answer's `error`, such as `state` and `allowed`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * An error answer: thrown by routes, turned into the envelope by error-answers.ts. The message is shown to
 * the client.
 */
export class HttpError extends AppError {
  readonly status: number;
  readonly retryAfterSec: number | undefined;
  readonly allow: readonly string[] | undefined;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: HttpErrorCode, message: string, options: HttpErrorOptions = {}) {
    super(code, message, { retryable: options.retryAfterSec !== undefined, ...options });
    this.name = 'HttpError';
    this.status = statusByCode[code];
    this.retryAfterSec = options.retryAfterSec;
    this.allow = options.allow;
    this.extra = options.extra ?? {};
  }
}
