import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { gesErrorAnswer } from './ges-answers.ts';
import { addGesCallInRoutes } from './ges-call-in-routes.ts';
import { addGesCaptchaRoutes, askForCaptcha } from './ges-captcha.ts';
import { addGesCallbackRoutes } from './ges-callback-routes.ts';
import { addGesChangeRoutes } from './ges-change-routes.ts';
import { parseJsonBodies } from './ges-json.ts';
import { addGesQueryRoutes } from './ges-query-routes.ts';
import { addGesSlotRoutes } from './ges-slot-routes.ts';
import { addGesStatisticsRoutes } from './ges-statistics-routes.ts';
import { addGesWaitRoutes } from './ges-wait-routes.ts';
import { speakUuids } from './uuid-ids.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The Genesys-compatible API; to be registered under `/engagement/v3` in a scope of its own. */
export function addGesRoutes(server: Server, context: RouteContext): void {
  parseJsonBodies(server);
  speakUuids(server);
  askForCaptcha(server, context);
  for (const add of additions) add(server, context);
  // Whatever is asked for below this address gets an error in this API's envelope.
  server.route({
    method: [...METHODS],
    url: '/*',
    config: { access: 'public', errorAnswer: gesErrorAnswer },
    schema: { hide: true },
    handler: () => {
      throw new HttpError('ROUTE_NOT_FOUND', 'there is nothing at this address with this method');
    },
  });
}

const additions = [
  addGesCallbackRoutes,
  addGesChangeRoutes,
  addGesQueryRoutes,
  addGesSlotRoutes,
  addGesWaitRoutes,
  addGesCallInRoutes,
  addGesStatisticsRoutes,
  addGesCaptchaRoutes,
];
