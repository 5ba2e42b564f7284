import { parseNumber } from '../../screening/phone-number.ts';
import type { RouteContext } from './http-dependencies.ts';

/**
 * A number that callbacks are searched by, as it is stored: `+` and digits. National ones are read for the
 * queue's country, as at a creation; what is no number stays as it is, and finds nothing.
 * @param queue undefined: of no queue in particular; only international numbers are understood.
 */
export function searchedNumber(
  { provisioning }: Pick<RouteContext, 'provisioning'>,
  text: string,
  queue: string | undefined,
): string {
  const settings = queue === undefined ? undefined : provisioning.queueSettings(queue);
  const country = settings?.find(({ key }) => key === 'defaultCountry')?.value;
  const number = typeof country === 'string' ? parseNumber(text, country) : undefined;
  return number?.ok === true ? number.e164 : international(text);
}

/** The digits with a `+`, where they may be a whole number; an extension stays as it is. */
function international(number: string): string {
  const digits = number.replaceAll(/[\s().\-/]/g, '');
  return /^\d{8,15}$/.test(digits) ? `+${digits}` : digits;
}
