import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { gmsErrorAnswer } from './gms-answers.ts';
import { parseGmsBodies } from './gms-bodies.ts';
import { addGmsAdminRoutes } from './gms-admin-routes.ts';
import { addGmsCalendarRoutes } from './gms-calendar-routes.ts';
import { addGmsCallInRoutes } from './gms-call-in-routes.ts';
import { addGmsCallbackRoutes } from './gms-callback-routes.ts';
import { addGmsDialogRoutes } from './gms-dialog-routes.ts';
import { addGmsPositionRoutes, addGmsQueryRoutes } from './gms-query-routes.ts';
import { addGmsServiceStorageRoutes } from './gms-service-storage-routes.ts';
import { addGmsStorageRoutes } from './gms-storage-routes.ts';
import { addGmsSlotRoutes, addGmsSlotRoutes2 } from './gms-slot-routes.ts';
import { addGmsWaitRoutes, addGmsWaitRoutes2 } from './gms-wait-routes.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const additions = {
  1: [
    addGmsCallbackRoutes,
    addGmsQueryRoutes,
    addGmsSlotRoutes,
    addGmsPositionRoutes,
    addGmsCallInRoutes,
    addGmsDialogRoutes,
    addGmsWaitRoutes,
    addGmsCalendarRoutes,
    addGmsAdminRoutes,
    addGmsStorageRoutes,
    addGmsServiceStorageRoutes,
  ],
  2: [addGmsSlotRoutes2, addGmsWaitRoutes2],
} as const;

/** The GMS-compatible API; to be registered under `/genesys/1` and `/genesys/2`, each in its own scope. */
export function addGmsRoutes(server: Server, context: RouteContext, version: 1 | 2): void {
  parseGmsBodies(server);
  for (const add of additions[version]) add(server, context);
  // Whatever is asked for below this address gets an error in this API's shape.
  server.route({
    method: [...METHODS],
    url: '/*',
    config: { access: 'public', errorAnswer: gmsErrorAnswer },
    schema: { hide: true },
    handler: () => {
      throw new HttpError('ROUTE_NOT_FOUND', 'there is nothing at this address with this method');
    },
  });
}
