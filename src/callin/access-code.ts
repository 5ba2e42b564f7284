import { randomInt } from 'node:crypto';

/**
 * Unpredictable digits; the first is not 0, so that a client which reads them as a number keeps them whole.
 * @param length 4–12.
 */
export function newAccessCode(length: number): string {
  let code = String(randomInt(1, 10));
  while (code.length < length) code += String(randomInt(0, 10));
  return code;
}

/** Codes of this length that exist. */
export function codeCount(length: number): number {
  return 9 * 10 ** (length - 1);
}
