import { describe, expect, it } from 'vitest';
import {
  answerDigestChallenge,
  parseDigestChallenge,
} from '../../../../src/embedded/sip/digest-credentials.ts';
import { SipDialog } from '../../../../src/embedded/sip/sip-dialog.ts';
import { createRequest, createResponse } from '../../../../src/embedded/sip/sip-message.ts';

function invite(headers: Record<string, string> = {}) {
  return createRequest('INVITE', 'sip:bob@example.com', {
    headers: {
      Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa',
      From: '<sip:alice@example.net>;tag=a',
      To: '<sip:bob@example.com>',
      'Call-ID': 'c1',
      CSeq: '7 INVITE',
      Contact: '<sip:alice@192.0.2.1>',
      ...headers,
    },
  });
}

describe('a dialog (RFC 3261 §12)', () => {
  it('sends through loose routers to the peer’s Contact, in the order of the side it is on', () => {
    const request = invite({ 'Record-Route': '<sip:p1;lr>, <sip:p2;lr>' });
    const response = createResponse(request, 200, {
      toTag: 'b',
      headers: { Contact: '<sip:bob@192.0.2.2>' },
    });
    const bye = SipDialog.fromClient(request, response).createRequest('BYE');
    expect(bye.uri).toBe('sip:bob@192.0.2.2');
    expect(bye.headers.getAll('Route')).toEqual(['<sip:p2;lr>', '<sip:p1;lr>']);
    expect(bye.headers.get('CSeq')).toBe('8 BYE');
    const answered = SipDialog.fromServer(request, response);
    expect(answered.createRequest('BYE').headers.getAll('Route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    expect(answered.nextHopUri).toBe('sip:p1;lr');
  });

  it('puts a strict router into the Request-URI and the Contact at the end of the route', () => {
    const request = invite({ 'Record-Route': '<sip:old.example.com>' });
    const dialog = SipDialog.fromServer(request, createResponse(request, 200, { toTag: 'b' }));
    const bye = dialog.createRequest('BYE');
    expect(bye.uri).toBe('sip:old.example.com');
    expect(bye.headers.getAll('Route')).toEqual(['<sip:alice@192.0.2.1>']);
  });

  it('refuses a CSeq that does not rise and follows the Contact of a re-INVITE, not of an INFO', () => {
    const request = invite();
    const dialog = SipDialog.fromServer(request, createResponse(request, 200, { toTag: 'b' }));
    expect(dialog.receive(invite())).toBe('out-of-order');
    const moved = { Contact: '<sip:alice@192.0.2.99>' };
    const info = createRequest('INFO', 'sip:b', { headers: { CSeq: '8 INFO', ...moved } });
    expect(dialog.receive(info)).toBe('accepted');
    expect(dialog.remoteTarget).toBe('sip:alice@192.0.2.1');
    expect(dialog.receive(invite({ CSeq: '9 INVITE', ...moved }))).toBe('accepted');
    expect(dialog.remoteTarget).toBe('sip:alice@192.0.2.99');
  });

  it('acknowledges with the number and the credentials of the INVITE', () => {
    const request = invite({ 'Proxy-Authorization': 'Digest x' });
    const dialog = SipDialog.fromClient(request, createResponse(request, 200, { toTag: 'b' }));
    dialog.createRequest('INFO');
    const ack = dialog.createAck(request);
    expect(ack.headers.get('CSeq')).toBe('7 ACK');
    expect(ack.headers.get('Proxy-Authorization')).toBe('Digest x');
  });
});

describe('digest credentials', () => {
  // The examples of RFC 7616 §3.9.1.
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('with %s are those of RFC 7616', (algorithm, response) => {
    const challenge = parseDigestChallenge(
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    );
    if (challenge === undefined) throw new Error('no challenge');
    const credentials = answerDigestChallenge(challenge, {
      username: 'Mufasa',
      password: 'Circle of Life',
      method: 'GET',
      uri: '/dir/index.html',
      clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    });
    expect(credentials).toContain(`response="${response}"`);
    expect(credentials).toContain('qop=auth, nc=00000001');
  });

  it.each(['Basic realm="x"', 'Digest nonce="n"', 'Digest realm="r", nonce="n", algorithm=SHA-512'])(
    'cannot be made for %s',
    (value) => {
      expect(parseDigestChallenge(value)).toBeUndefined();
    },
  );
});
