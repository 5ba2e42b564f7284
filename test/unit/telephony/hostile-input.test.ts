import { array, assert as forAll, constantFrom, oneof, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { maskSip } from '../../../src/adapters/drachtio/sip-trace.ts';
import {
  mediaFault,
  waitingAnswer,
  withoutEncryption,
} from '../../../src/adapters/freeswitch/session-description.ts';
import { readDigestCredentials } from '../../../src/telephony/digest.ts';
import { parseReasonHeader } from '../../../src/telephony/reason-header.ts';
import { readWantedContacts } from '../../../src/telephony/register-request.ts';
import { digitOfInfo, readNameAddresses, readSipUri } from '../../../src/telephony/sip-uri-reader.ts';

const pieces = constantFrom(
  '<',
  '>',
  '"',
  '\\',
  ';',
  ',',
  '=',
  '@',
  ':',
  '?',
  '%',
  'sip:',
  'a',
  '1',
  ' ',
  '\r\n',
  '*',
  'é',
);
const hostile = oneof(
  string({ maxLength: 300 }),
  array(pieces, { maxLength: 200 }).map((parts) => parts.join('')),
);

it('no reader of what strangers send ever throws', () => {
  forAll(
    property(hostile, (text) => {
      readSipUri(text);
      readNameAddresses(text);
      readDigestCredentials(`Digest ${text}`);
      parseReasonHeader(text);
      digitOfInfo('application/dtmf-relay', text);
      readWantedContacts({
        aorUser: 'a',
        callId: 'c',
        cseq: 1,
        contact: text,
        expires: text,
        source: { address: '192.0.2.1', port: 1, transport: 'udp' },
      });
      mediaFault(text);
      expect(withoutEncryption(text)).not.toMatch(/[^\r\n\t\x20-\x7e]/);
      waitingAnswer(text);
      maskSip(text);
    }),
    { numRuns: 2000 },
  );
});

it('no reader takes long over what strangers send', () => {
  for (const piece of ['"', '\\"', '<', ';a=', 'a,', ' ', 'sip:a@', 'a="b",', '%', ';', '=']) {
    const text = piece.repeat(8000 / piece.length);
    const startedAtMs = performance.now();
    readSipUri(text);
    readNameAddresses(text);
    readDigestCredentials(`Digest ${text.slice(0, 2000)}`);
    parseReasonHeader(text);
    mediaFault(text);
    maskSip(text);
    // Bounds a stall of the event loop, not speed: a quadratic reader takes seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(500);
  }
});
