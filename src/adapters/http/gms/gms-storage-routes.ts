import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readableCallback } from '../ges/ges-callback-routes.ts';
import { text } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gmsDataConfig, gmsErrorAnswers } from './gms-answers.ts';
import { ignoredOptions, tellIgnored } from './gms-options.ts';
import { callbackArea, customAreaId, gmsUserOf, putValues, readTtl, valuesOf } from './storage-areas.ts';
import { areaLimits, type StorageArea, type StoredValue } from './storage-area-store.ts';

const tags = ['Genesys-compatible: GMS storage'];
/** What clients keep here is theirs, and may change many times a second: it is in no audit log. */
const config = { ...gmsDataConfig, takesFiles: true, audit: 'none' } as const;
const key = text(areaLimits.keyCharactersMax);
const areaParams = z.object({ id: text(128) });
const valueParams = areaParams.extend({ key });
const customHeaders = z.object({
  gms_user: z.string({ error: 'is required' }).describe('Whose: a name counts for one user of one key'),
});
const customParams = z.object({ customId: text(128) });
const callbackParams = z.object({ id: text(128).describe("A callback's id") });

const valuesBody = z
  .record(z.string(), z.unknown(), { error: 'must be an object or a form' })
  .describe(
    `Keys and values, ${areaLimits.keysMax} at most; in multipart/form-data files, too, of ` +
      `${areaLimits.valueBytesMax} bytes at most`,
  );
const storedAnswer = z.object({ id: z.string(), _ignored_options: ignoredOptions });
const valuesAnswer = z
  .record(z.string(), z.string())
  .describe('Keys and values; of a file the path where it is');
const rawAnswer = {
  description: 'The text, or the file',
  content: { 'text/plain': { schema: z.any() }, 'application/octet-stream': { schema: z.any() } },
};
const emptyAnswer = z.object({}).describe('The body is empty');

/**
 * Content types that a browser shows and never runs; anything else is handed out as unknown bytes, for
 * whoever stored a file chose its type.
 */
const SHOWN_TYPES =
  /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/(?:pdf|json))$/;

/** Values kept for a time: /storage, /storage/custom and /service/{id}/storage. */
export function addGmsStorageRoutes(server: Server, context: RouteContext): void {
  addPlainPuts(server, context);
  addPlainReads(server, context);
  addPlainRemovals(server, context);
  addCustom(server, context);
  addOfCallback(server, context);
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
    config,
    schema: {
      tags,
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
    config,
    schema: {
      tags,
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
    config,
    schema: {
      tags,
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
    config,
    schema: {
      tags,
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
      config,
      schema: {
        tags,
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
    config,
    schema: {
      tags,
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
    config,
    schema: {
      tags,
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
  const area = (request: FastifyRequest, customId: string): Promise<StorageArea> =>
    ownArea(context, request, customArea(request, customId).id);
  const valueUrl = '/storage/custom/:customId/:key';
  const oneParams = customParams.extend({ key });
  server.route({
    method: 'GET',
    url: '/storage/custom/:customId',
    config,
    schema: {
      tags,
      summary: 'Read the values under a name of your own',
      params: customParams,
      headers: customHeaders,
      response: { 200: valuesAnswer, ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { customId } = request.params;
      const { id } = await area(request, customId);
      return await valuesJson(context, id, `/genesys/1/storage/custom/${encodeURIComponent(customId)}/`);
    },
  });
  server.route({
    method: 'GET',
    url: valueUrl,
    config,
    schema: {
      tags,
      summary: 'Read one value under a name of your own',
      params: oneParams,
      headers: customHeaders,
      response: { 200: rawAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await area(request, request.params.customId);
      return await sendValue(context, reply, id, request.params.key);
    },
  });
  server.route({
    method: 'DELETE',
    url: '/storage/custom/:customId',
    config,
    schema: {
      tags,
      summary: 'Delete the values under a name of your own',
      params: customParams,
      headers: customHeaders,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      await context.areas.removeArea((await area(request, request.params.customId)).id);
      return empty(reply);
    },
  });
  server.route({
    method: 'DELETE',
    url: valueUrl,
    config,
    schema: {
      tags,
      summary: 'Delete one value under a name of your own',
      params: oneParams,
      headers: customHeaders,
      response: { 200: emptyAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { id } = await area(request, request.params.customId);
      return await removeValue(context, reply, id, request.params.key);
    },
  });
}

function addOfCallback(server: Server, context: RouteContext): void {
  const areaOf = async (request: FastifyRequest, id: string): Promise<StorageArea> => {
    const principal = principalOf(request);
    return callbackArea(await readableCallback(context, principal, id), principal);
  };
  server.route({
    method: 'POST',
    url: '/service/:id/storage',
    bodyLimit: areaLimits.bodyBytesMax,
    config,
    schema: {
      tags,
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
    config,
    schema: {
      tags,
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
  const params = callbackParams.extend({ key });
  for (const url of ['/service/:id/storage/:key', '/service/:id/storage/binary/:key'] as const) {
    server.route({
      method: 'GET',
      url,
      config,
      schema: {
        tags,
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
    config,
    schema: {
      tags,
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

async function valuesJson(
  { areas }: RouteContext,
  areaId: string,
  filePath: string,
): Promise<Record<string, string>> {
  const entries = await areas.entries(areaId);
  return Object.fromEntries(
    entries.map((entry) => [
      entry.key,
      'text' in entry ? entry.text : `${filePath}${encodeURIComponent(entry.key)}`,
    ]),
  );
}

async function sendValue(
  { areas }: RouteContext,
  reply: FastifyReply,
  areaId: string,
  name: string,
  otherwise?: string,
): Promise<FastifyReply> {
  const found =
    (await areas.value(areaId, name)) ?? (otherwise === undefined ? undefined : textValue(otherwise));
  if (!found) throw new HttpError('NOT_FOUND', 'there is nothing stored under this key');
  reply.header('content-security-policy', "default-src 'none'; sandbox");
  if (found.contentType === null) {
    return reply.header('content-type', 'text/plain; charset=utf-8').send(found.bytes);
  }
  const type = SHOWN_TYPES.test(found.contentType) ? found.contentType : 'application/octet-stream';
  // RFC 6266 §4.3, RFC 8187.
  const fileName = encodeURIComponent(found.fileName ?? name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return reply
    .header('content-type', type)
    .header('content-disposition', `attachment; filename*=UTF-8''${fileName}`)
    .send(found.bytes);
}

function textValue(given: string): Pick<StoredValue, 'contentType' | 'fileName' | 'bytes'> {
  return { contentType: null, fileName: null, bytes: Buffer.from(given, 'utf8') };
}

async function removeValue(
  { areas }: RouteContext,
  reply: FastifyReply,
  areaId: string,
  name: string,
): Promise<Record<string, never>> {
  if (!(await areas.removeValue(areaId, name))) {
    throw new HttpError('NOT_FOUND', 'there is nothing stored under this key');
  }
  return empty(reply);
}

function empty(reply: FastifyReply): Record<string, never> {
  reply.serializer(() => '');
  return {};
}
