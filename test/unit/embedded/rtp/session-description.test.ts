import { describe, expect, it } from 'vitest';
import {
  negotiateAudio,
  parseSessionDescription,
  writeAnswer,
  writeOffer,
} from '../../../../src/embedded/rtp/session-description.ts';

const LOCAL = { address: '192.0.2.7', port: 20_000, sessionId: 1, version: 2 };

function sdp(...media: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...media, ''].join('\r\n');
}

describe('an offer', () => {
  it('is answered with its first codec and its payload types', () => {
    const offer = parseSessionDescription(
      sdp('m=audio 4000 RTP/AVP 9 96 8 100', 'a=rtpmap:96 PCMU/8000', 'a=rtpmap:100 telephone-event/8000'),
    );
    const settled = negotiateAudio(offer?.audio);
    expect(settled).toMatchObject({ law: 'PCMU', payloadType: 96, eventPayloadType: 100, remotePort: 4000 });
    if (offer === undefined || settled === undefined) return;
    const answer = writeAnswer(LOCAL, offer, settled);
    expect(answer).toContain('m=audio 20000 RTP/AVP 96 100\r\n');
    expect(answer).toContain('a=rtpmap:100 telephone-event/8000');
  });

  it('has its other streams refused in place', () => {
    const offer = parseSessionDescription(sdp('m=video 5000 RTP/AVP 31', 'm=audio 4000 RTP/AVP 0'));
    const settled = negotiateAudio(offer?.audio);
    if (offer === undefined || settled === undefined) throw new Error('not settled');
    const lines = writeAnswer(LOCAL, offer, settled)
      .split('\r\n')
      .filter((line) => line.startsWith('m='));
    expect(lines).toEqual(['m=video 0 RTP/AVP 31', 'm=audio 20000 RTP/AVP 0']);
  });

  it.each([
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('that is %s is answered %s', (offered, answered) => {
    const offer = parseSessionDescription(sdp('m=audio 4000 RTP/AVP 0', `a=${offered}`));
    expect(negotiateAudio(offer?.audio)?.direction).toBe(answered);
  });

  it.each([
    ['without a codec we speak', sdp('m=audio 4000 RTP/AVP 18')],
    ['with port 0', sdp('m=audio 0 RTP/AVP 0')],
    ['of SRTP only', sdp('m=audio 4000 RTP/SAVP 0')],
    ['without audio', sdp('m=video 4000 RTP/AVP 31')],
  ])('%s is not accepted', (_what, text) => {
    expect(negotiateAudio(parseSessionDescription(text)?.audio)).toBeUndefined();
  });
});

it.each(['', 'v=1', 'v=0\r\ns=-', sdp('m=audio 99999 RTP/AVP 0'), `v=0${'x'.repeat(20_000)}`])(
  'what is no description gives no stream',
  (text) => expect(parseSessionDescription(text)?.audio).toBeUndefined(),
);

it('reads its own offer', () => {
  const audio = parseSessionDescription(writeOffer(LOCAL))?.audio;
  expect(audio).toMatchObject({ address: '192.0.2.7', port: 20_000, eventPayloadType: 101, ptimeMs: 20 });
  expect(audio?.codecs.map(({ law }) => law)).toEqual(['PCMU', 'PCMA']);
});
