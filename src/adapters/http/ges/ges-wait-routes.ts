import { z } from 'zod';
import type { WaitEstimatorName } from '../../../callback/queue-settings.ts';
import type { WaitEstimate, WaitUnknown } from '../../../queue/wait-estimator.ts';
import { mayReadQueue } from '../access-rules.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { flag, rule } from './ges-fields.ts';

/** Queues asked about in one request; bounds its work. */
const QUEUES_MAX = 50;

/** The estimator behind each mode; docs/genesys-compatibility.md says why. */
const estimatorByMode: Readonly<Record<'mode1' | 'mode2' | 'mode3', WaitEstimatorName>> = {
  mode1: 'urs',
  mode2: 'urs2',
  mode3: 'queue-length',
};

const results: Readonly<Record<WaitUnknown, { resultCode: number; message: string }>> = {
  'no-departures-yet': { resultCode: -1, message: 'nobody has left this queue for an agent yet' },
  'no-agent-serving': { resultCode: -2, message: 'no agent who serves this queue is ready or at work' },
};

const query = z.object({
  'virtual-queues': z
    .string({ error: rule('must be names separated by commas') })
    .max(8192, 'must have at most 8192 characters')
    .transform((names) =>
      [...new Set(names.split(',').map((name) => name.trim()))].filter((name) => name !== ''),
    )
    .pipe(
      z
        .array(z.string())
        .min(1, 'must name a virtual queue')
        .max(QUEUES_MAX, `must name at most ${QUEUES_MAX} virtual queues`),
    )
    .describe('Names, separated by commas'),
  mode: z
    .enum(['mode1', 'mode2', 'mode3'], { error: 'must be mode1, mode2 or mode3' })
    .default('mode2')
    .describe('mode1: by departures; mode2: by agents; mode3: by agents and abandonment'),
  'include-calls-on-hold': flag.optional().describe('Calls and callbacks count alike, whatever is said here'),
});

/** GET /estimated-wait-time. */
export function addGesWaitRoutes(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/estimated-wait-time',
    config: gesConfig,
    schema: {
      tags: ['Genesys-compatible: queues'],
      summary: 'Estimate the wait in virtual queues',
      querystring: query,
      response: {
        200: gesAnswerSchema(
          z.array(
            z.object({
              virtualQueue: z.string(),
              estimatedWaitTime: z.number().describe('Seconds; -1 when nothing can be known'),
              message: z.string().optional().describe('Why nothing can be known'),
              resultCode: z.int().describe('0; -1: nobody served yet; -2: no agent ready or at work'),
            }),
          ),
          [{ virtualQueue: 'billing', estimatedWaitTime: 95, resultCode: 0 }],
        ),
        ...gesErrorAnswers,
      },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const { mode, 'virtual-queues': names } = request.query;
      const estimator = estimatorByMode[mode];
      const data = names.map((virtualQueue) => {
        const found = namesOf(virtualQueue)
          .filter((queue) => mayReadQueue(principal, queue))
          .map((queue) => application.estimateWait(queue, { estimator }))
          .find((wait) => wait !== undefined);
        if (!found) throw unknownQueue(virtualQueue);
        return { virtualQueue, ...waitJson(found) };
      });
      return successful(request, data);
    },
  });
}

/** The views under which a queue is reported (`support_VQ_CB`) are one line with it. */
function namesOf(virtualQueue: string): string[] {
  return [virtualQueue, virtualQueue.replace(/_VQ_CB(?:_OUT)?$/, '')];
}

function waitJson({ sec, unknown }: WaitEstimate): {
  estimatedWaitTime: number;
  resultCode: number;
  message?: string;
} {
  return { estimatedWaitTime: sec, ...(unknown === null ? { resultCode: 0 } : results[unknown]) };
}

function unknownQueue(name: string): HttpError {
  return new HttpError('UNKNOWN_QUEUE', 'there is no such virtual queue', {
    faults: [{ path: 'virtual-queues', message: 'is not configured', value: name }],
  });
}
