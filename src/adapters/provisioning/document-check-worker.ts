import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../kernel/errors.ts';
import { dottedPath } from '../../provisioning/schema-faults.ts';
import { validateDocument } from '../../provisioning/validate-document.ts';
import type { CheckAnswer, CheckQuestion } from './document-checker.ts';

/* One document is checked in this thread, and the thread ends. */

assert(parentPort !== null, 'this module runs in a worker thread');
const port = parentPort;
const { text, ...context } = workerData as CheckQuestion;
const outcome = validateDocument(text, context);
port.postMessage(answerOf(outcome));

/** Without the parsed text: of its lines only those that the other side may need. */
function answerOf(checked: ReturnType<typeof validateDocument>): CheckAnswer {
  if (checked.kind === 'refused') return checked;
  const { document, source } = checked;
  const secrets = [
    ...document.agents.map((_, index) => ['agents', index, 'password']),
    ...document.trunks.map((_, index) => ['trunks', index, 'password']),
  ];
  const lines = new Map(secrets.map((path) => [dottedPath(path), source.lineOf(path)]));
  return { kind: 'valid', document, lines };
}
