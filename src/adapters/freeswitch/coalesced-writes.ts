import type { Socket } from 'node:net';

/**
 * Sends what is written to a socket within one turn in one piece. drachtio-modesl writes a command in up to
 * six pieces (lib/esl/Connection.js, `send`); each would be a system call, a segment and a wake-up of the
 * other side of its own.
 */
export function coalesceWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isHeld = false;
  const release = (): void => {
    isHeld = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]): boolean => {
    if (!isHeld) {
      isHeld = true;
      socket.cork();
      process.nextTick(release);
    }
    return write(...args);
  };
}
