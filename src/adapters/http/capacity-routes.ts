import { z } from 'zod';
import { capacityRuleSchema, convertCapacity } from '../../calendar/capacity-rule.ts';
import { errorAnswers } from './api-schemas.ts';
import { readableQueues } from './access-rules.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { principalOf } from './request-guard.ts';

const { statement, exceptions } = capacityRuleSchema.shape;
const ruleSchema = z.object({
  name: z.string(),
  statement,
  exceptions,
  queues: z.array(z.string()).describe('It cannot be removed while there are any'),
});
const lengthSchema = z
  .enum(['60', '30'])
  .optional()
  .describe(
    'Show statements in cells of this many minutes. Half hours to hours keeps the value of the full hour, ' +
      'hours to half hours puts the value into both halves',
  );

/** GET /capacity-rules. */
export function addCapacityRoutes(server: Server, { provisioning }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/capacity-rules',
    config: { access: 'readSettings' },
    schema: {
      tags: ['Capacity rules'],
      summary: 'List capacity rules with the queues they are assigned to',
      description: 'docs/slots.md explains what a rule says.',
      querystring: z.strictObject({ duration: lengthSchema }),
      response: { 200: z.object({ items: z.array(ruleSchema) }), ...errorAnswers },
    },
    handler: (request) => {
      const { duration } = request.query;
      return {
        items: provisioning.capacityRules().map((rule) => ({
          ...rule,
          statement:
            duration === undefined
              ? rule.statement
              : convertCapacity(rule.statement, duration === '60' ? 60 : 30),
          queues: readableQueues(principalOf(request), rule.queues),
        })),
      };
    },
  });
}
