import { describe, expect, it } from 'vitest';
import { contactTarget, trunkTarget } from '../../../src/adapters/drachtio/dial-targets.ts';
import { originateHeaders } from '../../../src/adapters/drachtio/originate-headers.ts';
import { unsupportedExtensions } from '../../../src/adapters/drachtio/sip-replies.ts';
import { SipTrace, maskSip } from '../../../src/adapters/drachtio/sip-trace.ts';
import { CodecMemory } from '../../../src/adapters/freeswitch/codec-memory.ts';
import { playbackArguments } from '../../../src/adapters/freeswitch/playback.ts';
import {
  mediaFault,
  sameMedia,
  answeredCodec,
  waitingAnswer,
  withoutEncryption,
} from '../../../src/adapters/freeswitch/session-description.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { trunkSchema } from '../../../src/telephony/directory.ts';
import type { AudioSource } from '../../../src/telephony/leg.ts';
import type { Binding } from '../../../src/telephony/registration.ts';
import type { OriginateRequest } from '../../../src/telephony/telephony.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n';

describe('a play list', () => {
  const hello: AudioSource = { kind: 'file', path: 'en/hello.wav' };
  const tone: AudioSource = { kind: 'tone', frequencies: [440, 480], onMs: 100, offMs: 50 };
  const pause = (durationMs: number): AudioSource => ({ kind: 'silence', durationMs });

  it('of one source is that source', () => {
    expect(playbackArguments([hello], '/audio')).toEqual(['/audio/en/hello.wav']);
  });

  it('of several is heard at once: its first source, then a gapless list of the others', () => {
    expect(playbackArguments([hello, tone, hello], '/audio')).toEqual([
      '/audio/en/hello.wav',
      'file_string://tone_stream://%(100,50,440,480)!/audio/en/hello.wav',
    ]);
    expect(playbackArguments([pause(100), hello], '/audio')).toEqual([
      'silence_stream://100',
      '/audio/en/hello.wav',
    ]);
  });

  it('that begins with a pause is one list, whose own quarter of a second is taken out of the pause', () => {
    expect(playbackArguments([pause(400), hello], '/audio')).toEqual([
      'file_string://silence_stream://150!/audio/en/hello.wav',
    ]);
    expect(playbackArguments([pause(250.4), hello, tone], '/audio')).toEqual([
      'file_string:///audio/en/hello.wav!tone_stream://%(100,50,440,480)',
    ]);
    expect(playbackArguments([hello, pause(300), tone], '/audio')).toEqual([
      '/audio/en/hello.wav',
      'file_string://silence_stream://50!tone_stream://%(100,50,440,480)',
    ]);
  });

  it.each(['../secret.wav', '/etc/passwd', 'a b.wav', 'a!b.wav', 'a\nb.wav', '', 'x/../../y.wav'])(
    'with the path %j is a mistake of ours',
    (path) => {
      expect(() => playbackArguments([{ kind: 'file', path }], '/audio')).toThrow('assertion');
    },
  );

  it('that is empty is a mistake of ours', () => {
    expect(() => playbackArguments([], '/audio')).toThrow('assertion');
  });
});

describe('a session description', () => {
  it('loses its encryption', () => {
    const sdp = `${SDP.replace('RTP/AVP', 'RTP/SAVP')}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\na=ptime:20\r\n`;
    expect(withoutEncryption(sdp)).toBe(`${SDP}a=ptime:20\r\n`);
  });

  it('loses what is not ASCII, length kept', () => {
    expect(withoutEncryption('s=Café\r\n')).toBe('s=Caf?\r\n');
  });

  it('as a waiting answer only receives', () => {
    expect(waitingAnswer(`${SDP}a=sendrecv\r\na=crypto:1 x inline:y\r\n`)).toBe(`${SDP}a=recvonly\r\n`);
  });

  it('as a waiting answer takes the codec that is wanted, where it was offered', () => {
    const offer = SDP.replace(/^m=audio.*$/m, 'm=audio 9 RTP/AVP 0 8 96 101').concat(
      'a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n',
    );
    const listOf = (sdp: string): string | undefined => /^m=audio 9 RTP\/AVP (.*?)\s*$/m.exec(sdp)?.[1];
    expect(listOf(waitingAnswer(offer))).toBe('0 8 96 101');
    expect(listOf(waitingAnswer(offer, 'PCMA/8000'))).toBe('8 0 96 101');
    expect(listOf(waitingAnswer(offer, 'OPUS/48000'))).toBe('96 0 8 101');
    expect(listOf(waitingAnswer(offer, 'G722/8000'))).toBe('0 8 96 101');
  });

  it('as an answer says which codec is taken', () => {
    const answer = (list: string, more = ''): string =>
      SDP.replace(/^m=audio.*$/m, `m=audio 9 RTP/AVP ${list}`) + more;
    expect(answeredCodec(answer('8 101'))).toBe('PCMA/8000');
    expect(answeredCodec(answer('96', 'a=rtpmap:96 opus/48000/2\r\n'))).toBe('OPUS/48000');
    expect(answeredCodec(answer('97'))).toBeUndefined();
    expect(answeredCodec('v=0\r\n')).toBeUndefined();
  });

  it('is remembered of each place by its codec', () => {
    const memory = new CodecMemory();
    const answer = SDP.replace(/^m=audio.*$/m, 'm=audio 9 RTP/AVP 8');
    memory.answered('sip:+4930123456@192.0.2.7:5070;transport=udp', answer);
    expect(memory.codecOf('sip:+4930999999@192.0.2.7:5070')).toBe('PCMA/8000');
    expect(memory.codecOf('sip:+4930123456@192.0.2.8:5070')).toBeUndefined();
    memory.answered('sip:192.0.2.7:5070', SDP.replace(/^m=audio.*$/m, 'm=audio 9 RTP/AVP 97'));
    expect(memory.codecOf('sip:192.0.2.7:5070')).toBeUndefined();
    for (let port = 1; port <= 2001; port++) memory.answered(`sip:192.0.2.9:${port}`, answer);
    const known = [1, 2, 2001].map((port) => memory.codecOf(`sip:192.0.2.9:${port}`));
    expect(known).toEqual([undefined, 'PCMA/8000', 'PCMA/8000']);
  });

  it.each([
    [SDP, undefined],
    [SDP.replace('m=audio', 'm=video'), 'no audio'],
    [SDP.replace('audio 9', 'audio 0'), 'audio refused'],
    [SDP.replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF'), 'unsupported profile UDP/TLS/RTP/SAVPF'],
    ['hello', 'not a session description'],
    [SDP + 'a=x\r\n'.repeat(10_000), 'session description too long'],
  ])('%.60j has the fault %s', (sdp, fault) => {
    expect(mediaFault(sdp)).toBe(fault);
  });

  it('is the same media when only its version differs', () => {
    expect(sameMedia(SDP, SDP.replace('- 1 1', '- 1 2'))).toBe(true);
    expect(sameMedia(SDP, SDP.replace('audio 9', 'audio 10'))).toBe(false);
  });
});

describe('the way to a registered contact', () => {
  const binding = (contactUri: string, source: Binding['source']): Binding => ({
    agentId: 'a',
    sipUser: 'a',
    contactUri,
    preference: 1000,
    callId: 'c',
    cseq: 1,
    expiresAtMs: 0,
    registeredAtMs: 0,
    source,
  });

  it('is the contact itself when it is where the REGISTER came from', () => {
    const target = contactTarget(
      binding('sip:a@192.0.2.1:5070', { address: '192.0.2.1', port: 5060, transport: 'udp' }),
    );
    expect(target).toEqual({ uri: 'sip:a@192.0.2.1:5070' });
  });

  it('is the source behind a NAT, and always over TCP', () => {
    const nat = contactTarget(
      binding('sip:a@10.0.0.5:5060', { address: '192.0.2.1', port: 41_000, transport: 'udp' }),
    );
    expect(nat).toEqual({ uri: 'sip:a@10.0.0.5:5060', proxy: 'sip:192.0.2.1:41000' });
    const tcp = contactTarget(
      binding('sip:a@192.0.2.1', { address: '192.0.2.1', port: 41_000, transport: 'tcp' }),
    );
    expect(tcp.proxy).toBe('sip:192.0.2.1:41000;transport=tcp');
  });
});

describe('the way through a trunk', () => {
  it('has the prefix, the transport and the credentials', () => {
    const trunk = trunkSchema.parse({
      name: 't',
      outboundHost: 'sbc.example:5080',
      transport: 'tcp',
      dialPrefix: '9',
      username: 'u',
      password: 'p',
    });
    expect(trunkTarget(trunk, '+1555#', 'p')).toEqual({
      uri: 'sip:9+1555%23@sbc.example:5080;transport=tcp',
      auth: { username: 'u', password: 'p' },
    });
    const { outboundHost: _, ...inboundOnly } = trunk;
    expect(trunkTarget(inboundOnly, '1', 'p')).toBeUndefined();
  });
});

describe('the headers of an outbound INVITE', () => {
  const request = (more: Partial<OriginateRequest>): OriginateRequest => ({
    callId: 'call_1',
    target: { kind: 'agent', agentId: 'a' },
    callerId: { number: '5000' },
    ringTimeoutMs: 1,
    ...more,
  });

  it('cannot be broken apart by names, numbers or values', () => {
    const headers = originateHeaders(
      request({
        callerId: { number: '50"00>\r\nX: 1', name: 'A "B"\r\nEvil: yes' },
        headers: { 'X-Case': 'one\r\nEvil: two' },
      }),
    );
    expect(headers['From']).toBe('"A B Evil: yes" <sip:5000X1@localhost>');
    expect(headers['X-Case']).toBe('one Evil: two');
  });

  it('ask a phone to answer by itself, in words that an Alert-Info given along replaces', () => {
    expect(originateHeaders(request({}))).not.toHaveProperty('Call-Info');
    const headers = originateHeaders(request({ autoAnswer: true }));
    expect(headers['Call-Info']).toBe('<sip:localhost>;answer-after=0');
    expect(headers['Alert-Info']).toBe('<http://localhost>;info=alert-autoanswer');
    const given = originateHeaders(
      request({ autoAnswer: true, headers: { 'Alert-Info': '<http://localhost>;info=inter\r\nX: y' } }),
    );
    expect(given['Alert-Info']).toBe('<http://localhost>;info=inter X: y');
  });

  it('may only be X- headers and Alert-Info', () => {
    expect(() => originateHeaders(request({ headers: { Route: 'sip:evil' } }))).toThrow('assertion');
    expect(() => originateHeaders(request({ headers: { 'X-a\r\nB': '1' } }))).toThrow('assertion');
  });
});

describe('required extensions', () => {
  it.each([
    [undefined, []],
    ['timer, 100rel', []],
    ['timer, precondition', ['precondition']],
  ])('%s leaves %j unsupported', (require, expected) => {
    expect(unsupportedExtensions(require)).toEqual(expected);
  });
});

describe('the SIP trace', () => {
  const invite = (callId: string, to: string): string =>
    `id|sip|network|9|udp|192.0.2.1|5060|t|x||\r\nINVITE sip:${to}@h SIP/2.0\r\nFrom: <sip:1@h>\r\nTo: <sip:${to}@h>\r\nCall-ID: ${callId}\r\n\r\n`;

  it('keeps only calls that match, from both sides of the wire', () => {
    const trace = new SipTrace(new SimulatedClock());
    trace.observe(invite('before', '5000'));
    trace.enable({ kind: 'number', number: '+5000' });
    trace.observe(invite('a', '5000'));
    trace.observe(invite('b', '6000'));
    trace.observe(
      'id|response|m|OK|application|9|udp|192.0.2.9|5061|t|x|Msg sent:|\r\nSIP/2.0 200 OK\r\nCall-ID: a\r\n\r\n',
    );
    expect(trace.calls()).toEqual(['a']);
    expect(trace.messages('a').map(({ direction, peer }) => `${direction} ${peer}`)).toEqual([
      'received udp 192.0.2.1:5060',
      'sent udp 192.0.2.9:5061',
    ]);
  });

  it('ends by itself after an hour and stays within its bounds', () => {
    const clock = new SimulatedClock();
    const trace = new SipTrace(clock);
    trace.enable({ kind: 'number', number: '5000' });
    for (let i = 0; i < 60; i++) trace.observe(invite(`c${i}`, '5000'));
    for (let i = 0; i < 300; i++) trace.observe(invite('c59', '5000'));
    expect(trace.calls()).toHaveLength(50);
    expect(trace.messages('c59')).toHaveLength(200);
    clock.advance(3_600_001);
    trace.observe(invite('late', '5000'));
    expect(trace.messages('late')).toEqual([]);
  });

  it('masks credentials and keyed digits', () => {
    const masked = maskSip(
      'INFO sip:a@h SIP/2.0\r\nAuthorization: Digest username="a", response="secret"\r\n' +
        'WWW-Authenticate: Digest realm="r", nonce="abc"\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=100\r\n',
    );
    expect(masked).not.toMatch(/secret|abc|Signal=5/);
    expect(masked).toContain('Signal= *');
    const folded = maskSip(
      'Proxy-Authorization:\r\n Digest username="a",\r\n\tresponse="secret"\r\nTo: <sip:b@h>\r\n\r\n',
    );
    expect(folded).toBe('Proxy-Authorization: ***\r\nTo: <sip:b@h>\r\n\r\n');
    expect(maskSip('Content-Type: application/dtmf\r\n\r\n7')).toBe(
      'Content-Type: application/dtmf\r\n\r\n*',
    );
  });
});
