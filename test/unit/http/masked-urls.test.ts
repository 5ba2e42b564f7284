import { describe, expect, it } from 'vitest';
import { maskedPath } from '../../../src/adapters/http/error-request.ts';
import { gmsCounter } from '../../fakes/gms-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const known = new Set([
  'number',
  'phoneNumber',
  '_customer_number',
  'queue',
  'actor',
  'from',
  'note',
  'cursor',
]);

describe('an address in an error record', () => {
  it.each([
    ['/a', '/a'],
    ['/a?', '/a?'],
    ['/callbacks/+12025550123', '/callbacks/+********123'],
    ['/callbacks/%2B12025550123', '/callbacks/+********123'],
    ['/callbacks/%252B12025550123', '/callbacks/+********123'],
    ['/callbacks/12025550123?queue=a', '/callbacks/********123?queue=a'],
    ['/%E0%A4%A/%2B12025550123', '/à¤%A/+********123'],
    ['/a?number=%2B12025550123', '/a?number=+********123'],
    ['/a?number=+12025550123', '/a?number=+********123'],
    ['/a?number=1+202+555+0123', '/a?number=* *** *** *123'],
    ['/a?number=%281%29+202-555.0123', '/a?number=(*) ***-***.*123'],
    ['/a?number=12025550123%', '/a?number=********123%'],
    ['/a?number=12345', '/a?number=**345'],
    ['/a?phoneNumber=007', '/a?phoneNumber=***'],
    ['/a?_customer_number=x12025550123', '/a?_customer_number=x********123'],
    ['/a?note=call+49+151+1234567', '/a?note=call ** *** ****567'],
    ['/a?note=tel:12345', '/a?note=tel:**345'],
    ['/a?note=call%0012025550123', '/a?note=call\u0000********123'],
    ['/a?email=ada%40example.com', '/a?email=[removed]'],
    ['/a?%65mail=ada%40example.com&queue=b', '/a?email=[removed]&queue=b'],
    ['/a?userData[name]=Ada', '/a?userData[name]=[removed]'],
    ['/a?note[]=Ada', '/a?note[]=[removed]'],
    [
      '/a?captchaToken=abc&code=def&x-api-key=ghi',
      '/a?captchaToken=[removed]&code=[removed]&x-api-key=[removed]',
    ],
    [`/a?cursor=tk_${'a'.repeat(43)}`, '/a?cursor=[removed]'],
    ['/a?12025550123', '/a?********123'],
    ['/a?1+202+555+0123=x', '/a?* *** *** *123=[removed]'],
    ['/a?queue=b?number=12025550123', '/a?queue=b?number=12025550123'.replace('12025550123', '********123')],
    ['/a?constructor=x&__proto__=y', '/a?constructor=[removed]&__proto__=[removed]'],
    ['/a?from=2026-01-05T09:00:00Z', '/a?from=2026-01-05T09:00:00Z'],
    ['/a?queue=a=b', '/a?queue=a=b'],
  ])('%s is kept as %s', (url, kept) => {
    expect(maskedPath(url, (name) => known.has(name))).toBe(kept);
  });

  it('is bounded, and costs no more for being hostile', () => {
    for (const unit of ['%25', '&', '=', '1 ', '%2B', '((', '1+']) {
      expect(maskedPath(`/a?number=${unit.repeat(100_000)}`, () => true).length).toBeLessThan(2049);
    }
  });
});

describe('error records of the GMS API', () => {
  it('keep what a search is for by its names alone, in the address and in the faults', async () => {
    const { ask, fixture } = await gmsCounter();
    const long = 'Ada Lovelace '.repeat(100);
    const failing = [
      `/1/service/callback/nowhere?operand=OR&email=ada%40example.com&_customer_number=2025550123`,
      `/1/service/callback/support?name=${encodeURIComponent(long)}&_callback_state=NONE`,
      '/1/service/callback/support?_unknown=ada%40example.com',
      '/1/service/nothing/here?email=ada%40example.com&number=12025550123',
    ];
    for (const path of failing) {
      const answer = await ask('GET', path);
      expect([path, answer.statusCode >= 400]).toEqual([path, true]);
      const record = fixture.errors.records.get(String(answer.headers['x-correlation-id']));
      const kept = JSON.stringify(record);
      expect(kept).not.toMatch(/ada|lovelace|2025550123/i);
      expect(kept).toContain('=[removed]');
    }
  });

  it('mask numbers that came as JSON numbers, and short ones', async () => {
    const { ask, fixture } = await gmsCounter();
    const bodies = [
      { _customer_number: 12025550123 },
      { _customer_number: 12345 },
      { _customer_number: '54321' },
    ];
    for (const body of bodies) {
      const answer = await ask('POST', '/1/service/callback/nowhere', body);
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      const record = fixture.errors.records.get(String(answer.headers['x-correlation-id']));
      expect(record?.detail).toMatch(/_customer_number":"\*+\d{3}"/);
      expect(JSON.stringify(record)).not.toMatch(/2025550|12345|54321/);
    }
  });
});
