import type { FuzzWorld } from './fuzz-world.ts';
import { PASSWORD } from './fuzzed-product.ts';
import { workspaceRecipes } from './workspace-recipes.ts';

/** What makes a request of an operation succeed; what is not said comes from the document. */
export interface Prepared {
  readonly credential?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** Sees to it that things stand so that the operation succeeds. */
export type Recipe = (world: FuzzWorld) => Promise<Prepared> | Prepared;

const CAPTCHA = { captchaToken: 'good' };
const GROUP = 'app users';
const device = (world: FuzzWorld): object => ({ name: world.name(), queues: ['billing'] });

const ofId =
  (make: (world: FuzzWorld) => Promise<string>, body?: (world: FuzzWorld) => unknown): Recipe =>
  async (world) => {
    const id = await make(world);
    return { params: { id }, ...(body && { body: body(world) }) };
  };

const made = async (world: FuzzWorld, path: string, body: object, part: string): Promise<string> =>
  (await world.json<Record<string, string>>('POST', path, body))[part] ?? '';

const key = (world: FuzzWorld): Promise<string> =>
  made(world, '/api/v1/api-keys', { name: world.name(), role: 'Developer' }, 'id');
const accessGroup = async (world: FuzzWorld): Promise<Prepared> => ({
  params: { name: await made(world, '/api/v1/access-groups', device(world), 'name') },
  body: { queues: ['billing'] },
});
const user = async (world: FuzzWorld): Promise<Prepared> => {
  const wanted = { name: world.name(), role: 'Monitor', password: PASSWORD };
  return {
    params: { name: await made(world, '/api/v1/users', wanted, 'name') },
    body: { enabled: true, role: 'Developer' },
  };
};
const group: Recipe = (world) => ({
  params: { name: world.group() },
  body: `${world.poolNumber()},Website\n`,
  contentType: 'text/csv',
});
const callIn = async (world: FuzzWorld): Promise<Record<string, string>> =>
  world.json('POST', '/genesys/1/service/request-interaction', {
    _resource_group: GROUP,
    _phone_number: world.number(),
  });

/** Recipes of the native API, by method and address. */
const native: Readonly<Record<string, Recipe>> = {
  'POST /api/v1/login': (world) => ({
    credential: 'nobody',
    headers: { 'x-forwarded-for': world.address },
    body: { name: 'walter', password: PASSWORD },
  }),
  'PUT /api/v1/me/password': async (world) => ({
    credential: 'nobody',
    headers: { authorization: `Bearer ${await world.walter()}` },
    body: { currentPassword: PASSWORD, newPassword: PASSWORD },
  }),
  'POST /api/v1/callbacks': (world) => ({
    body: { virtualQueue: 'billing', customerNumber: world.number(), userData: { order: 'A-1047' } },
  }),
  'POST /api/v1/callbacks/cancel': async (world) => ({ body: { ids: [await world.scheduled()] } }),
  'GET /api/v1/callbacks/{id}': ofId((world) => world.scheduled()),
  'PATCH /api/v1/callbacks/{id}': ofId(
    (world) => world.scheduled(),
    () => ({ pushTargets: [{ channel: 'FCM', target: 'phone-of-somebody' }] }),
  ),
  'GET /api/v1/callbacks/{id}/replay': ofId((world) => world.scheduled()),
  'POST /api/v1/callbacks/{id}/cancel': ofId((world) => world.scheduled()),
  'POST /api/v1/callbacks/{id}/reschedule': ofId(
    (world) => world.scheduled(),
    (world) => ({ desiredAt: world.later() }),
  ),
  'POST /api/v1/callbacks/{id}/recreate': ofId(
    (world) => world.completed(),
    (world) => ({ desiredAt: world.later() }),
  ),
  'POST /api/v1/callbacks/{id}/push/accept': ofId((world) => world.pushed()),
  'POST /api/v1/callbacks/{id}/push/snooze': ofId((world) => world.pushed()),
  'POST /api/v1/callbacks/{id}/push/cancel': ofId((world) => world.pushed()),
  'POST /api/v1/notifications/{id}/retry': ofId((world) => world.deadLetter()),
  'POST /api/v1/webhooks/{name}/test': () => ({ params: { name: 'crm' } }),
  'POST /api/v1/push-credentials/{name}/test': () => ({ params: { name: 'phones' }, body: {} }),
  'POST /api/v1/captcha/{name}/test': () => ({ params: { name: 'page' }, body: { token: 'good' } }),
  'PUT /api/v1/call-in-groups/{name}': (world) => ({
    params: { name: world.name() },
    body: { numbers: [world.poolNumber()], queue: 'billing' },
  }),
  'DELETE /api/v1/call-in-groups/{name}': group,
  'POST /api/v1/call-in-groups/{name}/numbers': group,
  'GET /api/v1/call-ins/{id}': ofId(async (world) => (await callIn(world))['_id'] ?? ''),
  'POST /api/v1/config': (world) => ({ body: world.configuration, contentType: 'application/yaml' }),
  'POST /api/v1/api-keys': (world) => ({ body: { name: world.name(), role: 'Developer' } }),
  'POST /api/v1/api-keys/validate': async (world) => ({
    body: { apiKey: await made(world, '/api/v1/api-keys', { name: 'short', role: 'Developer' }, 'key') },
  }),
  'GET /api/v1/api-keys/{id}': ofId(key),
  'PATCH /api/v1/api-keys/{id}': ofId(key, () => ({ name: 'Web shop' })),
  'DELETE /api/v1/api-keys/{id}': ofId(key),
  'POST /api/v1/api-keys/{id}/rotate': ofId(key, () => ({ graceSec: 60 })),
  'POST /api/v1/access-groups': (world) => ({ body: device(world) }),
  'PUT /api/v1/access-groups/{name}': accessGroup,
  'DELETE /api/v1/access-groups/{name}': accessGroup,
  'POST /api/v1/users': (world) => ({ body: { name: world.name(), role: 'Monitor', password: PASSWORD } }),
  'PATCH /api/v1/users/{name}': user,
  'DELETE /api/v1/users/{name}': user,
  'GET /api/v1/errors/{correlationId}': async (world) => {
    const answer = await world.as('administrator', 'GET', '/api/v1/callbacks/callback_00000000');
    return { params: { correlationId: answer.headers.get('x-correlation-id') ?? '' } };
  },
  'POST /api/v1/traces': (world) => ({
    body: { subject: { kind: 'number', number: world.number() }, durationSec: 1 },
  }),
  'GET /api/v1/traces/{id}': async (world) => {
    const subject = { kind: 'number', number: world.number() };
    await world.as('administrator', 'POST', '/api/v1/traces', { subject, durationSec: 1 });
    const { items } = await world.json<{ items: { id: string }[] }>('GET', '/api/v1/traces');
    return { params: { id: items[0]?.id ?? '' } };
  },
};

/** Recipes of the v3 API. */
const ges: Readonly<Record<string, Recipe>> = {
  'POST /engagement/v3/callbacks/create': (world) => ({
    body: { serviceName: 'billing', phoneNumber: world.number(), userData: { order: 'A-1047' }, ...CAPTCHA },
  }),
  'POST /engagement/v3/callbacks/retrieve': async (world) => ({
    body: { id: await world.scheduled(), ...CAPTCHA },
  }),
  'POST /engagement/v3/callbacks/cancel': async (world) => ({
    body: { id: await world.scheduled(), ...CAPTCHA },
  }),
  'POST /engagement/v3/callbacks/reschedule': async (world) => ({
    body: { id: await world.scheduled(), desiredTime: world.later(), ...CAPTCHA },
  }),
  'POST /engagement/v3/callbacks/recreate': async (world) => ({
    body: { id: await world.completed(), ...CAPTCHA },
  }),
  'POST /engagement/v3/callbacks/bulk-cancel': async (world) => ({
    body: { ids: [await world.scheduled()], ...CAPTCHA },
  }),
  'POST /engagement/v3/callbacks/query': () => ({ body: { serviceName: 'billing', limit: 5, ...CAPTCHA } }),
  'GET /engagement/v3/callbacks/queues/{queueName}': () => ({
    params: { queueName: 'billing' },
    query: CAPTCHA,
  }),
  'GET /engagement/v3/callbacks/availability/{serviceName}': () => ({
    params: { serviceName: 'billing' },
    query: CAPTCHA,
  }),
  'GET /engagement/v3/callbacks/open-for/{serviceName}': () => ({
    params: { serviceName: 'billing' },
    query: CAPTCHA,
  }),
  'GET /engagement/v3/callbacks/queue-status/{queueName}': () => ({
    params: { queueName: 'billing' },
    query: CAPTCHA,
  }),
  'POST /engagement/v3/captcha/verify': () => ({ body: { siteKey: 'public', captchaToken: 'good' } }),
  'POST /engagement/v3/call-in/requests/create': (world) => ({
    body: { groupName: GROUP, fromPhoneNumber: world.number() },
  }),
};

const storedAs = (path: string, headers: Readonly<Record<string, string>> = {}): Recipe => {
  return async (world) => {
    const value = { a: 'text', order: 'A-1047' };
    const id = await made(world, path, value, 'id');
    return { params: { id, key: 'a', ttl: '60' }, headers, body: value };
  };
};
const custom: Recipe = async (world) => {
  const customId = world.name();
  await world.stored(`/genesys/1/storage/custom/${customId}/60`, { a: 'text' });
  return { params: { customId, key: 'a', ttl: '60' }, headers: { gms_user: 'shop' }, body: { a: 'text' } };
};
const withCallback: Recipe = async (world) => {
  const id = await world.scheduled();
  await world.json('POST', `/genesys/1/service/${id}/storage`, { a: 'text' });
  return { params: { id, key: 'a' }, body: { a: 'text' } };
};
const ofService: Recipe = async (world) => ({
  params: { serviceName: 'billing', id: await world.scheduled() },
  body: { _new_desired_time: world.later() },
});

/** Recipes of the GMS API, the same for both versions: `/genesys/{path}`. */
const gms: Readonly<Record<string, Recipe>> = {
  'POST /genesys/service/callback/{serviceName}': (world) => ({
    params: { serviceName: 'billing' },
    body: { _customer_number: world.number(), order: 'A-1047' },
    contentType: 'application/json',
  }),
  'PUT /genesys/service/callback/{serviceName}/{id}': ofService,
  'DELETE /genesys/service/callback/{serviceName}/{id}': ofService,
  'GET /genesys/service/callback/{serviceName}': () => ({ params: { serviceName: 'billing' } }),
  'GET /genesys/service/callback': async (world) => ({ query: { _id: await world.scheduled() } }),
  'DELETE /genesys/service/{id}': ofId((world) => world.scheduled()),
  'GET /genesys/service/{id}/check-queue-position': ofId((world) => world.waiting()),
  'POST /genesys/service/{id}/check-queue-position': ofId((world) => world.waiting()),
  'POST /genesys/service/{id}/confirm': ofId((world) => world.pushed()),
  'POST /genesys/service/{id}/snooze': ofId((world) => world.pushed()),
  'POST /genesys/service/{id}/cancel': ofId((world) => world.scheduled()),
  'POST /genesys/service/{id}/menu': ofId((world) => world.scheduled()),
  'POST /genesys/service/{id}/connect': ofId(
    (world) => world.dialsIn(),
    () => ({}),
  ),
  'POST /genesys/service/request-access': async (world) => ({
    body: { _id: await world.dialsIn(), _resource_group: GROUP },
  }),
  'POST /genesys/service/request-interaction': (world) => ({
    body: { _resource_group: GROUP, _phone_number: world.number() },
  }),
  'POST /genesys/service/match-interaction': async (world) => {
    const { _access_number, _access_code } = await callIn(world);
    return { body: { _access_number, _access_code } };
  },
  'POST /genesys/admin/callback/cancel': async (world) => ({ body: { ids: [await world.scheduled()] } }),
  'POST /genesys/storage/{ttl}': () => ({ params: { ttl: '60' }, body: { a: 'text' } }),
  'POST /genesys/storage/{id}/{ttl}': storedAs('/genesys/1/storage/60'),
  'GET /genesys/storage/{id}': storedAs('/genesys/1/storage/60'),
  'GET /genesys/storage/{id}/{key}': storedAs('/genesys/1/storage/60'),
  'GET /genesys/storage/binary/{id}/{key}': storedAs('/genesys/1/storage/60'),
  'DELETE /genesys/storage/{id}': storedAs('/genesys/1/storage/60'),
  'DELETE /genesys/storage/{id}/{key}': storedAs('/genesys/1/storage/60'),
  'POST /genesys/storage/custom/{customId}/{ttl}': custom,
  'GET /genesys/storage/custom/{customId}': custom,
  'GET /genesys/storage/custom/{customId}/{key}': custom,
  'DELETE /genesys/storage/custom/{customId}': custom,
  'DELETE /genesys/storage/custom/{customId}/{key}': custom,
  'POST /genesys/service/{id}/storage': withCallback,
  'GET /genesys/service/{id}/storage': withCallback,
  'GET /genesys/service/{id}/storage/{key}': withCallback,
  'GET /genesys/service/{id}/storage/binary/{key}': withCallback,
  'DELETE /genesys/service/{id}/storage/{key}': withCallback,
};

const all = { ...native, ...ges, ...gms, ...workspaceRecipes };

/** The recipe of an operation; undefined: the document says enough. */
export function recipeOf({ method, path }: { method: string; path: string }): Recipe | undefined {
  return all[`${method} ${path.replace(/^\/genesys\/[12]/, '/genesys')}`];
}
