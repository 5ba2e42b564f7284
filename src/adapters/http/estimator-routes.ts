import { z } from 'zod';
import { waitEstimators } from '../../callback/queue-settings.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import { errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { checkQueue } from './queue-access.ts';
import { principalOf } from './request-guard.ts';

const estimator = z.enum(waitEstimators);
const seconds = z.number().describe('Seconds; -1 when nothing can be known');

const queueWaitSchema = z.object({
  name: z.string(),
  estimator: estimator.describe('The estimator whose word is given'),
  nextPosition: z.int().describe('Position somebody who would join now would have'),
  ewt: z.object({
    sec: seconds,
    lowSec: seconds.describe('Eight waits of ten should end between the two'),
    highSec: seconds,
    unknown: z.enum(['no-agent-serving', 'no-departures-yet']).nullable().describe('Why it is -1'),
  }),
  scores: z.array(
    z.object({
      estimator,
      scoredCount: z.int(),
      biasSec: z.number().nullable().describe('Mean of estimate - wait'),
      rmseSec: z.number().nullable(),
      coverage: z.number().nullable().describe('Share of waits inside the range told at entry'),
    }),
  ),
  virtualQueues: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['inbound', 'callback', 'outbound']),
      waitingCount: z.int(),
      longestWaitSec: z.number(),
    }),
  ),
  watermark: z.int().describe('Callbacks that wait in the line or are being executed'),
});

/** GET /queues/{name}/estimators. */
export function addEstimatorRoutes(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/queues/:name/estimators',
    config: { access: 'readQueues' },
    schema: {
      tags: ['Queues'],
      summary: 'How the waits of a queue are estimated, and how well',
      description:
        'Every estimator predicts each wait at its beginning and is held to what happened: bias, root ' +
        'mean square error, share of waits inside the range. Also the line as three virtual queues.',
      params: z.strictObject({ name: askedQueueSchema }),
      response: { 200: queueWaitSchema, ...errorAnswers },
    },
    handler: (request) => {
      checkQueue(principalOf(request), request.params.name);
      const view = application.queueWaits(request.params.name);
      if (!view) throw new HttpError('NOT_FOUND', 'there is no such queue');
      return {
        ...view,
        ewt: { ...view.ewt },
        scores: view.scores.map((score) => ({ ...score })),
        virtualQueues: view.virtualQueues.map((queue) => ({ ...queue })),
      };
    },
  });
}
