import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/adapters/logging/pino-log.ts';
import type { LogOptions } from '../../../src/adapters/logging/pino-log.ts';
import { AppError } from '../../../src/kernel/errors.ts';
import type { Log } from '../../../src/kernel/log.ts';

function captured(options: LogOptions = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ level: 'debug', destination, ...options }), lines };
}

/** What the rooms and adapters write in a day, with everything in it that must not get out. */
function representativeLines(log: Log): void {
  const call = log.child({
    callId: 'call_06a1b2c3d4e5f6789012',
    callbackId: 'callback_0123456789abcdefghjk',
  });
  call.info({ from: '+12025550123', to: '18005550199', dialled: '1000' }, 'inbound call');
  call.info({ ani: '2025550123', customerNumber: '+1 (202) 555-0123' }, 'number confirmed');
  call.info({ uri: 'sip:+12025550123@192.0.2.1:5060;transport=udp' }, 'INVITE to sip:12025550123@192.0.2.7');
  call.debug(
    {
      message:
        'INVITE sip:+12025550123@192.0.2.1 SIP/2.0\r\nFrom: "Ann" <sip:2025550123@198.51.100.2>;tag=a1\r\n' +
        'P-Asserted-Identity: <tel:+12025550123>\r\n' +
        'Authorization: Digest username="alice", response="0123456789abcdef0123456789abcdef", cnonce="hush-nonce"\r\n',
    },
    'SIP message',
  );
  call.warn(
    { error: new AppError('X', 'no route to +12025550123', { cause: new Error('12025550123 busy') }) },
    'failed',
  );
  log.info(
    { headers: { authorization: 'Bearer tk_hushhushhushhushhushhushhush', cookie: 'a=hush' } },
    'request',
  );
  log.info({ password: 'hush', apiKey: 'hush', sipPassword: 'hush', clientSecret: 'hush' }, 'configured');
  log.info({ url: 'postgres://user:hush@192.0.2.1/db' }, 'connecting with password=hush');
  log.info({ sealed: 'sealed:v1:hushhush' }, 'key tk_hushhushhushhushhushhushhush used by +44 20 7946 0123');
  log.info({ numbers: ['+12025550123', { caller: '2025550123' }] }, 'booked for 202-555-0123');
}

describe('the log', () => {
  it('holds no telephone number and no secret in a representative day', () => {
    const { log, lines } = captured();
    representativeLines(log);
    expect(lines).toHaveLength(10);
    const text = lines.join('');
    expect(text.replace(/[^\d]/g, '')).not.toContain('2025550');
    expect(text).not.toMatch(/hush|0123456789abcdef0123456789abcdef/);
    expect(text).not.toContain('7946');
    // The negative: enough is left to follow a call.
    expect(text).toContain('********123');
    expect(text).toContain('"callbackId":"callback_0123456789abcdefghjk"');
    expect(text).toContain('"callId":"call_06a1b2c3d4e5f6789012"');
    expect(text).toContain('192.0.2.7');
  });

  it('shows numbers when masking is switched off, and still no secret', () => {
    const { log, lines } = captured({ maskNumbers: false });
    representativeLines(log);
    const text = lines.join('');
    expect(text).toContain('"from":"+12025550123"');
    expect(text).not.toMatch(/hush/);
  });

  it('writes one JSON line an event with time, level, message and bound fields', () => {
    const { log, lines } = captured({ fields: { node: 'a' } });
    log.child({ callId: 'call_1' }).child({ attempt: 2 }).warn({ port: 5060 }, 'slow\nanswer');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trim()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      node: 'a',
      callId: 'call_1',
      attempt: 2,
      port: 5060,
      msg: 'slow\nanswer',
    });
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = captured({ level: 'warn' });
    log.info({}, 'quiet');
    log.warn({}, 'loud');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['loud']);
  });

  it('survives circles, depth, size, functions and binary data', () => {
    const { log, lines } = captured();
    const circle: Record<string, unknown> = { bytes: Buffer.alloc(2000), work: () => 1 };
    circle['self'] = circle;
    log.info(
      { circle, text: 'x'.repeat(100_000), many: Array.from({ length: 10_000 }, (_v, i) => i) },
      'odd',
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]?.length).toBeLessThan(30_000);
    expect(lines[0]).toContain('[2000 bytes]');
  });
});
