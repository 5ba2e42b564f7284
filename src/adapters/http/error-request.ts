import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Fault, messageOf } from '../../kernel/errors.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import { maskNumber, numberFieldPattern } from '../logging/number-mask.ts';
import { secretFieldPattern } from '../logging/secret-fields.ts';
import { maskedText } from './masked-json.ts';

const PATH_CHARACTERS_MAX = 2048;
/** Escaped more often than this a number is no number to anybody. */
const DECODINGS_MAX = 3;
const CAUSE_CHARACTERS_MAX = 1024;
const CAUSES_MAX = 5;
const QUEUE_CHARACTERS_MAX = 64;
/** Members of requests that name a virtual queue, in any API. */
const QUEUE_FIELDS = ['virtualQueue', 'serviceName', 'queue', 'queueName', 'queue-name', 'service-name'];
/** Query parameters that are secrets under an innocent name (RFC 6749 §4.1.2). */
const SECRET_PARAMETERS = new Set(['code', 'state']);

/**
 * Path and query as they may be kept: decoded, secrets removed, numbers masked, at most 2048 characters.
 * @param isKnown parameters of the route; what stands under any other name is somebody's data.
 */
export function maskedPath(url: string, isKnown: (name: string) => boolean): string {
  const text = url.slice(0, PATH_CHARACTERS_MAX);
  const at = text.indexOf('?');
  if (at < 0) return maskedText(decoded(text)).slice(0, PATH_CHARACTERS_MAX);
  const parts = text
    .slice(at + 1)
    .split('&')
    .map((part) => maskedParameter(part, isKnown));
  return `${maskedText(decoded(text.slice(0, at)))}?${parts.join('&')}`.slice(0, PATH_CHARACTERS_MAX);
}

function maskedParameter(part: string, isKnown: (name: string) => boolean): string {
  const at = part.indexOf('=');
  const name = decoded(at < 0 ? part : part.slice(0, at));
  if (at < 0) return maskedText(spaced(name));
  if (SECRET_PARAMETERS.has(name) || secretFieldPattern.test(name) || !isKnown(name)) {
    return `${maskedText(spaced(name))}=[removed]`;
  }
  const value = spaced(decoded(part.slice(at + 1)));
  return `${name}=${numberFieldPattern.test(name) ? maskNumber(value) : maskedText(value)}`;
}

/** In a query a plus may be a space: one after a letter or digit parts a number as spaces do. */
function spaced(text: string): string {
  return text.replace(/(?<=[\w)])\+(?=[\d(])/g, ' ');
}

/**
 * Whatever is escaped, as text. Malformed escapes stay, and hide nothing beside them; what was escaped twice
 * is decoded twice.
 */
function decoded(text: string): string {
  let result = text;
  for (let time = 0; time < DECODINGS_MAX && result.includes('%'); time++) {
    result = result.replace(/(?:%[0-9a-f]{2})+/gi, decodedRun);
  }
  return result;
}

function decodedRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return Buffer.from(run.replaceAll('%', ''), 'hex').toString('latin1');
  }
}

/** The names that the query of a request's route has; no other is known. */
export function isKnownParameter({ routeOptions }: FastifyRequest): (name: string) => boolean {
  const querystring: unknown = routeOptions.schema?.querystring;
  const shape = querystring instanceof z.ZodObject ? querystring.shape : {};
  return (name) => Object.hasOwn(shape, name);
}

/**
 * Faults as they may be kept: the value of a field that holds a number is masked, as text, and that of a
 * parameter which the route does not have is left out.
 */
export function maskedFaults(faults: readonly Fault[], request: FastifyRequest): readonly Fault[] {
  const isKnown = isKnownParameter(request);
  const query: unknown = request.query;
  const isAsked = (name: string): boolean =>
    typeof query === 'object' && query !== null && Object.hasOwn(query, name);
  return faults.map((fault) => {
    const { value, ...rest } = fault;
    const isScalar = typeof value === 'string' || typeof value === 'number';
    if (isScalar && isAsked(fault.path) && !isKnown(fault.path)) return rest;
    return isScalar && numberFieldPattern.test(fault.path)
      ? { ...fault, value: maskNumber(String(value)) }
      : fault;
  });
}

/** The virtual queue that a request names in its path, query or body; null when it names none. */
export function addressedQueue(request: FastifyRequest): string | null {
  for (const part of [request.params, request.query, request.body]) {
    if (typeof part !== 'object' || part === null) continue;
    for (const field of QUEUE_FIELDS) {
      const value: unknown = Object.hasOwn(part, field)
        ? (part as Record<string, unknown>)[field]
        : undefined;
      if (typeof value === 'string') return value.normalize('NFC').slice(0, QUEUE_CHARACTERS_MAX);
    }
  }
  const named = /\/queues\/+([^/?#]+)/.exec(request.url.slice(0, PATH_CHARACTERS_MAX))?.[1];
  return named === undefined ? null : (askedQueueSchema.safeParse(decoded(named)).data ?? null);
}

/** The message of a fault of ours with those of its causes, numbers masked. */
export function spokenCause(thrown: unknown): string {
  const messages: string[] = [];
  let error: unknown = thrown;
  while (error !== undefined && error !== null && messages.length < CAUSES_MAX) {
    messages.push(messageOf(error));
    error = error instanceof Error ? error.cause : undefined;
  }
  return maskedText(messages.join(' ← ')).slice(0, CAUSE_CHARACTERS_MAX);
}
