import { connect } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import type { SipServerConfig } from './telephony-config.ts';

const REPLY_LENGTH_MAX = 64 * 1024;

/** What a SIP server says of itself when an application authenticates. */
export interface SipServerGreeting {
  /** `udp/127.0.0.1:5060`, one entry a transport. */
  readonly sipAddresses: readonly string[];
  readonly version: string;
}

/**
 * Opens a control connection, authenticates and closes it again. Rejects with SIP_SERVER_UNREACHABLE
 * (retryable) or SIP_SERVER_REFUSED (wrong secret).
 */
export function askSipServer(
  server: SipServerConfig,
  clock: Clock,
  timeoutMs: number,
): Promise<SipServerGreeting> {
  return new Promise((resolve, reject) => {
    const where = `drachtio control port ${server.host}:${server.port}`;
    const socket = connect({ host: server.host, port: server.port, noDelay: true });
    let buffer = '';
    const finish = (settle: () => void): void => {
      clock.clearTimer(timer);
      socket.destroy();
      settle();
    };
    const fail = (why: string, cause?: unknown): void =>
      finish(() => {
        reject(new AppError('SIP_SERVER_UNREACHABLE', `${where}: ${why}`, { cause, retryable: true }));
      });
    const timer = clock.setTimer(timeoutMs, () => fail(`no answer in ${timeoutMs} ms`));
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      const request = `probe|authenticate|${server.secret}|`;
      socket.write(`${Buffer.byteLength(request)}#${request}`);
    });
    socket.on('error', (error) => fail(error.message, error));
    socket.on('close', () => fail('closed the connection; is the secret right?'));
    socket.on('data', (chunk: string) => {
      buffer += chunk;
      const [, length, text = ''] = /^(\d{1,6})#([\s\S]*)$/.exec(buffer) ?? [];
      if (buffer.length > REPLY_LENGTH_MAX) return fail('reply too long');
      if (length === undefined || text.length < Number(length)) return;
      const [, , , result, addresses = '', version = 'unknown'] = text.split('|');
      if (result !== 'OK') {
        return finish(() => reject(new AppError('SIP_SERVER_REFUSED', `${where}: wrong secret`)));
      }
      finish(() => resolve({ sipAddresses: addresses.split(','), version }));
    });
  });
}
