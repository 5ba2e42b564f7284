import { z } from 'zod';
import { callbackIdSchema, errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { checkCallback } from './queue-access.ts';
import { principalOf } from './request-guard.ts';

const replaySchema = z.union([
  z.object({ kind: z.literal('same'), eventCount: z.int() }),
  z.object({
    kind: z.literal('differs'),
    event: z.int().describe('1 for the first; one more than there are for what only the record shows'),
    eventKind: z.string(),
    atMs: z.int(),
    field: z.string(),
    recorded: z.unknown(),
    replayed: z.unknown(),
  }),
  z.object({ kind: z.literal('incomplete'), message: z.string() }),
]);

/** GET /callbacks/{id}/replay. */
export function addReplayRoutes(server: Server, { application, replay }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/callbacks/:id/replay',
    config: { access: 'readCallbacks' },
    schema: {
      tags: ['Callbacks'],
      summary: "Run a callback's recorded history through the machine again",
      description:
        'Each event by the settings of its time. `same`: the machine ends in the recorded state; `differs`: the first difference.',
      params: z.strictObject({ id: callbackIdSchema }),
      response: { 200: replaySchema, ...errorAnswers },
    },
    handler: async (request) => {
      const { id } = request.params;
      await checkCallback(application, principalOf(request), id);
      const outcome = await replay(id);
      if (!outcome) throw new HttpError('NOT_FOUND', `there is no callback ${id}`);
      return outcome;
    },
  });
}
