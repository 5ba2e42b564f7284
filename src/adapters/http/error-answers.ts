import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyContextConfig, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Fault } from '../../kernel/errors.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { fieldsOf, maskedJson, maskedText } from './masked-json.ts';
import { addressedQueue, isKnownParameter, maskedFaults, maskedPath, spokenCause } from './error-request.ts';
import { secretFieldPattern } from '../logging/secret-fields.ts';

/** Answers of which there may be any number: whoever gets them asks too often. */
const FLOODS: ReadonlySet<string> = new Set(['RATE_LIMITED', 'THROTTLED', 'LOGIN_LOCKED']);
const FAULTS_MAX = 50;
const DETAIL_CHARACTERS_MAX = 4096;
const VALUE_CHARACTERS_MAX = 200;

/** An API that tells errors in a shape of its own, also where no route of it was reached. */
export interface ErrorFamily {
  /** How its addresses begin, without a slash at the end. */
  readonly prefix: string;
  readonly errorAnswer: NonNullable<FastifyContextConfig['errorAnswer']>;
}

/** Turns whatever a route throws into the error envelope, and writes it into the error book. */
export function answerErrors(server: Server, context: RouteContext, families: readonly ErrorFamily[]): void {
  server.setErrorHandler((thrown: unknown, request, reply) => {
    const error = httpErrorOf(thrown, request);
    if (error.status >= 500) {
      const fields = { correlationId: request.id, code: error.code, reason: messageOf(thrown) };
      if (error.code === 'INTERNAL_ERROR') {
        const stack = thrown instanceof Error ? thrown.stack : undefined;
        context.log.error({ ...fields, stack }, 'request failed');
      } else context.log.warn(fields, 'request refused');
    }
    return sendError(error, request, reply, { ...context, families, thrown });
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allow = allowedMethods(server, path);
    const error =
      allow.length > 0
        ? new HttpError('METHOD_NOT_ALLOWED', `${request.method} is not allowed here`, { allow })
        : new HttpError('ROUTE_NOT_FOUND', 'there is nothing at this address');
    return sendError(error, request, reply, { ...context, families });
  });
}

/** The envelope with its headers, and a record of it. */
function sendError(
  error: AnswerableError,
  request: FastifyRequest,
  reply: FastifyReply,
  {
    clock,
    errorBook,
    families,
    thrown,
  }: Pick<RouteContext, 'clock' | 'errorBook'> & {
    readonly families: readonly ErrorFamily[];
    readonly thrown?: unknown;
  },
): FastifyReply {
  const faults = error.faults.slice(0, FAULTS_MAX);
  const message = error.message;
  const { keptBody, takesBasic, errorAnswer = familyOf(request.url, families) } = request.routeOptions.config;
  const answer = errorAnswer?.(error, request.id);
  const status = answer?.status ?? error.status;
  const body = (keptBody ?? fieldsOf)(request.body);
  const record = {
    correlationId: request.id,
    atMs: clock.nowMs(),
    status,
    code: error.code,
    message: maskedText(message).slice(0, VALUE_CHARACTERS_MAX * 2),
    method: request.method,
    path: maskedPath(request.url, isKnownParameter(request)),
    actor: request.principal?.key ?? null,
    address: request.ip,
    virtualQueue: addressedQueue(request),
    cause: error.status >= 500 && thrown !== undefined ? spokenCause(thrown) : null,
    detail: maskedJson(
      { ...(faults.length > 0 && { faults: maskedFaults(faults, request) }), ...reasonOf(error), body },
      DETAIL_CHARACTERS_MAX,
    ),
  };
  errorBook.record(record, FLOODS.has(error.code));
  if (error.retryAfterSec !== undefined) reply.header('retry-after', String(error.retryAfterSec));
  if (error.allow !== undefined) reply.header('allow', error.allow.join(', '));
  // RFC 9110 §11.6.1, RFC 7617 §2.1.
  const basic = takesBasic === true ? 'Basic realm="genesys", charset="UTF-8", ' : '';
  if (error.status === 401) reply.header('www-authenticate', `${basic}Bearer`);
  // Serialised here: the error's shape must not depend on the route's response schemas.
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(answer?.body ?? envelope(error.code, message, request.id, faults, error.extra));
}

/** The shape of the API that was asked, where the address leads to none of its routes. */
function familyOf(url: string, families: readonly ErrorFamily[]): ErrorFamily['errorAnswer'] | undefined {
  const isOf = ({ prefix }: ErrorFamily): boolean =>
    url.startsWith(prefix) && /^(?:[/?]|$)/.test(url.slice(prefix.length));
  return families.find(isOf)?.errorAnswer;
}

/** Why there is no room, or nothing is offered, where the error says it beside its message. */
function reasonOf({ extra }: AnswerableError): { readonly reason?: string } {
  const reason = extra?.['reason'];
  return typeof reason === 'string' ? { reason } : {};
}

/** What an error answer is made of. */
export type AnswerableError = Pick<HttpError, 'code' | 'message' | 'status' | 'faults'> &
  Partial<Pick<HttpError, 'retryAfterSec' | 'allow' | 'extra'>>;

function envelope(
  code: string,
  message: string,
  correlationId: string,
  faults: readonly Fault[],
  extra: Readonly<Record<string, unknown>> = {},
): object {
  return { error: { code, message, correlationId, ...(faults.length > 0 ? { faults } : {}), ...extra } };
}

function httpErrorOf(thrown: unknown, request: FastifyRequest): AnswerableError {
  if (thrown instanceof HttpError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const part = thrown.validationContext ?? 'body';
    const faults = thrown.validation.map((issue) =>
      faultOf(issue.instancePath, issue.message ?? 'invalid', part, request),
    );
    return new HttpError('VALIDATION_FAILED', `the request's ${partNames[part]} is not valid`, { faults });
  }
  if (thrown instanceof AppError) return appErrorAnswer(thrown);
  return frameworkError(thrown as FastifyError);
}

const partNames = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' } as const;

/**
 * Our own operating errors keep their code; what they say stays in the log, unless it is faults for the
 * client.
 */
function appErrorAnswer(error: AppError): AnswerableError {
  if (error.faults.length > 0) {
    return { code: error.code, message: error.message, status: 422, faults: error.faults };
  }
  return error.retryable
    ? { code: error.code, message: 'try again shortly', status: 503, faults: [], retryAfterSec: 1 }
    : { code: error.code, message: 'the request could not be carried out', status: 500, faults: [] };
}

/** Fastify's errors by their code (never by message). */
function frameworkError(error: FastifyError): HttpError {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpError('PAYLOAD_TOO_LARGE', 'the body is too large');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError('UNSUPPORTED_MEDIA_TYPE', 'this content type is not taken here');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HttpError('MALFORMED_BODY', 'the body is not valid JSON');
    default:
  }
  // Fastify marks a client's mistakes by status: bad JSON, bad content length, a malformed address.
  if (error instanceof SyntaxError) return new HttpError('MALFORMED_BODY', 'the body is not valid JSON');
  if (typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500) {
    return new HttpError('BAD_REQUEST', 'the request is malformed');
  }
  return new HttpError('INTERNAL_ERROR', 'something went wrong here; the correlation id finds it in the log');
}

function faultOf(
  instancePath: string,
  message: string,
  part: keyof typeof partNames,
  request: FastifyRequest,
): Fault {
  const keys = instancePath
    .split('/')
    .slice(1)
    .filter((key) => key !== '');
  let value: unknown = {
    body: request.body,
    querystring: request.query,
    params: request.params,
    headers: undefined,
  }[part];
  for (const key of keys) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
  }
  const path = keys.map((key, i) => (/^\d+$/.test(key) ? `[${key}]` : i === 0 ? key : `.${key}`)).join('');
  // A whole body of text (CSV where JSON is wanted) may have anything in it.
  const showable =
    keys.length > 0 &&
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') &&
    !keys.some((key) => secretFieldPattern.test(key));
  return {
    path: path === '' ? part : path,
    message,
    ...(showable ? { value: typeof value === 'string' ? value.slice(0, VALUE_CHARACTERS_MAX) : value } : {}),
  };
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

function allowedMethods(server: Server, path: string): string[] {
  return METHODS.filter((method) => {
    const found = server.findRoute({ method, url: path });
    return found !== null && found !== undefined;
  });
}

/**
 * Requests that never became one: bad HTTP, too large headers, too slow. RFC 9112 §3, RFC 9110 §15.5.9, RFC
 * 6585 §5.
 */
export function answerBrokenConnection(
  context: RouteContext,
  error: NodeJS.ErrnoException,
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const correlationId = context.ids.next('corr');
  const answer =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new HttpError('HEADERS_TOO_LARGE', 'the headers are too large')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new HttpError('REQUEST_TIMEOUT', 'the request did not arrive in time')
        : new HttpError('BAD_REQUEST', 'this is not a valid HTTP request');
  context.errorBook.record({
    correlationId,
    atMs: context.clock.nowMs(),
    status: answer.status,
    code: answer.code,
    message: answer.message,
    method: '',
    path: '',
    actor: null,
    address: socket.remoteAddress ?? '',
    virtualQueue: null,
    cause: null,
    detail: '{}',
  });
  const body = JSON.stringify(envelope(answer.code, answer.message, correlationId, []));
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}\r\n` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-correlation-id: ${correlationId}\r\nconnection: close\r\n\r\n${body}`,
  );
}
