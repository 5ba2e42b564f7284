import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression } from 'fastify';
import type { RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ReplayOutcome } from '../../callback/replay.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { CallbackId, IdSource } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { PrometheusMetrics } from '../metrics/prometheus-metrics.ts';
import type { AccessStore } from './access-store.ts';
import type { Access, Principal } from './access.ts';
import type { Permission } from './access-rules.ts';
import type { Application } from '../../application/application.ts';
import type { CallTracing } from './call-tracing.ts';
import type { ErrorBook } from './error-book.ts';
import type { ErrorStore } from './error-store.ts';
import type { HttpConfig } from './http-config.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { Provisioning } from './provisioning.ts';

/** What main.ts gives to the HTTP adapter. */
export interface HttpDependencies {
  readonly application: Application;
  readonly access: AccessStore;
  readonly idempotency: IdempotencyStore;
  readonly errors: ErrorStore;
  readonly provisioning: Provisioning;
  /** Runs a callback's history through the machine again; undefined: there is no such callback. */
  readonly replay: (id: CallbackId) => Promise<ReplayOutcome | undefined>;
  /** Undefined where SIP cannot be traced: the routes answer TRACING_UNAVAILABLE. */
  readonly tracing?: CallTracing;
  readonly metrics: PrometheusMetrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly config: HttpConfig;
}

/** The dependencies with what the adapter itself made of them. */
export interface RouteContext extends HttpDependencies {
  readonly accessControl: Access;
  readonly errorBook: ErrorBook;
}

/** Fastify with zod as its schema language. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; every route says it (asserted when it is added). */
    access?: Permission | 'public';
  }
  interface FastifyRequest {
    /** Null on public routes called without credentials. */
    principal: Principal | null;
    /** Monotonic ms at which the request came. */
    startedMs: number;
  }
}
