import type { Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';

/** Levels of a body at most: whatever walks through it by recursion ends. */
const DEPTH_MAX = 32;

/** Takes JSON as Fastify does, but no body of more than 32 levels. */
export function limitJsonDepth(server: Server): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    const refusal = tooDeep(text);
    if (refusal) done(refusal);
    else void parse(request, text, done);
  });
}

/** The error answer for a JSON text of too many levels; undefined: it has not too many. */
export function tooDeep(text: string): HttpError | undefined {
  if (depthOf(text) <= DEPTH_MAX) return undefined;
  return new HttpError('VALIDATION_FAILED', `the request's body has more than ${DEPTH_MAX} levels`);
}

/** The deepest nesting of a JSON text; what stands in strings does not count. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isString) {
      if (character === '\\') at++;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth--;
  }
  return deepest;
}
