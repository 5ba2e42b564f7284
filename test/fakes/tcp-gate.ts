import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** A TCP relay that can be cut and mended: how a test loses a server without ending it. */
export class TcpGate {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #target: () => { host: string; port: number };
  #isOpen = true;

  constructor(target: () => { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((inner) => this.#relay(inner));
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Breaks all connections and takes no more. */
  cut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isOpen = true;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #relay(inner: Socket): void {
    if (!this.#isOpen) {
      inner.destroy();
      return;
    }
    const outer = connect({ ...this.#target(), noDelay: true });
    inner.setNoDelay(true);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

/** A free TCP port of the loopback. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
