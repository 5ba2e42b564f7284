import type { FastifyRequest } from 'fastify';
import { parseJsonBodies } from '../ges/ges-json.ts';
import type { Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';

/** Fields of one form at most. */
const FIELDS_MAX = 200;

/** JSON, `application/x-www-form-urlencoded`, and `multipart/form-data` whose parts are text. */
export function parseGmsBodies(server: Server): void {
  parseJsonBodies(server);
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string) => fieldsOf(new URLSearchParams(body)),
  );
  server.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) =>
      fieldsOf(await multipart(request.headers['content-type'] ?? '', body)),
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

function fieldsOf(form: FormData | URLSearchParams): Record<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', `files are not taken here: ${name.slice(0, 64)}`);
    }
    if (name === '__proto__') throw invalidForm('has a field that is not taken');
    if (fields.has(name)) throw invalidForm(`has ${name.slice(0, 64)} more than once`);
    if (fields.size === FIELDS_MAX) throw invalidForm(`has more than ${FIELDS_MAX} fields`);
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

function invalidForm(message: string): HttpError {
  return new HttpError('VALIDATION_FAILED', "the request's body is not valid", {
    faults: [{ path: 'body', message }],
  });
}
