import type { FastifyContextConfig } from 'fastify';
import { z } from 'zod';
import type { AnswerableError } from '../error-answers.ts';
import { faultWords, proposedSlots } from '../fault-words.ts';
import type { ErrorAnswer } from '../http-dependencies.ts';

/**
 * The numeric codes of this API with the HTTP status each comes with; the table of
 * docs/genesys-compatibility.md. The first three digits are the status of the field's own service where it is
 * known.
 */
export const gesCodes = {
  invalid: { status: 400, code: 40_001 },
  unknownService: { status: 400, code: 40_002 },
  numberRefused: { status: 400, code: 40_003 },
  stateForbids: { status: 400, code: 40_004 },
  captchaRefused: { status: 400, code: 40_005 },
  pushTargetMissing: { status: 400, code: 40_006 },
  duplicate: { status: 400, code: 40_007 },
  notBookable: { status: 400, code: 40_008 },
  keyReused: { status: 400, code: 40_009 },
  noNumberFree: { status: 400, code: 40_010 },
  badKey: { status: 401, code: 40_101 },
  keyForbids: { status: 403, code: 40_101 },
  unknownCallback: { status: 404, code: 40_401 },
  nothingHere: { status: 404, code: 40_402 },
  slotFull: { status: 429, code: 42_901 },
  throttled: { status: 429, code: 42_902 },
  stillRunning: { status: 429, code: 42_903 },
  failed: { status: 500, code: 50_000 },
  unavailable: { status: 500, code: 50_001 },
} as const;
type GesCode = (typeof gesCodes)[keyof typeof gesCodes];

/** Which of our own codes is told as which; what is missing goes by its HTTP status. */
const gesCodeByCode: Readonly<Record<string, GesCode>> = {
  UNKNOWN_QUEUE: gesCodes.unknownService,
  CALL_IN_GROUP_UNKNOWN: gesCodes.unknownService,
  INVALID_NUMBER: gesCodes.numberRefused,
  COUNTRY_NOT_PERMITTED: gesCodes.numberRefused,
  NUMBER_BLOCKED: gesCodes.numberRefused,
  NOT_ALLOWED_IN_STATE: gesCodes.stateForbids,
  CAPTCHA_REQUIRED: gesCodes.captchaRefused,
  CAPTCHA_REFUSED: gesCodes.captchaRefused,
  CAPTCHA_UNAVAILABLE: gesCodes.unavailable,
  PUSH_TARGET_MISSING: gesCodes.pushTargetMissing,
  DUPLICATE_CALLBACK: gesCodes.duplicate,
  NOT_BOOKABLE: gesCodes.notBookable,
  IDEMPOTENCY_KEY_REUSED: gesCodes.keyReused,
  IDEMPOTENCY_IN_PROGRESS: gesCodes.stillRunning,
  CALL_IN_POOL_EXHAUSTED: gesCodes.noNumberFree,
  NOT_FOUND: gesCodes.unknownCallback,
  ROUTE_NOT_FOUND: gesCodes.nothingHere,
  SLOT_FULL: gesCodes.slotFull,
  QUEUE_FULL: gesCodes.throttled,
};
const gesCodeByStatus: Readonly<Record<number, GesCode>> = {
  401: gesCodes.badKey,
  403: gesCodes.keyForbids,
  404: gesCodes.nothingHere,
  429: gesCodes.throttled,
  500: gesCodes.failed,
  503: gesCodes.unavailable,
};

/** An error in the envelope of this API: `status` with a numeric code, and free slots where they help. */
export function gesErrorAnswer(error: AnswerableError, correlationId: string): ErrorAnswer {
  const { status, code } =
    gesCodeByCode[error.code] ??
    gesCodeByStatus[error.status] ??
    (error.status >= 500 ? gesCodes.failed : gesCodes.invalid);
  const envelope = { status: { code, message: faultWords(error, fieldNames), corrId: correlationId } };
  const slots = error.code === 'SLOT_FULL' ? proposedSlots(error) : undefined;
  return { status, body: slots === undefined ? envelope : { ...envelope, data: { slots } } };
}

/** The application's names of what this API calls otherwise. */
const fieldNames: Readonly<Record<string, string>> = {
  virtualQueue: 'serviceName',
  customerNumber: 'phoneNumber',
  'details.pushTargets': 'pushTargets',
};

/**
 * Every route of this API: keys with the scope `ges`, and errors in its envelope. Every role that such a key
 * may have sees customers' numbers.
 */
export const gesConfig = {
  access: 'ges',
  errorAnswer: gesErrorAnswer,
} as const satisfies FastifyContextConfig;

/** Routes that tell of any customer: not for keys that pages carry. */
export const gesStaffConfig = { ...gesConfig, staffOnly: true } as const satisfies FastifyContextConfig;

const statusSchema = z.object({
  code: z.int().describe('0; of errors see docs/genesys-compatibility.md'),
  message: z.string(),
  corrId: z.string().describe('Find the request with GET /api/v1/errors/{correlationId}'),
});

/** The success envelope around `data`. */
export function gesAnswerSchema<Data extends z.ZodType>(
  data: Data,
  example: z.input<Data>,
): z.ZodObject<{ status: typeof statusSchema; data: Data }> {
  const status = { code: 0, message: 'Successful', corrId: 'corr_0006gqn4vmv00example' };
  return z.object({ status: statusSchema, data }).meta({ examples: [{ status, data: example }] });
}

const gesErrorSchema = z
  .object({
    status: statusSchema,
    data: z
      .object({ slots: z.record(z.string(), z.int()) })
      .optional()
      .describe('Code 42901 only: free slots nearest to the time asked for, start → free places'),
  })
  .meta({
    examples: [
      {
        status: {
          code: 40_001,
          message: "the request's body is not valid: phoneNumber is required",
          corrId: 'corr_0006gqn4vmv00example',
        },
      },
    ],
  });

/** Answers that every route of this API may give beside its own. */
export const gesErrorAnswers = {
  default: gesErrorSchema.describe('Any error: HTTP 400, 401, 403, 404, 429 or 500'),
};

/** `data` in the success envelope. */
export function successful<Data>(
  request: { readonly id: string },
  data: Data,
): { status: { code: number; message: string; corrId: string }; data: Data } {
  return { status: { code: 0, message: 'Successful', corrId: request.id }, data };
}
