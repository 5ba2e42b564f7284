import type { FastifyRequest } from 'fastify';
import { messageOf } from '../../kernel/errors.ts';
import { secretFieldPattern } from '../logging/secret-fields.ts';
import { maskedText } from './masked-json.ts';

const PATH_CHARACTERS_MAX = 2048;
const CAUSE_CHARACTERS_MAX = 1024;
const CAUSES_MAX = 5;
const QUEUE_CHARACTERS_MAX = 64;
/** Members of requests that name a virtual queue, in any API. */
const QUEUE_FIELDS = ['virtualQueue', 'serviceName', 'queue', 'queueName', 'queue-name', 'service-name'];
/** Query parameters that are secrets under an innocent name (RFC 6749 §4.1.2). */
const SECRET_PARAMETERS = new Set(['code', 'state']);

/** Path and query as they may be kept: decoded, secrets removed, numbers masked, at most 2048 characters. */
export function maskedPath(url: string): string {
  const [path = '', query] = url.slice(0, PATH_CHARACTERS_MAX).split('?', 2);
  if (query === undefined) return maskedText(decoded(path));
  const parts = query.split('&').map((part) => {
    const name = decoded(part.split('=', 1)[0] ?? '');
    const secret = SECRET_PARAMETERS.has(name) || secretFieldPattern.test(name);
    // Masked part by part: a "&" must not keep a number from being seen.
    return secret ? `${name}=[removed]` : maskedText(decoded(part).replace('=', '= ')).replace('= ', '=');
  });
  return `${maskedText(decoded(path))}?${parts.join('&')}`.slice(0, PATH_CHARACTERS_MAX);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The virtual queue that a request names in its path, query or body; null when it names none. */
export function addressedQueue(request: FastifyRequest): string | null {
  for (const part of [request.params, request.query, request.body]) {
    if (typeof part !== 'object' || part === null) continue;
    for (const field of QUEUE_FIELDS) {
      const value: unknown = Object.hasOwn(part, field)
        ? (part as Record<string, unknown>)[field]
        : undefined;
      if (typeof value === 'string') return value.slice(0, QUEUE_CHARACTERS_MAX);
    }
  }
  const named = /\/queues\/([\w.-]{1,64})(?:[/?]|$)/.exec(request.url)?.[1];
  return named ?? null;
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
