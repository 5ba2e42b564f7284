import { createSocket, type Socket } from 'node:dgram';

/**
 * The yardstick: pairs of UDP sockets, what one receives the other sends on to whoever wrote to it last. No
 * RTP is read. `argv[2]`: number of pairs; prints the ports as JSON, two neighbours a pair.
 */
const pairCount = Number(process.argv[2]);

interface End {
  readonly socket: Socket;
  peer: { port: number; address: string } | undefined;
}

async function open(): Promise<End> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 1 << 18,
    lookup: (host, _, done) => done(null, host, 4),
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { socket, peer: undefined };
}

function join(from: End, to: End): void {
  from.socket.on('message', (bytes, { port, address }) => {
    from.peer ??= { port, address };
    if (to.peer !== undefined) to.socket.send(bytes, to.peer.port, to.peer.address);
  });
}

const ports: number[] = [];
for (let at = 0; at < pairCount; at++) {
  const [a, b] = [await open(), await open()];
  join(a, b);
  join(b, a);
  ports.push(a.socket.address().port, b.socket.address().port);
}
console.log(JSON.stringify({ ports }));
