import { expect, it } from 'vitest';
import { z } from 'zod';
import { gesCounter } from '../../fakes/ges-counter.ts';
import { closeFixtures } from '../../unit/http/http-fixture.ts';

closeFixtures();

const media = z.object({ 'application/json': z.looseObject({ example: z.object({ status: z.unknown() }) }) });
const operationSchema = z.looseObject({
  security: z.tuple([z.strictObject({ apiKey: z.array(z.string()).length(0) })]),
  'x-scope': z.literal('ges'),
  requestBody: z
    .object({
      content: z.object({
        'application/json': z.object({
          examples: z.object({ example: z.object({ value: z.record(z.string(), z.unknown()) }) }),
        }),
      }),
    })
    .optional(),
  responses: z.object({ 200: z.object({ content: media }), default: z.object({ content: media }) }),
});

it('says which operations of the v3 API answer 404: those that name a callback', async () => {
  const { fixture } = await gesCounter();
  const { paths } = (await fixture.ask('GET', '/api/openapi.json')).json();
  const withMissing = Object.entries<object>(paths)
    .filter(([path]) => path.startsWith('/engagement/v3/'))
    .filter(([, operations]) => Object.values(operations).some(({ responses }) => '404' in responses))
    .map(([path]) => path.replace('/engagement/v3', ''));
  expect(withMissing.sort()).toEqual([
    '/call-in/requests/create',
    '/callbacks/cancel',
    '/callbacks/recreate',
    '/callbacks/reschedule',
    '/callbacks/retrieve',
  ]);
});

it('describes every operation of the v3 API with examples, and takes those of its bodies', async () => {
  const { fixture, post } = await gesCounter({ name: 'support' });
  const { paths } = (await fixture.ask('GET', '/api/openapi.json')).json();
  const own = Object.entries<object>(paths).filter(([path]) => path.startsWith('/engagement/v3/'));
  expect(own.map(([path]) => path.replace('/engagement/v3', '')).sort()).toEqual([
    '/call-in/requests/create',
    '/callbacks/availability/{serviceName}',
    '/callbacks/bulk-cancel',
    '/callbacks/cancel',
    '/callbacks/create',
    '/callbacks/open-for/{serviceName}',
    '/callbacks/query',
    '/callbacks/queue-status/{queueName}',
    '/callbacks/queues/{queueName}',
    '/callbacks/recreate',
    '/callbacks/reschedule',
    '/callbacks/retrieve',
    '/captcha/verify',
    '/estimated-wait-time',
    '/statistics/operations/get-statistic-ex',
  ]);
  for (const [path, operations] of own) {
    for (const [method, operation] of Object.entries(operations)) {
      const read = operationSchema.safeParse(operation);
      expect([path, read.error?.issues ?? []]).toEqual([path, []]);
      const example = read.data?.requestBody?.content['application/json'].examples.example.value;
      expect([path, example !== undefined]).toEqual([path, method === 'post']);
      if (example === undefined || path.endsWith('/captcha/verify')) continue;
      const answer = await post(path.replace('/engagement/v3', ''), example);
      expect([path, answer.json().status.code === 40_001]).toEqual([path, false]);
    }
  }
});
