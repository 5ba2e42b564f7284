import type { QueueSettings } from '../callback/queue-settings.ts';
import { type NumberVerdict, screenNumber } from '../screening/screen-number.ts';
import type { Refusal } from './application.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** What screening asks of the configuration in force. */
type RuleDirectory = Pick<ServiceDirectory, 'numberRule'>;

/** Screens a number as typed or keyed by what its queue and the rule assigned to the queue say now. */
export function screenForQueue(
  directory: RuleDirectory,
  settings: QueueSettings,
  text: string,
): NumberVerdict {
  const { numberRule } = settings;
  return screenNumber(
    text,
    settings,
    numberRule === undefined ? undefined : directory.numberRule(numberRule),
  );
}

/** A refused number as the application says it. */
export function numberRefusal({ step, message }: NumberVerdict & { readonly kind: 'refused' }): Refusal {
  if (step === 'parse' || step === 'impossible') return { kind: 'invalid-number', reason: message };
  return { kind: 'number-not-permitted', step, reason: message };
}
