import { z } from 'zod';
import type { CallInGrant } from '../../../application/call-in-desk.ts';
import { digitsOf } from '../../../callin/call-in-matching.ts';
import { type CallIn, stateAt } from '../../../callin/call-in.ts';
import { CodeGuard, groupLimit } from '../../../callin/code-guard.ts';
import { mayReadQueue } from '../access-rules.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import { callInRefused } from '../ges/ges-call-in-routes.ts';
import { readableCallback } from '../ges/ges-callback-routes.ts';
import { flag, maybeText, text, textUpTo, userData } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { limit, principalOf } from '../request-guard.ts';
import { gmsDataConfig, gmsErrorAnswers, gmsStaffConfig } from './gms-answers.ts';
import { type IgnoredOption, ignoredOptions, tellIgnored } from './gms-options.ts';
import { scalar } from './gms-start.ts';

const BODY_BYTES_MAX = 64 * 1024;
const tags = ['Genesys-compatible: GMS call-in'];

/** Codes and numbers: clients have them as text or as numbers. */
const asText = (max: number) => scalar.pipe(text(max));
const accessFields = {
  _resource_group: maybeText(textUpTo(64)).describe(
    "The call-in group; for a callback by default the first one of the callback's service",
  ),
  _phone_number: maybeText(scalar.pipe(textUpTo(32))).describe('The number that the customer will call from'),
  _provide_code: maybeText(scalar.pipe(flag)).describe('true or false'),
};
const interactionBody = z.looseObject(
  {
    ...accessFields,
    _resource_group: text(64).describe('The call-in group'),
    _phone_number: asText(32),
  },
  { error: 'must be an object' },
);
const accessBody = z.looseObject({ ...accessFields, _id: text(128) }, { error: 'must be an object' });
type AccessBody = Partial<z.output<typeof accessBody>>;

const dialAnswer = z
  .object({
    _id: z.string(),
    _action: z.literal('DialNumber'),
    _label: z.string(),
    _tel_url: z.string(),
    _access_number: z.string(),
    _access_code: z.string().optional().describe('Where the group makes codes'),
    _expiration_time: z.string(),
    _ignored_options: ignoredOptions,
  })
  .meta({
    examples: [
      {
        _id: 'callin_0006gqn4vmv00example',
        _action: 'DialNumber',
        _label: '+12025550199',
        _tel_url: 'tel:+12025550199',
        _access_number: '+12025550199',
        _access_code: '481905',
        _expiration_time: '2026-01-05T09:30:30.000Z',
      },
    ],
  });

/** request-interaction, request-access, match-interaction, and the number for a callback's customer. */
export function addGmsCallInRoutes(server: Server, context: RouteContext): void {
  addRequests(server, context);
  addMatch(server, context);
  addConnect(server, context);
}

function addRequests(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/service/request-interaction',
    bodyLimit: BODY_BYTES_MAX,
    config: { ...gmsDataConfig, audit: 'none', takesNumber: true },
    schema: {
      tags,
      summary: 'Ask for a number to call in',
      description: 'Keys without leading underscore travel with the call.',
      body: interactionBody,
      response: { 200: dialAnswer, ...gmsErrorAnswers },
    },
    handler: (request) => grant(context, request, request.body),
  });
  server.route({
    method: 'POST',
    url: '/service/request-access',
    bodyLimit: BODY_BYTES_MAX,
    config: { ...gmsDataConfig, audit: 'none', takesNumber: true },
    schema: {
      tags,
      summary: 'Ask for a number to call in for a callback',
      body: accessBody,
      response: { 200: dialAnswer, ...gmsErrorAnswers },
    },
    handler: (request) => grant(context, request, request.body),
  });
}

async function grant(
  context: RouteContext,
  request: Parameters<typeof principalOf>[0],
  body: AccessBody & Record<string, unknown>,
  id = body._id,
): Promise<z.output<typeof dialAnswer>> {
  const principal = principalOf(request);
  const { _phone_number: fromNumber } = body;
  const callback = id === undefined ? undefined : await readableCallback(context, principal, id);
  const groups = context.provisioning.callInGroups();
  const groupName =
    body._resource_group ?? groups.find(({ queue }) => queue === callback?.virtualQueue)?.name;
  if (groupName === undefined) throw callInRefused({ kind: 'unknown-group', groupName: '' });
  const group = groups.find(({ name }) => name === groupName);
  if (group && !mayReadQueue(principal, group.queue)) {
    throw callInRefused({ kind: 'unknown-group', groupName });
  }
  const { data, ignored } = dataOf(body);
  const outcome = await context.application.requestCallIn(
    {
      groupName,
      ...(fromNumber !== undefined && { fromNumber }),
      ...(data !== undefined && { userData: data }),
      ...(id !== undefined && { callbackId: id }),
    },
    principal.actor,
  );
  if (!outcome.ok) throw callInRefused(outcome.refusal);
  const wantsCode = body._provide_code;
  if (wantsCode !== undefined && wantsCode !== (outcome.grant.accessCode !== null)) {
    ignored.push({ option: '_provide_code', reason: 'is the setting generateAccessCode of the group' });
  }
  return { ...dialJson(outcome.grant), ...tellIgnored(context, request, ignored) };
}

function dialJson({ id, callbackId, toNumber, accessCode, expiresAtMs }: CallInGrant): {
  _id: string;
  _action: 'DialNumber';
  _label: string;
  _tel_url: string;
  _access_number: string;
  _access_code?: string;
  _expiration_time: string;
} {
  const number = toNumber.startsWith('+') ? toNumber : `+${toNumber}`;
  return {
    _id: callbackId ?? id,
    _action: 'DialNumber',
    _label: number,
    _tel_url: `tel:${number}`,
    _access_number: number,
    ...(accessCode !== null && { _access_code: accessCode }),
    _expiration_time: isoOf(expiresAtMs),
  };
}

const settingByOption: Readonly<Record<string, string>> = {
  _ttl: 'expirySec',
  _booking_expiration_timeout: 'expirySec',
  _access_code_length: 'accessCodeLength',
};

function dataOf(body: Record<string, unknown>): {
  data: Record<string, string> | undefined;
  ignored: IgnoredOption[];
} {
  const others = Object.keys(body).filter((name) => name !== '_id' && !Object.hasOwn(accessFields, name));
  const own = others.filter((name) => !name.startsWith('_'));
  const read = userData.safeParse(Object.fromEntries(own.map((name) => [name, body[name]])));
  if (!read.success) {
    throw new HttpError('VALIDATION_FAILED', "the request's body is not valid", {
      faults: [{ path: 'body', message: 'has too much data' }],
    });
  }
  const ignored = others
    .filter((name) => name.startsWith('_') || !Object.hasOwn(read.data, name))
    .map((name) => {
      const setting = Object.hasOwn(settingByOption, name) ? settingByOption[name] : undefined;
      return {
        option: name.slice(0, 64),
        reason: setting === undefined ? 'is not supported' : `is the setting ${setting} of the group`,
      };
    });
  return { data: Object.keys(read.data).length > 0 ? read.data : undefined, ignored };
}

const matchBody = z.object(
  {
    _access_number: asText(32).describe('The number dialled'),
    _access_code: maybeText(scalar.pipe(textUpTo(12))).describe('Needed where the request has a code'),
    _phone_number: maybeText(scalar.pipe(textUpTo(32))).describe('The number called from'),
  },
  { error: 'must be an object' },
);

function addMatch(server: Server, context: RouteContext): void {
  const { callIns, clock } = context;
  const guard = new CodeGuard(clock, groupLimit);
  server.route({
    method: 'POST',
    url: '/service/match-interaction',
    config: { ...gmsStaffConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Find the request that a call belongs to',
      description:
        'Tells and changes nothing: the call itself takes the request when its flow matches it. After 100 ' +
        'wrong ones in ten minutes a key is refused for two.',
      body: matchBody,
      response: {
        200: z.looseObject({ _id: z.string(), _access_number: z.string(), _expiration_time: z.string() }),
        ...gmsErrorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      if (!guard.mayTry(principal.key)) limit(groupLimit.lockMs / 1000);
      const digits = digitsOf(request.body._access_number);
      const { _access_code: code, _phone_number: ani } = request.body;
      const candidates = await callIns.candidates({
        dialled: digits,
        ...(code !== undefined && { code }),
        ...(ani !== undefined && { ani: `+${digitsOf(ani)}` }),
      });
      const found = candidates.find(
        (callIn) =>
          stateAt(callIn, clock.nowMs()) === 'WAITING' &&
          mayRead(context, principal, callIn) &&
          digitsOf(callIn.toNumber) === digits &&
          isKnown(callIn, request.body),
      );
      if (!found) {
        guard.wrong(principal.key);
        throw new HttpError('NOT_FOUND', 'no request belongs to this call');
      }
      return {
        ...found.userData,
        _id: found.callbackId ?? found.id,
        _access_number: found.toNumber,
        _expiration_time: isoOf(found.expiresAtMs),
      };
    },
  });
}

/** By its code where it has one, else by the number called from. */
function isKnown(
  callIn: CallIn,
  { _access_code: code, _phone_number: ani }: z.output<typeof matchBody>,
): boolean {
  if (callIn.accessCode !== null) return callIn.accessCode === code;
  return callIn.fromNumber !== null && ani !== undefined && digitsOf(callIn.fromNumber) === digitsOf(ani);
}

function mayRead({ provisioning }: RouteContext, principal: Principal, { groupName }: CallIn): boolean {
  if (principal.queues === null) return true;
  const group = provisioning.callInGroups().find(({ name }) => name === groupName);
  return group !== undefined && mayReadQueue(principal, group.queue);
}

const idParams = z.object({ id: text(128) });

function addConnect(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/service/:id/connect',
    config: { ...gmsDataConfig, audit: 'none', takesNumber: true },
    schema: {
      tags,
      summary: 'Tell the customer of a callback which number to dial',
      params: idParams,
      body: z.looseObject(accessFields, { error: 'must be an object' }).nullish(),
      response: { 200: dialAnswer, ...gmsErrorAnswers },
    },
    handler: (request) => grant(context, request, request.body ?? {}, request.params.id),
  });
}
