import { z } from 'zod';
import { NO_REASON, systemReasons } from '../routing/agent.ts';

/** Reasons that may be configured at most. */
const REASONS_MAX = 32;
/** What a person may choose as well as the system; it need not be written down. */
const ALWAYS = 'RONA';
/** What the system alone says. */
const RESERVED: ReadonlySet<string> = new Set(
  [NO_REASON, ...systemReasons].filter((name) => name !== ALWAYS),
);

const reasonSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(
    /^(?! )[^\p{Cc}]*(?<! )$/u,
    'must be 1–64 characters without control characters or spaces around them',
  );

/** What agents may give as a reason for not being ready: each once, in the order that screens show. */
export const notReadyReasonsSchema = z
  .array(reasonSchema)
  .min(1)
  .max(REASONS_MAX)
  .superRefine((reasons, context) => {
    reasons.forEach((reason, index) => {
      const issue = (message: string): void =>
        context.addIssue({ code: 'custom', path: [index], message: `"${reason}" ${message}` });
      if (reasons.indexOf(reason) !== index) issue('is in the list already; each reason once');
      if (RESERVED.has(reason)) issue('is what the system says itself; choose another word');
    });
  });

/** The reasons in force: those configured, and RONA, which is always one of them. */
export function reasonsInForce(configured: readonly string[]): readonly string[] {
  return configured.includes(ALWAYS) ? configured : [...configured, ALWAYS];
}
