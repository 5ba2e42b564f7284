import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { ControlFramer, frameControlMessage } from '../../../../src/embedded/sip-server/control-framer.ts';
import { SystemClock, delay } from '../../../../src/kernel/clock.ts';
import { deferred } from '../../../fakes/deferred.ts';
import { ANSWER, Lab } from './srf-harness.ts';
import type { Phone } from './srf-harness.ts';

/**
 * T1 of 80 ms: a transaction is forgotten 5 s after its end. With less, a machine that stands still for a
 * moment has the server give up a call whose ACK is on its way.
 */
const TIMERS = { t1Ms: 80, t2Ms: 320, t4Ms: 100 };
const CALLS = 10_000;
const AT_ONCE = 40;

let lab: Lab;
afterEach(() => lab.close());

/** The smallest application there is: answers INVITE and BYE with 200, without a library between. */
async function startApplication(controlPort: number): Promise<{ end: () => void }> {
  const socket = connect(controlPort, '127.0.0.1');
  const framer = new ControlFramer();
  const routed = deferred();
  socket.on('error', () => undefined);
  const send = (text: string): void => void socket.write(frameControlMessage(text));
  socket.on('data', (chunk: Buffer) => {
    for (const message of framer.push(chunk).messages) {
      const fields = message.slice(0, message.indexOf('\r\n')).split('|');
      if (fields[1] === 'response' && fields[2] === 'route') routed.resolve();
      if (fields[1] !== 'sip' || !/\r\n(INVITE|BYE) /.test(message)) continue;
      const body = message.includes('\r\nINVITE ') ? ANSWER : '';
      send(`r|sip|${fields[8]}|\r\nSIP/2.0 200 OK\r\nX-App: small\r\n\r\n${body}`);
    }
  });
  send('auth|authenticate|cymru|');
  send('route|route|invite');
  await routed.promise;
  return { end: () => socket.destroy() };
}

async function callAndHangUp(phone: Phone): Promise<void> {
  const call = phone.call(lab.target());
  const answer = await call.answered;
  expect(answer.status).toBe(200);
  const dialog = phone.acknowledge(call, answer);
  expect((await phone.send(dialog.createRequest('BYE'), lab.target())).status).toBe(200);
}

async function place(phone: Phone, count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await callAndHangUp(phone);
    }),
  );
}

/** Waits, on the protocol's own clock, for every lingering transaction of both sides to end. */
async function drained(phone: Phone): Promise<void> {
  const clock = new SystemClock();
  const held = (): number =>
    lab.server.statistics.serverTransactionCount + phone.stack.clientTransactionCount;
  while (held() > 0) await delay(clock, TIMERS.t1Ms * 10);
}

function heapUsedBytes(): number {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

it(
  `after ${CALLS} calls nothing is held and the heap has not grown with them`,
  { timeout: 90_000 },
  async () => {
    lab = await Lab.start({ timers: TIMERS, limits: { invitesPerSecondMax: 100_000 } });
    const application = await startApplication(lab.server.controlPort);
    const phone = await lab.phone(undefined, { timers: TIMERS });
    await place(phone, CALLS / 5);
    await drained(phone);
    const before = heapUsedBytes();
    await place(phone, (CALLS * 4) / 5);
    await drained(phone);
    const grownBytes = heapUsedBytes() - before;
    application.end();
    expect(lab.server.statistics).toMatchObject({
      dialogCount: 0,
      inboundCount: 0,
      outboundCount: 0,
      clientTransactionCount: 0,
      serverTransactionCount: 0,
      handlerErrorCount: 0,
    });
    // 8 000 calls that each left a kilobyte would be 8 MB.
    expect(grownBytes).toBeLessThan(4_000_000);
  },
);
