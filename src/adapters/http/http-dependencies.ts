import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression } from 'fastify';
import type { RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ApiLimits } from '../../provisioning/api-limits.ts';
import type { ReplayOutcome } from '../../callback/replay.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { CallbackId, IdSource } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { CaptchaGate } from '../captcha/captcha-gate.ts';
import type { PushDesk } from '../push/push-desk.ts';
import type { PrometheusMetrics } from '../metrics/prometheus-metrics.ts';
import type { AccessStore } from './access-store.ts';
import type { Access, Principal } from './access.ts';
import type { RouteAccess } from './access-rules.ts';
import type { Application } from '../../application/application.ts';
import type { NotificationList } from '../../application/notification-list.ts';
import type { Workspace } from '../../application/workspace/workspace.ts';
import type { AuditLog } from './audit-log.ts';
import type { AuditStore } from './audit-store.ts';
import type { CallInList } from './call-in-routes.ts';
import type { CallTracing } from './call-tracing.ts';
import type { OriginBook } from './cors.ts';
import type { AnswerableError } from './error-answers.ts';
import type { ErrorBook } from './error-book.ts';
import type { ErrorStore } from './error-store.ts';
import type { AreaStore } from './gms/storage-area-store.ts';
import type { HttpConfig } from './http-config.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { Provisioning } from './provisioning.ts';
import type { RecordingShelf } from './recording-routes.ts';

/** What main.ts gives to the HTTP adapter. */
export interface HttpDependencies {
  readonly application: Application;
  readonly workspace: Workspace;
  readonly access: AccessStore;
  readonly audit: AuditStore;
  readonly idempotency: IdempotencyStore;
  readonly errors: ErrorStore;
  readonly areas: AreaStore;
  readonly provisioning: Provisioning;
  readonly captcha: CaptchaGate;
  readonly recordings: RecordingShelf;
  readonly callIns: CallInList;
  readonly notifications: Pick<NotificationList, 'find' | 'list' | 'retry'>;
  readonly push: Pick<PushDesk, 'credentials' | 'webhooks' | 'testCredentials' | 'testWebhook'>;
  /** Runs a callback's history through the machine again; undefined: there is no such callback. */
  readonly replay: (id: CallbackId) => Promise<ReplayOutcome | undefined>;
  /** Undefined where SIP cannot be traced: the routes answer TRACING_UNAVAILABLE. */
  readonly tracing?: CallTracing;
  /** How much is taken, where the configuration document says other than `config`. Default: nowhere. */
  readonly limits?: () => Pick<ApiLimits, 'address' | 'key'>;
  readonly metrics: PrometheusMetrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly config: HttpConfig;
}

/** The dependencies with what the adapter itself made of them. */
export interface RouteContext extends HttpDependencies {
  readonly accessControl: Access;
  readonly auditLog: AuditLog;
  readonly originBook: OriginBook;
  readonly errorBook: ErrorBook;
  /** Every route with who may call it, filled as they are added. */
  readonly routes: RouteEntry[];
}

/** One line of the route table. */
export interface RouteEntry {
  readonly method: string;
  /** Fastify's notation: `/api/v1/callbacks/:id`. */
  readonly url: string;
  readonly access: RouteAccess | 'public';
}

/** Fastify with zod as its schema language. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** An error as a family of the API tells it. */
export interface ErrorAnswer {
  readonly status: number;
  /** Becomes JSON. */
  readonly body: object;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; every route says it (asserted when it is added). */
    access?: RouteAccess | 'public';
    /** `none`: the audit log has what the route writes there itself, and nothing else. */
    audit?: 'none';
    /**
     * The shape of the route's error answers; absent: the envelope of the native API. The error is kept and
     * has its headers either way.
     */
    errorAnswer?: (error: AnswerableError, correlationId: string) => ErrorAnswer;
    /** What of a body may be kept in error records and in the audit log; absent: all but its secrets. */
    keptBody?: (body: unknown) => unknown;
    /** The key may come as the password of `Authorization: Basic`. */
    takesBasic?: boolean;
    /** The request is ended when its answer has not gone out by then; absent: `httpLimits.handlerMaxMs`. */
    handlerMaxMs?: number;
    /** Forms may have files. */
    takesFiles?: boolean;
    /** Of a family: not for keys that customers' pages and apps carry (`ges:customers`). */
    staffOnly?: boolean;
    /** Gives out a number of a call-in pool, of which there are few: `httpLimits.callInVisitorRate`. */
    takesNumber?: boolean;
  }
  interface FastifyRequest {
    /** Null on public routes called without credentials. */
    principal: Principal | null;
    /** True when the audit log has an entry of it. */
    audited: boolean;
    /** Monotonic ms at which the request came. */
    startedMs: number;
  }
}
