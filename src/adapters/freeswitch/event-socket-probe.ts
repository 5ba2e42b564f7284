import { connect } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';

/** Where an event socket is and how to enter it. */
export interface EventSocketAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

const REPLY_LENGTH_MAX = 256 * 1024;

/**
 * Opens an event socket, authenticates and runs one api command; resolves to the body of the reply. Rejects
 * with MEDIA_SERVER_UNREACHABLE (retryable) or MEDIA_SERVER_REFUSED (wrong secret or access list).
 *
 * fsmrf is only let near a media server that has passed this: on a wrong secret it never calls back, and
 * without the profile in `sofia status` it throws where nobody can catch.
 */
export function askEventSocket(
  address: EventSocketAddress,
  command: string,
  clock: Clock,
  timeoutMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    let buffer = '';
    let step: 'greeting' | 'auth' | 'api' = 'greeting';
    const finish = (error: AppError | undefined, body = ''): void => {
      clock.clearTimer(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve(body);
    };
    const unreachable = (why: string, cause?: unknown): AppError =>
      new AppError('MEDIA_SERVER_UNREACHABLE', `event socket ${address.host}:${address.port}: ${why}`, {
        cause,
        retryable: true,
      });
    const timer = clock.setTimer(timeoutMs, () => finish(unreachable(`no answer in ${timeoutMs} ms`)));
    socket.setEncoding('utf8');
    socket.on('error', (error) => finish(unreachable(error.message, error)));
    socket.on('close', () => finish(unreachable('closed the connection')));
    socket.on('data', (chunk: string) => {
      buffer += chunk;
      if (buffer.length > REPLY_LENGTH_MAX) return finish(unreachable('reply too long'));
      for (;;) {
        const message = takeMessage(buffer);
        if (!message) return;
        buffer = message.rest;
        if (/rude-rejection/.test(message.head)) return finish(refused(address, 'access list'));
        if (step === 'greeting' && /auth\/request/.test(message.head)) {
          step = 'auth';
          socket.write(`auth ${address.secret}\n\n`);
        } else if (step === 'auth') {
          if (!/Reply-Text: \+OK/.test(message.head)) return finish(refused(address, 'wrong secret'));
          step = 'api';
          socket.write(`api ${command}\n\n`);
        } else if (/api\/response/.test(message.head)) return finish(undefined, message.body);
      }
    });
  });
}

function refused(address: EventSocketAddress, why: string): AppError {
  return new AppError('MEDIA_SERVER_REFUSED', `event socket ${address.host}:${address.port}: ${why}`);
}

function takeMessage(buffer: string): { head: string; body: string; rest: string } | undefined {
  const end = buffer.indexOf('\n\n');
  if (end < 0) return undefined;
  const head = buffer.slice(0, end);
  const length = Number(/Content-Length: (\d{1,7})/i.exec(head)?.[1] ?? 0);
  const start = end + 2;
  // Lengths are bytes; replies to what we ask are ASCII, so characters and bytes agree.
  if (buffer.length < start + length) return undefined;
  return { head, body: buffer.slice(start, start + length), rest: buffer.slice(start + length) };
}
