import { afterEach, describe, expect, it } from 'vitest';
import { deferred } from '../../../fakes/deferred.ts';
import { ANSWER, FAST_TIMERS, Lab, OFFER } from './srf-harness.ts';
import type { TestDialog, TestRequest, TestResponse } from './srf-harness.ts';

let lab: Lab;
afterEach(() => lab.close());

/** An application that answers every call and hands out its dialogs. */
async function answering(): Promise<{ dialog: Promise<TestDialog>; request: Promise<TestRequest> }> {
  const srf = await lab.application();
  const dialog = deferred<TestDialog>();
  const request = deferred<TestRequest>();
  srf.invite((req, res) => {
    request.resolve(req);
    srf.createUAS(req, res, { localSdp: ANSWER }).then(dialog.resolve, dialog.reject);
  });
  return { dialog: dialog.promise, request: request.promise };
}

describe.each(['udp', 'tcp'] as const)('an inbound call over %s', (protocol) => {
  it('is answered, acknowledged and hung up by the caller', async () => {
    lab = await Lab.start();
    const app = await answering();
    const phone = await lab.phone();
    const call = phone.call(lab.target(protocol));
    const answer = await call.answered;
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(ANSWER);
    expect(call.progress).toContain(100);
    const dialog = await app.dialog;
    const acked = deferred();
    dialog.once('ack', () => acked.resolve());
    const sip = phone.acknowledge(call, answer);
    await acked.promise;
    const request = await app.request;
    expect(request.protocol).toBe(protocol);
    expect(request.get('From')).toContain('Test caller');
    expect(dialog.remote.sdp).toBe(OFFER);
    expect(dialog.id).toBe(`${sip.callId};from-tag=${sip.localTag}`);
    const ended = deferred();
    dialog.once('destroy', () => ended.resolve());
    const bye = await phone.send(sip.createRequest('BYE'), lab.target(protocol));
    expect(bye.status).toBe(200);
    await ended.promise;
    expect(lab.server.statistics.dialogCount).toBe(0);
  });

  it('is hung up by the application', async () => {
    lab = await Lab.start();
    const app = await answering();
    const heard = deferred<string>();
    const phone = await lab.phone({
      request: (tx) => {
        heard.resolve(tx.request.method);
        tx.reply(200);
      },
    });
    const call = phone.call(lab.target(protocol));
    phone.acknowledge(call, await call.answered);
    await (await app.dialog).destroy();
    expect(await heard.promise).toBe('BYE');
    expect(lab.server.statistics.dialogCount).toBe(0);
  });

  it('is re-negotiated from both sides', async () => {
    lab = await Lab.start();
    const app = await answering();
    const phone = await lab.phone({
      request: (tx) => {
        if (tx.request.method !== 'INVITE') return;
        tx.reply(200, { headers: { Contact: `<${phone.uri('p', protocol)}>` }, body: OFFER });
      },
    });
    const call = phone.call(lab.target(protocol));
    const sip = phone.acknowledge(call, await call.answered);
    const dialog = await app.dialog;
    expect(await dialog.modify(ANSWER.replace('7000', '7002'))).toBe(OFFER);
    dialog.on('modify', (_req: TestRequest, res: TestResponse) => res.send(200, { body: ANSWER }));
    const contact = { Contact: `<${phone.uri('p', protocol)}>` };
    const answer = await phone.send(
      sip.createRequest('INVITE', { headers: contact, body: OFFER.replace('6000', '6002') }),
      lab.target(protocol),
    );
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(ANSWER);
  });
});

describe('requests inside a call', () => {
  it('reach the application and its own reach the phone', async () => {
    lab = await Lab.start();
    const app = await answering();
    const phone = await lab.phone({
      request: (tx) => void tx.reply(200, { headers: { 'X-Method': tx.request.method } }),
    });
    const call = phone.call(lab.target());
    const sip = phone.acknowledge(call, await call.answered);
    const dialog = await app.dialog;
    const body = 'Signal=5\r\nDuration=160\r\n';
    dialog.on('info', (req: TestRequest, res: TestResponse) => {
      res.send(200, { headers: { 'X-Heard': `${req.get('Content-Type')} ${req.body.length}` } });
    });
    const info = sip.createRequest('INFO', { contentType: 'application/dtmf-relay', body });
    const heard = await phone.send(info, lab.target());
    expect(heard.headers.get('X-Heard')).toBe(`application/dtmf-relay ${body.length}`);
    for (const method of ['INFO', 'UPDATE', 'OPTIONS', 'MESSAGE', 'NOTIFY', 'REFER']) {
      const response = await dialog.request({ method, headers: { 'Refer-To': '<sip:x@127.0.0.1>' } });
      expect(response.status).toBe(200);
      expect(response.get('X-Method')).toBe(method);
    }
    const wrong = sip.createRequest('INFO');
    wrong.headers.set('CSeq', '1 INFO');
    expect((await phone.send(wrong, lab.target())).status).toBe(500);
  });
});

describe('a call that is not answered', () => {
  it('is cancelled before the application says anything, and after it rang', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const arrived = deferred();
    const cancelled: string[] = [];
    const bothCancelled = deferred();
    srf.invite((req, res) => {
      if (req.uri.includes('ring')) res.send(180);
      else arrived.resolve();
      req.on('cancel', () => {
        cancelled.push(req.uri);
        if (cancelled.length === 2) bothCancelled.resolve();
      });
    });
    const phone = await lab.phone();
    const silent = phone.call(lab.target());
    await arrived.promise;
    phone.stack.cancel(silent.transaction);
    expect((await silent.answered).status).toBe(487);
    const ringing = phone.call(lab.target(), {}, 'ring');
    await ringing.provisional;
    phone.stack.cancel(ringing.transaction);
    expect((await ringing.answered).status).toBe(487);
    await bothCancelled.promise;
    expect(lab.server.statistics.inboundCount).toBe(0);
    expect(lab.server.statistics.dialogCount).toBe(0);
  });

  it('is refused with the status and headers of the application', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    srf.invite((req, res) => {
      if (req.uri.includes('busy')) res.send(486);
      else res.send(404, { headers: { 'X-Why': 'nobody' } });
    });
    const phone = await lab.phone();
    expect((await phone.call(lab.target(), {}, 'busy').answered).status).toBe(486);
    const missing = await phone.call(lab.target()).answered;
    expect(missing.status).toBe(404);
    expect(missing.headers.get('X-Why')).toBe('nobody');
  });

  it('gets 503 when no application asked for INVITE, 405 for a method nobody knows, 481 for a stray BYE', async () => {
    lab = await Lab.start();
    await lab.application();
    const phone = await lab.phone();
    expect((await phone.call(lab.target()).answered).status).toBe(503);
    const uri = `sip:x@127.0.0.1:${lab.port}`;
    const unknown = await phone.send(phone.request('NEWMETHOD', uri), lab.target());
    expect(unknown.status).toBe(405);
    expect(unknown.headers.get('Allow')).toContain('INVITE');
    expect((await phone.send(phone.request('BYE', uri), lab.target())).status).toBe(481);
  });

  it('is ended with BYE when the 200 is never acknowledged', async () => {
    lab = await Lab.start({ timers: FAST_TIMERS });
    const app = await answering();
    const heard = deferred<string>();
    const phone = await lab.phone({
      request: (tx) => {
        heard.resolve(`${tx.request.method} ${tx.request.headers.get('Reason')}`);
        tx.reply(200);
      },
    });
    await phone.call(lab.target()).answered;
    const ended = deferred<string>();
    (await app.dialog).once('destroy', (_req: TestRequest, reason: string) => ended.resolve(reason));
    expect(await heard.promise).toContain('BYE SIP ;cause=200 ;text="ACK timeout"');
    expect(await ended.promise).toBe('ACK timeout');
  });
});

describe('requests outside a call', () => {
  it('REGISTER is challenged and then accepted', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const register = srf.register as TestSrfRoute;
    register.call(srf, (req, res) => {
      if (req.has('Authorization')) {
        res.send(200, { headers: { Contact: `${req.get('Contact')};expires=60`, Expires: '60' } });
      } else {
        res.send(401, { headers: { 'WWW-Authenticate': 'Digest realm="x", nonce="abc", qop="auth"' } });
      }
    });
    const phone = await lab.phone();
    const request = phone.request('REGISTER', `sip:127.0.0.1:${lab.port}`);
    const challenged = await phone.send(request, lab.target());
    expect(challenged.status).toBe(401);
    expect(challenged.headers.get('WWW-Authenticate')).toContain('nonce="abc"');
    const again = phone.request('REGISTER', `sip:127.0.0.1:${lab.port}`, {
      Authorization: 'Digest username="u"',
      CSeq: '2 REGISTER',
    });
    const accepted = await phone.send(again, lab.target());
    expect(accepted.status).toBe(200);
    expect(accepted.headers.get('Contact')).toContain('expires=60');
  });

  it('OPTIONS and MESSAGE are answered by the application', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    for (const method of ['options', 'message']) {
      (srf[method] as TestSrfRoute).call(srf, (req, res) => {
        res.send(200, { headers: { 'X-Body': req.body } });
      });
    }
    const phone = await lab.phone();
    const uri = `sip:x@127.0.0.1:${lab.port}`;
    expect((await phone.send(phone.request('OPTIONS', uri), lab.target())).status).toBe(200);
    const headers = { 'Content-Type': 'text/plain' };
    const message = await phone.send(phone.request('MESSAGE', uri, headers, 'héllo'), lab.target());
    expect(message.headers.get('X-Body')).toBe('héllo');
  });
});

describe('an application whose connection is lost', () => {
  it('has its calls ended, answered or not, and a later one serves again', async () => {
    lab = await Lab.start();
    const srf = await lab.application();
    const answered = deferred();
    srf.invite((req, res) => {
      if (req.uri.includes('silent')) return;
      srf.createUAS(req, res, { localSdp: ANSWER }).then(() => answered.resolve(), answered.reject);
    });
    const heard = deferred<string>();
    const phone = await lab.phone({
      request: (tx) => {
        heard.resolve(tx.request.method);
        tx.reply(200);
      },
    });
    const call = phone.call(lab.target());
    phone.acknowledge(call, await call.answered);
    await answered.promise;
    const silent = phone.call(lab.target(), {}, 'silent');
    srf.disconnect();
    expect(await heard.promise).toBe('BYE');
    expect((await silent.answered).status).toBe(503);
    expect(lab.server.statistics.dialogCount).toBe(0);
    expect((await phone.call(lab.target()).answered).status).toBe(503);
    const second = await lab.application();
    second.invite((_req, res) => res.send(486));
    // Control messages are handled in order: once this one has been, the route is there.
    const routed = deferred();
    second.request(phone.uri(), { method: 'OPTIONS' }, (_error, request) => {
      request.on('response', () => routed.resolve());
    });
    await routed.promise;
    expect((await phone.call(lab.target()).answered).status).toBe(486);
  });
});

type TestSrfRoute = (handler: (req: TestRequest, res: TestResponse) => void) => void;
