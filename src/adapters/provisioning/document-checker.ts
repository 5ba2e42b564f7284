import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../kernel/clock.ts';
import { AppError, type Fault, messageOf } from '../../kernel/errors.ts';
import { threadEntry } from '../../kernel/thread-entry.ts';
import type { ConfigurationDocument } from '../../provisioning/document.ts';
import { dottedPath } from '../../provisioning/schema-faults.ts';
import {
  type ValidationContext,
  type ValidationOutcome,
  validateDocument,
} from '../../provisioning/validate-document.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import type { SpawnThread } from '../spawn-thread.ts';

/**
 * Documents up to this size are checked at once. A hostile document costs up to 15 ms a KiB (quoted text of
 * nothing but escapes; measured on two busy cores), and calls wait for as long.
 */
const AT_ONCE_BYTES_MAX = 8_192;
/** A document of 1 MiB that is made to be slow took 26 s on two busy cores. */
const CHECK_TIME_MAX_MS = 60_000;
const HEAP_MIB_MAX = 768;
const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

/** What the thread is asked. */
export interface CheckQuestion extends ValidationContext {
  readonly text: string;
}

/** What the thread answers; `lines` has those of the secrets, by their dotted path. */
export type CheckAnswer =
  | {
      readonly kind: 'valid';
      readonly document: ConfigurationDocument;
      readonly lines: ReadonlyMap<string, number | undefined>;
    }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/** What {@link documentChecker} works with; `timeMaxMs` by default a minute. */
export interface DocumentCheckerOptions {
  readonly spawn: SpawnThread<CheckQuestion>;
  readonly clock: Clock;
  readonly timeMaxMs?: number;
}

/**
 * Checks configuration documents without holding up calls: small ones at once, large ones in a thread that
 * is ended when it takes too long or too much memory, which is then the document's fault.
 * @throws AppError CONFIGURATION_CHECK_FAILED when the thread fails for another reason.
 */
export function documentChecker({
  spawn,
  clock,
  timeMaxMs = CHECK_TIME_MAX_MS,
}: DocumentCheckerOptions): (text: string, context: ValidationContext) => Promise<ValidationOutcome> {
  return async (text: string, context: ValidationContext): Promise<ValidationOutcome> => {
    if (Buffer.byteLength(text) <= AT_ONCE_BYTES_MAX) return validateDocument(text, context);
    const entry = threadEntry('./document-check-worker', import.meta.url);
    const thread = spawn(
      entry,
      'document-check',
      { text, ...context },
      {
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
      },
    );
    try {
      const answer = await withDeadline(clock, timeMaxMs, answerOf(thread));
      return outcomeOf(answer ?? refused(`takes longer than ${timeMaxMs / 1000} s`));
    } finally {
      await thread.terminate();
    }
  };
}

function answerOf(thread: Worker): Promise<CheckAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `the document could not be checked: ${messageOf(cause)}`;
      reject(new AppError('CONFIGURATION_CHECK_FAILED', message, { cause, retryable: true }));
    };
    thread.once('message', resolve);
    thread.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === OUT_OF_MEMORY) resolve(refused(`takes more than ${HEAP_MIB_MAX} MiB of memory`));
      else fail(error);
    });
    thread.once('exit', (code) => fail(new Error(`its thread ended with ${code}`)));
  });
}

function refused(what: string): CheckAnswer {
  const message = `to check the document ${what}; make it smaller or simpler`;
  return { kind: 'refused', faults: [{ path: '', message }] };
}

function outcomeOf(answer: CheckAnswer): ValidationOutcome {
  if (answer.kind === 'refused') return answer;
  const { document, lines } = answer;
  return { kind: 'valid', document, source: { lineOf: (path) => lines.get(dottedPath(path)) } };
}
