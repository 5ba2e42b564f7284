import type { Server } from '../http-dependencies.ts';
import { tooDeep } from '../json-depth.ts';

/**
 * Takes JSON as Fastify does, and an empty body under its content type, which a public client sends where it
 * has none.
 */
export function parseJsonBodies(server: Server): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (text.trim() === '') done(null, undefined);
    else {
      const refusal = tooDeep(text);
      if (refusal) done(refusal);
      else void parse(request, text, done);
    }
  });
}
