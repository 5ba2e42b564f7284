import { z } from 'zod';
import { auditCallback } from '../callback-audit.ts';
import { readableCallback } from '../ges/ges-callback-routes.ts';
import { text } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf, refused } from '../request-guard.ts';
import { gmsDataConfig, gmsErrorAnswers } from './gms-answers.ts';
import { confirmationJson, confirmationSchema } from './gms-confirmation.ts';

const tags = ['Genesys-compatible: GMS callbacks'];
const idParams = z.object({ id: text(128) });

/**
 * POST /service/{id}/menu, /confirm, /snooze and /cancel: what an app shows to its customer and sends back.
 */
export function addGmsDialogRoutes(server: Server, context: RouteContext): void {
  addPushAnswers(server, context);
  addCancelAction(server, context);
  addMenu(server, context);
}

const pushAnswers = {
  confirm: {
    answer: 'accept',
    summary: 'The customer wants the call now',
    text: 'You will be called in a moment.',
  },
  snooze: {
    answer: 'snooze',
    summary: 'The customer wants the call a little later',
    text: 'You will be asked again later.',
  },
} as const;

/** What the customer says to the push that asks before the call. */
function addPushAnswers(server: Server, context: RouteContext): void {
  for (const action of ['confirm', 'snooze'] as const) {
    const { answer, summary, text: said } = pushAnswers[action];
    server.route({
      method: 'POST',
      url: `/service/:id/${action}`,
      config: gmsDataConfig,
      schema: {
        tags,
        summary,
        description: 'Refused unless the customer was asked and has not answered yet.',
        params: idParams,
        response: { 200: confirmationSchema, ...gmsErrorAnswers },
      },
      handler: async (request) => {
        const before = await readableCallback(context, principalOf(request), request.params.id);
        const { id } = before;
        const outcome = await context.application.answerPush(id, answer, { kind: 'customer' });
        if (!outcome.ok) throw refused(outcome.refusal);
        await auditCallback(context, request, 'push-answered', { before, after: outcome.value });
        return confirmationJson(id, said);
      },
    });
  }
}

function addCancelAction(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/service/:id/cancel',
    config: gmsDataConfig,
    schema: {
      tags,
      summary: 'Cancel a callback from a menu',
      params: idParams,
      response: { 200: confirmationSchema, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const before = await readableCallback(context, principalOf(request), request.params.id);
      const { id } = before;
      // Whoever picks this in a menu is the customer.
      const outcome = await context.application.answerPush(id, 'cancel', { kind: 'customer' });
      if (!outcome.ok) throw refused(outcome.refusal);
      await auditCallback(context, request, 'cancelled', { before, after: outcome.value });
      return confirmationJson(id, 'Your callback is cancelled.');
    },
  });
}

const menuAnswer = z.object({
  _id: z.string(),
  _action: z.literal('DisplayMenu'),
  _label: z.string(),
  _content: z.array(
    z.object({
      _group_name: z.string(),
      _group_content: z.array(z.object({ _label: z.string(), _user_action_url: z.string() })),
    }),
  ),
});

function addMenu(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/service/:id/menu',
    config: { ...gmsDataConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'What a customer can do with a callback now, as a menu',
      params: idParams,
      response: { 200: menuAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const found = await readableCallback(context, principalOf(request), request.params.id);
      const item = (label: string, action: string) => ({
        _label: label,
        _user_action_url: `/genesys/1/service/${found.id}/${action}`,
      });
      const canCancel = ['SCHEDULED', 'QUEUED', 'ROUTING'].includes(found.state);
      return {
        _id: found.id,
        _action: 'DisplayMenu' as const,
        _label: 'Your callback',
        _content: [
          {
            _group_name: 'Callback',
            _group_content: [
              item('My place in line', 'check-queue-position'),
              ...(canCancel ? [item('Cancel', 'cancel')] : []),
            ],
          },
        ],
      };
    },
  });
}
