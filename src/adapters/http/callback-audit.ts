import type { FastifyRequest } from 'fastify';
import type { Callback } from '../../callback/callback.ts';
import { isoOf } from './api-views.ts';
import type { RouteContext } from './http-dependencies.ts';

/** What was done to a callback, whichever API it was done through. */
export type CallbackDeed = 'cancelled' | 'rescheduled' | 'recreated' | 'push-answered';

/**
 * Writes a change of a callback into the audit log, as the callback was before it and is after it; numbers
 * are masked there.
 */
export function auditCallback(
  { auditLog }: Pick<RouteContext, 'auditLog'>,
  request: FastifyRequest,
  deed: CallbackDeed,
  change: { readonly before: Callback; readonly after: Callback },
): Promise<void> {
  return auditLog.record(request, {
    action: `callback.${deed}`,
    target: `callback:${change.before.id}`,
    before: shown(change.before),
    after: shown(change.after),
  });
}

function shown({ id, virtualQueue, customerNumber, state, subState, reason, desiredAtMs }: Callback): object {
  return { id, virtualQueue, customerNumber, state, subState, reason, desiredAt: isoOf(desiredAtMs) };
}
