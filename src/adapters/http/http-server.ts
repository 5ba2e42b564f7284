import fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { TimerHandle } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import { MetricName } from '../../kernel/metrics.ts';
import { Access } from './access.ts';
import { addAccessGroupRoutes, addAuditRoutes } from './access-group-routes.ts';
import { addApiKeyRoutes } from './api-key-routes.ts';
import { AuditLog, auditChanges } from './audit-log.ts';
import { OriginBook } from './cors.ts';
import { addCreationRoutes } from './creation-routes.ts';
import { addErrorRoutes } from './error-routes.ts';
import { addUserRoutes } from './user-routes.ts';
import { addAgentRoutes, addQueueRoutes } from './agent-queue-routes.ts';
import { addEstimatorRoutes } from './estimator-routes.ts';
import { addCallbackChangeRoutes } from './callback-change-routes.ts';
import { addCallbackRoutes } from './callback-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import { addReplayRoutes } from './replay-routes.ts';
import { ConnectionDrain } from './connection-drain.ts';
import { addDocsRoutes, addOpenApi } from './docs-routes.ts';
import { answerBrokenConnection, answerErrors } from './error-answers.ts';
import { ErrorBook } from './error-book.ts';
import type { HttpDependencies, RouteContext, RouteEntry, Server } from './http-dependencies.ts';
import { HandlerDeadlines } from './handler-deadlines.ts';
import { httpLimits } from './http-config.ts';
import { limitJsonDepth } from './json-depth.ts';
import { addNumberRuleRoutes, addQueueSettingsRoutes } from './settings-routes.ts';
import { addOidcRoutes } from './oidc-routes.ts';
import { addTraceRoutes } from './trace-routes.ts';
import { addHealthRoutes, addMetricsRoute } from './operation-routes.ts';
import { guardRequests } from './request-guard.ts';
import { secureHeaders } from './security-headers.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addCallInGroupRoutes } from './call-in-group-routes.ts';
import { addCallInRoutes } from './call-in-routes.ts';
import { addCapacityRoutes } from './capacity-routes.ts';
import { addCaptchaRoutes } from './captcha-routes.ts';
import { gesErrorAnswer } from './ges/ges-answers.ts';
import { addGesRoutes } from './ges/ges-routes.ts';
import { withoutUuidPrefix } from './ges/uuid-ids.ts';
import { gmsErrorAnswer } from './gms/gms-answers.ts';
import { addGmsRoutes } from './gms/gms-routes.ts';
import { addNotificationRoutes, addPushCredentialRoutes } from './notification-routes.ts';
import { addPushAnswerRoutes } from './push-answer-routes.ts';
import { addRecordingRoutes } from './recording-routes.ts';
import { addSlotRoutes } from './slot-routes.ts';
import { addWorkspaceRoutes } from './workspace-routes.ts';

/** The HTTP adapter, built and not yet listening. */
export interface HttpServer {
  /**
   * Fastify itself, for further plugins (static console, live events) before `listen`, and for `inject` in
   * tests.
   */
  readonly fastify: Server;
  /** Every route with who may call it; complete when `fastify` is ready. */
  readonly routes: readonly RouteEntry[];
  /** Binds and resolves with where it is reached; rejects when the address is taken. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /** Stops taking requests, lets those in progress finish, closes every connection and timer. */
  close(): Promise<void>;
}

/** Builds the server with every route of `/api/v1`, `/metrics` and `/api/docs`. Opens no socket. */
export function buildHttpServer(dependencies: HttpDependencies): HttpServer {
  const context: RouteContext = {
    ...dependencies,
    accessControl: new Access(dependencies.access, dependencies.clock, {
      idleMs: dependencies.config.sessionIdleMs,
      maxMs: dependencies.config.sessionMs,
    }),
    auditLog: new AuditLog(dependencies),
    originBook: new OriginBook(dependencies.access, dependencies.clock),
    routes: [],
    errorBook: new ErrorBook(dependencies.errors, dependencies.log, dependencies.clock),
  };
  const server = newServer(context);
  new HandlerDeadlines(context.clock).watch(server);
  secureHeaders(server, context.config);
  answerErrors(server, context, errorFamilies);
  guardRequests(server, context);
  auditChanges(server, context);
  observeRequests(server, context);
  addOpenApi(server, context);
  // In a scope, so that the routes are added after the plugins above are ready.
  server.register((scope: Server) => {
    addMetricsRoute(scope, context);
    addDocsRoutes(scope);
  });
  server.register(
    (scope: Server) => {
      for (const add of apiRoutes) add(scope, context);
      scope.register((own: Server) => {
        addConfigRoutes(own, context);
      });
    },
    { prefix: '/api/v1' },
  );
  server.register(
    (scope: Server) => {
      addGesRoutes(scope, context);
    },
    { prefix: '/engagement/v3' },
  );
  for (const version of [1, 2] as const) {
    server.register(
      (scope: Server) => {
        addGmsRoutes(scope, context, version);
      },
      { prefix: `/genesys/${version}` },
    );
  }
  const housekeeping = new Housekeeping(context);
  const drain = new ConnectionDrain(server.server, context.clock, httpLimits.closeGraceMs);
  server.addHook('onClose', () => {
    housekeeping.stop();
  });
  return {
    fastify: server,
    routes: context.routes,
    listen: async () => {
      const { host, port } = context.config;
      const url = await server.listen({ host, port });
      housekeeping.start();
      return { host, port: Number(new URL(url).port), url };
    },
    close: async () => {
      const closed = server.close();
      drain.start();
      await closed;
    },
  };
}

const errorFamilies = [
  { prefix: '/engagement/v3', errorAnswer: gesErrorAnswer },
  { prefix: '/genesys/1', errorAnswer: gmsErrorAnswer },
  { prefix: '/genesys/2', errorAnswer: gmsErrorAnswer },
];

const apiRoutes = [
  addHealthRoutes,
  addSessionRoutes,
  addOidcRoutes,
  addCallbackRoutes,
  addCallbackChangeRoutes,
  addPushAnswerRoutes,
  addNotificationRoutes,
  addPushCredentialRoutes,
  addReplayRoutes,
  addAgentRoutes,
  addQueueRoutes,
  addEstimatorRoutes,
  addSlotRoutes,
  addRecordingRoutes,
  addCapacityRoutes,
  addCallInGroupRoutes,
  addCallInRoutes,
  addCaptchaRoutes,
  addQueueSettingsRoutes,
  addNumberRuleRoutes,
  addApiKeyRoutes,
  addUserRoutes,
  addAccessGroupRoutes,
  addAuditRoutes,
  addCreationRoutes,
  addErrorRoutes,
  addTraceRoutes,
  addWorkspaceRoutes,
];

function newServer(context: RouteContext): Server {
  const { trustedProxies } = context.config;
  const server = fastify({
    logger: false,
    bodyLimit: httpLimits.bodyBytesMax,
    requestTimeout: httpLimits.requestTimeoutMs,
    keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    // One API under two addresses: with ids as they are, and as UUIDs.
    rewriteUrl: ({ url = '' }) => withoutUuidPrefix(url),
    genReqId: () => context.ids.next('corr'),
    // A caller's own id would not be unique: ours is the only one.
    requestIdHeader: false,
    return503OnClosing: false,
    // A public client of the v3 API writes `//` when its base path ends in `/`; others end addresses in one.
    routerOptions: {
      ignoreDuplicateSlashes: true,
      ignoreTrailingSlash: true,
      maxParamLength: httpLimits.pathPartCharactersMax,
    },
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: httpLimits.headerBytesMax,
      headersTimeout: httpLimits.headersTimeoutMs,
      // Node looks for overdue requests only this often, every 30 s unless told.
      connectionsCheckingInterval: httpLimits.overdueCheckMs,
    },
    clientErrorHandler: (error, socket) => {
      answerBrokenConnection(context, error, socket);
    },
    frameworkErrors: (error, request, reply) => {
      // A malformed address never reaches the hooks.
      reply.header('x-correlation-id', request.id);
      server.errorHandler(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
  server.server.maxConnections = httpLimits.connectionsMax;
  server.server.maxHeadersCount = httpLimits.headersMax;
  server.server.maxRequestsPerSocket = httpLimits.requestsPerSocketMax;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.removeContentTypeParser('text/plain');
  limitJsonDepth(server);
  return server;
}

/** One line and one figure a request. */
function observeRequests(server: Server, { clock, log, metrics }: RouteContext): void {
  server.addHook('onResponse', async (request, reply) => {
    const tookMs = clock.monotonicMs() - request.startedMs;
    const route = request.routeOptions.url ?? 'none';
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    metrics.observe(MetricName.httpRequestSeconds, tookMs / 1000, { method: request.method, route, status });
    log.debug(
      {
        correlationId: request.id,
        method: request.method,
        route,
        statusCode: reply.statusCode,
        tookMs: Math.round(tookMs * 10) / 10,
        by: request.principal?.key,
      },
      'request answered',
    );
  });
}

const EXPIRED_CLAIMS_MAX = 1000;
const EXPIRED_AREAS_MAX = 500;

/** Forgets what is too old, once a minute. */
class Housekeeping {
  readonly #context: RouteContext;
  #timer: TimerHandle | undefined;

  constructor(context: RouteContext) {
    this.#context = context;
  }

  start(): void {
    const { clock, log } = this.#context;
    this.#timer = clock.setTimer(httpLimits.housekeepingMs, () => {
      this.start();
      this.#run().catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'housekeeping failed'));
    });
  }

  stop(): void {
    if (this.#timer) this.#context.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  async #run(): Promise<void> {
    const { access, areas, audit, clock, config, errors, idempotency } = this.#context;
    const nowMs = clock.nowMs();
    // A use is stored up to a minute after it happened.
    await access.deleteExpiredSessions(nowMs, nowMs - config.sessionIdleMs - httpLimits.housekeepingMs);
    await audit.trimAudit(nowMs - httpLimits.auditKeepMs);
    await idempotency.deleteExpired(nowMs, EXPIRED_CLAIMS_MAX);
    await areas.deleteExpired(nowMs, EXPIRED_AREAS_MAX);
    await errors.trimErrors(nowMs - httpLimits.errorKeepMs, httpLimits.errorsKeptMax);
  }
}
