import { describe, expect, it } from 'vitest';
import { parseNameAddr } from '../../../../src/embedded/sip/name-addr.ts';
import { parseSipMessage } from '../../../../src/embedded/sip/parse-sip-message.ts';
import { serializeSipMessage } from '../../../../src/embedded/sip/sip-message.ts';
import { TcpFramer } from '../../../../src/embedded/sip/tcp-framer.ts';
import { serverKeyOf } from '../../../../src/embedded/sip/transaction-key.ts';
import { parseVia } from '../../../../src/embedded/sip/via.ts';
import { TORTURE_MESSAGES } from '../../../fixtures/torture/rfc4475.ts';

function parse(name: string) {
  const found = TORTURE_MESSAGES.find((message) => message.name === name);
  const parsed = parseSipMessage(Buffer.from(found?.text ?? ''));
  if (parsed.outcome !== 'message') throw new Error(`${name}: ${parsed.reason}`);
  return parsed.message;
}

describe('the messages of RFC 4475', () => {
  it.each(TORTURE_MESSAGES.map((message) => [message.section, message.name, message] as const))(
    '§%s %s is taken, refused or dropped as it should be',
    (_section, _name, { text, expected }) => {
      const parsed = parseSipMessage(Buffer.from(text));
      const seen = parsed.outcome === 'message' ? 'message' : (parsed.status ?? 'dropped');
      expect(seen).toBe(expected);
    },
  );

  it.each(TORTURE_MESSAGES.filter((m) => m.expected === 'message').map((m) => [m.name] as const))(
    '%s is the same message after it was written and read again',
    (name) => {
      const message = parse(name);
      const again = parseSipMessage(serializeSipMessage(message));
      expect(again).toMatchObject({ outcome: 'message' });
      if (again.outcome !== 'message') return;
      expect([...again.message.headers].map(({ name: n, value }) => [n, value])).toEqual(
        [...message.headers]
          .map(({ name: n, value }) => [
            n,
            n.toLowerCase() === 'content-length' ? String(message.body.length) : value,
          ])
          .map(([n, value]) => [n === 'Content-Length   ' ? 'Content-Length' : n, value]),
      );
      expect(again.message.body.equals(message.body)).toBe(true);
    },
  );

  it('the tortuous INVITE says what it means', () => {
    const { headers, body } = parse('wsinv');
    expect(headers.get('Subject')).toBe('');
    expect(headers.get('CSeq')?.split(/\s+/)).toEqual(['0009', 'INVITE']);
    expect(headers.get('NewFangledHeader')).toBe('newfangled value continued newfangled value');
    const vias = headers.list('Via').map((value) => parseVia(value));
    expect(vias.map((via) => via?.host)).toEqual(['192.0.2.2', 'spindle.example.com', '192.168.255.111']);
    expect(vias[1]?.params.get('branch')).toBe('z9hG4bK9ikj8');
    expect(parseNameAddr(headers.get('From') ?? '')).toMatchObject({
      displayName: 'J Rosenberg \\"',
      uri: 'sip:jdrosen@example.com',
    });
    expect(parseNameAddr(headers.get('To') ?? '')?.params.get('tag')).toBe('1918181833n');
    expect(body.toString()).toContain('m=video 3227');
  });

  it('two requests in a datagram are one, and the rest is not its body', () => {
    expect(parse('dblreq').body.length).toBe(0);
  });

  it('a branch that is the cookie alone is told apart by the headers of RFC 2543', () => {
    const message = parse('badbranch');
    if (message.kind !== 'request') throw new Error('not a request');
    expect(serverKeyOf(message)).toContain('2543');
  });
});

describe('a TCP stream', () => {
  it('is cut into the same messages wherever its segments end', () => {
    const stream = Buffer.from(`\r\n\r\n${parseable().join('\r\n\r\n')}`);
    const wanted = parseable();
    for (let at = 1; at < stream.length; at++) {
      const framer = new TcpFramer();
      const frames = [...framer.push(stream.subarray(0, at)), ...framer.push(stream.subarray(at))];
      const messages = frames.flatMap((f) => (f.kind === 'message' ? [f.bytes.toString()] : []));
      expect(messages).toEqual(wanted);
      expect(framer.heldBytes).toBe(0);
    }
  });

  it('fed byte by byte gives the messages and the keep-alives', () => {
    const framer = new TcpFramer();
    const frames = [...Buffer.from(`\r\n\r\n${parseable().join('')}`)].flatMap((byte) =>
      framer.push(Buffer.from([byte])),
    );
    expect(frames.map((f) => f.kind)).toEqual(['ping', ...parseable().map(() => 'message')]);
  });

  it.each([
    ['a negative length', 'OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n'],
    ['two different lengths', 'OPTIONS sip:x SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\nxx'],
    ['a length beyond the limit', 'OPTIONS sip:x SIP/2.0\r\nContent-Length: 9999999\r\n\r\n'],
    ['headers without end', `OPTIONS sip:x SIP/2.0\r\n${'X: y\r\n'.repeat(20_000)}`],
  ])('with %s is broken off', (_what, text) => {
    expect(new TcpFramer().push(Buffer.from(text)).at(-1)?.kind).toBe('broken');
  });
});

/** Messages with an honest length, as a stream carries them. */
function parseable(): string[] {
  return ['wsinv', 'esc01', 'mpart01', 'transports'].map(
    (name) => TORTURE_MESSAGES.find((message) => message.name === name)?.text ?? '',
  );
}
