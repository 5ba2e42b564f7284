import { z } from 'zod';
import type { WaitEstimatorName } from '../../../callback/queue-settings.ts';
import { mayReadQueue } from '../access-rules.ts';
import { serviceName as name, withoutEmptyParameters } from '../ges/ges-fields.ts';
import { unknownService } from '../ges/ges-slot-routes.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { gmsConfig, gmsErrorAnswers } from './gms-answers.ts';

const tags = ['Genesys-compatible: GMS queues'];

/** The estimator behind each name; docs/genesys-compatibility.md says why. */
const estimators = {
  urs: 'urs',
  urs2: 'urs2',
  stat: 'queue-length',
  ewt1: 'urs',
  ewt2: 'urs2',
  ewt3: 'queue-length',
} as const satisfies Record<string, WaitEstimatorName>;

const answer = z.object({
  name: z.string(),
  ewt: z.number().describe('Seconds; -1 when nothing can be known'),
  pos: z.int().describe('Place of somebody who would join now'),
  calls: z.int().describe('Calls and callbacks in the line'),
});

/** GET /service/ewt-for-vq and /service/urs-stat of `/genesys/1`. */
export function addGmsWaitRoutes(server: Server, context: RouteContext): void {
  for (const service of ['ewt-for-vq', 'urs-stat']) {
    server.route({
      method: 'GET',
      url: `/service/${service}`,
      config: gmsConfig,
      preValidation: withoutEmptyParameters,
      schema: {
        tags,
        summary: 'Estimate the wait in a virtual queue',
        querystring: z.object({
          name,
          aqt: z
            .enum(['urs', 'urs2', 'stat'], { error: 'must be urs, urs2 or stat' })
            .default('urs')
            .describe('urs: by departures; urs2: by agents; stat: by agents and abandonment'),
        }),
        response: { 200: answer, ...gmsErrorAnswers },
      },
      handler: (request) => waitOf(context, principalOf(request), request.query.name, request.query.aqt),
    });
  }
}

/** GET /ewt of `/genesys/2`. */
export function addGmsWaitRoutes2(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/ewt',
    config: gmsConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags,
      summary: 'Estimate the wait in a virtual queue',
      querystring: z.object({
        name,
        mode: z
          .enum(['ewt1', 'ewt2', 'ewt3'], { error: 'must be ewt1, ewt2 or ewt3' })
          .default('ewt2')
          .describe('ewt1: by departures; ewt2: by agents; ewt3: by agents and abandonment'),
      }),
      response: { 200: answer, ...gmsErrorAnswers },
    },
    handler: (request) => waitOf(context, principalOf(request), request.query.name, request.query.mode),
  });
}

function waitOf(
  { application }: RouteContext,
  principal: Parameters<typeof mayReadQueue>[0],
  queueName: string,
  mode: keyof typeof estimators,
): z.output<typeof answer> {
  const queue = application
    .queues()
    .find((known) => known.name === queueName && mayReadQueue(principal, queueName));
  const wait = queue && application.estimateWait(queueName, { estimator: estimators[mode] });
  if (!queue || !wait) throw unknownService(queueName);
  return {
    name: queueName,
    ewt: wait.sec,
    pos: queue.nextPosition,
    calls: queue.waitingCallCount + queue.waitingCallbackCount,
  };
}
