import type { FastifyRequest } from 'fastify';
import { parseJsonBodies } from '../ges/ges-json.ts';
import type { Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';

/** Fields of one form at most. */
const FIELDS_MAX = 200;
const FILE_NAME_CHARACTERS_MAX = 255;
const CONTENT_TYPE_CHARACTERS_MAX = 127;

/** A file in a form. Its bytes are no member of it: whatever walks through a body does not meet them. */
export class FormFile {
  readonly fileName: string;
  readonly contentType: string;
  readonly byteCount: number;
  readonly #bytes: Buffer;

  constructor(fileName: string, contentType: string, bytes: Buffer) {
    this.fileName = fileName.slice(0, FILE_NAME_CHARACTERS_MAX);
    // RFC 9110 §8.3.1; what is none is unknown bytes (§8.3).
    const isType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(contentType);
    const isShort = contentType.length <= CONTENT_TYPE_CHARACTERS_MAX;
    this.contentType = isType && isShort ? contentType.toLowerCase() : 'application/octet-stream';
    this.byteCount = bytes.length;
    this.#bytes = bytes;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }
}

/**
 * JSON, `application/x-www-form-urlencoded`, and `multipart/form-data`; parts that are files become
 * {@link FormFile} on routes that say `takesFiles`, and refuse the request on the others.
 */
export function parseGmsBodies(server: Server): void {
  parseJsonBodies(server);
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (request: FastifyRequest, body: string) => fieldsOf(request, new URLSearchParams(body)),
  );
  server.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) =>
      fieldsOf(request, await multipart(request.headers['content-type'] ?? '', body)),
  );
}

/** RFC 7578. The body is bounded by the route's limit before it comes here. */
async function multipart(contentType: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw new HttpError('MALFORMED_BODY', 'the body is not valid multipart/form-data', { cause: error });
  }
}

async function fieldsOf(
  request: FastifyRequest,
  form: FormData | URLSearchParams,
): Promise<Record<string, string | FormFile>> {
  const takesFiles = request.routeOptions.config.takesFiles === true;
  const fields = new Map<string, string | FormFile>();
  for (const [name, value] of form) {
    if (typeof value !== 'string' && !takesFiles) {
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', `files are not taken here: ${name.slice(0, 64)}`);
    }
    if (name === '__proto__') throw invalidForm('has a field that is not taken');
    if (fields.has(name)) throw invalidForm(`has ${name.slice(0, 64)} more than once`);
    if (fields.size === FIELDS_MAX) throw invalidForm(`has more than ${FIELDS_MAX} fields`);
    fields.set(name, typeof value === 'string' ? value : await fileOf(value));
  }
  return Object.fromEntries(fields);
}

async function fileOf(file: File): Promise<FormFile> {
  return new FormFile(file.name, file.type, Buffer.from(await file.arrayBuffer()));
}

function invalidForm(message: string): HttpError {
  return new HttpError('VALIDATION_FAILED', "the request's body is not valid", {
    faults: [{ path: 'body', message }],
  });
}
