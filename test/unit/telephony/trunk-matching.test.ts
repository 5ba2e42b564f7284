import { describe, expect, it } from 'vitest';
import { trunkSchema } from '../../../src/telephony/directory.ts';
import type { Trunk } from '../../../src/telephony/directory.ts';
import {
  addressMatches,
  trunkBySource,
  trunkByUsername,
  trunkForDialling,
} from '../../../src/telephony/trunk-matching.ts';

const trunk = (name: string, more: Partial<Trunk> = {}): Trunk => ({
  ...trunkSchema.parse({ name }),
  ...more,
});
const at = (address: string, port = 5060) => ({ address, port, transport: 'udp' as const });

describe('a trunk address', () => {
  it.each([
    ['192.0.2.10', '192.0.2.10', 5060, true],
    ['192.0.2.10', '192.0.2.11', 5060, false],
    ['192.0.2.0/24', '192.0.2.255', 1, true],
    ['192.0.2.0/24', '192.0.3.0', 1, false],
    ['192.0.2.7/24', '192.0.2.200', 1, true],
    ['0.0.0.0/0', '203.0.113.9', 1, true],
    ['192.0.2.10/32', '192.0.2.10', 1, true],
    ['192.0.2.128/25', '192.0.2.127', 1, false],
    ['127.0.0.1:5070', '127.0.0.1', 5070, true],
    ['127.0.0.1:5070', '127.0.0.1', 5071, false],
    ['10.0.0.0/8:5060', '10.9.8.7', 5060, true],
    ['10.0.0.0/8:5060', '10.9.8.7', 5061, false],
    ['300.0.0.1', '44.0.0.1', 1, false],
    ['192.0.2.0/33', '192.0.2.0', 1, false],
    ['nonsense', '192.0.2.0', 1, false],
    ['192.0.2.1', 'fe80::1', 1, false],
  ])('%s covers %s:%i is %s', (pattern, address, port, expected) => {
    expect(addressMatches(pattern, { address, port })).toBe(expected);
  });

  it('that is narrowest decides; a disabled trunk never', () => {
    const trunks = [
      trunk('wide', { addresses: ['192.0.0.0/16'] }),
      trunk('narrow', { addresses: ['192.0.2.0/24'] }),
      trunk('socket', { addresses: ['192.0.2.9:5070'] }),
      trunk('off', { addresses: ['192.0.2.5'], enabled: false }),
    ];
    expect(trunkBySource(trunks, at('192.0.2.9'))?.name).toBe('narrow');
    expect(trunkBySource(trunks, at('192.0.2.9', 5070))?.name).toBe('socket');
    expect(trunkBySource(trunks, at('192.0.3.9'))?.name).toBe('wide');
    expect(trunkBySource(trunks, at('192.0.2.5'))?.name).toBe('narrow');
    expect(trunkBySource(trunks, at('203.0.113.1'))).toBeUndefined();
  });
});

describe('a trunk', () => {
  const trunks = [
    trunk('inbound-only', { username: 'u1' }),
    trunk('off', { outboundHost: 'a.example', enabled: false, username: 'u2', password: 'p' }),
    trunk('first', { outboundHost: 'b.example', username: 'u3', password: 'p' }),
    trunk('second', { outboundHost: 'c.example' }),
  ];

  it('authenticates by its user only with a password and when enabled', () => {
    expect(trunkByUsername(trunks, 'u1')).toBeUndefined();
    expect(trunkByUsername(trunks, 'u2')).toBeUndefined();
    expect(trunkByUsername(trunks, 'u3')?.name).toBe('first');
  });

  it('for dialling is the named one, else the first that may', () => {
    expect(trunkForDialling(trunks, undefined)?.name).toBe('first');
    expect(trunkForDialling(trunks, 'second')?.name).toBe('second');
    expect(trunkForDialling(trunks, 'inbound-only')).toBeUndefined();
    expect(trunkForDialling(trunks, 'off')).toBeUndefined();
  });
});
