import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Socket as TcpSocket, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SIP_MESSAGE_LIMITS } from '../../../../src/embedded/sip/parse-sip-message.ts';
import type { ServerTransaction } from '../../../../src/embedded/sip/server-transaction.ts';
import { SipStack } from '../../../../src/embedded/sip/sip-stack.ts';
import { SimulatedClock } from '../../../../src/kernel/simulated-clock.ts';

const { headerCharactersMax, headerCountMax, messageBytesMax } = SIP_MESSAGE_LIMITS;

/** A request with these headers before those that an answer is made of. */
function request(method: string, first: readonly string[], last: readonly string[] = []): string {
  return [
    `${method} sip:a@127.0.0.1 SIP/2.0`,
    ...first,
    'v: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKlimits',
    'From: <sip:b@127.0.0.1>;tag=from',
    't: <sip:a@127.0.0.1>',
    'Call-ID: limits@127.0.0.1',
    `CSeq: 7 ${method}`,
    ...last,
    '',
    '',
  ].join('\r\n');
}

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `X-${i}: y`);
const long = `X-Long: ${'x'.repeat(headerCharactersMax)}`;

let stack: SipStack;
let clock: SimulatedClock;
let requestCount: number;
let udp: UdpSocket;
const connections: TcpSocket[] = [];
beforeEach(async () => {
  clock = new SimulatedClock();
  requestCount = 0;
  const answer = {
    request: (tx: ServerTransaction) => {
      requestCount++;
      tx.reply(200);
    },
  };
  stack = new SipStack(answer, { clock });
  await stack.listen({ host: '127.0.0.1', port: 0 });
  udp = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
});
afterEach(async () => {
  udp.close();
  for (const connection of connections.splice(0)) connection.destroy();
  await stack.close();
});

const port = (): number => stack.addresses[0]?.port ?? 0;

/** Sends datagrams, then a proper request; what came back until the answer to that. */
async function answersTo(...datagrams: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  const last = new Promise<void>((resolve) => {
    udp.on('message', (bytes) => {
      const text = bytes.toString();
      if (text.includes('CSeq: 7 OPTIONS') && text.startsWith('SIP/2.0 200')) resolve();
      else answers.push(text);
    });
  });
  for (const datagram of datagrams) udp.send(datagram, port(), '127.0.0.1');
  udp.send(request('OPTIONS', []), port(), '127.0.0.1');
  await last;
  return answers;
}

describe('a request over UDP beyond the limits of its headers', () => {
  it.each([
    ['a header line', request('INVITE', [long])],
    ['a header behind those of the answer', request('INVITE', [], [long])],
    ['a folded header', request('INVITE', ['X: y', ...many(9).map(() => ` ${'x'.repeat(1000)}`)])],
    ['the number of headers', request('INVITE', many(headerCountMax + 1))],
    ['the number of headers behind those of the answer', request('INVITE', [], many(headerCountMax + 1))],
  ])('is answered 513 without state: %s', async (_what, datagram) => {
    const [answer = '', ...more] = await answersTo(datagram);
    expect(more).toEqual([]);
    // RFC 3261 §21.5.7, §8.2.6.2
    expect(answer.split('\r\n')[0]).toMatch(/^SIP\/2\.0 513 Message Too Large \(.*too (long|many).*\)$/);
    expect(answer).toMatch(/^Via: SIP\/2\.0\/UDP 127\.0\.0\.1;.*branch=z9hG4bKlimits/m);
    expect(answer).toMatch(/^To: <sip:a@127\.0\.0\.1>;tag=\S+/m);
    expect(answer).toContain('Call-ID: limits@127.0.0.1\r\n');
    expect(answer).toContain('CSeq: 7 INVITE\r\n');
    expect(requestCount).toBe(1);
    expect(stack.counters.malformedCount).toBe(1);
  });

  it('is taken up to the very limits', async () => {
    const value = 'x'.repeat(headerCharactersMax - 'X-Long: '.length);
    const answers = await answersTo(request('MESSAGE', [`X-Long: ${value}`, ...many(headerCountMax - 6)]));
    expect(answers.map((text) => text.split('\r\n')[0])).toEqual(['SIP/2.0 200 OK']);
  });

  it('is not answered where nothing says to whom: no Via, an ACK, a start line too long, a flood of Via', async () => {
    const withoutVia = request('INVITE', [long]).replace(/^v:.*\r\n/m, '');
    const startLine = request('INVITE', []).replace('sip:a@', `sip:${'a'.repeat(headerCharactersMax)}@`);
    const vias = many(3 * headerCountMax).map(() => 'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx');
    expect(await answersTo(withoutVia, request('ACK', [long]), startLine, request('INVITE', vias))).toEqual(
      [],
    );
    expect(stack.counters.malformedCount).toBe(4);
  });

  it('is answered a hundred times a second at most', async () => {
    const first = await answersTo(...many(150).map(() => request('INVITE', [long])));
    expect(first).toHaveLength(100);
    clock.advance(200);
    const second = await answersTo(...many(50).map(() => request('INVITE', [long])));
    expect(second).toHaveLength(20);
  });
});

describe('a request over TCP', () => {
  async function sent(text: string): Promise<{ said: string; closed: boolean }> {
    const connection = connect(port(), '127.0.0.1');
    connections.push(connection);
    let said = '';
    connection.on('data', (bytes) => (said += bytes.toString()));
    connection.write(text);
    const over = text.includes('Content-Length: 9') ? once(connection, 'close') : once(connection, 'data');
    await over;
    return { said, closed: connection.destroyed };
  }

  it('beyond the limits of its headers is answered 513, and the connection goes on', async () => {
    const { said, closed } = await sent(request('INVITE', [long]));
    expect(said).toMatch(/^SIP\/2\.0 513 /);
    expect(closed).toBe(false);
  });

  it('that announces a body too large is answered 513, and the connection closed', async () => {
    const size = `Content-Length: 9${messageBytesMax}`;
    const { said, closed } = await sent(request('INVITE', [], [size]));
    expect(said).toMatch(/^SIP\/2\.0 513 Message Too Large \(message too long\)/);
    expect(closed).toBe(true);
    expect(requestCount).toBe(0);
  });
});
