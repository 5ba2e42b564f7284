import { z } from 'zod';
import type { WaitEstimatorName } from '../../../callback/queue-settings.ts';
import type { WaitEstimate, WaitUnknown } from '../../../queue/wait-estimator.ts';
import { mayReadQueue } from '../access-rules.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { flag, rule, withoutEmptyParameters } from './ges-fields.ts';

/** Queues asked about in one request; bounds its work. */
const QUEUES_MAX = 50;

/** The estimator behind each mode; docs/genesys-compatibility.md says why. */
const estimatorByMode: Readonly<Record<'mode1' | 'mode2' | 'mode3', WaitEstimatorName>> = {
  mode1: 'urs',
  mode2: 'urs2',
  mode3: 'queue-length',
};

/** Of a queue that is not configured, or not readable: in it, too, nobody has been served yet. */
const noSuchQueue = {
  estimatedWaitTime: -1,
  resultCode: -1,
  message: 'there is no such virtual queue',
} as const;

const results: Readonly<Record<WaitUnknown, { resultCode: number; message: string }>> = {
  'no-departures-yet': { resultCode: -1, message: 'nobody has left this queue for an agent yet' },
  'no-agent-serving': { resultCode: -2, message: 'no agent who serves this queue is logged in' },
};

const query = z.object({
  'virtual-queues': z
    .string({ error: rule('must be names separated by commas') })
    .max(8192, 'must have at most 8192 characters')
    .transform((names) =>
      [
        ...new Set(
          names
            .normalize('NFC')
            .split(',')
            .map((name) => name.trim()),
        ),
      ].filter((name) => name !== ''),
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
    preValidation: withoutEmptyParameters,
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
              resultCode: z
                .int()
                .describe('0; -1: nobody served yet, or no such queue; -2: no agent logged in'),
            }),
          ),
          [{ virtualQueue: 'support', estimatedWaitTime: 95, resultCode: 0 }],
        ),
        ...gesErrorAnswers,
      },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const { mode, 'virtual-queues': names } = request.query;
      const estimator = estimatorByMode[mode];
      const waits = names.map((virtualQueue) =>
        namesOf(virtualQueue)
          .filter((queue) => mayReadQueue(principal, queue))
          .map((queue) => application.estimateWait(queue, { estimator }))
          .find((wait) => wait !== undefined),
      );
      // A page that shows several lines loses one of them; a request that finds none has a mistake in it.
      if (waits.every((wait) => wait === undefined)) throw unknownQueues(names);
      const data = names.map((virtualQueue, index) => {
        const wait = waits[index];
        return { virtualQueue, ...(wait ? waitJson(wait) : noSuchQueue) };
      });
      return successful(request, data);
    },
  });
}

/** What the field puts behind a service's name for its inbound, callback and outbound line. */
const LINE_SUFFIXES = ['', '_VQ', '_VQ_CB', '_VQ_CB_OUT'];

/** Names that may be meant, the best first: lines of one service, which are one line here. */
function namesOf(virtualQueue: string): string[] {
  const service = virtualQueue.replace(/_VQ(?:_CB(?:_OUT)?)?$/, '');
  if (service === virtualQueue) return [virtualQueue];
  return [virtualQueue, ...LINE_SUFFIXES.map((suffix) => `${service}${suffix}`)];
}

function waitJson({ sec, unknown }: WaitEstimate): {
  estimatedWaitTime: number;
  resultCode: number;
  message?: string;
} {
  return { estimatedWaitTime: sec, ...(unknown === null ? { resultCode: 0 } : results[unknown]) };
}

function unknownQueues(names: readonly string[]): HttpError {
  return new HttpError('UNKNOWN_QUEUE', 'there is no such virtual queue', {
    faults: names.map((value) => ({ path: 'virtual-queues', message: 'is not configured', value })),
  });
}
