import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../src/kernel/random.ts';
import type { SipTarget } from '../../../../src/embedded/sip/sip-flow.ts';
import { serializeSipMessage } from '../../../../src/embedded/sip/sip-message.ts';
import { deferred } from '../../../fakes/deferred.ts';
import { mutate, noise } from '../../../fixtures/torture/mutations.ts';
import { TORTURE_MESSAGES } from '../../../fixtures/torture/rfc4475.ts';
import { ANSWER, FAST_TIMERS, Lab, OFFER, connectApplication } from './srf-harness.ts';
import type { Phone } from './srf-harness.ts';

let lab: Lab;
const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await lab.close();
});

/** An application that rings and answers every call. */
async function answering(): Promise<void> {
  const srf = await lab.application();
  srf.invite((req, res) => {
    res.send(180);
    srf.createUAS(req, res, { localSdp: ANSWER }).catch(() => undefined);
  });
}

async function wholeCall(phone: Phone, target: SipTarget): Promise<void> {
  const call = phone.call(target);
  const answer = await call.answered;
  expect(answer.status).toBe(200);
  const dialog = phone.acknowledge(call, answer);
  expect((await phone.send(dialog.createRequest('BYE'), target)).status).toBe(200);
}

/** A relay between a phone and the server that loses every n-th datagram, either way. */
async function lossyRelay(
  serverPort: number,
  everyNth: number,
): Promise<{ target: SipTarget; lost: () => number }> {
  const open = (): Promise<UdpSocket> =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      closers.push(() => socket.close());
      socket.bind(0, '127.0.0.1', () => resolve(socket));
    });
  const front = await open();
  const back = await open();
  let count = 0;
  let lostCount = 0;
  let phonePort = 0;
  const isLost = (): boolean => {
    if (++count % everyNth !== 0) return false;
    lostCount++;
    return true;
  };
  front.on('message', (bytes, from) => {
    phonePort = from.port;
    if (!isLost()) back.send(bytes, serverPort, '127.0.0.1');
  });
  back.on('message', (bytes) => {
    if (!isLost()) front.send(bytes, phonePort, '127.0.0.1');
  });
  const target = { protocol: 'udp', address: '127.0.0.1', port: front.address().port } as const;
  return { target, lost: () => lostCount };
}

describe('a network that loses datagrams', () => {
  it.each([3, 4, 7])(
    'every %ith in both directions still lets every call be set up and ended',
    async (nth) => {
      lab = await Lab.start({ timers: FAST_TIMERS });
      await answering();
      const relay = await lossyRelay(lab.port, nth);
      const phone = await lab.phone(undefined, { timers: FAST_TIMERS });
      for (let i = 0; i < 12; i++) await wholeCall(phone, relay.target);
      expect(relay.lost()).toBeGreaterThan(12);
      expect(lab.server.statistics.dialogCount).toBe(0);
    },
  );
});

describe('a hostile peer', () => {
  it('sends spoilt and meaningless datagrams: they are counted, and calls go on', async () => {
    lab = await Lab.start({ timers: FAST_TIMERS });
    await answering();
    const phone = await lab.phone();
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    const random = new SeededRandom(7);
    const valid = serializeSipMessage(phone.request('INVITE', 'sip:5000@127.0.0.1', {}, OFFER));
    for (let i = 0; i < 1_500; i++) {
      const torture = Buffer.from(TORTURE_MESSAGES[i % TORTURE_MESSAGES.length]?.text ?? '');
      const bytes = i % 3 === 0 ? noise(random, 900) : mutate(i % 3 === 1 ? valid : torture, random);
      socket.send(bytes.subarray(0, 60_000), lab.port, '127.0.0.1');
      // Now and then a real call in between, which also gives the loop its turns.
      if (i % 250 === 0) await wholeCall(phone, lab.target());
    }
    await wholeCall(phone, lab.target());
    const { malformedCount, handlerErrorCount } = lab.server.statistics;
    expect(malformedCount).toBeGreaterThan(300);
    expect(handlerErrorCount).toBe(0);
  });

  it('breaks a TCP stream: its connection is closed, the others live', async () => {
    lab = await Lab.start();
    await answering();
    const phone = await lab.phone();
    await wholeCall(phone, lab.target('tcp'));
    for (const bytes of [
      noise(new SeededRandom(3), 70_000),
      Buffer.from('A: b\r\nContent-Length: -5\r\n\r\n'),
    ]) {
      const closed = deferred();
      const socket = connect(lab.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('close', () => closed.resolve());
      socket.write(Buffer.concat([bytes, Buffer.from('\r\n\r\nContent-Length: x\r\n\r\n')]));
      socket.end();
      await closed.promise;
    }
    await wholeCall(phone, lab.target('tcp'));
    expect(lab.server.statistics.malformedCount).toBeGreaterThanOrEqual(2);
  });

  it('asks over TCP whether we are there, and is told so', async () => {
    lab = await Lab.start();
    const pong = deferred<string>();
    const socket = connect(lab.port, '127.0.0.1');
    closers.push(() => socket.destroy());
    socket.on('data', (bytes) => pong.resolve(bytes.toString()));
    socket.write('\r\n\r\n');
    expect(await pong.promise).toBe('\r\n');
  });
});

describe('a flood of calls', () => {
  it('is answered 503 with Retry-After beyond the limit while calls in progress go on', async () => {
    lab = await Lab.start({ limits: { dialogsMax: 5, retryAfterSec: 7 } });
    await answering();
    const phone = await lab.phone();
    const held = [];
    for (let i = 0; i < 5; i++) {
      const call = phone.call(lab.target());
      held.push(phone.acknowledge(call, await call.answered));
    }
    const refused = await Promise.all(Array.from({ length: 200 }, () => phone.call(lab.target()).answered));
    expect(refused.every((answer) => answer.status === 503)).toBe(true);
    expect(refused[0]?.headers.get('Retry-After')).toBe('7');
    for (const dialog of held) {
      expect((await phone.send(dialog.createRequest('INFO'), lab.target())).status).toBe(200);
      expect((await phone.send(dialog.createRequest('BYE'), lab.target())).status).toBe(200);
    }
    await wholeCall(phone, lab.target());
    expect(lab.server.statistics.refusedCount).toBe(200);
  });

  it('is held to the rate of new calls', async () => {
    lab = await Lab.start({ limits: { invitesPerSecondMax: 10 } });
    await answering();
    const phone = await lab.phone();
    const answers = await Promise.all(Array.from({ length: 100 }, () => phone.call(lab.target()).answered));
    const taken = answers.filter((answer) => answer.status === 200).length;
    expect(taken).toBeGreaterThanOrEqual(10);
    expect(taken).toBeLessThan(60);
  });
});

describe('the control port', () => {
  it('refuses a wrong secret', async () => {
    lab = await Lab.start();
    await expect(connectApplication(lab.server.controlPort, 'wrong')).rejects.toThrow('authenticate');
    expect(lab.server.statistics.applicationCount).toBe(0);
  });

  it.each([
    ['nonsense', 'hello'],
    ['a length that is none', '12x4#abc'],
    ['a huge length', '999999#'],
    ['a request before the secret', '10#id|ping|12'],
    ['half a message of an unknown kind', '7#id|what'],
  ])('closes a connection that sends %s', async (_what, text) => {
    lab = await Lab.start();
    const closed = deferred();
    const socket = connect(lab.server.controlPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => closed.resolve());
    socket.write(text);
    await closed.promise;
    expect(lab.server.statistics.controlRejectedCount).toBe(1);
  });

  it('shares calls among applications in turn', async () => {
    lab = await Lab.start();
    const counts = [0, 0];
    for (const index of [0, 1]) {
      const srf = await lab.application();
      const routed = deferred();
      srf.invite((_req, res) => {
        counts[index] = (counts[index] ?? 0) + 1;
        res.send(486);
      });
      const phone = await lab.phone();
      srf.request(phone.uri(), { method: 'OPTIONS' }, (_error, request) => {
        request.on('response', () => routed.resolve());
      });
      await routed.promise;
    }
    const phone = await lab.phone();
    for (let i = 0; i < 10; i++) expect((await phone.call(lab.target()).answered).status).toBe(486);
    expect(counts).toEqual([5, 5]);
  });
});
