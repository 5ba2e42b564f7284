import type { FastifyRequest } from 'fastify';
import type { Outcome } from '../../application/application.ts';
import type { Callback } from '../../callback/callback.ts';
import type { CallbackId } from '../../kernel/ids.ts';
import { mayReadQueue } from './access-rules.ts';
import { auditCallback } from './callback-audit.ts';
import type { RouteContext } from './http-dependencies.ts';
import { principalOf } from './request-guard.ts';

/**
 * Cancels several callbacks, each by itself, whichever API asks. They are looked up, cancelled and written
 * into the audit log all at once: few commits, however many there are.
 * @returns what became of each, in the order of `ids`; undefined: for this caller there is no such callback.
 */
export async function cancelEach(
  context: Pick<RouteContext, 'application' | 'auditLog'>,
  request: FastifyRequest,
  ids: readonly CallbackId[],
): Promise<readonly (Outcome<Callback> | undefined)[]> {
  const { application } = context;
  const principal = principalOf(request);
  const found = await Promise.all(ids.map((id) => application.findCallback(id)));
  const before = found.map((one) => (one && mayReadQueue(principal, one.virtualQueue) ? one : undefined));
  const allowed = ids.filter((_id, index) => before[index]);
  const cancellations = (await application.cancelCallbacks(allowed, principal.actor))[Symbol.iterator]();
  const outcomes = before.map((one) => (one ? cancellations.next().value?.outcome : undefined));
  const audits = outcomes.map(async (outcome, index) => {
    const was = before[index];
    if (was && outcome?.ok === true) {
      await auditCallback(context, request, 'cancelled', { before: was, after: outcome.value });
    }
  });
  await Promise.all(audits);
  return outcomes;
}
