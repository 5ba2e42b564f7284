import { afterEach, describe, expect, it } from 'vitest';
import type { ServerTransaction } from '../../../../src/embedded/sip/server-transaction.ts';
import { SipDialog } from '../../../../src/embedded/sip/sip-dialog.ts';
import { parseDigestParams } from '../../../../src/embedded/sip/digest-credentials.ts';
import { deferred } from '../../../fakes/deferred.ts';
import { ANSWER, FAST_TIMERS, Lab, OFFER } from './srf-harness.ts';
import type { Phone, TestDialog, TestRequest, TestResponse } from './srf-harness.ts';

let lab: Lab;
afterEach(() => lab.close());

/** A phone that rings and answers, and says what it was told. */
async function answeringPhone(protocol: 'udp' | 'tcp' = 'udp') {
  const invite = deferred<ServerTransaction>();
  const ack = deferred<string>();
  const bye = deferred();
  const phone: Phone = await lab.phone({
    request: (tx) => {
      if (tx.request.method === 'BYE') {
        tx.reply(200);
        bye.resolve();
      }
      if (tx.request.method !== 'INVITE') return;
      tx.listen({ ack: (message) => ack.resolve(message.body.toString()) });
      tx.reply(180, { headers: { Contact: `<${phone.uri('agent', protocol)}>` } });
      tx.reply(200, { headers: { Contact: `<${phone.uri('agent', protocol)}>` }, body: ANSWER });
      invite.resolve(tx);
    },
  });
  return { phone, invite: invite.promise, ack: ack.promise, bye: bye.promise };
}

describe.each(['udp', 'tcp'] as const)('an outbound call over %s', (protocol) => {
  it('rings, is answered, acknowledged and hung up by the application', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const { phone, invite, ack, bye } = await answeringPhone(protocol);
    const statuses: number[] = [];
    const dialog = await srf.createUAC(
      phone.uri('agent', protocol),
      {
        localSdp: OFFER,
        headers: { From: 'sip:15551230000@localhost', Contact: 'sip:15551230000@localhost' },
      },
      { cbProvisional: (res: TestResponse) => statuses.push(res.status) },
    );
    const { request, flow } = await invite;
    expect(flow.protocol).toBe(protocol);
    const transport = protocol === 'tcp' ? ';transport=tcp' : '';
    expect(request.headers.get('From')).toContain(`<sip:15551230000@127.0.0.1:${lab.port}>;tag=`);
    expect(request.headers.get('Contact')).toBe(`<sip:15551230000@127.0.0.1:${lab.port}${transport}>`);
    expect(request.headers.get('Content-Type')).toBe('application/sdp');
    expect(statuses).toEqual([180]);
    expect(dialog.remote.sdp).toBe(ANSWER);
    expect(await ack).toBe('');
    await dialog.destroy();
    await bye;
    expect(lab.server.statistics.dialogCount).toBe(0);
    expect(lab.server.statistics.outboundCount).toBe(0);
  });

  it('is hung up by the phone', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const { phone, invite } = await answeringPhone(protocol);
    const dialog = await srf.createUAC(phone.uri('agent', protocol), { localSdp: OFFER });
    const ended = deferred();
    dialog.once('destroy', () => ended.resolve());
    const tx = await invite;
    if (!tx.finalResponse) throw new Error('not answered');
    const sip = SipDialog.fromServer(tx.request, tx.finalResponse);
    const answer = await phone.send(sip.createRequest('BYE'), lab.target(protocol));
    expect(answer.status).toBe(200);
    await ended.promise;
    expect(lab.server.statistics.dialogCount).toBe(0);
  });
});

describe('an outbound call without SDP', () => {
  it('is acknowledged by the application with its answer, as late as it likes', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const { phone, invite, ack } = await answeringPhone();
    type ThirdParty = { sdp: string; ack: (sdp: string) => Promise<TestDialog> };
    const half = (await srf.createUAC(phone.uri(), { noAck: true })) as unknown as ThirdParty;
    expect((await invite).request.body.length).toBe(0);
    expect(half.sdp).toBe(ANSWER);
    const dialog = await half.ack(OFFER);
    expect(await ack).toBe(OFFER);
    await dialog.destroy();
  });
});

describe('an outbound call that is not answered', () => {
  it.each([486, 404, 603])('ends with %i', async (status) => {
    lab = await Lab.start();
    const srf = await lab.application();
    const phone = await lab.phone({ request: (tx) => void tx.reply(status) });
    await expect(srf.createUAC(phone.uri(), { localSdp: OFFER })).rejects.toMatchObject({ status });
    expect(lab.server.statistics.dialogCount).toBe(0);
  });

  it('ends with 408 when nobody answers', async () => {
    lab = await Lab.start({ timers: FAST_TIMERS });
    const srf = await lab.application();
    const dead = await lab.phone();
    const uri = dead.uri();
    await dead.stack.close();
    await expect(srf.createUAC(uri, { localSdp: OFFER })).rejects.toMatchObject({ status: 408 });
  });

  it('ends with 503 when no connection can be made', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const dead = await lab.phone();
    const uri = dead.uri('x', 'tcp');
    await dead.stack.close();
    await expect(srf.createUAC(uri, { localSdp: OFFER })).rejects.toMatchObject({ status: 503 });
  });

  it('is refused when it would lead to the server itself, or nowhere', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const own = srf.createUAC(`sip:x@127.0.0.1:${lab.port}`, { localSdp: OFFER });
    await expect(own).rejects.toThrow('can not send request to myself');
    await expect(srf.createUAC('sip:x@[::1]', { localSdp: OFFER })).rejects.toThrow('no way to send');
  });

  it.each(['before', 'after'])('is cancelled %s it rings', async (when) => {
    lab = await Lab.start();
    const srf = await lab.application();
    const phone = await lab.phone(
      {
        request: (tx) => {
          tx.listen({ cancel: () => void tx.reply(487) });
          if (when === 'after') tx.reply(180);
        },
      },
      { tryingAfterMs: 20 },
    );
    const cancel = (request: TestRequest): void => request.cancel();
    let sent: TestRequest | undefined;
    const call = srf.createUAC(
      phone.uri(),
      { localSdp: OFFER },
      {
        cbRequest: (_error: unknown, request: TestRequest) => {
          sent = request;
          if (when === 'before') cancel(request);
        },
        cbProvisional: () => sent && cancel(sent),
      },
    );
    await expect(call).rejects.toMatchObject({ status: 487 });
    expect(lab.server.statistics.dialogCount).toBe(0);
  });

  it('is ended with ACK and BYE when the answer crosses the CANCEL', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const bye = deferred<string>();
    const phone: Phone = await lab.phone({
      request: (tx) => {
        if (tx.request.method === 'BYE') {
          bye.resolve(tx.request.headers.get('Reason') ?? '');
          tx.reply(200);
        } else {
          tx.listen({
            cancel: () => void tx.reply(200, { headers: { Contact: `<${phone.uri()}>` }, body: ANSWER }),
          });
          tx.reply(180);
        }
      },
    });
    let sent: TestRequest | undefined;
    const dialog = await srf.createUAC(
      phone.uri(),
      { localSdp: OFFER },
      {
        cbRequest: (_error: unknown, request: TestRequest) => (sent = request),
        cbProvisional: () => sent?.cancel(),
      },
    );
    expect(await bye.promise).toContain('cancel race');
    expect(dialog).toBeDefined();
    expect(lab.server.statistics.dialogCount).toBe(0);
  });
});

describe('credentials and routes', () => {
  it('a challenged INVITE goes out again with the same Call-ID and credentials', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const seen: string[] = [];
    const phone: Phone = await lab.phone({
      request: (tx) => {
        const { headers } = tx.request;
        if (tx.request.method !== 'INVITE') {
          tx.reply(200);
          return;
        }
        seen.push(`${headers.get('Call-ID')} ${headers.get('CSeq')}`);
        const credentials = parseDigestParams(headers.get('Proxy-Authorization') ?? '');
        if (credentials?.get('username') === 'trunk') {
          tx.reply(200, { headers: { Contact: `<${phone.uri()}>` }, body: ANSWER });
        } else
          tx.reply(407, { headers: { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' } });
      },
    });
    const auth = { username: 'trunk', password: 'p' };
    const dialog = await srf.createUAC(phone.uri(), { localSdp: OFFER, auth });
    expect(seen).toHaveLength(2);
    const [first, second] = seen.map((line) => line.split(' '));
    expect(second?.[0]).toBe(first?.[0]);
    expect(Number(second?.[1])).toBe(Number(first?.[1]) + 1);
    await dialog.destroy();
    expect(lab.server.statistics.dialogCount).toBe(0);
  });

  it('a proxy decides where the request goes, not its Request-URI', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const { phone, invite } = await answeringPhone();
    const proxy = `sip:${phone.stack.hostPortTowards('127.0.0.1')}`;
    const dialog = await srf.createUAC('sip:bob@elsewhere.example', { localSdp: OFFER, proxy });
    expect((await invite).request.uri).toBe('sip:bob@elsewhere.example');
    await dialog.destroy();
  });
});

describe('reliable provisional responses (RFC 3262)', () => {
  it('from a phone are acknowledged by the application', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const prack = deferred<string>();
    let invite: ServerTransaction | undefined;
    const phone: Phone = await lab.phone({
      request: (tx) => {
        if (tx.request.method === 'PRACK') {
          prack.resolve(tx.request.headers.get('RAck') ?? '');
          tx.reply(200);
          invite?.reply(200, { headers: { Contact: `<${phone.uri()}>` }, body: ANSWER });
        } else if (tx.request.method === 'INVITE') {
          invite = tx;
          const contact = `<${phone.uri()}>`;
          tx.reply(183, { headers: { Contact: contact, Require: '100rel', RSeq: '41' }, body: ANSWER });
        } else tx.reply(200);
      },
    });
    const dialog = await srf.createUAC(phone.uri(), { localSdp: OFFER, headers: { Supported: '100rel' } });
    expect(await prack.promise).toBe('41 1 INVITE');
    await dialog.destroy();
  });

  it('of the application are repeated until the PRACK, which it is told of', async () => {
    lab = await Lab.start({ timers: FAST_TIMERS });
    const srf = await lab.application();
    const pracked = deferred<TestRequest>();
    srf.invite((_req, res) => {
      const options = { headers: { Require: '100rel' }, body: ANSWER };
      res.send(183, options, undefined, (prack) => {
        pracked.resolve(prack);
        res.send(486);
      });
    });
    (srf.prack as (handler: (req: TestRequest, res: TestResponse) => void) => void).call(srf, (_req, res) =>
      res.send(200),
    );
    const phone = await lab.phone();
    const repeated = deferred();
    let reliableCount = 0;
    const call = phone.call(lab.target(), { Supported: '100rel' }, '5000', (status) => {
      if (status === 183 && ++reliableCount === 3) repeated.resolve();
    });
    const reliable = await call.provisional;
    expect(reliable.headers.get('Require')).toBe('100rel');
    const early = SipDialog.fromClient(call.transaction.request, reliable);
    await repeated.promise;
    const rack = `${reliable.headers.get('RSeq')} 1 INVITE`;
    const wrong = early.createRequest('PRACK', { headers: { RAck: '1 99 INVITE' } });
    expect((await phone.send(wrong, lab.target())).status).toBe(481);
    const prack = early.createRequest('PRACK', { headers: { RAck: rack } });
    expect((await phone.send(prack, lab.target())).status).toBe(200);
    expect((await pracked.promise).get('RAck')).toBe(rack);
    expect((await call.answered).status).toBe(486);
  });

  it('are refused towards a phone that does not know them, and end the call when no PRACK comes', async () => {
    lab = await Lab.start({ timers: FAST_TIMERS });
    const srf = await lab.application();
    const refusal = deferred<unknown>();
    srf.invite((_req, res) => {
      res.send(183, { headers: { Require: '100rel' } }, (error) => error && refusal.resolve(error));
    });
    const phone = await lab.phone();
    const plain = phone.call(lab.target());
    expect(String(await refusal.promise)).toContain('100rel');
    phone.stack.cancel(plain.transaction);
    expect((await plain.answered).status).toBe(487);
    const silent = phone.call(lab.target(), { Supported: '100rel' });
    expect((await silent.answered).status).toBe(504);
    expect(lab.server.statistics.dialogCount).toBe(0);
  });
});
