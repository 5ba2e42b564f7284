import { afterEach, describe, expect, it } from 'vitest';
import { startSipServer } from '../../../../src/embedded/sip-server/start-sip-server.ts';
import type { RunningSipServer } from '../../../../src/embedded/sip-server/start-sip-server.ts';
import { SipStack } from '../../../../src/embedded/sip/sip-stack.ts';
import { deferred } from '../../../fakes/deferred.ts';
import { Phone, connectApplication } from './srf-harness.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(): Promise<{ server: RunningSipServer; phone: Phone }> {
  const server = await startSipServer({ secret: 'cymru' });
  closers.push(() => server.close());
  const stack = new SipStack({ request: (tx) => void tx.reply(200) });
  await stack.listen({ host: '127.0.0.1', port: 0 });
  closers.push(() => stack.close());
  return { server, phone: new Phone(stack) };
}

describe('the SIP server in its worker thread', () => {
  it('serves, dies, and serves again on the addresses it had', async () => {
    const { server, phone } = await start();
    const port = server.sipAddresses[0]?.port ?? 0;
    const target = { protocol: 'udp', address: '127.0.0.1', port } as const;
    const srf = await connectApplication(server.controlPort);
    srf.invite((_req, res) => res.send(486));
    expect((await phone.call(target).answered).status).toBe(486);
    expect((await server.statistics())?.receivedCount).toBeGreaterThan(0);

    srf.disconnect();

    const down = deferred<string>();
    const up = deferred<number>();
    server.supervisor.once('down', (error) => down.resolve(error.code));
    server.supervisor.once('up', (ready) => up.resolve(ready.controlPort));
    await server.supervisor.kill();
    expect(await down.promise).toBe('WORKER_LOST');
    expect(await up.promise).toBe(server.controlPort);
    const again = await connectApplication(server.controlPort);
    closers.push(() => again.disconnect());
    again.invite((_req, res) => res.send(603));
    const routed = deferred();
    again.request(phone.uri(), { method: 'OPTIONS' }, (_error, request) => {
      request.on('response', () => routed.resolve());
    });
    await routed.promise;
    expect((await phone.call(target).answered).status).toBe(603);
  });

  it('says why it cannot start', async () => {
    const { server } = await start();
    const sipPort = server.sipAddresses[0]?.port ?? 0;
    await expect(startSipServer({ secret: 'x', sipPort })).rejects.toMatchObject({
      code: 'SIP_LISTEN_FAILED',
    });
  });
});
