import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { originateHeaders } from '../../../src/adapters/drachtio/originate-headers.ts';
import { askedQueueSchema, queueNameSchema, queuePatternSchema } from '../../../src/telephony/queue-name.ts';
import { readSipUri } from '../../../src/telephony/sip-uri-reader.ts';

/** Names that lines have elsewhere. */
const NAMES = [
  'billing',
  'sales_support_VQ_CB',
  'Sales EU/West: billing & returns',
  "VQ_Sales@SIP_Switch (O'Brien + 2)",
  '2nd-line',
  'Zürich',
  'Продажи',
  '客服 中心',
  'हिन्दी सेवा',
  'ฝ่ายขาย',
  'مبيعات',
  'n'.repeat(64),
];

const SHAPE = 'must be 1–64 letters, digits, single spaces';
const HOSTILE: readonly (readonly [string, string, string])[] = [
  ['nothing', '', SHAPE],
  ['65 characters', 'n'.repeat(65), SHAPE],
  ['a space before it', ' billing', SHAPE],
  ['a space behind it', 'billing ', SHAPE],
  ['two spaces', 'billing  returns', SHAPE],
  ['another kind of space', 'billing\u00a0returns', SHAPE],
  ['a line end', 'billing\r\nX-Evil: 1', SHAPE],
  ['a line end behind it', 'billing\n', SHAPE],
  ['a tab', 'billing\treturns', SHAPE],
  ['a null', 'billing\0', SHAPE],
  ['an escape', 'billing\u001b[2J', SHAPE],
  ['a comma', 'billing, returns', SHAPE],
  ['an asterisk', 'billing*', SHAPE],
  ['a question mark', 'billing?', SHAPE],
  ['a number sign', 'billing #1', SHAPE],
  ['a per cent sign', '100% billing', SHAPE],
  ['a backslash', 'EU\\billing', SHAPE],
  ['a quotation mark', 'EU "billing"', SHAPE],
  ['angle brackets', 'b<script>', SHAPE],
  ['braces', 'b{origination_uuid=1}', SHAPE],
  ['a change of delimiter', 'b^^;x', SHAPE],
  ['a semicolon', 'b;x', SHAPE],
  ['an equals sign first', '=HYPERLINK(1)', SHAPE],
  ['a plus first', '+1', SHAPE],
  ['a minus first', '-1', SHAPE],
  ['an at sign first', '@SUM(1)', SHAPE],
  ['a slash first', '/etc/passwd', SHAPE],
  ['dots first', '../billing', SHAPE],
  ['an underscore first', '__proto__', SHAPE],
  ['an emoji', 'billing 📞', SHAPE],
  ['half a surrogate pair', 'billing\ud800', SHAPE],
  ['text that turns round', 'billing\u202e', SHAPE],
  ['a joiner', 'bil\u200dling', SHAPE],
  ['an invisible letter', 'billing\u3164', 'invisible'],
  ['a variation selector', 'billing\ufe0f', 'invisible'],
  ['a way up', 'EU/../billing', 'slashes'],
  ['a way up at its end', 'EU/..', 'slashes'],
  ['a part of a dot', 'EU/./billing', 'slashes'],
  ['two slashes', 'EU//billing', 'slashes'],
  ['a slash behind it', 'EU/', 'slashes'],
];

const firstFault = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;

describe("a virtual queue's name", () => {
  it.each(NAMES)('may be %s', (name) => {
    expect(queueNameSchema.parse(name)).toBe(name);
    expect(askedQueueSchema.parse(name)).toBe(name);
    expect(queuePatternSchema.parse(name)).toBe(name);
  });

  it.each(HOSTILE)('with %s is refused', (_, name, rule) => {
    expect(firstFault(queueNameSchema, name)).toContain(rule);
    expect(firstFault(askedQueueSchema, name)).toContain(rule);
  });

  it('has accented letters as one character each, whatever form a request writes them in', () => {
    const decomposed = 'Zu\u0308rich';
    expect(firstFault(queueNameSchema, decomposed)).toContain('NFC');
    expect(askedQueueSchema.parse(decomposed)).toBe('Zürich');
    expect(queuePatternSchema.parse(`${decomposed} *`)).toBe('Zürich *');
  });

  it('is judged in no more time when it is long and nearly right', () => {
    expect(firstFault(askedQueueSchema, `${'a '.repeat(50_000)}*`)).toContain(SHAPE);
  });

  it('may be given by its beginning, which may end between two words', () => {
    const beginnings = ['*', 'sales_*', 'Sales *', 'Sales EU/*', 'Прод*', `${'n'.repeat(64)}*`];
    for (const pattern of beginnings) expect(queuePatternSchema.parse(pattern)).toBe(pattern);
    const refused = [
      '**',
      'a*b',
      ' *',
      'a  *',
      'a,*',
      '../*',
      'a//*',
      'a/../*',
      `${'n'.repeat(65)}*`,
      'a?',
      '',
    ];
    for (const pattern of refused) expect(firstFault(queuePatternSchema, pattern)).toBeDefined();
  });
});

describe("a queue's name in SIP", () => {
  const headersFor = (name: string): Record<string, string> =>
    originateHeaders({
      callId: 'call_1',
      target: { kind: 'agent', agentId: '1001' },
      callerId: { number: '+12025550123', name },
      ringTimeoutMs: 1000,
      headers: { 'X-Turnkeeper-Queue': name },
    });

  it.each(NAMES)('is ASCII in a header and can be read back: %s', (name) => {
    const headers = headersFor(name);
    const header = headers['X-Turnkeeper-Queue'] ?? '';
    expect(Object.values(headers).join('')).toMatch(/^[\x20-\x7e]*$/);
    expect(decodeURIComponent(header)).toBe(name);
  });

  it('is shown on phones in quotes, without accents; what has no such form is left out', () => {
    expect(headersFor('Sales EU/West: billing & returns')['From']).toBe(
      '"Sales EU/West: billing & returns" <sip:+12025550123@localhost>',
    );
    expect(headersFor('Zürich (é)')['From']).toBe('"Zurich (e)" <sip:+12025550123@localhost>');
    expect(headersFor('客服 VIP 中心')['From']).toBe('"VIP" <sip:+12025550123@localhost>');
    expect(headersFor('Продажи')['From']).toBe('<sip:+12025550123@localhost>');
  });

  it('that fills a header is cut between two characters', () => {
    const header = headersFor('客'.repeat(200))['X-Turnkeeper-Queue'] ?? '';
    expect(header.length).toBeLessThanOrEqual(1024);
    expect(decodeURIComponent(header)).toBe('客'.repeat(113));
  });

  it('is dialled percent-encoded', () => {
    for (const name of NAMES.filter((each) => encodeURIComponent(each).length <= 128)) {
      expect(readSipUri(`sip:${encodeURIComponent(name)}@turnkeeper`)?.user).toBe(name);
    }
  });
});
