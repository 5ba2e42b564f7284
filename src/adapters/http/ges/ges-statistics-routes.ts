import { z } from 'zod';
import type { QueueView } from '../../../application/application.ts';
import type { QueueWaitView } from '../../../application/queue-wait-view.ts';
import { mayReadQueue } from '../access-rules.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { bodyOf, maybe, requestExample, rule, serviceName } from './ges-fields.ts';

/** Statistics asked for in one request. */
const STATISTICS_MAX = 200;
/** Figures of one answer where nothing in particular is asked for. */
const FIGURES_MAX = 2000;

type Figure = (queue: QueueView, waits: QueueWaitView) => number;

const longestWaitSec =
  (kind: 'inbound' | 'callback'): Figure =>
  (_, { virtualQueues }) =>
    virtualQueues.find((view) => view.kind === kind)?.longestWaitSec ?? 0;

/** The statistics of a queue by name. */
const figures: Readonly<Record<string, Figure>> = {
  CurrNumberWaitingCalls: (queue) => queue.waitingCallCount,
  CurrMaxCallWaitingTime: longestWaitSec('inbound'),
  CurrNumberWaitingCallbacks: (queue) => queue.waitingCallbackCount,
  CurrMaxCallbackWaitingTime: longestWaitSec('callback'),
  CurrNumberOpenCallbacks: (queue) => queue.openCallbackCount,
  CurrNumberActiveCallbacks: (_, { watermark }) => watermark,
  CurrNumberReadyAgents: (queue) => queue.readyAgentCount,
  CurrNumberLoggedInAgents: (queue) => queue.loggedInAgentCount,
  ExpectedWaitTime: (queue) => queue.ewtSec,
};
const names = Object.keys(figures);
const nameRule = `must be one of ${names.join(', ')}`;
const statisticName = z.enum(names, { error: rule(nameRule) });

const statistic = z
  .strictObject(
    {
      objectId: serviceName,
      objectType: z
        .enum(['Queue', 'VirtualQueue'], { error: rule('must be Queue or VirtualQueue') })
        .describe('Queue or VirtualQueue'),
      name: maybe(statisticName),
      definition: maybe(z.unknown()).describe('Instead of `name`: a statistic by the same names'),
    },
    { error: 'must be {objectId, objectType, name}' },
  )
  .refine(({ name, definition }) => statisticName.safeParse(name ?? definition).success, {
    path: ['name'],
    message: nameRule,
  });

const body = bodyOf({
  data: maybe(
    z.strictObject(
      {
        statistics: z
          .array(statistic, { error: rule('must be a list') })
          .max(STATISTICS_MAX, `must have at most ${STATISTICS_MAX} entries`),
      },
      { error: 'must be {statistics: […]}' },
    ),
  ),
})
  .nullish()
  .meta(
    requestExample({
      data: { statistics: [{ objectId: 'support', objectType: 'Queue', name: 'ExpectedWaitTime' }] },
    }),
  );

const itemSchema = z.object({
  name: z.string(),
  objectId: z.string(),
  objectType: z.string(),
  timestamp: z.int().describe('UTC epoch milliseconds'),
  value: z.number(),
});

/** POST /statistics/operations/get-statistic-ex. */
export function addGesStatisticsRoutes(server: Server, { application, clock }: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/statistics/operations/get-statistic-ex',
    config: { ...gesConfig, audit: 'none' },
    schema: {
      tags: ['Genesys-compatible: queues'],
      summary: 'Figures of queues',
      description:
        'Without a body every figure of every queue that the key may read. Figures are of this moment, ' +
        'whatever age `cache-control` would allow.',
      body,
      response: {
        200: gesAnswerSchema(z.object({ statistics: z.array(itemSchema) }), {
          statistics: [
            {
              name: 'ExpectedWaitTime',
              objectId: 'support',
              objectType: 'Queue',
              timestamp: 1_767_605_400_000,
              value: 95,
            },
          ],
        }),
        ...gesErrorAnswers,
      },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const queues = new Map(
        application
          .queues()
          .filter(({ name }) => mayReadQueue(principal, name))
          .map((queue) => [queue.name, queue] as const),
      );
      const wanted = request.body?.data?.statistics ?? everything(queues.keys());
      const timestamp = clock.nowMs();
      const statistics = wanted.map(({ objectId, objectType, name, definition }, index) => {
        const queue = queues.get(objectId);
        const waits = queue && application.queueWaits(objectId);
        if (!queue || !waits) throw unknownObject(index, objectId);
        const statisticsName = statisticName.parse(name ?? definition);
        const value = figures[statisticsName]?.(queue, waits) ?? 0;
        return { name: statisticsName, objectId, objectType, timestamp, value };
      });
      return successful(request, { statistics });
    },
  });
}

function everything(queues: Iterable<string>): z.output<typeof statistic>[] {
  return [...queues]
    .slice(0, Math.floor(FIGURES_MAX / names.length))
    .flatMap((objectId) =>
      names.map((name) => ({ objectId, objectType: 'Queue' as const, name, definition: undefined })),
    );
}

function unknownObject(index: number, value: string): HttpError {
  return new HttpError('UNKNOWN_QUEUE', 'there is no such queue', {
    faults: [{ path: `data.statistics[${index}].objectId`, message: 'is not configured', value }],
  });
}
