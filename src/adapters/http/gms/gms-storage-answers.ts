import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { text } from '../ges/ges-fields.ts';
import type { RouteContext } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { gmsDataConfig } from './gms-answers.ts';
import { ignoredOptions } from './gms-options.ts';
import { areaLimits, type StoredValue } from './storage-area-store.ts';

/** Of the routes of the storage. */
export const storageTags = ['Genesys-compatible: GMS storage'];
/** What clients keep is theirs, and may change many times a second: it is in no audit log. */
export const storageConfig = { ...gmsDataConfig, takesFiles: true, audit: 'none' } as const;
/** Of a value, in a path. */
export const storageKey = text(areaLimits.keyCharactersMax);
/** What is to be kept. */
export const valuesBody = z
  .record(z.string(), z.unknown(), { error: 'must be an object or a form' })
  .describe(
    `Keys and values, ${areaLimits.keysMax} at most; in multipart/form-data files, too, of ` +
      `${areaLimits.valueBytesMax} bytes at most`,
  );
/** It is kept. */
export const storedAnswer = z.object({ id: z.string(), _ignored_options: ignoredOptions });
/** What an area has. */
export const valuesAnswer = z
  .record(z.string(), z.string())
  .describe('Keys and values; of a file the path where it is');
/** One value as it was given. */
export const rawAnswer = {
  description: 'The text, or the file',
  content: { 'text/plain': { schema: z.any() }, 'application/octet-stream': { schema: z.any() } },
};
/** It is deleted. */
export const emptyAnswer = z.object({}).describe('The body is empty');

/**
 * Content types that a browser shows and never runs; anything else is handed out as unknown bytes, for
 * whoever stored a file chose its type.
 */
const SHOWN_TYPES =
  /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/(?:pdf|json))$/;

/** Texts by key, and of files where they are. */
export async function valuesJson(
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

/**
 * Sends one value. Throws NOT_FOUND.
 * @param otherwise sent where nothing is stored under the key.
 */
export async function sendValue(
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

/** Deletes one value. Throws NOT_FOUND. */
export async function removeValue(
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

/** An answer without a body. */
export function empty(reply: FastifyReply): Record<string, never> {
  reply.serializer(() => '');
  return {};
}
