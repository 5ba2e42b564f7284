import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../src/kernel/random.ts';
import { parseSipMessage } from '../../../../src/embedded/sip/parse-sip-message.ts';
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
      const summary = `round ${round}: ${again.outcome === 'malformed' ? again.reason : ''}`;
      expect(again.outcome, summary).toBe('message');
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
  ])('of nothing but %s takes no longer than its length asks for', (_name, filler) => {
    const sizes = [4_000, 8_000].map((size) => {
      const line = filler.repeat(size);
      const headers = ['Via', 'To', 'From', 'Contact', 'Route', 'CSeq'].map((name) => `${name}: "${line}`);
      const bytes = Buffer.from(`INVITE sip:a@b SIP/2.0\r\n${headers.join('\r\n')}\r\n\r\n`);
      let steps = 0;
      const until = performance.now() + 20;
      while (performance.now() < until) {
        parseSipMessage(bytes);
        steps++;
      }
      return steps;
    });
    // Twice the length may halve the rate; a quadratic parser would do far less. Generous: the machine is shared.
    expect((sizes[1] ?? 0) * 12).toBeGreaterThan(sizes[0] ?? Number.POSITIVE_INFINITY);
  });
});
