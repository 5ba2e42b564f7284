import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../src/kernel/random.ts';
import { SIP_MESSAGE_LIMITS, parseSipMessage } from '../../../../src/embedded/sip/parse-sip-message.ts';
import { serializeSipMessage } from '../../../../src/embedded/sip/sip-message.ts';
import { parseAppMessage } from '../../../../src/embedded/sip-server/control-message.ts';
import { ControlFramer } from '../../../../src/embedded/sip-server/control-framer.ts';
import { TcpFramer } from '../../../../src/embedded/sip/tcp-framer.ts';
import { mutate, noise } from '../../../fixtures/torture/mutations.ts';
import { TORTURE_MESSAGES } from '../../../fixtures/torture/rfc4475.ts';

const SEED = 20_260_105;
const ROUNDS = 6_000;

describe('hostile input', () => {
  it(`of ${ROUNDS} spoilt messages (seed ${SEED}) none throws, and what is taken can be written and read again`, () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const valid = TORTURE_MESSAGES[round % TORTURE_MESSAGES.length];
      let bytes: Buffer = Buffer.from(valid?.text ?? '');
      for (let i = 0; i <= random.next() * 3; i++) bytes = mutate(bytes, random);
      const parsed = parseSipMessage(bytes);
      if (parsed.outcome !== 'message') continue;
      const again = parseSipMessage(serializeSipMessage(parsed.message));
      expect(`round ${round}: ${again.outcome}`).toBe(`round ${round}: message`);
    }
  });

  it('of no meaning is read by every parser without a throw', () => {
    const random = new SeededRandom(SEED);
    const tcp = new TcpFramer();
    const control = new ControlFramer();
    for (let round = 0; round < 2_000; round++) {
      const bytes = noise(random, 600);
      expect(parseSipMessage(bytes).outcome).toBe('malformed');
      tcp.push(bytes);
      control.push(bytes);
      expect(parseAppMessage(bytes.toString('latin1')).kind).toBe('invalid');
    }
  });

  it.each([
    ['semicolons', ';'],
    ['commas', ','],
    ['quotes', '"'],
    ['spaces', ' '],
    ['backslashes in quotes', '\\'],
    ['angle brackets', '<'],
    ['parentheses', '('],
  ])('of nothing but %s is read to the limit of its length', (_name, filler) => {
    // A parser that backtracks would not come back from these within the time a test has.
    const line = filler.repeat(SIP_MESSAGE_LIMITS.headerCharactersMax - 20);
    const headers = ['Via', 'To', 'From', 'Contact', 'Route', 'CSeq'].map((name) => `${name}: "${line}`);
    const bytes = Buffer.from(`INVITE sip:a@b SIP/2.0\r\n${headers.join('\r\n')}\r\n\r\n`);
    for (let round = 0; round < 300; round++) expect(parseSipMessage(bytes).outcome).toBe('malformed');
  });

  it.each([
    ['a message', `OPTIONS sip:a@b SIP/2.0\r\n\r\n${'x'.repeat(SIP_MESSAGE_LIMITS.messageBytesMax)}`],
    [
      'a header',
      `OPTIONS sip:a@b SIP/2.0\r\nX: ${'x'.repeat(SIP_MESSAGE_LIMITS.headerCharactersMax)}\r\n\r\n`,
    ],
    ['a folded header', `OPTIONS sip:a@b SIP/2.0\r\nX: y\r\n${` ${'x'.repeat(1_000)}\r\n`.repeat(9)}\r\n`],
    ['a list of headers', `OPTIONS sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(200)}\r\n`],
  ])('is refused when %s is too long', (_what, text) => {
    const parsed = parseSipMessage(Buffer.from(text));
    expect(parsed.outcome === 'malformed' && parsed.reason).toMatch(/too (long|many)/);
  });
});
