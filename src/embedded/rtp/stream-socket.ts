import type { Socket } from 'node:dgram';
import type { MediaAddress } from './source-latch.ts';

const ANY_ADDRESS = '0.0.0.0';

/**
 * A leg's RTP socket as it is sent from. While the phone speaks it is connected to the phone: a connected
 * socket sends without reading the address from text and without looking for the route each time (10.8
 * instead of 12.7 µs a packet relayed), and strangers' datagrams end in the kernel.
 *
 * Never with a socket bound to every address: connecting would tie it to one of them, and a phone that sends
 * to another would no longer be heard.
 */
export class StreamSocket {
  readonly #socket: Socket;
  readonly #mayConnect: boolean;
  #peer: MediaAddress | undefined;

  /** @param socket bound, with a look-up that answers at once. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#mayConnect = socket.address().address !== ANY_ADDRESS;
  }

  /** Whom it is connected to; undefined: everybody is heard. */
  get peer(): MediaAddress | undefined {
    return this.#peer;
  }

  /** From now on only `peer` is heard and sent to. */
  connect(peer: MediaAddress): void {
    if (peer === this.#peer || !this.#mayConnect) return;
    this.release();
    try {
      this.#socket.connect(peer.port, peer.address);
      // Throws where the system refused to connect: then it goes on as before.
      this.#socket.remoteAddress();
      this.#peer = peer;
    } catch {
      this.#peer = undefined;
    }
  }

  /** Hears everybody again. */
  release(): void {
    if (this.#peer === undefined) return;
    this.#peer = undefined;
    this.#socket.disconnect();
  }

  /** `bytes` belong to the socket from now on. */
  send(bytes: Buffer, to: MediaAddress): void {
    if (this.#peer === to) {
      this.#socket.send(bytes);
      return;
    }
    this.release();
    this.#socket.send(bytes, to.port, to.address);
  }
}
