import { z } from 'zod';
import type { CallInGrant, CallInRefusal } from '../../../application/call-in-desk.ts';
import { mayReadQueue } from '../access-rules.ts';
import type { Principal } from '../access.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { readableCallback } from './ges-callback-routes.ts';
import {
  bodyOf,
  captchaToken,
  maybe,
  maybeText,
  requestExample,
  text,
  textUpTo,
  userData,
} from './ges-fields.ts';

const BODY_BYTES_MAX = 64 * 1024;

const grantSchema = z.object({
  id: z.string(),
  toPhoneNumber: z.string().describe('The number to dial'),
  groupName: z.string(),
  expirationTime: z.int().describe('UTC epoch milliseconds'),
  accessCode: z.string().optional().describe('Digits, the first of them not 0; where the group makes codes'),
  fromPhoneNumber: z.string().optional(),
  callbackServiceId: z.string().optional(),
});

/** POST /call-in/requests/create. */
export function addGesCallInRoutes(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/call-in/requests/create',
    bodyLimit: BODY_BYTES_MAX,
    config: { ...gesConfig, audit: 'none', takesNumber: true },
    schema: {
      tags: ['Genesys-compatible: call-in'],
      summary: 'Ask for a number to call in',
      description:
        'The caller is recognised by the number dialled, the own number or the code, as the group says.',
      body: bodyOf({
        groupName: text(255).describe('The Click-To-Call-In group'),
        fromPhoneNumber: maybeText(textUpTo(32)).describe('The number that the customer will call from'),
        userData: maybe(userData),
        callbackServiceId: maybeText(textUpTo(128)).describe('The callback that waits for this call'),
        captchaToken,
      }).meta(requestExample({ groupName: 'support-app', fromPhoneNumber: '+12025550123' })),
      response: {
        200: gesAnswerSchema(grantSchema, {
          id: 'callin_0006gqn4vmv00example',
          toPhoneNumber: '+12025550199',
          groupName: 'support-app',
          expirationTime: 1_767_605_430_000,
          accessCode: '481905',
          fromPhoneNumber: '+12025550123',
        }),
        ...gesErrorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { groupName, fromPhoneNumber, userData: data, callbackServiceId } = request.body;
      checkGroup(context, principal, groupName);
      if (callbackServiceId !== undefined) await readableCallback(context, principal, callbackServiceId);
      const outcome = await context.application.requestCallIn(
        {
          groupName,
          ...(fromPhoneNumber !== undefined && { fromNumber: fromPhoneNumber }),
          ...(data !== undefined && { userData: data }),
          ...(callbackServiceId !== undefined && { callbackId: callbackServiceId }),
        },
        principal.actor,
      );
      if (!outcome.ok) throw callInRefused(outcome.refusal);
      return successful(request, grantJson(outcome.grant));
    },
  });
}

/** A group whose queue the key may not read does not exist for it. */
function checkGroup({ provisioning }: RouteContext, principal: Principal, wanted: string): void {
  const group = provisioning.callInGroups().find(({ name }) => name === wanted);
  if (!group || mayReadQueue(principal, group.queue)) return;
  throw callInRefused({ kind: 'unknown-group', groupName: wanted });
}

function grantJson(grant: CallInGrant): z.output<typeof grantSchema> {
  const { id, toNumber, groupName, expiresAtMs, accessCode, fromNumber, callbackId } = grant;
  return {
    id,
    toPhoneNumber: toNumber,
    groupName,
    expirationTime: expiresAtMs,
    ...(accessCode !== null && { accessCode }),
    ...(fromNumber !== null && { fromPhoneNumber: fromNumber }),
    ...(callbackId !== null && { callbackServiceId: callbackId }),
  };
}

/** The error answer for a refused request to call in. */
export function callInRefused(refusal: CallInRefusal): HttpError {
  switch (refusal.kind) {
    case 'unknown-group':
      return new HttpError('CALL_IN_GROUP_UNKNOWN', 'there is no such call-in group', {
        faults: [{ path: 'groupName', message: 'is not configured', value: refusal.groupName }],
      });
    case 'invalid-number':
      return new HttpError('INVALID_NUMBER', 'nobody can call from this number', {
        faults: [{ path: 'fromPhoneNumber', message: refusal.reason }],
      });
    case 'unknown-callback':
      return new HttpError('NOT_FOUND', 'there is no such callback');
    case 'callback-not-waiting':
      return new HttpError(
        'NOT_ALLOWED_IN_STATE',
        `the callback does not wait for a call in state ${refusal.state}; nothing was changed`,
        { extra: { state: refusal.state } },
      );
    case 'pool-exhausted':
      return new HttpError('CALL_IN_POOL_EXHAUSTED', 'every number of the group is in use', {
        retryAfterSec: refusal.retryAfterSec,
      });
    case 'throttled':
      return new HttpError(
        'THROTTLED',
        `too many numbers to call were asked for: at most ${refusal.max} are given in ${refusal.windowMs / 1000} s`,
        {
          retryAfterSec: refusal.retryAfterSec,
          extra: { max: refusal.max, windowSec: refusal.windowMs / 1000 },
        },
      );
    default:
      return refusal satisfies never;
  }
}
