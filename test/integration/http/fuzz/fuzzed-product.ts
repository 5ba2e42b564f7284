import { generateKeyPairSync } from 'node:crypto';
import type { ApiDocument } from '../../../contract/http/openapi-document.ts';
import { serveProduct, type ServedProduct } from '../served-product.ts';
import { KnownThings } from './known-things.ts';
import type { Credentials, FuzzRequest } from './request-maker.ts';
import type { WireAnswer } from './wire.ts';

const PASSWORD = 'correct horse battery staple';
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const always = `{${days.map((day) => `${day}: [{ from: '00:00', to: '24:00' }]`).join(', ')}}`;
const hours = `{${days
  .slice(0, 5)
  .map((day) => `${day}: [{ from: '08:00', to: '18:00' }]`)
  .join(', ')}}`;

/** Something of every kind, and nothing that leads out of this machine: port 9 discards. */
function fuzzedDocument(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return `
queueDefaults: { skillExpression: Billing > 0 }
queues:
  - { name: billing, businessHours: always, slotCapacity: 1000, throttlePerNumberPerDay: 0, duplicateCheck: 'OFF' }
  - { name: support, businessHours: office, bookingCheck: strict, numberRule: europe, capacityRule: march }
  - { name: app, businessHours: always, callDirection: USERORIGINATED, throttlePerNumberPerDay: 0 }
  - { name: preview, businessHours: always, connectStrategy: preview, duplicateCheck: 'OFF' }
agents:
  - { id: alice, name: Alice, sipUser: alice, password: { generate: true }, skills: { Billing: 5 } }
  - { id: bob, name: Bob, sipUser: bob, password: { generate: true } }
trunks:
  - { name: line, addresses: [127.0.0.0/8], outboundHost: '127.0.0.1:9' }
businessHours:
  - { name: always, timeZone: Etc/UTC, weekly: ${always} }
  - { name: office, timeZone: Europe/Berlin, weekly: ${hours} }
capacityRules:
  - { name: march, statement: { days: { mon: { '09:00': 8 }, tue: { '09:30': 10 } }, duration: 30 } }
numberRules:
  - { name: europe, countries: [DE, GB, US], blockedPatterns: ['^1900'] }
callInGroups:
  - { name: app users, numbers: ['+493012345601', '+493012345602'], queue: billing, generateAccessCode: true }
captcha:
  - { name: page, kind: v3, siteKey: public, secret: hidden, enabled: false, verifyUrl: 'http://127.0.0.1:9/' }
webhooks:
  - { name: crm, url: 'http://127.0.0.1:9/hook', secret: signs, enabled: false }
pushCredentials:
  - name: phones
    project: shop-app
    clientEmail: push@shop.example
    privateKey: ${JSON.stringify(pem)}
    tokenUrl: http://127.0.0.1:9/token
    sendUrl: http://127.0.0.1:9
    enabled: false
`;
}

/** The product to be fuzzed with what the fuzzer knows of it. */
export interface FuzzedProduct {
  readonly product: ServedProduct;
  readonly document: ApiDocument;
  readonly configuration: string;
  readonly known: KnownThings;
  readonly credentials: Credentials;
  /** Keys, tokens and passwords that no answer may tell. */
  readonly secrets: readonly string[];
}

/** Starts it with a user and a key of every role. */
export async function openFuzzedProduct(): Promise<FuzzedProduct> {
  const configuration = fuzzedDocument();
  const product = await serveProduct({
    document: configuration,
    logLevel: 'error',
    environment: {
      // So that one fuzzer can be many clients to the limits by address.
      TURNKEEPER_HTTP_TRUSTED_PROXIES: '127.0.0.1',
      TURNKEEPER_HTTP_REQUESTS_PER_MINUTE_MAX: '10000000',
      TURNKEEPER_HTTP_CALLBACKS_PER_NUMBER_PER_HOUR_MAX: '100000',
    },
  });
  await product.json('POST', '/api/v1/access-groups', { name: 'billing-line', queues: ['billing'] });
  const credentials = new Map<string, [string, string][]>([
    ['administrator', [['x-api-key', product.token]]],
    ['nobody', []],
    ['a bearer of the key', [['authorization', `Bearer ${product.token}`]]],
  ]);
  const secrets = [product.token, PASSWORD, product.administrator.password, product.dataDirectory];
  const spared = new Set<string>();
  for (const { id } of (await product.json<{ items: { id: string }[] }>('GET', '/api/v1/api-keys')).items) {
    spared.add(id);
  }
  for (const role of ['Supervisor', 'Monitor', 'Developer']) {
    const wanted = { name: role, role, scopes: ['native', 'ges', 'gms'], origins: ['https://shop.example'] };
    const groups = role === 'Supervisor' ? { accessGroups: ['billing-line'] } : {};
    const { id, key } = await product.json<{ id: string; key: string }>('POST', '/api/v1/api-keys', {
      ...wanted,
      ...groups,
    });
    credentials.set(role, [['x-api-key', key]]);
    secrets.push(key);
    spared.add(id);
  }
  for (const [name, role] of [
    ['root', 'Administrator'],
    ['ada', 'Agent'],
  ]) {
    const agent = role === 'Agent' ? { agentId: 'alice' } : {};
    await product.json('POST', '/api/v1/users', { name, role, password: PASSWORD, ...agent });
  }
  const document = await product.json<ApiDocument>('GET', '/api/openapi.json');
  const known = new KnownThings(
    {
      queue: ['billing', 'billing', 'support', 'app', 'preview'],
      agent: ['alice', 'bob'],
      group: ['app users'],
      rule: ['europe'],
      webhook: ['crm'],
      push: ['phones'],
      captcha: ['page'],
      accessGroup: ['billing-line', 'other'],
      user: ['somebody'],
      number: Array.from({ length: 30 }, (_, index) => `+120255501${String(index).padStart(2, '0')}`),
      reason: ['Lunch', 'Meeting'],
    },
    spared,
  );
  const fuzzed = { product, document, configuration, known, credentials, secrets };
  await logIn(fuzzed, 'session');
  await logIn(fuzzed, 'agent');
  return fuzzed;
}

/** Takes back what a request may have changed for all that follow: the configuration, sessions. */
export async function repairAfter(
  fuzzed: FuzzedProduct,
  { operation, credential, isForOperation }: FuzzRequest,
  { status }: WireAnswer,
): Promise<void> {
  const { product, configuration } = fuzzed;
  const isPersons = credential === 'session' || credential === 'agent';
  const mayHaveEnded = status === 401 || (operation.path.endsWith('/logout') && isForOperation);
  if (isPersons && mayHaveEnded && !(await isLoggedIn(fuzzed, credential))) await logIn(fuzzed, credential);
  if (operation.method === 'GET' || status >= 300) return;
  if (!/\/config$|call-in-groups/.test(operation.path)) return;
  const answer = await fetch(`${product.url}/api/v1/config`, {
    method: 'POST',
    headers: { 'x-api-key': product.token, 'content-type': 'application/yaml' },
    body: configuration,
  });
  // Refused while a removed queue is in use: then nothing was removed.
  if (answer.status >= 500) throw new Error(await answer.text());
}

async function isLoggedIn({ product, credentials }: FuzzedProduct, label: string): Promise<boolean> {
  const headers = Object.fromEntries(credentials.get(label) ?? []);
  return (await fetch(`${product.url}/api/v1/me`, { headers })).ok;
}

/** Gives a person a session: a fuzzed log-out or change may have ended the one before. */
async function logIn(
  { product, credentials }: Pick<FuzzedProduct, 'product' | 'credentials'>,
  label: 'session' | 'agent',
): Promise<void> {
  const answer = await fetch(`${product.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': nextAddress() },
    body: JSON.stringify({ name: label === 'session' ? 'root' : 'ada', password: PASSWORD }),
  });
  const { token } = (await answer.json()) as { token: string };
  const line: [string, string] =
    label === 'session' ? ['cookie', `turnkeeper_session=${token}`] : ['authorization', `Bearer ${token}`];
  (credentials as Map<string, [string, string][]>).set(label, [line]);
}

let addressCount = 0;

/** Another address each time: the limit of log-ins by address is not what is looked at here. */
function nextAddress(): string {
  addressCount++;
  return `198.18.${(addressCount >> 8) & 255}.${addressCount & 255}`;
}
