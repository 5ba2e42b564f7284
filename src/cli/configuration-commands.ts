import { basename } from 'node:path';
import type { Fault } from '../kernel/errors.ts';
import { type ConfigurationDiff, summarizeDiff } from '../provisioning/document-diff.ts';
import type { NumberTestRequest } from '../provisioning/number-test.ts';
import type { Operator } from './operator.ts';

/** Where commands write. */
export interface Output {
  /** One line on standard output. */
  line(text: string): void;
  /** One line on standard error. */
  error(text: string): void;
}

/**
 * `turnkeeper apply FILE [--dry-run]`. @returns the exit code: 0 applied, 1 refused (every fault is printed).
 */
export async function applyCommand(
  operator: Operator,
  output: Output,
  file: { readonly path: string; readonly text: string },
  options: { readonly dryRun: boolean },
): Promise<number> {
  const outcome = await operator.apply(file.text, basename(file.path), options);
  if (outcome.kind === 'refused') {
    for (const fault of outcome.faults) output.error(faultLine(file.path, fault));
    const count = outcome.faults.length;
    output.error(`${count} ${count === 1 ? 'fault' : 'faults'}; nothing was changed`);
    return 1;
  }
  for (const text of diffLines(outcome.diff)) output.line(text);
  const verb = options.dryRun ? 'would change' : 'in force';
  output.line(`version ${outcome.version} ${verb}: ${summarizeDiff(outcome.diff)}`);
  return 0;
}

/** `turnkeeper export [FILE]`: the text to write; secrets sealed. */
export function exportCommand(operator: Operator): Promise<string> {
  return operator.export();
}

/**
 * `turnkeeper number-test RULE NUMBER`. @returns the exit code: 0 may be called, 1 refused, with the step
 * that refused it.
 */
export async function numberTestCommand(
  operator: Operator,
  output: Output,
  rule: string,
  request: NumberTestRequest,
): Promise<number> {
  const { permitted, e164, country, step, message } = await operator.testNumber(rule, request);
  const number = e164 === null ? request.number : `${e164} (${country ?? 'no single country'})`;
  output.line(permitted ? `${number} ${message}` : `${number} is refused at step ${step}: ${message}`);
  return permitted ? 0 : 1;
}

/** `demo.yaml:12: queues[0].wrapUpSec: must be at most 3600 (found 9999)`. */
export function faultLine(path: string, fault: Fault): string {
  const place = fault.line === undefined ? path : `${path}:${fault.line}`;
  const field = fault.path === '' ? '' : `${fault.path}: `;
  const found = fault.value === undefined ? '' : ` (found ${JSON.stringify(fault.value)})`;
  return `${place}: ${field}${fault.message}${found}`;
}

function diffLines(diff: ConfigurationDiff): string[] {
  return [
    ...diff.added.map((item) => `+ ${item}`),
    ...diff.changed.map(({ item, fields }) => `~ ${item}: ${fields.map(({ field }) => field).join(', ')}`),
    ...diff.removed.map((item) => `- ${item}`),
    ...diff.reordered.map((section) => `~ ${section}: order or list`),
  ];
}
