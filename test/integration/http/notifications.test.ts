import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PushDesk } from '../../../src/adapters/push/push-desk.ts';
import { Storage } from '../../../src/adapters/storage/storage.ts';
import { NotificationList } from '../../../src/application/notification-list.ts';
import type { Notification } from '../../../src/callback/notification.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import type { NotificationRecord } from '../../../src/notify/notification-store.ts';
import { pushCredentialsSchema, type PushCredentials } from '../../../src/notify/push-credentials.ts';
import { webhookSchema, type WebhookSettings } from '../../../src/notify/webhook-settings.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { type GesCounter, gesCounter, gesKey } from '../../fakes/ges-counter.ts';
import { PushProvider } from '../../fakes/push-provider.ts';

const TOKEN = 'fcm-token-of-annas-telephone';
const clock = new SystemClock();
const ids = new IdSource(clock, new SeededRandom(5));

let storage: Storage;
let provider: PushProvider;
let hooked: Server;
let counter: GesCounter;
let base: string;
let wakeCount: number;
let hookAnswer: number;

beforeAll(async () => {
  storage = await Storage.open({ path: ':memory:', clock });
  provider = new PushProvider();
  await provider.start();
  hooked = createServer((_request, response) => response.writeHead(hookAnswer).end()).listen(0, '127.0.0.1');
  await once(hooked, 'listening');
  const credentials = pushCredentialsSchema.parse(provider.credentials) as PushCredentials;
  const hook = {
    name: 'crm',
    url: `http://127.0.0.1:${(hooked.address() as AddressInfo).port}/`,
    secret: 'a-long-secret-of-the-crm',
    queues: ['support'],
  };
  const push = new PushDesk({
    pushCredentials: () => [credentials],
    webhooks: () => [webhookSchema.parse(hook) as WebhookSettings],
    clock,
  });
  const notifications = new NotificationList({ unitOfWork: storage, clock, wake: () => wakeCount++ });
  const settings = { pushConfirm: true, requireConfirm: false, cpdEnabled: false, maxNotifyAttempts: 2 };
  counter = await gesCounter(settings, { keepOpen: true, notifications, push });
  base = `${(await counter.fixture.server.listen()).url}/api/v1`;
});
afterAll(async () => {
  await counter.fixture.server.close();
  await provider.stop();
  hooked.close();
  await storage.close();
});
beforeEach(() => {
  wakeCount = 0;
  hookAnswer = 204;
});

/** Of an answer what is read one by one. */
interface Answered {
  readonly id: string;
  readonly error: { readonly code: string };
}

const keys = new Map<string, string>();
async function keyOf(role: 'Administrator' | 'Developer' | 'Monitor', group?: string): Promise<string> {
  const name = `${role} ${group ?? ''}`;
  const changes = { role, scopes: ['native'], accessGroups: group === undefined ? [] : [group] } as const;
  const key = keys.get(name) ?? (await gesKey(counter.fixture, counter.house.clock, changes));
  keys.set(name, key);
  return key;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  key?: string,
): Promise<{ status: number; json: Answered }> {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: {
      'x-api-key': key ?? (await keyOf('Developer')),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as never };
}

async function stored(
  fields: Partial<Notification> = {},
  state: NotificationRecord['state'] = 'PENDING',
): Promise<NotificationRecord> {
  const message: Notification = {
    id: ids.next('notification'),
    callbackId: 'callback_00000001',
    virtualQueue: 'support',
    event: 'CALLBACK_READY',
    channel: 'FCM',
    target: TOKEN,
    language: 'en',
    data: { event: 'CALLBACK_READY' },
    createdAtMs: clock.nowMs(),
    expiresAtMs: null,
    triesMax: 2,
    onceKey: null,
    ...fields,
  };
  return await storage.transact(async (tx) => {
    await tx.putNotifications([message]);
    const record = (await tx.notifications.find(message.id)) as NotificationRecord;
    const ended = { state, tryCount: 2, dueAtMs: null, endedAtMs: clock.nowMs(), fault: 'UNAVAILABLE' };
    const now = state === 'PENDING' ? record : { ...record, ...ended };
    await tx.notifications.update(now);
    return now;
  });
}

async function otherGroup(): Promise<string> {
  const { access } = counter.fixture;
  await access.insertAccessGroup({ name: 'sales', queues: ['sales'], createdAtMs: 1, updatedAtMs: 1 });
  return 'sales';
}

describe('GET /notifications', () => {
  it('lists messages by state, callback, event and channel, in pages, without the token', async () => {
    const first = await stored({ event: 'CALLBACK_UPCOMING' });
    const dead = await stored({ channel: 'WEBHOOK', target: 'crm', callbackId: 'callback_00000002' }, 'DEAD');
    const found = await ask('GET', '/notifications?state=DEAD&callbackId=callback_00000002&channel=WEBHOOK');
    expect(found.json).toMatchObject({
      items: [{ id: dead.id, target: 'crm', state: 'DEAD', fault: 'UNAVAILABLE', tryCount: 2 }],
      nextCursor: null,
    });
    const page = await ask('GET', '/notifications?limit=1');
    expect(page.json).toMatchObject({ items: [{ id: dead.id }], nextCursor: dead.id });
    const rest = await ask('GET', `/notifications?event=CALLBACK_UPCOMING&cursor=${dead.id}`);
    expect(rest.json).toMatchObject({ items: [{ id: first.id, target: '…ephone' }] });
    expect(JSON.stringify([page, rest])).not.toContain(TOKEN);
    expect((await ask('GET', '/notifications?state=LOST')).status).toBe(400);
  });

  it('shows members of a group the messages of their queues only', async () => {
    await stored();
    const key = await keyOf('Developer', await otherGroup());
    expect((await ask('GET', '/notifications', undefined, key)).json).toEqual({
      items: [],
      nextCursor: null,
    });
    expect((await ask('GET', '/notifications', undefined, await keyOf('Monitor'))).status).toBe(403);
  });
});

describe('POST /notifications/{id}/retry', () => {
  it('sends a dead letter once more, as often as at first, and nothing else', async () => {
    const dead = await stored({}, 'DEAD');
    const again = await ask('POST', `/notifications/${dead.id}/retry`);
    expect([again.status, again.json]).toMatchObject([200, { id: dead.id, state: 'PENDING', tryCount: 0 }]);
    expect(wakeCount).toBe(1);
    const record = await storage.transact(({ notifications }) => notifications.find(dead.id));
    expect(record).toMatchObject({ state: 'PENDING', dueAtMs: expect.any(Number), triesMax: 2 });
    const refused = await ask('POST', `/notifications/${dead.id}/retry`);
    expect([refused.status, refused.json.error]).toMatchObject([
      409,
      { code: 'NOT_ALLOWED_IN_STATE', state: 'PENDING' },
    ]);
    expect(wakeCount).toBe(1);
    expect((await ask('POST', '/notifications/notification_00000000/retry')).status).toBe(404);
  });

  it('does not exist for members of another group', async () => {
    const dead = await stored({}, 'DEAD');
    const key = await keyOf('Developer', await otherGroup());
    expect((await ask('POST', `/notifications/${dead.id}/retry`, undefined, key)).status).toBe(404);
  });
});

describe('push credentials and webhooks', () => {
  it('are listed without their secrets', async () => {
    const credentials = await ask('GET', '/push-credentials');
    expect(credentials.json).toMatchObject({ items: [{ name: 'app', project: 'turnkeeper-tests' }] });
    expect(JSON.stringify(credentials.json)).not.toContain('PRIVATE KEY');
    const webhooks = await ask('GET', '/webhooks');
    expect(webhooks.json).toMatchObject({ items: [{ name: 'crm', secretLength: 24, queues: ['support'] }] });
    expect(JSON.stringify(webhooks.json)).not.toContain('a-long-secret');
    const stranger = await keyOf('Developer', await otherGroup());
    expect((await ask('GET', '/webhooks', undefined, stranger)).json).toEqual({ items: [] });
  });

  it('are tried: a dry run at the provider, with a device where one is named', async () => {
    const tried = await ask('POST', '/push-credentials/app/test');
    expect([tried.status, tried.json]).toEqual([200, { result: 'accepted', reason: null }]);
    provider.refusal = ({ token }) => (token === TOKEN ? { status: 404, code: 'UNREGISTERED' } : undefined);
    const withDevice = await ask('POST', '/push-credentials/app/test', { target: TOKEN });
    expect(withDevice.json).toMatchObject({
      result: 'refused',
      reason: expect.stringContaining('UNREGISTERED'),
    });
    provider.refusal = () => undefined;
    expect(provider.messages.filter(({ dryRun }) => !dryRun)).toEqual([]);
    expect((await ask('POST', '/push-credentials/none/test')).status).toBe(404);
  });

  it('are tried: a signed message of no callback, and what the other side says', async () => {
    expect((await ask('POST', '/webhooks/crm/test')).json).toEqual({ result: 'taken', reason: null });
    hookAnswer = 503;
    expect((await ask('POST', '/webhooks/crm/test')).json).toEqual({
      result: 'later',
      reason: 'answered 503',
    });
    hookAnswer = 410;
    expect((await ask('POST', '/webhooks/crm/test')).json).toEqual({
      result: 'refused',
      reason: 'answered 410',
    });
    expect((await ask('POST', '/webhooks/none/test')).status).toBe(404);
    // Of another line of business it does not exist, as in the list.
    const stranger = await keyOf('Developer', await otherGroup());
    expect((await ask('POST', '/webhooks/crm/test', undefined, stranger)).status).toBe(404);
    expect((await ask('POST', '/webhooks/crm/test', undefined, await keyOf('Monitor'))).status).toBe(403);
  });
});

describe('devices of a callback', () => {
  const book = (fields: object = {}) =>
    ask('POST', '/callbacks', { virtualQueue: 'support', customerNumber: '+12025550123', ...fields });
  const target = (token: string) => ({ channel: 'FCM', target: token });

  it('are named when it is made, and must be ten at most, of a channel that there is', async () => {
    const made = await book({ pushTargets: [target(TOKEN)] });
    expect(made.status).toBe(201);
    expect(JSON.stringify(made.json)).not.toContain(TOKEN);
    const found = await counter.application.findCallback(made.json.id);
    expect(found?.details.pushTargets).toEqual([target(TOKEN)]);
    const eleven = Array.from({ length: 11 }, (_, index) => target(`token${index}`));
    for (const pushTargets of [eleven, [{ channel: 'SMS', target: 'x' }], [target('')], 'none']) {
      expect((await book({ pushTargets })).status).toBe(400);
    }
  });

  it('are changed while it is open; the history has how many, the audit log who', async () => {
    const { id } = (await book({ pushTargets: [target(TOKEN)] })).json;
    const changed = await ask('PATCH', `/callbacks/${id}`, { pushTargets: [target('renewed')] });
    expect(changed.status).toBe(200);
    const found = await counter.application.findCallback(id);
    expect(found?.details.pushTargets).toEqual([target('renewed')]);
    expect(found?.events.at(-1)).toMatchObject({ kind: 'DEVICES_CHANGED', data: { pushTargetCount: 1 } });
    expect(counter.house.engine.openCallbacks.find(id)?.hasDevice).toBe(true);
    await ask('PATCH', `/callbacks/${id}`, { pushTargets: [] });
    expect(counter.house.engine.openCallbacks.find(id)?.hasDevice).toBe(false);
    const { entries } = counter.fixture.audit;
    expect(entries.filter(({ target: about }) => about === `callback:${id}`)).toHaveLength(2);
    expect(JSON.stringify(entries)).not.toContain('renewed');
    await ask('POST', `/callbacks/${id}/cancel`);
    const ended = await ask('PATCH', `/callbacks/${id}`, { pushTargets: [] });
    expect([ended.status, ended.json.error.code]).toEqual([409, 'NOT_ALLOWED_IN_STATE']);
    expect((await ask('PATCH', '/callbacks/callback_00000000', { pushTargets: [] })).status).toBe(404);
    const stranger = await keyOf('Developer', await otherGroup());
    expect((await ask('PATCH', `/callbacks/${id}`, { pushTargets: [] }, stranger)).status).toBe(404);
  });
});

describe('POST /callbacks/{id}/push/…', () => {
  async function asked(): Promise<string> {
    const body = { virtualQueue: 'support', customerNumber: '+12025550123' };
    const made = await ask('POST', '/callbacks', {
      ...body,
      pushTargets: [{ channel: 'FCM', target: TOKEN }],
    });
    await counter.house.ready('a1');
    await settle();
    const { id } = made.json;
    expect(await counter.application.findCallback(id)).toMatchObject({ subState: 'pushed' });
    return id;
  }

  it('takes each answer of a customer who was asked, and refuses those of one who was not', async () => {
    const snoozed = await asked();
    const later = await ask('POST', `/callbacks/${snoozed}/push/snooze`);
    expect([later.status, later.json]).toMatchObject([200, { state: 'SCHEDULED' }]);
    const again = await ask('POST', `/callbacks/${snoozed}/push/snooze`);
    expect([again.status, again.json.error]).toMatchObject([409, { code: 'NOT_ALLOWED_IN_STATE' }]);
    const cancelled = await asked();
    const ended = await ask('POST', `/callbacks/${cancelled}/push/cancel`);
    expect(ended.json).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_CUSTOMER' });
    const accepted = await asked();
    const stranger = await keyOf('Developer', await otherGroup());
    expect((await ask('POST', `/callbacks/${accepted}/push/accept`, undefined, stranger)).status).toBe(404);
    expect((await ask('POST', `/callbacks/${accepted}/push/accept`)).status).toBe(200);
    expect((await ask('POST', '/callbacks/callback_00000000/push/accept')).status).toBe(404);
  });
});
