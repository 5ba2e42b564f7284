import { expect, it } from 'vitest';
import { maskedJson } from '../../../src/adapters/http/masked-json.ts';
import { closeFixtures, newFixture } from './http-fixture.ts';

closeFixtures();

it.each([33, 60_000])('refuses a body of %i levels as such, and keeps a record of it', async (levels) => {
  const { ask, errors } = await newFixture();
  const text = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const answer = await ask('POST', '/api/v1/access-groups', {
    role: 'Administrator',
    text,
    headers: { 'content-type': 'application/json' },
  });
  expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_FAILED']);
  expect(answer.json().error.message).toContain('more than 32 levels');
  expect(errors.records.has(answer.json().error.correlationId)).toBe(true);
});

it('takes brackets in texts as text', async () => {
  const { ask } = await newFixture();
  const text = JSON.stringify({ name: '[{'.repeat(50), queues: [] });
  const headers = { 'content-type': 'application/json' };
  const answer = await ask('POST', '/api/v1/access-groups', { role: 'Administrator', text, headers });
  expect(answer.json().error.faults[0].path).toBe('name');
});

it('keeps nothing of what is deeper than it looks: neither a secret nor a number', () => {
  let value: unknown = { password: 'hunter2hunter2', number: '+12025550123' };
  for (let level = 0; level < 9; level++) value = { inner: value };
  const kept = maskedJson(value, 4096);
  expect(kept).toContain('[deep]');
  expect(kept).not.toMatch(/hunter2|5550123/);
});
