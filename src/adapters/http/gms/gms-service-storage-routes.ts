import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readableCallback } from '../ges/ges-callback-routes.ts';
import { text } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { gmsErrorAnswers } from './gms-answers.ts';
import {
  emptyAnswer,
  rawAnswer,
  removeValue,
  sendValue,
  storageConfig,
  storageKey,
  storageTags,
  storedAnswer,
  valuesAnswer,
  valuesBody,
  valuesJson,
} from './gms-storage-answers.ts';
import { callbackArea, putValues, valuesOf } from './storage-areas.ts';
import { areaLimits, type StorageArea } from './storage-area-store.ts';

const callbackParams = z.object({ id: text(128).describe("A callback's id") });

/** /service/{id}/storage: values kept with a callback. */
export function addGmsServiceStorageRoutes(server: Server, context: RouteContext): void {
  const areaOf = async (request: FastifyRequest, id: string): Promise<StorageArea> => {
    const principal = principalOf(request);
    return callbackArea(await readableCallback(context, principal, id), principal);
  };
  server.route({
    method: 'POST',
    url: '/service/:id/storage',
    bodyLimit: areaLimits.bodyBytesMax,
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Keep values with a callback',
      description: "As long as its record. Data given at the start stay as they are on the agent's screen.",
      params: callbackParams,
      body: valuesBody,
      response: { 200: storedAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { id } = request.params;
      await putValues(context, await areaOf(request, id), valuesOf(request.body));
      return { id };
    },
  });
  server.route({
    method: 'GET',
    url: '/service/:id/storage',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Read the data of a callback and the values kept with it',
      params: callbackParams,
      response: { 200: valuesAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const found = await readableCallback(context, principalOf(request), request.params.id);
      const path = `/genesys/1/service/${found.id}/storage/binary/`;
      const { id } = callbackArea(found, principalOf(request));
      return { ...found.userData, ...(await valuesJson(context, id, path)) };
    },
  });
  addOneOfCallback(server, context, areaOf);
}

function addOneOfCallback(
  server: Server,
  context: RouteContext,
  areaOf: (request: FastifyRequest, id: string) => Promise<StorageArea>,
): void {
  const params = callbackParams.extend({ key: storageKey });
  for (const url of ['/service/:id/storage/:key', '/service/:id/storage/binary/:key'] as const) {
    server.route({
      method: 'GET',
      url,
      config: storageConfig,
      schema: {
        tags: storageTags,
        summary: 'Read one value of a callback',
        params,
        response: { 200: rawAnswer, ...gmsErrorAnswers },
      },
      handler: async (request, reply) => {
        const found = await readableCallback(context, principalOf(request), request.params.id);
        const { id } = callbackArea(found, principalOf(request));
        const given = Object.hasOwn(found.userData, request.params.key)
          ? found.userData[request.params.key]
          : undefined;
        return await sendValue(context, reply, id, request.params.key, given);
      },
    });
  }
  server.route({
    method: 'DELETE',
    url: '/service/:id/storage/:key',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Delete a value kept with a callback',
      params,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await areaOf(request, request.params.id);
      return await removeValue(context, reply, id, request.params.key);
    },
  });
}
