import type { FastifyContextConfig } from 'fastify';
import { z } from 'zod';
import type { AnswerableError } from '../error-answers.ts';
import { faultWords, proposedSlots } from '../fault-words.ts';
import type { ErrorAnswer } from '../http-dependencies.ts';

interface GmsError {
  readonly status: number;
  /** The field's class name where one is known. */
  readonly exception: string;
  readonly phrase: string;
}

const badParameter = { status: 400, exception: 'BadParameterException', phrase: 'BAD_PARAMETER' };
const notFound = { status: 404, exception: 'NotFoundException', phrase: 'NOT_FOUND' };
const badNumber = { status: 400, exception: 'CallbackExceptionNumber', phrase: 'BAD_NUMBER' };
const refusedNow = { status: 400, exception: 'CallbackException', phrase: 'NOT_POSSIBLE_NOW' };
const unavailable = {
  status: 503,
  exception: 'CallbackExceptionServiceUnavailable',
  phrase: 'SERVICE_UNAVAILABLE',
};

/** Which of our own codes is told as what; the table of docs/genesys-compatibility.md. */
const errorByCode: Readonly<Record<string, GmsError>> = {
  INVALID_NUMBER: badNumber,
  COUNTRY_NOT_PERMITTED: badNumber,
  NUMBER_BLOCKED: badNumber,
  SLOT_FULL: { status: 400, exception: 'CallbackExceptionAvailability', phrase: 'SLOT_NOT_AVAILABLE' },
  NOT_BOOKABLE: { status: 400, exception: 'CallbackExceptionOfficeHours', phrase: 'OFFICE_CLOSED' },
  DUPLICATE_CALLBACK: refusedNow,
  NOT_ALLOWED_IN_STATE: refusedNow,
  IDEMPOTENCY_IN_PROGRESS: refusedNow,
  CALL_IN_NEEDED: refusedNow,
  QUEUE_FULL: unavailable,
  THROTTLED: unavailable,
  CALL_IN_POOL_EXHAUSTED: unavailable,
  LIMIT_REACHED: { status: 400, exception: 'CapacityException', phrase: 'LIMIT_REACHED' },
};
const errorByStatus: Readonly<Record<number, GmsError>> = {
  401: { status: 401, exception: 'AuthenticationException', phrase: 'UNAUTHORIZED' },
  403: { status: 403, exception: 'AccessDeniedException', phrase: 'FORBIDDEN' },
  404: notFound,
  405: { status: 405, exception: 'MethodNotAllowedException', phrase: 'METHOD_NOT_ALLOWED' },
  413: { status: 413, exception: 'BadParameterException', phrase: 'PAYLOAD_TOO_LARGE' },
  415: { status: 415, exception: 'BadParameterException', phrase: 'UNSUPPORTED_MEDIA_TYPE' },
  429: { status: 429, exception: 'CallbackExceptionServiceUnavailable', phrase: 'TOO_MANY_REQUESTS' },
  500: { status: 500, exception: 'InternalException', phrase: 'INTERNAL_ERROR' },
  503: unavailable,
};

/** An error in the shape of this API: code, class, phrase, message, and free slots where they help. */
export function gmsErrorAnswer(error: AnswerableError): ErrorAnswer {
  const { status, exception, phrase } =
    errorByCode[error.code] ??
    errorByStatus[error.status] ??
    (error.status >= 500 ? { ...unavailable, status: error.status } : badParameter);
  const body = { code: status, exception, phrase, message: faultWords(error, fieldNames) };
  return {
    status,
    body: error.code === 'SLOT_FULL' ? { ...body, availability: proposedSlots(error) } : body,
  };
}

/** The application's names, and those of the v3 API, of what this API calls otherwise. */
const fieldNames: Readonly<Record<string, string>> = {
  virtualQueue: 'the service',
  customerNumber: '_customer_number',
  'details.pushTargets': '_device_notification_id',
  startMS: 'start-ms',
  endMS: 'end-ms',
  groupName: '_resource_group',
  fromPhoneNumber: '_phone_number',
};

/** Every route of this API: keys with the scope `gms`, and errors in its shape. */
export const gmsConfig = {
  access: 'gms',
  takesBasic: true,
  errorAnswer: gmsErrorAnswer,
} as const satisfies FastifyContextConfig;

/** Routes that tell of any customer: not for keys that apps carry. */
export const gmsStaffConfig = { ...gmsConfig, staffOnly: true } as const satisfies FastifyContextConfig;

/**
 * Routes whose body is customers' data: only names that begin with an underscore, which are the API's own,
 * keep their values in error records and in the audit log.
 */
export const gmsDataConfig = {
  ...gmsConfig,
  keptBody: (body: unknown) => {
    if (typeof body !== 'object' || body === null) return body;
    const kept = ([name, value]: [string, unknown]) => [name, name.startsWith('_') ? value : '[removed]'];
    return Object.fromEntries(Object.entries(body).map(kept));
  },
} as const satisfies FastifyContextConfig;

const gmsErrorSchema = z
  .object({
    code: z.int().describe('The HTTP status'),
    exception: z.string(),
    phrase: z.string(),
    message: z.string(),
    availability: z
      .record(z.string(), z.int())
      .optional()
      .describe('A time without room only: free slots nearest to it, start → free places'),
  })
  .meta({
    examples: [
      {
        code: 400,
        exception: 'BadParameterException',
        phrase: 'BAD_PARAMETER',
        message: "the request's body is not valid: _customer_number is required",
      },
    ],
  });

/** Answers that every route of this API may give beside its own. */
export const gmsErrorAnswers = {
  default: gmsErrorSchema.describe('Any error: HTTP 400, 401, 403, 404, 405, 413, 415, 429, 500 or 503'),
};
