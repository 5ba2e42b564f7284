import { expect, it } from 'vitest';
import { outgoingUrlSchema } from '../../../src/telephony/outgoing-url.ts';

const takes = (url: string): boolean => outgoingUrlSchema.safeParse(url).success;

it('addresses that secrets are sent to are encrypted, or on this machine', () => {
  const good = ['https://crm.example/hook?x=1', 'http://127.0.0.1:8080/', 'http://localhost/x'];
  expect(good.filter((url) => !takes(url))).toEqual([]);
  const bad = ['http://crm.example/', 'ftp://crm.example/', 'http://localhost.evil.example/', 'crm.example'];
  expect(bad.filter(takes)).toEqual([]);
});

it('what reads like this machine and is elsewhere, carries a password or cannot be read is none', () => {
  const bad = [
    'http://localhost:x@evil.example/',
    'http://127.0.0.1:80@evil.example/',
    'https://user:hunter2@crm.example/',
    'https://user@crm.example/',
    'https://[/',
    'https://crm.example:99999/',
  ];
  expect(bad.filter(takes)).toEqual([]);
});
