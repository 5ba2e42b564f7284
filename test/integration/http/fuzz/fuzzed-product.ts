import type { ApiDocument } from '../../../contract/http/openapi-document.ts';
import { serveProduct, type ServedProduct } from '../served-product.ts';
import { FuzzPeers } from './fuzz-peers.ts';
import { fuzzedDocument, ODD_QUEUE, SPARE_GROUPS } from './fuzzed-document.ts';
import { KnownThings } from './known-things.ts';
import type { Credentials, FuzzRequest } from './request-maker.ts';
import type { WireAnswer } from './wire.ts';

/** Of everybody here who logs in. */
export const PASSWORD = 'correct horse battery staple';

/** Who logs in, by the name of the credential; each has a session. */
const persons: Readonly<
  Record<string, { readonly name: string; readonly role: string; readonly agentId?: string }>
> = {
  session: { name: 'root', role: 'Administrator' },
  agent: { name: 'ada', role: 'Agent', agentId: 'alice' },
  previewer: { name: 'ina', role: 'Agent', agentId: 'ivy' },
  supervisor: { name: 'susan', role: 'Supervisor', agentId: 'sue' },
};

/** The product to be fuzzed with what the fuzzer knows of it. */
export interface FuzzedProduct {
  readonly product: ServedProduct;
  readonly peers: FuzzPeers;
  readonly document: ApiDocument;
  readonly configuration: string;
  readonly known: KnownThings;
  readonly credentials: Credentials;
  /** Keys, tokens and passwords that no answer may tell. */
  readonly secrets: readonly string[];
}

/**
 * Starts it with a user and a key of every role, agents at their phones, and something to find of every kind.
 */
export async function openFuzzedProduct(): Promise<FuzzedProduct> {
  const peers = await FuzzPeers.open();
  const configuration = fuzzedDocument(peers);
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
  await peers.register(product.sip);
  const { credentials, secrets, spared } = await addKeys(product);
  for (const { name, role, agentId } of Object.values(persons)) {
    const agent = agentId === undefined ? {} : { agentId };
    await product.json('POST', '/api/v1/users', { name, role, password: PASSWORD, ...agent });
  }
  await product.json('POST', '/api/v1/users', { name: 'walter', role: 'Monitor', password: PASSWORD });
  const document = await product.json<ApiDocument>('GET', '/api/openapi.json');
  const known = new KnownThings(
    {
      queue: ['billing', 'billing', 'support', 'app', 'constructor', ODD_QUEUE],
      agent: ['alice', 'bob', 'constructor'],
      group: ['app users'],
      spareGroup: SPARE_GROUPS.map(([name]) => name).slice(40),
      rule: ['europe'],
      webhook: ['crm', 'toString'],
      push: ['phones', 'dead'],
      captcha: ['page'],
      accessGroup: ['billing-line', 'other', 'constructor'],
      user: ['somebody'],
      number: Array.from({ length: 30 }, (_, index) => `+120255501${String(index).padStart(2, '0')}`),
      reason: ['Lunch', 'Meeting'],
    },
    spared,
  );
  const fuzzed = { product, peers, document, configuration, known, credentials, secrets };
  for (const label of Object.keys(persons)) await logIn(fuzzed, label);
  return fuzzed;
}

/** A key of every role that keys have. */
async function addKeys(product: ServedProduct): Promise<{
  credentials: Map<string, [string, string][]>;
  secrets: string[];
  spared: Set<string>;
}> {
  await product.json('POST', '/api/v1/access-groups', { name: 'billing-line', queues: ['billing'] });
  await product.json('POST', '/api/v1/access-groups', { name: 'constructor', queues: ['constructor'] });
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
  return { credentials, secrets, spared };
}

/** Takes back what a request may have changed for all that follow: the configuration, sessions. */
export async function repairAfter(
  fuzzed: FuzzedProduct,
  { operation, credential, isForOperation }: FuzzRequest,
  { status }: WireAnswer,
): Promise<void> {
  const { product, configuration } = fuzzed;
  const isPersons = Object.hasOwn(persons, credential);
  const mayHaveEnded = status === 401 || (operation.path.endsWith('/logout') && isForOperation);
  if (isPersons && mayHaveEnded && !(await isLoggedIn(fuzzed, credential))) await logIn(fuzzed, credential);
  if (operation.method === 'GET' || status >= 300) return;
  if (!operation.path.endsWith('/config')) return;
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
  label: string,
): Promise<void> {
  const token = await sessionOf(product, persons[label]!.name);
  const line: [string, string] =
    label === 'session' ? ['cookie', `turnkeeper_session=${token}`] : ['authorization', `Bearer ${token}`];
  (credentials as Map<string, [string, string][]>).set(label, [line]);
}

/** A session token of somebody with {@link PASSWORD}. */
export async function sessionOf(product: ServedProduct, name: string): Promise<string> {
  const answer = await fetch(`${product.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': nextAddress() },
    body: JSON.stringify({ name, password: PASSWORD }),
  });
  const { token } = (await answer.json()) as { token: string };
  return token;
}

let addressCount = 0;

/** Another address each time: the limit of log-ins by address is not what is looked at here. */
export function nextAddress(): string {
  addressCount++;
  return `198.18.${(addressCount >> 8) & 255}.${addressCount & 255}`;
}
