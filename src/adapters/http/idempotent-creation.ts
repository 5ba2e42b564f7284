import { z } from 'zod';
import type { CallbackRequest, Outcome } from '../../application/application.ts';
import type { Callback } from '../../callback/callback.ts';
import type { CallbackOrigin } from '../../callback/new-callback.ts';
import { assert } from '../../kernel/errors.ts';
import type { CallbackId } from '../../kernel/ids.ts';
import type { Principal } from './access.ts';
import type { RouteContext } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { meaningOf } from './request-meaning.ts';

/** The header `Idempotency-Key`. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1–255 visible ASCII characters')
  .describe('Repeating a request with the same key within 24 h returns the callback that the first one made');

interface Creation {
  readonly outcome: Outcome<Callback>;
  /** True when the callback had been made by an earlier request with the same key. */
  readonly repeated: boolean;
}

/** Creates a callback at most once for one Idempotency-Key of one caller (product §3 rule 1). */
export class IdempotentCreation {
  readonly #context: RouteContext;
  readonly #through: CallbackOrigin;
  /** Ids being created by this process; bounded by the connections there may be. */
  readonly #inFlight = new Set<CallbackId>();

  /** @param through the API whose requests these are, for the callbacks' histories. */
  constructor(context: RouteContext, through: CallbackOrigin) {
    this.#context = context;
    this.#through = through;
  }

  async create(wanted: CallbackRequest, principal: Principal, key: string | undefined): Promise<Creation> {
    const { application, idempotency, clock, ids } = this.#context;
    if (key === undefined) {
      const request = { ...wanted, through: this.#through };
      return { outcome: await application.createCallback(request, principal.actor), repeated: false };
    }
    const nowMs = clock.nowMs();
    const claim = {
      scope: principal.key,
      key,
      requestHash: meaningOf(wanted),
      callbackId: ids.next('callback'),
      createdAtMs: nowMs,
      expiresAtMs: nowMs + httpLimits.idempotencyMs,
    };
    const inForce = await idempotency.claim(claim);
    if (inForce.requestHash !== claim.requestHash) {
      throw new HttpError('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used with another body');
    }
    if (inForce.callbackId !== claim.callbackId) {
      const made = await application.findCallback(inForce.callbackId);
      if (made) return { outcome: { ok: true, value: made }, repeated: true };
      if (this.#inFlight.has(inForce.callbackId)) {
        throw new HttpError('IDEMPOTENCY_IN_PROGRESS', 'the first request with this key is still running', {
          retryAfterSec: 1,
        });
      }
      // Claimed by a process that stopped before the callback was stored: the same id again makes one or
      // finds it.
    }
    this.#inFlight.add(inForce.callbackId);
    try {
      const request = { ...wanted, id: inForce.callbackId, through: this.#through };
      const outcome = await application.createCallback(request, principal.actor);
      if (!outcome.ok) await idempotency.release(principal.key, key);
      else assert(outcome.value.id === request.id, 'createCallback keeps the id it is given');
      return { outcome, repeated: false };
    } finally {
      this.#inFlight.delete(inForce.callbackId);
    }
  }
}
