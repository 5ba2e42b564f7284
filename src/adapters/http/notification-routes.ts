import { z } from 'zod';
import { notificationChannels, notificationEvents } from '../../callback/notification.ts';
import type { NotificationId } from '../../kernel/ids.ts';
import { type NotificationRecord, NotificationState } from '../../notify/notification-store.ts';
import { nameSchema } from '../../telephony/directory.ts';
import type { WebhookView } from '../push/push-desk.ts';
import { mayReadQueue, readableQueues } from './access-rules.ts';
import type { Principal } from './access.ts';
import { callbackIdSchema, errorAnswers, named } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { queueBound } from './queue-access.ts';
import { principalOf } from './request-guard.ts';

const PAGE_MAX = 200;
/** A device is told apart by the end of its token; the token itself is for its provider alone. */
const TOKEN_SHOWN = 6;
const tags = ['Notifications'];
const idSchema = z
  .string()
  .regex(/^notification_[0-9a-z]{8,40}$/, 'must be a notification id, notification_…');

const notificationSchema = named(
  'Notification',
  z.object({
    id: idSchema,
    callbackId: z.string(),
    virtualQueue: z.string(),
    event: z.enum(notificationEvents),
    channel: z.enum(notificationChannels),
    target: z.string().describe('The webhook, or the end of the device token'),
    state: z
      .enum(Object.values(NotificationState))
      .describe('PENDING: to be sent; DEAD: given up; SKIPPED: was not worth telling'),
    tryCount: z.int(),
    triesMax: z.int(),
    fault: z.string().nullable().describe('Why the last try failed'),
    receipt: z.string().nullable().describe("The provider's own name of the message"),
    createdAt: z.string(),
    dueAt: z.string().nullable(),
    expiresAt: z.string().nullable(),
    endedAt: z.string().nullable(),
  }),
);

/** GET /notifications, POST /notifications/{id}/retry. */
export function addNotificationRoutes(server: Server, { notifications, application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/notifications',
    config: { access: 'readNotifications' },
    schema: {
      tags,
      summary: 'List messages to devices and webhooks, newest first',
      description: 'Dead letters are those with `state=DEAD`. Kept for 14 days.',
      querystring: z.strictObject({
        state: z.enum(Object.values(NotificationState)).optional(),
        callbackId: callbackIdSchema.optional(),
        event: z.enum(notificationEvents).optional(),
        channel: z.enum(notificationChannels).optional(),
        limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
        cursor: idSchema.optional().describe('`nextCursor` of the page before'),
      }),
      response: {
        200: z.object({ items: z.array(notificationSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { state, callbackId, event, channel, limit, cursor } = request.query;
      const bound = queueBound(application, principalOf(request), undefined);
      const records = await notifications.list({
        limit,
        ...(state !== undefined && { states: [state] }),
        ...(callbackId !== undefined && { callbackId }),
        ...(event !== undefined && { event }),
        ...(channel !== undefined && { channel }),
        ...(bound !== undefined && { virtualQueues: bound }),
        ...(cursor !== undefined && { beforeId: cursor }),
      });
      const last = records.length === limit ? records.at(-1) : undefined;
      return { items: records.map(notificationJson), nextCursor: last?.id ?? null };
    },
  });
  server.route({
    method: 'POST',
    url: '/notifications/:id/retry',
    config: { access: 'retryNotifications' },
    schema: {
      tags,
      summary: 'Send a dead letter once more',
      params: z.strictObject({ id: idSchema }),
      response: { 200: notificationSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const id: NotificationId = request.params.id;
      const found = await notifications.find(id);
      if (!found || !mayReadQueue(principalOf(request), found.virtualQueue)) {
        throw new HttpError('NOT_FOUND', 'there is no such message');
      }
      const record = await notifications.retry(id);
      if (record) return notificationJson(record);
      throw new HttpError('NOT_ALLOWED_IN_STATE', 'only a dead letter is sent once more', {
        extra: { state: found.state },
      });
    },
  });
}

/** GET /push-credentials and /webhooks, and a test of each. */
export function addPushCredentialRoutes(server: Server, context: RouteContext): void {
  addCredentialRoutes(server, context);
  addWebhookRoutes(server, context);
}

function addCredentialRoutes(server: Server, { push }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/push-credentials',
    config: { access: 'readSettings' },
    schema: {
      tags: ['Credentials'],
      summary: 'List the push credentials in force',
      description: 'Configured in the section `pushCredentials`; the first enabled one sends.',
      response: {
        200: z.object({
          items: z.array(
            z.object({
              name: z.string(),
              project: z.string(),
              clientEmail: z.string(),
              privateKeyLength: z.int().describe('Characters of the key, which is never shown'),
              enabled: z.boolean(),
              tokenUrl: z.string(),
              sendUrl: z.string(),
              timeoutMs: z.int(),
            }),
          ),
        }),
        ...errorAnswers,
      },
    },
    handler: () => ({ items: [...push.credentials()] }),
  });
  server.route({
    method: 'POST',
    url: '/push-credentials/:name/test',
    config: { access: 'testCredentials' },
    schema: {
      tags: ['Credentials'],
      summary: 'Try push credentials at the provider',
      description: 'A dry run: nothing is sent. With a registration token, that one is tried, too.',
      params: z.strictObject({ name: nameSchema }),
      body: z.strictObject({ target: z.string().min(1).max(4096).optional() }).nullish(),
      response: {
        200: z.object({
          result: z.enum(['accepted', 'refused', 'keys-wrong', 'unavailable']),
          reason: z.string().nullable().describe("The provider's own word"),
        }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const verdict = await push.testCredentials(request.params.name, request.body?.target);
      if (!verdict) throw new HttpError('NOT_FOUND', 'there are no such credentials');
      return { result: verdict.kind, reason: 'reason' in verdict ? verdict.reason : null };
    },
  });
}

function addWebhookRoutes(server: Server, { push, ids }: RouteContext): void {
  // One whose queues are all of others is of another line of business; an empty list means every queue.
  const readable = (principal: Principal): readonly WebhookView[] =>
    push
      .webhooks()
      .filter(({ queues }) => queues.length === 0 || readableQueues(principal, queues).length > 0);
  server.route({
    method: 'GET',
    url: '/webhooks',
    config: { access: 'readSettings' },
    schema: {
      tags: ['Credentials'],
      summary: 'List the webhooks in force',
      response: {
        200: z.object({
          items: z.array(
            z.object({
              name: z.string(),
              url: z.string(),
              secretLength: z.int(),
              enabled: z.boolean(),
              queues: z.array(z.string()).describe('Empty: all'),
              events: z.array(z.enum(notificationEvents)).describe('Empty: all'),
              timeoutMs: z.int(),
              triesMax: z.int(),
            }),
          ),
        }),
        ...errorAnswers,
      },
    },
    handler: (request) => {
      const principal = principalOf(request);
      return {
        items: readable(principal).map((hook) => ({
          ...hook,
          queues: readableQueues(principal, hook.queues),
          events: [...hook.events],
        })),
      };
    },
  });
  server.route({
    method: 'POST',
    url: '/webhooks/:name/test',
    config: { access: 'testCredentials' },
    schema: {
      tags: ['Credentials'],
      summary: 'Send a webhook a message of no callback',
      description: 'Signed like every other, with `event: TEST`.',
      params: z.strictObject({ name: nameSchema }),
      response: {
        200: z.object({
          result: z.enum(['taken', 'later', 'refused']),
          reason: z.string().nullable(),
        }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { name } = request.params;
      const isReadable = readable(principalOf(request)).some((hook) => hook.name === name);
      const delivery = isReadable ? await push.testWebhook(name, ids.next('notification')) : undefined;
      if (!delivery) throw new HttpError('NOT_FOUND', 'there is no such webhook');
      return { result: delivery.kind, reason: delivery.kind === 'taken' ? null : delivery.fault };
    },
  });
}

function notificationJson(record: NotificationRecord): z.output<typeof notificationSchema> {
  const { id, callbackId, virtualQueue, event, channel, target, state, tryCount, triesMax } = record;
  const { fault, receipt, createdAtMs, dueAtMs, expiresAtMs, endedAtMs } = record;
  return {
    id,
    callbackId,
    virtualQueue,
    event,
    channel,
    target: channel === 'FCM' ? `…${target.slice(-TOKEN_SHOWN)}` : target,
    state,
    tryCount,
    triesMax,
    fault,
    receipt,
    createdAt: isoOf(createdAtMs),
    dueAt: isoOrNull(dueAtMs),
    expiresAt: isoOrNull(expiresAtMs),
    endedAt: isoOrNull(endedAtMs),
  };
}

function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : isoOf(atMs);
}
