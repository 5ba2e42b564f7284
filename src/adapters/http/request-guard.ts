import type { FastifyRequest } from 'fastify';
import { assert } from '../../kernel/errors.ts';
import type { Principal } from './access.ts';
import { slotJson } from './api-views.ts';
import { isFamily, may, type RouteAccess } from './access-rules.ts';
import { addressBlock } from './address-block.ts';
import { answerPreflight, checkOrigin, isPreflight, isSameOrigin, letPageRead } from './cors.ts';
import type { Refusal } from '../../application/application.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { type RateLimit, RateLimiter } from './rate-limiter.ts';
import { sessionTokenOf } from './session-cookie.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const QUEUE_FULL_RETRY_SEC = 60;

/**
 * What every request passes before its handler: a correlation id, the limits by address and by caller, the
 * origin of the page it comes from, recognition, and the route's permission. A route that does not say who
 * may call it is a programmer's mistake.
 */
export function guardRequests(server: Server, context: RouteContext): void {
  const { clock, config, limits } = context;
  const byAddress = new RateLimiter(clock, () => rateOf(config.addressRate, limits?.().address));
  const byVisitor = new RateLimiter(clock, httpLimits.visitorRate);
  const byCaller = new RateLimiter(clock, httpLimits.callInVisitorRate);
  const byPrincipal = new RateLimiter(clock, () => rateOf(config.principalRate, limits?.().key));
  server.decorateRequest('principal', null);
  server.decorateRequest('startedMs', 0);
  server.addHook('onRoute', (route) => {
    const access = route.config?.access;
    assert(access !== undefined, `route ${route.url} says who may call it`);
    for (const method of [route.method].flat()) {
      if (method !== 'HEAD') context.routes.push({ method, url: route.url, access });
    }
  });
  server.addHook('onRequest', async (request, reply) => {
    request.startedMs = context.clock.monotonicMs();
    reply.header('x-correlation-id', request.id);
    reply.header('cache-control', 'no-store');
    limit(byAddress.take(addressBlock(request.ip)));
    if (isPreflight(request)) {
      await answerPreflight(request, reply, context.originBook);
      return;
    }
    const { access, staffOnly, takesNumber } = request.routeOptions.config;
    if (access === undefined || access === 'public') return;
    await letPageRead(request, reply, context.originBook);
    const principal = await recognise(request, context, isFamily(access));
    if (!principal) {
      const what = isFamily(access)
        ? 'a valid API key is needed, as x-api-key'
        : 'an API key or a session is needed';
      throw new HttpError('UNAUTHENTICATED', what);
    }
    request.principal = principal;
    checkOrigin(request, reply, principal.origins);
    // First, so that one visitor of a page does not use up what its key has for all of them.
    if (isCarried(principal)) {
      const visitor = `${principal.key} ${addressBlock(request.ip)}`;
      limit(byVisitor.take(visitor));
      if (takesNumber) limit(byCaller.take(visitor));
    }
    limit(byPrincipal.take(principal.key));
    if (!may(principal, access, staffOnly)) throw forbidden(principal, access);
  });
}

/** A key that customers' pages and apps carry: it has nothing but what customers do. */
function isCarried({ scopes }: Principal): boolean {
  return scopes !== null && scopes.every((scope) => scope.endsWith(':customers'));
}

function rateOf(
  { perMinuteMax, burstMax }: RateLimit,
  said: { readonly [Part in keyof RateLimit]?: number | undefined } = {},
): RateLimit {
  return { perMinuteMax: said.perMinuteMax ?? perMinuteMax, burstMax: said.burstMax ?? burstMax };
}

function forbidden(principal: Principal, access: RouteAccess): HttpError {
  if (may({ ...principal, scopes: ['native', 'ges', 'gms'] }, access)) {
    const scope = isFamily(access) ? access : 'native';
    const isPerson = principal.scopes === null;
    const what = isPerson ? 'an API key is needed for this' : `the key lacks the scope ${scope}`;
    return new HttpError('FORBIDDEN', what, { extra: { scope: access } });
  }
  return new HttpError('FORBIDDEN', `the role ${principal.role} may not do this`);
}

/** Throws RATE_LIMITED unless `waitSec` is 0. */
export function limit(waitSec: number): void {
  if (waitSec > 0) throw new HttpError('RATE_LIMITED', 'too many requests', { retryAfterSec: waitSec });
}

/** The caller of a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  assert(request.principal !== null, 'the route asks for credentials');
  return request.principal;
}

type Recognition = Pick<RouteContext, 'accessControl' | 'config'>;

/**
 * Who made this request, as it stands now: for what goes on after it.
 * @param background it keeps no session alive.
 */
export function recogniseAgain(
  request: FastifyRequest,
  context: Recognition,
  background: boolean,
): Promise<Principal | undefined> {
  return recognise(request, context, false, background);
}

/**
 * `Authorization: Bearer` (or Basic where the route takes it), then `x-api-key`, then, unless only keys are
 * taken, the session cookie (RFC 6265 §8.2: what a browser sends by itself proves nothing about who wanted
 * the request).
 */
async function recognise(
  request: FastifyRequest,
  { accessControl: access, config }: Recognition,
  keysOnly: boolean,
  background = request.headers['x-background'] === 'true',
): Promise<Principal | undefined> {
  const { authorization } = request.headers;
  const apiKey = request.headers['x-api-key'];
  if (typeof apiKey === 'string' && (keysOnly || authorization === undefined)) {
    return apiKey.startsWith('tk_') ? await access.recognise(apiKey, background) : undefined;
  }
  // RFC 6750 §2.1; the scheme's name is case-insensitive (RFC 9110 §11.1).
  if (authorization !== undefined) {
    const bearer = /^Bearer ([\w-]{1,128})$/i.exec(authorization)?.[1];
    const credential =
      bearer ?? (request.routeOptions.config.takesBasic === true ? basicKey(authorization) : undefined);
    return credential === undefined ? undefined : await access.recognise(credential, background);
  }
  const token = keysOnly ? undefined : sessionTokenOf(request, config);
  if (token === undefined) return undefined;
  if (!SAFE_METHODS.has(request.method)) refuseForeignPage(request);
  return await access.recognise(token, background);
}

/**
 * The key in `Authorization: Basic` (RFC 7617 §2): the password, whatever the user name; or the user name
 * before an empty password.
 */
function basicKey(authorization: string): string | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return password === '' ? user : password;
}

/**
 * Throws FORBIDDEN for a request that a page of another origin made a browser send. Fetch metadata first;
 * older browsers send Origin with every unsafe request. Programs send neither.
 */
export function refuseForeignPage(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const foreign =
    typeof site === 'string'
      ? site !== 'same-origin' && site !== 'none'
      : request.headers.origin !== undefined && !isSameOrigin(request);
  if (foreign) throw new HttpError('FORBIDDEN', 'a page of another origin may not do this with your session');
}

/** The error answer for an expected refusal of the application. */
export function refused(refusal: Refusal): HttpError {
  switch (refusal.kind) {
    case 'unknown-queue':
      return new HttpError('UNKNOWN_QUEUE', 'there is no such virtual queue', {
        faults: [{ path: 'virtualQueue', message: 'is not configured', value: refusal.virtualQueue }],
      });
    case 'invalid-number':
    case 'number-not-permitted':
      return numberRefused(refusal);
    case 'push-target-missing':
      return new HttpError('PUSH_TARGET_MISSING', 'the customer of this queue dials in when told to', {
        faults: [{ path: 'details.pushTargets', message: 'must name a device to tell' }],
      });
    case 'call-in-needed':
      return new HttpError('CALL_IN_NEEDED', 'the customer of this queue dials in: ask for a number to call');
    case 'slot-full':
      return new HttpError('SLOT_FULL', 'no callback can be booked for this time', {
        extra: { reason: refusal.reason, free: refusal.free.map(slotJson) },
      });
    case 'not-bookable':
      return new HttpError('NOT_BOOKABLE', `this queue takes no ${refusal.what} callback now`, {
        extra: { what: refusal.what, reason: refusal.reason },
      });
    case 'queue-full':
    case 'duplicate':
    case 'throttled':
      return limitReached(refusal);
    case 'not-found':
      return new HttpError('NOT_FOUND', 'there is no such thing');
    case 'unknown-reason':
      return new HttpError(
        'VALIDATION_FAILED',
        `${refusal.reason} is not a reason for not being ready here`,
        {
          extra: { known: refusal.known },
        },
      );
    case 'target-unavailable':
      return new HttpError('TARGET_UNAVAILABLE', `nobody can be reached there: ${refusal.reason}`);
    case 'not-called':
      return new HttpError('CUSTOMER_NOT_CALLED', `the customer is not called: ${refusal.reason}`);
    case 'not-allowed':
      return new HttpError(
        'NOT_ALLOWED_IN_STATE',
        `not allowed in state ${refusal.state}; nothing was changed`,
        {
          extra: { state: refusal.state, allowed: refusal.allowed },
        },
      );
    default:
      return refusal satisfies never;
  }
}

/** A limit of the queue, or of what one number may have. */
function limitReached(
  refusal: Extract<Refusal, { kind: 'queue-full' | 'duplicate' | 'throttled' }>,
): HttpError {
  switch (refusal.kind) {
    case 'queue-full':
      return new HttpError(
        'QUEUE_FULL',
        `the virtual queue is full: it takes at most ${refusal.max} at a time`,
        {
          retryAfterSec: QUEUE_FULL_RETRY_SEC,
          extra: { max: refusal.max },
        },
      );
    case 'duplicate':
      return new HttpError(
        'DUPLICATE_CALLBACK',
        `this number has ${refusal.openCount} of at most ${refusal.max} open callbacks on this queue`,
        { extra: { openCount: refusal.openCount, max: refusal.max } },
      );
    case 'throttled':
      return new HttpError(
        'THROTTLED',
        `too many callbacks were asked for: at most ${refusal.max} are taken in ${refusal.windowMs / 1000} s`,
        {
          retryAfterSec: refusal.retryAfterSec,
          extra: { max: refusal.max, windowSec: refusal.windowMs / 1000 },
        },
      );
    default:
      return refusal satisfies never;
  }
}

function numberRefused(
  refusal: Extract<Refusal, { kind: 'invalid-number' | 'number-not-permitted' }>,
): HttpError {
  const faults = [{ path: 'customerNumber', message: refusal.reason }];
  if (refusal.kind === 'invalid-number') {
    return new HttpError('INVALID_NUMBER', 'this number cannot be called', { faults });
  }
  const code = refusal.step === 'country' ? 'COUNTRY_NOT_PERMITTED' : 'NUMBER_BLOCKED';
  return new HttpError(code, 'this number may not be called', { faults, extra: { step: refusal.step } });
}
