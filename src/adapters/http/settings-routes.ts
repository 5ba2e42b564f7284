import { z } from 'zod';
import { countrySchema } from '../../screening/number-rule.ts';
import { nameSchema } from '../../telephony/directory.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import { errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { readableQueues } from './access-rules.ts';
import { HttpError } from './http-errors.ts';
import { checkNamedQueue, checkQueue } from './queue-access.ts';
import { principalOf } from './request-guard.ts';

const ruleParams = z.strictObject({ name: nameSchema });

const settingsSchema = z.object({
  name: z.string(),
  settings: z.record(
    z.string(),
    z.object({
      value: z.unknown().describe('Null where an optional setting is not set'),
      origin: z.enum(['row', 'defaults', 'built-in']),
    }),
  ),
});
const ruleSchema = z.object({
  name: z.string(),
  countries: z.array(z.string()),
  blockedPatterns: z.array(z.string()),
  queues: z.array(z.string()).describe('It cannot be removed while there are any'),
});
const testSchema = z.object({
  permitted: z.boolean(),
  e164: z.string().nullable().describe('The number as read; null when it cannot be read'),
  country: z.string().nullable(),
  step: z
    .enum(['parse', 'impossible', 'country', 'premium', 'pattern'])
    .nullable()
    .describe('The first step that refused it; later ones were not taken'),
  pattern: z.int().nullable().describe('Number of the pattern that matched, 1 for the first'),
  message: z.string(),
});

/** GET /queues/{name}/settings. */
export function addQueueSettingsRoutes(server: Server, { provisioning }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/queues/:name/settings',
    config: { access: 'readSettings' },
    schema: {
      tags: ['Queues'],
      summary: 'Show what is in force for a queue, and where each value comes from',
      description:
        "`row`: the queue's own row says it; `defaults`: the default row, `queueDefaults`; `built-in`: nobody " +
        'does. docs/settings.md explains every key.',
      params: z.strictObject({ name: askedQueueSchema }),
      response: { 200: settingsSchema, ...errorAnswers },
    },
    handler: (request) => {
      const { name } = request.params;
      checkQueue(principalOf(request), name);
      const settings = provisioning.queueSettings(name);
      if (!settings) throw new HttpError('NOT_FOUND', 'there is no such queue');
      const entries = settings.map(({ key, value, origin }) => [key, { value, origin }] as const);
      return { name, settings: Object.fromEntries(entries) };
    },
  });
}

/** GET /number-rules, POST /number-rules/{name}/test. */
export function addNumberRuleRoutes(server: Server, { provisioning }: RouteContext): void {
  const tags = ['Number rules'];
  server.route({
    method: 'GET',
    url: '/number-rules',
    config: { access: 'readSettings' },
    schema: {
      tags,
      summary: 'List permitted and blocked numbers with the queues they are assigned to',
      response: { 200: z.object({ items: z.array(ruleSchema) }), ...errorAnswers },
    },
    handler: (request) => ({
      items: provisioning.numberRules().map(({ name, countries, blockedPatterns, queues }) => ({
        name,
        countries: [...countries],
        blockedPatterns: [...blockedPatterns],
        queues: readableQueues(principalOf(request), queues),
      })),
    }),
  });
  server.route({
    method: 'POST',
    url: '/number-rules/:name/test',
    config: { access: 'readSettings' },
    schema: {
      tags,
      summary: 'Try a number on a rule',
      description: 'Says which step refuses it: parse, impossible, country, premium or pattern.',
      params: ruleParams,
      body: z.strictObject({
        number: z.string().min(1).max(64).describe('National or international, as typed'),
        queue: askedQueueSchema.optional().describe("Read by this queue's country and what it blocks"),
        country: countrySchema
          .optional()
          .describe("For national numbers; default the queue's, else the rule's first"),
      }),
      response: { 200: testSchema, ...errorAnswers },
    },
    handler: (request) => {
      const { number, queue, country } = request.body;
      if (queue !== undefined) checkNamedQueue(principalOf(request), queue, 'queue');
      const outcome = provisioning.testNumber(request.params.name, {
        number,
        ...(queue !== undefined && { queue }),
        ...(country !== undefined && { country }),
      });
      if (outcome.kind === 'unknown') {
        if (outcome.what === 'rule') throw new HttpError('NOT_FOUND', 'there is no such number rule');
        const fault = { path: 'queue', message: 'is not configured', ...(queue && { value: queue }) };
        throw new HttpError('UNKNOWN_QUEUE', 'there is no such virtual queue', { faults: [fault] });
      }
      const { verdict } = outcome;
      if (verdict.kind === 'permitted') {
        const { e164, country: of } = verdict;
        return { permitted: true, e164, country: of, step: null, pattern: null, message: 'may be called' };
      }
      const { e164, step, pattern, message } = verdict;
      return { permitted: false, e164, country: verdict.country, step, pattern, message };
    },
  });
}
