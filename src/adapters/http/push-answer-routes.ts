import { z } from 'zod';
import { callbackIdSchema, callbackSchema, errorAnswers } from './api-schemas.ts';
import { callbackJson } from './api-views.ts';
import { auditCallback } from './callback-audit.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { callbackOf } from './queue-access.ts';
import { principalOf, refused } from './request-guard.ts';

const params = z.strictObject({ id: callbackIdSchema });
const answers = {
  accept: {
    summary: 'The customer wants the call now',
    description:
      'The callback takes its old place in the line. Where the customer dials in, a request for a number ' +
      '(call-in) takes the place of this one: CALL_IN_NEEDED.',
  },
  snooze: {
    summary: 'The customer wants the call a little later',
    description: 'Asked again after `snoozeSec`, as often as `maxNotifyAttempts` allows.',
  },
  cancel: { summary: 'The customer wants no call any more', description: 'Ends CANCELLED_BY_CUSTOMER.' },
} as const;

/** POST /callbacks/{id}/push/accept, /push/snooze and /push/cancel: what the app's customer said. */
export function addPushAnswerRoutes(server: Server, context: RouteContext): void {
  const { application, clock } = context;
  for (const answer of ['accept', 'snooze', 'cancel'] as const) {
    server.route({
      method: 'POST',
      url: `/callbacks/:id/push/${answer}`,
      config: { access: 'answerPushes' },
      schema: {
        tags: ['Notifications'],
        ...answers[answer],
        params,
        response: { 200: callbackSchema, ...errorAnswers },
      },
      handler: async (request) => {
        const principal = principalOf(request);
        const { id } = request.params;
        const before = await callbackOf(application, principal, id);
        const outcome = await application.answerPush(id, answer, { kind: 'customer' });
        if (!outcome.ok) throw refused(outcome.refusal);
        const deed = answer === 'cancel' ? 'cancelled' : 'push-answered';
        await auditCallback(context, request, deed, { before, after: outcome.value });
        return callbackJson(outcome.value, principal, clock.nowMs());
      },
    });
  }
}
