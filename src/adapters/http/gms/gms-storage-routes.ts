import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { text } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gmsErrorAnswers } from './gms-answers.ts';
import { tellIgnored } from './gms-options.ts';
import {
  empty,
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
import { customAreaId, gmsUserOf, putValues, readTtl, valuesOf } from './storage-areas.ts';
import { areaLimits, type StorageArea } from './storage-area-store.ts';

const areaParams = z.object({ id: text(128) });
const valueParams = areaParams.extend({ key: storageKey });
const customHeaders = z.object({
  gms_user: z.string({ error: 'is required' }).describe('Whose: a name counts for one user of one key'),
});
const customParams = z.object({ customId: text(128) });
const customValueParams = customParams.extend({ key: storageKey });

/** Values kept for a time: /storage and /storage/custom. */
export function addGmsStorageRoutes(server: Server, context: RouteContext): void {
  addPlainPuts(server, context);
  addPlainReads(server, context);
  addPlainRemovals(server, context);
  addCustom(server, context);
  addCustomRemovals(server, context);
}

const ttlNote =
  `\`ttl\` in seconds, ${areaLimits.ttlSecMax} at most; what is no whole number from 1 counts as ` +
  `${areaLimits.ttlSecDefault} and is named in \`_ignored_options\`. What the key and \`gms_user\` of its ` +
  'making did not make is not found.';

function addPlainPuts(server: Server, context: RouteContext): void {
  const { clock, ids } = context;
  const put = async (
    request: FastifyRequest,
    area: Omit<StorageArea, 'expiresAtMs'>,
    ttl: string,
  ): Promise<z.output<typeof storedAnswer>> => {
    const { ttlSec, ignored } = readTtl(ttl);
    const values = valuesOf((request.body ?? {}) as Record<string, unknown>);
    await putValues(context, { ...area, expiresAtMs: clock.nowMs() + ttlSec * 1000 }, values);
    return { id: area.id, ...tellIgnored(context, request, ignored) };
  };
  server.route({
    method: 'POST',
    url: '/storage/:ttl',
    bodyLimit: areaLimits.bodyBytesMax,
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Keep values for a time',
      description: ttlNote,
      params: z.object({ ttl: text(32) }),
      body: valuesBody,
      response: { 200: storedAnswer, ...gmsErrorAnswers },
    },
    handler: (request) => {
      const area = { id: ids.next('storage'), owner: principalOf(request).key, gmsUser: gmsUserOf(request) };
      return put(request, area, request.params.ttl);
    },
  });
  server.route({
    method: 'POST',
    url: '/storage/:id/:ttl',
    bodyLimit: areaLimits.bodyBytesMax,
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Change values, and for how long they are kept',
      description: `Values of other keys stay. ${ttlNote}`,
      params: z.object({ id: text(128), ttl: text(32) }),
      body: valuesBody,
      response: { 200: storedAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { id, ttl } = request.params;
      return put(request, await ownArea(context, request, id), ttl);
    },
  });
  server.route({
    method: 'POST',
    url: '/storage/custom/:customId/:ttl',
    bodyLimit: areaLimits.bodyBytesMax,
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Keep values under a name of your own, or change them',
      description: `Needs the header \`gms_user\`: a name counts for one user of one key. ${ttlNote}`,
      params: customParams.extend({ ttl: text(32) }),
      headers: customHeaders,
      body: valuesBody,
      response: { 200: storedAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { customId, ttl } = request.params;
      const answer = await put(request, customArea(request, customId), ttl);
      return { ...answer, id: customId };
    },
  });
}

function addPlainReads(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/storage/:id',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Read the values of an area',
      params: areaParams,
      response: { 200: valuesAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { id } = await ownArea(context, request, request.params.id);
      return await valuesJson(context, id, `/genesys/1/storage/binary/${id}/`);
    },
  });
  for (const url of ['/storage/:id/:key', '/storage/binary/:id/:key'] as const) {
    server.route({
      method: 'GET',
      url,
      config: storageConfig,
      schema: {
        tags: storageTags,
        summary: 'Read one value',
        params: valueParams,
        response: { 200: rawAnswer, ...gmsErrorAnswers },
      },
      handler: async (request, reply) => {
        const { id } = await ownArea(context, request, request.params.id);
        return await sendValue(context, reply, id, request.params.key);
      },
    });
  }
}

function addPlainRemovals(server: Server, context: RouteContext): void {
  server.route({
    method: 'DELETE',
    url: '/storage/:id',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Delete an area',
      params: areaParams,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await ownArea(context, request, request.params.id);
      await context.areas.removeArea(id);
      return empty(reply);
    },
  });
  server.route({
    method: 'DELETE',
    url: '/storage/:id/:key',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Delete one value',
      params: valueParams,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await ownArea(context, request, request.params.id);
      return await removeValue(context, reply, id, request.params.key);
    },
  });
}

function addCustom(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/storage/custom/:customId',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Read the values under a name of your own',
      params: customParams,
      headers: customHeaders,
      response: { 200: valuesAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { customId } = request.params;
      const { id } = await ownCustomArea(context, request, customId);
      return await valuesJson(context, id, `/genesys/1/storage/custom/${encodeURIComponent(customId)}/`);
    },
  });
  server.route({
    method: 'GET',
    url: '/storage/custom/:customId/:key',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Read one value under a name of your own',
      params: customValueParams,
      headers: customHeaders,
      response: { 200: rawAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await ownCustomArea(context, request, request.params.customId);
      return await sendValue(context, reply, id, request.params.key);
    },
  });
}

function addCustomRemovals(server: Server, context: RouteContext): void {
  server.route({
    method: 'DELETE',
    url: '/storage/custom/:customId',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Delete the values under a name of your own',
      params: customParams,
      headers: customHeaders,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      await context.areas.removeArea((await ownCustomArea(context, request, request.params.customId)).id);
      return empty(reply);
    },
  });
  server.route({
    method: 'DELETE',
    url: '/storage/custom/:customId/:key',
    config: storageConfig,
    schema: {
      tags: storageTags,
      summary: 'Delete one value under a name of your own',
      params: customValueParams,
      headers: customHeaders,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await ownCustomArea(context, request, request.params.customId);
      return await removeValue(context, reply, id, request.params.key);
    },
  });
}

/** Throws NOT_FOUND for what another key, or another `gms_user`, has made. */
async function ownArea(
  { areas, clock }: RouteContext,
  request: FastifyRequest,
  id: string,
): Promise<StorageArea> {
  const found = await areas.findArea(id, clock.nowMs());
  const isOwn = found?.owner === principalOf(request).key && !found.id.startsWith('callback:');
  if (!found || !isOwn || (found.gmsUser !== null && found.gmsUser !== gmsUserOf(request))) {
    throw new HttpError('NOT_FOUND', 'there is nothing stored under this id');
  }
  return found;
}

function ownCustomArea(
  context: RouteContext,
  request: FastifyRequest,
  customId: string,
): Promise<StorageArea> {
  return ownArea(context, request, customArea(request, customId).id);
}

function customArea(request: FastifyRequest, customId: string): Omit<StorageArea, 'expiresAtMs'> {
  const owner = principalOf(request).key;
  const gmsUser = gmsUserOf(request);
  if (gmsUser === null) {
    throw new HttpError('VALIDATION_FAILED', "the request's headers are not valid", {
      faults: [{ path: 'gms_user', message: 'is required' }],
    });
  }
  return { id: customAreaId(owner, gmsUser, customId), owner, gmsUser };
}
