import { describe, expect, it } from 'vitest';
import {
  answerTo,
  directionOf,
  isHold,
  withDirection,
} from '../../../src/adapters/freeswitch/session-description.ts';

const SESSION = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';
const AUDIO = 'm=audio 9000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n';

describe('the direction of the audio', () => {
  it.each([
    [SESSION + AUDIO, 'sendrecv'],
    [`${SESSION}${AUDIO}a=sendonly\r\n`, 'sendonly'],
    [`${SESSION}a=inactive\r\n${AUDIO}`, 'inactive'],
    [`${SESSION}a=inactive\r\n${AUDIO}a=recvonly\r\n`, 'recvonly'],
    [`${SESSION}${AUDIO}m=video 9 RTP/AVP 96\r\na=inactive\r\n`, 'sendrecv'],
    [`${SESSION}m=video 9 RTP/AVP 96\r\na=inactive\r\n${AUDIO}`, 'sendrecv'],
  ])('of %j is %s', (sdp, direction) => {
    expect(directionOf(sdp)).toBe(direction);
  });

  it('can be changed, and stands once', () => {
    const changed = withDirection(`${SESSION}a=inactive\r\n${AUDIO}a=sendonly`, 'recvonly');
    expect(changed).toBe(`${SESSION}${AUDIO}a=recvonly\r\n`);
    expect(directionOf(changed)).toBe('recvonly');
  });
});

describe('hold', () => {
  it.each([
    ['sendonly', true],
    ['inactive', true],
    ['recvonly', false],
    ['sendrecv', false],
  ])('is what %s asks for: %s', (direction, held) => {
    expect(isHold(`${SESSION}${AUDIO}a=${direction}\r\n`)).toBe(held);
  });

  it('is also an address of zeros (RFC 2543), but not one that begins with zero', () => {
    expect(isHold(`${SESSION}${AUDIO}`.replaceAll('192.0.2.1', '0.0.0.0'))).toBe(true);
    expect(isHold(`${SESSION}${AUDIO}`.replaceAll('192.0.2.1', '0.0.0.01'))).toBe(false);
  });
});

describe('the answer to an offer', () => {
  it.each([
    ['sendonly', 'sendrecv', 'recvonly'],
    ['sendonly', 'inactive', 'inactive'],
    ['sendonly', 'recvonly', 'recvonly'],
    ['inactive', 'sendrecv', 'inactive'],
    ['recvonly', 'sendrecv', 'sendonly'],
    ['sendrecv', 'sendrecv', 'sendrecv'],
    ['sendrecv', 'recvonly', 'recvonly'],
  ])('of %s with %s becomes %s', (offered, answered, expected) => {
    const sdp = (direction: string): string => `${SESSION}${AUDIO}a=${direction}\r\n`;
    expect(directionOf(answerTo(sdp(offered), sdp(answered)))).toBe(expected);
  });
});
