import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PushDesk } from '../../../src/adapters/push/push-desk.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { pauseAfter } from '../../../src/notify/delivery.ts';
import type { NotificationRecord } from '../../../src/notify/notification-store.ts';
import { pushCredentialsSchema, type PushCredentials } from '../../../src/notify/push-credentials.ts';
import { webhookSchema, type WebhookSettings } from '../../../src/notify/webhook-settings.ts';
import { PushProvider } from '../../fakes/push-provider.ts';

const clock = new SystemClock();

function aRecord(changes: Partial<NotificationRecord> = {}): NotificationRecord {
  return {
    id: 'notification_1',
    callbackId: 'callback_1',
    virtualQueue: 'support',
    event: 'CALLBACK_READY',
    channel: 'FCM',
    target: 'phone',
    language: 'de',
    data: { event: 'CALLBACK_READY', callbackId: 'callback_1' },
    createdAtMs: 0,
    expiresAtMs: null,
    triesMax: 3,
    onceKey: null,
    state: 'PENDING',
    tryCount: 0,
    dueAtMs: 0,
    endedAtMs: null,
    receipt: null,
    fault: null,
    ...changes,
  };
}

describe('messages to devices', () => {
  let provider: PushProvider;
  let credentials: PushCredentials;
  let desk: PushDesk;
  beforeEach(async () => {
    provider = new PushProvider();
    await provider.start();
    credentials = pushCredentialsSchema.parse(provider.credentials) as PushCredentials;
    desk = new PushDesk({ pushCredentials: () => [credentials], webhooks: () => [], clock });
    return () => provider.stop();
  });

  it('reach the provider in the customer’s language with a token asked for once', async () => {
    const deliveries = await Promise.all([desk.toDevice(aRecord()), desk.toDevice(aRecord())]);
    expect(deliveries).toMatchObject([{ kind: 'taken' }, { kind: 'taken' }]);
    expect(provider.grants).toHaveLength(1);
    expect(provider.messages[0]).toMatchObject({
      token: 'phone',
      dryRun: false,
      data: { callbackId: 'callback_1' },
      notification: { title: 'Sie sind an der Reihe' },
    });
  });

  it('are kept by the provider for as long as they are worth something, in each system’s words', async () => {
    const beforeSec = Math.floor(clock.nowMs() / 1000);
    await desk.toDevice(aRecord({ expiresAtMs: clock.nowMs() + 60_000 }));
    await desk.toDevice(aRecord());
    const [timed, lasting] = provider.messages;
    expect(timed).toMatchObject({ android: { ttl: '60s' }, webpush: { headers: { TTL: '60' } } });
    const untilSec = Number(timed?.apns.headers['apns-expiration']);
    expect(untilSec - beforeSec).toBeGreaterThanOrEqual(60);
    expect(untilSec - beforeSec).toBeLessThan(70);
    expect(lasting?.apns.headers).not.toHaveProperty('apns-expiration');
    expect(lasting?.android).not.toHaveProperty('ttl');
  });

  it('are the same message at every try: what arrives twice is known by its id and shown once', async () => {
    const id = 'notification_1m80kz51t002f02vzy33';
    await desk.toDevice(aRecord({ id }));
    await desk.toDevice(aRecord({ id, tryCount: 1 }));
    const known = provider.messages.map(({ data, android, apns, webpush }) => [
      data['id'],
      android.notification.tag,
      apns.headers['apns-collapse-id'],
      webpush.notification.tag,
    ]);
    expect(known).toEqual([
      [id, id, id, id],
      [id, id, id, id],
    ]);
  });

  it('renew an access token that is taken no more', async () => {
    await desk.toDevice(aRecord());
    provider.forgetGrants();
    expect(await desk.toDevice(aRecord())).toMatchObject({ kind: 'taken' });
  });

  it('renew it once, however many are on their way with the old one', async () => {
    await desk.toDevice(aRecord());
    provider.forgetGrants();
    const deliveries = await Promise.all(Array.from({ length: 16 }, () => desk.toDevice(aRecord())));
    expect(deliveries.map(({ kind }) => kind)).toEqual(Array.from({ length: 16 }, () => 'taken'));
    expect(provider.grants).toHaveLength(1);
  });

  it('ask for an access token anew at the next try where there was none, or when the provider says', async () => {
    const simulated = new SimulatedClock();
    const patient = new PushDesk({
      pushCredentials: () => [credentials],
      webhooks: () => [],
      clock: simulated,
    });
    provider.grantRefusal = { status: 503, code: 'temporarily_unavailable' };
    expect(await patient.toDevice(aRecord())).toEqual({
      kind: 'later',
      fault: 'temporarily_unavailable',
      afterMs: null,
    });
    provider.grantRefusal = { status: 429, code: 'slow_down', retryAfterSec: 30 };
    // The shortest pause that there is before a second try.
    simulated.advance(pauseAfter(1, null, 0));
    expect(await patient.toDevice(aRecord())).toMatchObject({ fault: 'slow_down', afterMs: 30_000 });
    provider.grantRefusal = undefined;
    simulated.advance(29_000);
    expect(await patient.toDevice(aRecord())).toMatchObject({ kind: 'later', fault: 'slow_down' });
    simulated.advance(1000);
    provider.grantRefusal = { status: 503, code: 'asked anew' };
    expect(await patient.toDevice(aRecord())).toMatchObject({ fault: 'asked anew' });
  });

  it.each([
    [
      { status: 404, code: 'UNREGISTERED' },
      { kind: 'refused', gone: true },
    ],
    [
      { status: 403, code: 'SENDER_ID_MISMATCH' },
      { kind: 'refused', gone: true },
    ],
    [
      { status: 400, code: 'INVALID_ARGUMENT', message: 'not a valid FCM registration token' },
      { kind: 'refused', gone: true },
    ],
    [
      { status: 400, code: 'INVALID_ARGUMENT', message: 'data is too big' },
      { kind: 'refused', gone: false },
    ],
    [
      { status: 429, code: 'QUOTA_EXCEEDED', retryAfterSec: 60 },
      { kind: 'later', afterMs: 60_000 },
    ],
    [
      { status: 503, code: 'UNAVAILABLE' },
      { kind: 'later', fault: 'UNAVAILABLE', afterMs: null },
    ],
    [
      { status: 500, code: 'INTERNAL' },
      { kind: 'later', fault: 'INTERNAL' },
    ],
  ])('tell %o from what may be tried again', async (refusal, delivery) => {
    provider.refusal = () => refusal;
    expect(await desk.toDevice(aRecord())).toMatchObject(delivery);
  });

  it('wait while the provider is silent or the credentials are wrong', async () => {
    credentials = { ...credentials, clientEmail: 'somebody@example.com' };
    expect(await desk.toDevice(aRecord())).toMatchObject({
      kind: 'later',
      fault: 'credentials refused: invalid_grant',
    });
    credentials = { ...credentials, tokenUrl: 'http://127.0.0.1:9/token' };
    expect(await desk.toDevice(aRecord())).toMatchObject({ kind: 'later' });
  });

  it('are tried dry: nothing is sent, and a wrong key is told from a device that is not there', async () => {
    expect(await desk.testCredentials('app', 'phone')).toEqual({ kind: 'accepted' });
    expect(provider.messages).toMatchObject([{ dryRun: true }]);
    provider.refusal = () => ({ status: 404, code: 'UNREGISTERED' });
    expect(await desk.testCredentials('app', undefined)).toEqual({ kind: 'accepted' });
    expect(await desk.testCredentials('app', 'phone')).toMatchObject({ kind: 'refused' });
    credentials = { ...credentials, privateKey: 'no key' };
    expect(await desk.testCredentials('app', undefined)).toMatchObject({ kind: 'keys-wrong' });
    expect(await desk.testCredentials('nobody', undefined)).toBeUndefined();
    expect(JSON.stringify(desk.credentials())).not.toContain('no key');
  });
});

describe('webhooks', () => {
  const received: { headers: IncomingMessage['headers']; body: string }[] = [];
  let status = 204;
  /** Instead of an answer. */
  let instead: ((response: ServerResponse) => void) | undefined;
  let server: Server;
  let webhook: WebhookSettings;
  let desk: PushDesk;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => (body += String(part)));
      request.on('end', () => {
        received.push({ headers: request.headers, body });
        if (instead) return instead(response);
        response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:9/' } : {}).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    webhook = webhookSchema.parse({
      name: 'crm',
      url,
      secret: 'quite secret',
      timeoutMs: 300,
    }) as WebhookSettings;
    desk = new PushDesk({ pushCredentials: () => [], webhooks: () => [webhook], clock });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  afterEach(() => (instead = undefined));

  it('are signed over id, time and body, with the same id at every try', async () => {
    const record = aRecord({ channel: 'WEBHOOK', target: 'crm' });
    status = 503;
    expect(await desk.toWebhook(record)).toMatchObject({ kind: 'later', fault: 'answered 503' });
    status = 204;
    expect(await desk.toWebhook(record)).toMatchObject({ kind: 'taken' });
    for (const { headers, body } of received.splice(0)) {
      const signed = `notification_1.${String(headers['webhook-timestamp'])}.${body}`;
      const signature = createHmac('sha256', 'quite secret').update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);
      expect(headers['webhook-id']).toBe('notification_1');
      expect(JSON.parse(body)).toMatchObject({ id: 'notification_1', event: 'CALLBACK_READY' });
    }
  });

  it.each([
    [429, 'later'],
    [500, 'later'],
    [302, 'refused'],
    [400, 'refused'],
    [410, 'refused'],
  ])('take an answer %i for %s', async (answer, kind) => {
    status = answer;
    expect(await desk.toWebhook(aRecord({ target: 'crm' }))).toMatchObject({ kind });
  });

  it.each<[string, (response: ServerResponse) => void, string]>([
    ['never answers', () => undefined, 'no answer in time'],
    ['breaks off', (response) => response.destroy(), 'other side closed'],
  ])('are tried again where the other side %s', async (_, behaviour, fault) => {
    instead = behaviour;
    const delivery = await desk.toWebhook(aRecord({ target: 'crm' }));
    expect(delivery).toEqual({ kind: 'later', fault, afterMs: null });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['drop by drop', (response) => drip(response)],
    ['half', (response) => breakOff(response)],
    ['without an end', (response) => flood(response)],
  ])('are taken by who says so, though the rest is answered %s', async (_, behaviour) => {
    instead = behaviour;
    const beganAtMs = Date.now();
    expect(await desk.toWebhook(aRecord({ target: 'crm' }))).toEqual({ kind: 'taken', receipt: null });
    expect(Date.now() - beganAtMs).toBeLessThan(3000);
  });

  it('follow nobody to another address', async () => {
    let visitCount = 0;
    instead = (response) => {
      visitCount++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    };
    const delivery = await desk.toWebhook(aRecord({ target: 'crm' }));
    expect(delivery).toEqual({ kind: 'refused', fault: 'answered 307', gone: false });
    expect(visitCount).toBe(1);
  });

  it('wait while nobody listens', async () => {
    const { url } = webhook;
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    webhook = { ...webhook, url: `http://127.0.0.1:${port}/hook` };
    const delivery = await desk.toWebhook(aRecord({ target: 'crm' }));
    webhook = { ...webhook, url };
    expect(delivery).toMatchObject({ kind: 'later', fault: expect.stringContaining('ECONNREFUSED') });
  });

  it('are tried by a test message, and one that was removed is given up', async () => {
    status = 200;
    received.length = 0;
    expect(await desk.testWebhook('crm', 'notification_2')).toMatchObject({ kind: 'taken' });
    expect(JSON.parse(received[0]?.body ?? '{}')).toMatchObject({ event: 'TEST' });
    expect(await desk.toWebhook(aRecord({ target: 'old' }))).toMatchObject({ kind: 'refused' });
    expect(JSON.stringify(desk.webhooks())).not.toContain('quite secret');
  });
});

/** A byte now and then, for as long as somebody listens. */
function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write('.'), 20);
  response.once('close', () => clearInterval(timer));
}

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('half', () => response.destroy());
}

/** As much as the other side takes. */
function flood(response: ServerResponse): void {
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  };
  response.on('drain', more);
  more();
}
