import { beforeEach, describe, expect, it } from 'vitest';
import { byteRange } from '../../../src/adapters/http/byte-range.ts';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';
import type { Fixture } from './http-fixture.ts';

closeFixtures();

const FILE = Uint8Array.from({ length: 244 }, (_, at) => at);
let fixture: Fixture;

beforeEach(async () => {
  fixture = await newFixture();
});

/** A complete recording of 244 bytes. */
async function kept(subject: Partial<Parameters<Fixture['recordings']['begin']>[0]> = {}): Promise<string> {
  const { recordings, recordingFiles, clock } = fixture;
  clock.advance(1);
  const { id, path } = await recordings.begin({ kind: 'conversation', virtualQueue: 'billing', ...subject });
  recordingFiles.files.set(path, FILE);
  await recordings.finished(id, { durationMs: 6, bytes: FILE.length });
  return id;
}

describe('GET /recordings', () => {
  it('lists newest first, page by page, by what is asked for', async () => {
    const ids = [await kept(), await kept({ agentId: 'bob' }), await kept({ kind: 'voicemail' })];
    const first = await fixture.ask('GET', '/api/v1/recordings?limit=2', { role: 'Supervisor' });
    const page = first.json() as { items: { id: string }[]; nextCursor: string };
    expect(page.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    const rest = await fixture.ask('GET', `/api/v1/recordings?limit=2&cursor=${page.nextCursor}`, {
      role: 'Supervisor',
    });
    expect(rest.json()).toMatchObject({ items: [{ id: ids[0] }], nextCursor: null });
    const bobs = await fixture.ask('GET', '/api/v1/recordings?agentId=bob', { role: 'Administrator' });
    expect(bobs.json()).toMatchObject({ items: [{ id: ids[1], queue: 'billing', state: 'finished' }] });
    const messages = await fixture.ask('GET', '/api/v1/recordings?kind=voicemail', { role: 'Supervisor' });
    expect(messages.json()).toMatchObject({ items: [{ id: ids[2] }] });
  });

  it('shows an agent only own conversations, also when another agent is asked for', async () => {
    const own = await kept({ agentId: 'alice' });
    await kept({ agentId: 'bob' });
    const all = await fixture.ask('GET', '/api/v1/recordings', { role: 'Agent' });
    expect(all.json()).toMatchObject({ items: [{ id: own }], nextCursor: null });
    const bobs = await fixture.ask('GET', '/api/v1/recordings?agentId=bob', { role: 'Agent' });
    expect(bobs.json()).toMatchObject({ items: [] });
  });

  it('shows an agent the message of the callback being served, and of no other', async () => {
    const made = await fixture.ask('POST', '/api/v1/callbacks', { role: 'Supervisor', body: validRequest });
    const { id: callbackId } = made.json() as { id: string };
    const message = await kept({ kind: 'voicemail', callbackId });
    const url = `/api/v1/recordings?callbackId=${callbackId}`;
    expect((await fixture.ask('GET', url, { role: 'Agent' })).json()).toMatchObject({ items: [] });
    const audio = `/api/v1/recordings/${message}/audio`;
    expect((await fixture.ask('GET', audio, { role: 'Agent' })).statusCode).toBe(404);
    const callback = fixture.application.callbacks.get(callbackId);
    if (!callback) throw new Error('the callback was not made');
    fixture.application.callbacks.set(callbackId, { ...callback, agentId: 'alice' });
    expect((await fixture.ask('GET', url, { role: 'Agent' })).json()).toMatchObject({
      items: [{ id: message }],
    });
    expect((await fixture.ask('GET', audio, { role: 'Agent' })).rawPayload).toEqual(Buffer.from(FILE));
  });
});

describe('GET /recordings/{id}/audio', () => {
  it('sends the file as WAV, or the range asked for', async () => {
    const id = await kept();
    const url = `/api/v1/recordings/${id}/audio`;
    const whole = await fixture.ask('GET', url, { role: 'Supervisor' });
    expect(whole.statusCode).toBe(200);
    expect(whole.headers).toMatchObject({
      'content-type': 'audio/wav',
      'content-length': '244',
      'accept-ranges': 'bytes',
    });
    expect(whole.rawPayload).toEqual(Buffer.from(FILE));
    const part = await fixture.ask('GET', url, { role: 'Supervisor', headers: { range: 'bytes=10-19' } });
    expect(part.statusCode).toBe(206);
    expect(part.headers['content-range']).toBe('bytes 10-19/244');
    expect(part.rawPayload).toEqual(Buffer.from(FILE.slice(10, 20)));
    const beyond = await fixture.ask('GET', url, { role: 'Supervisor', headers: { range: 'bytes=244-' } });
    expect(beyond.statusCode).toBe(416);
    expect(beyond.headers['content-range']).toBe('bytes */244');
    expect(beyond.json()).toMatchObject({ error: { code: 'RANGE_NOT_SATISFIABLE' } });
  });

  it('is told of in the audit log, whichever part is asked for, once for each listener in ten minutes', async () => {
    const id = await kept({ agentId: 'alice' });
    const url = `/api/v1/recordings/${id}/audio`;
    const listen = (role: 'Supervisor' | 'Agent', range: string) =>
      fixture.ask('GET', url, { role, headers: { range } });
    for (const range of ['bytes=44-', 'bytes=0-9', 'bytes=10-19']) await listen('Supervisor', range);
    await listen('Agent', 'bytes=1-');
    const entries = (): string[] =>
      fixture.audit.entries.flatMap(({ action, target, actor }) =>
        action === 'recording.downloaded' && target === `recording:${id}` ? [actor] : [],
      );
    expect(new Set(entries()).size).toBe(2);
    expect(entries()).toHaveLength(2);
    fixture.clock.advance(600_000);
    await listen('Supervisor', 'bytes=44-');
    expect(entries()).toHaveLength(3);
  });

  it('does not exist for another agent, while it is recorded, and when it failed', async () => {
    const bobs = await kept({ agentId: 'bob' });
    const other = await fixture.ask('GET', `/api/v1/recordings/${bobs}/audio`, { role: 'Agent' });
    expect(other.statusCode).toBe(404);
    expect((await fixture.ask('GET', `/api/v1/recordings/${bobs}`, { role: 'Agent' })).statusCode).toBe(404);
    const { id } = await fixture.recordings.begin({ kind: 'conversation', agentId: 'alice' });
    const url = `/api/v1/recordings/${id}/audio`;
    expect((await fixture.ask('GET', url, { role: 'Agent' })).statusCode).toBe(404);
    await fixture.recordings.failed(id);
    expect((await fixture.ask('GET', url, { role: 'Agent' })).statusCode).toBe(404);
    const record = await fixture.ask('GET', `/api/v1/recordings/${id}`, { role: 'Agent' });
    expect(record.json()).toMatchObject({ id, state: 'failed', durationMs: null, bytes: null });
  });
});

describe('DELETE /recordings/{id}', () => {
  it('deletes record and file, once it is complete', async () => {
    const { id } = await fixture.recordings.begin({ kind: 'conversation' });
    const url = `/api/v1/recordings/${id}`;
    const early = await fixture.ask('DELETE', url, { role: 'Administrator' });
    expect(early.statusCode).toBe(409);
    await fixture.recordings.finished(id, { durationMs: 1, bytes: 100 });
    expect((await fixture.ask('DELETE', url, { role: 'Supervisor' })).statusCode).toBe(403);
    expect((await fixture.ask('DELETE', url, { role: 'Administrator' })).statusCode).toBe(200);
    expect((await fixture.ask('GET', url, { role: 'Administrator' })).statusCode).toBe(404);
    expect((await fixture.ask('DELETE', url, { role: 'Administrator' })).statusCode).toBe(404);
  });
});

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-9', { from: 0, to: 9 }],
    ['bytes=90-', { from: 90, to: 99 }],
    ['bytes=90-500', { from: 90, to: 99 }],
    ['bytes=-10', { from: 90, to: 99 }],
    ['bytes=-500', { from: 0, to: 99 }],
    ['bytes=99-99', { from: 99, to: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=9-0', undefined],
    ['bytes=-', undefined],
    ['bytes=0-9,20-29', undefined],
    ['lines=0-9', undefined],
    ['bytes=0-9999999999999999999', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const)('%j of 100 bytes is %j', (header, expected) => {
    expect(byteRange(header, 100)).toEqual(expected);
  });
});
