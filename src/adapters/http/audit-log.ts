import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { AuditStore } from './audit-store.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { fieldsOf, maskedJson, maskedText } from './masked-json.ts';

const VALUE_CHARACTERS_MAX = 4096;
const TEXT_CHARACTERS_MAX = 256;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What was done. `before` undefined: it did not exist; `after` undefined: it does not any more. */
export interface Deed {
  readonly action: string;
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** Where the request has no principal, as at a log-in: the name that was tried. */
  readonly name?: string;
}

interface AuditParts {
  readonly audit: AuditStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** Writes down who did what, when, and what it was before and after. */
export class AuditLog {
  readonly #parts: AuditParts;

  constructor(parts: AuditParts) {
    this.#parts = parts;
  }

  /**
   * Stores one entry, durable when it resolves. A store that fails is logged, with the entry, and the request
   * goes on: what was done has been done.
   */
  async record(request: FastifyRequest, deed: Deed): Promise<void> {
    const { audit, clock, ids, log } = this.#parts;
    request.audited = true;
    const { principal } = request;
    const name = principal?.name ?? deed.name ?? '';
    const entry = {
      id: ids.next('audit'),
      atMs: clock.nowMs(),
      actor: (principal?.key ?? `user:${name}`).slice(0, TEXT_CHARACTERS_MAX),
      actorName: name.slice(0, TEXT_CHARACTERS_MAX),
      address: request.ip,
      correlationId: request.id,
      action: deed.action.slice(0, TEXT_CHARACTERS_MAX),
      target: deed.target.slice(0, TEXT_CHARACTERS_MAX),
      before: deed.before === undefined ? null : maskedJson(deed.before, VALUE_CHARACTERS_MAX),
      after: deed.after === undefined ? null : maskedJson(deed.after, VALUE_CHARACTERS_MAX),
    };
    try {
      await audit.putAudit(entry);
    } catch (error) {
      log.error({ ...entry, reason: messageOf(error) }, 'audit entry not stored');
    }
  }
}

/**
 * Every change made through an API is in the audit log, also one whose route says nothing of its own: then
 * with method and route, and the body as `after`. Callbacks and requests to call in that programs make are
 * not: their own records tell who made them, and there may be a thousand a second.
 */
export function auditChanges(server: Server, { auditLog }: RouteContext): void {
  server.decorateRequest('audited', false);
  server.addHook('preSerialization', async (request, reply, payload) => {
    const { access, audit, keptBody } = request.routeOptions.config;
    const skipped =
      request.audited ||
      SAFE_METHODS.has(request.method) ||
      access === undefined ||
      access === 'public' ||
      audit === 'none';
    if (skipped || reply.statusCode >= 400) return payload;
    await auditLog.record(request, {
      action: `${request.method} ${request.routeOptions.url ?? ''}`,
      target: maskedText(request.url.split('?', 1)[0] ?? ''),
      after: (keptBody ?? fieldsOf)(request.body) ?? {},
    });
    return payload;
  });
}
