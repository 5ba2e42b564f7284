import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isatty } from 'node:tty';
import { type PhoneOrders, TerminalPhone, type TimedKeys } from './terminal-phone.ts';
import { Timeline } from './timeline.ts';

/** Groups of keys of one phone, and keys of one group at most. */
const TIMED_KEYS = /^(\d{1,4}(?:\.\d)?):([\d*#A-D]{1,32})$/;
const GROUPS_MAX = 50;

/** Where the command tells what happens, and what is wrong. */
interface PhoneOutput {
  readonly line: (text: string) => void;
  readonly error: (text: string) => void;
}

/** The command's options as commander gives them. */
export interface PhoneOptions {
  readonly server: string;
  readonly as: string;
  readonly user?: string;
  readonly password?: string;
  readonly port: number;
  readonly press: string;
  readonly hangUpAfter?: number;
  readonly calls?: number;
  readonly decline: boolean;
}

/**
 * `turnkeeper phone [NUMBER]`: a SIP phone that says what happens, presses the keys it was told to, and those
 * typed meanwhile. Ctrl-C hangs up. @returns the exit code: 0, 1 the number dialled did not answer, 2 an
 * option is wrong.
 */
export async function phoneCommand(
  output: PhoneOutput,
  number: string | undefined,
  options: PhoneOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const orders = ordersOf(number, options, environment);
  if (typeof orders === 'string') {
    output.error(orders);
    return 2;
  }
  const phone = new TerminalPhone(orders, new Timeline(output.line));
  const stop = (): void => phone.stop();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const typed = mayReadKeys() ? createInterface({ input: process.stdin }) : undefined;
  typed?.on('line', (line) => void phone.type(line)).on('close', stop);
  try {
    return await phone.run();
  } finally {
    typed?.off('close', stop).close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** What the options mean, or what is wrong with them. */
export function ordersOf(
  number: string | undefined,
  options: PhoneOptions,
  environment: Readonly<Record<string, string | undefined>>,
): PhoneOrders | string {
  const [, host = '', port = ''] = /^([\d.]+):(\d{1,5})$/.exec(options.server) ?? [];
  if (host === '') return '--server must be like 127.0.0.1:5060';
  const press = options.press.split(/\s+/).filter((text) => text !== '');
  const keys = press.map((text) => TIMED_KEYS.exec(text)).filter((found) => found !== null);
  if (press.length > GROUPS_MAX || keys.length < press.length) return '--press must be like "9:1 3:1"';
  const { user, hangUpAfter, calls } = options;
  const password = options.password ?? environment['PHONE_PASSWORD'];
  if (user !== undefined && password === undefined) return '--user needs --password, or PHONE_PASSWORD';
  return {
    server: { host, port: Number(port) },
    ani: options.as,
    port: options.port,
    press: keys.map(([, afterSec, group = '']): TimedKeys => ({ afterSec: Number(afterSec), keys: group })),
    declines: options.decline,
    ...(number !== undefined && { dial: number }),
    ...(user !== undefined && password !== undefined && { agent: { user, password } }),
    ...(hangUpAfter !== undefined && { hangUpAfterSec: hangUpAfter }),
    ...(calls !== undefined && { callCountMax: calls }),
  };
}

/** A terminal's job in the background would be stopped for reading from it (SIGTTIN). */
function mayReadKeys(): boolean {
  if (!isatty(0)) return false;
  try {
    // pid (name) state ppid group session terminal foreground-group …
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    return true;
  }
}
