import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { startMessage } from '../../../src/start-message.ts';
import type { Turnkeeper } from '../../../src/turnkeeper.ts';

const config = readConfig({}, process.cwd());
const running = (administrator: Turnkeeper['administrator']): Turnkeeper => ({
  httpUrl: 'http://127.0.0.1:8080',
  sipAddress: { host: '127.0.0.1', port: 5060 },
  phones: [{ agentId: 'anna', sipUser: '1001', name: 'Anna', password: 'phone-secret' }],
  dids: ['5001'],
  administrator,
  close: () => Promise.resolve(),
});

describe('what a start tells', () => {
  it('has the passwords at the first start', () => {
    const text = startMessage(running({ name: 'admin', password: 'admin-secret' }), config, false);
    expect(text).toContain('1001  password phone-secret  (Anna)');
    expect(text).toContain('admin, password admin-secret');
    expect(text).toContain('sip:5001@127.0.0.1:5060');
  });

  it('has no password at a later start, unless a terminal shows it', () => {
    const later = startMessage(running(undefined), config, false);
    expect(later).not.toContain('secret');
    expect(later).toContain('1001  password as at the first start, or as the document says  (Anna)');
    expect(startMessage(running(undefined), config, true)).toContain('1001  password phone-secret');
  });
});
