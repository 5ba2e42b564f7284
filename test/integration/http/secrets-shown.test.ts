import { generateKeyPairSync } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiDocument, operationsOf } from '../../contract/http/openapi-document.ts';
import { serveProduct, type ServedProduct } from './served-product.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** A line in the middle of the key: enough to know it by, and no line that every key begins with. */
const PEM_LINE = PEM.split('\n')[5] ?? '';
const secrets = {
  phonePassword: 'phone-9f27c1',
  trunkPassword: 'trunk-5ad0e3',
  webhookSecret: 'hook-71bb04',
  captchaSecret: 'captcha-c3e92d',
  oidcSecret: 'oidc-0d84f6',
  userPassword: 'person-4b1e77 horse',
  newPassword: 'person-88aa01 horse',
  pushKey: PEM_LINE,
} as const;

const document = `
queues: [{ name: billing, skillExpression: Billing > 0, defaultCountry: US }]
agents: [{ id: alice, name: Alice, sipUser: alice, password: ${secrets.phonePassword} }]
trunks:
  - { name: line, username: office, password: ${secrets.trunkPassword}, outboundHost: '127.0.0.1:9' }
captcha:
  - { name: page, kind: v3, siteKey: public, secret: ${secrets.captchaSecret}, enabled: false, verifyUrl: 'http://127.0.0.1:9/' }
webhooks:
  - { name: crm, url: 'http://127.0.0.1:9/hook', secret: ${secrets.webhookSecret}, triesMax: 1 }
pushCredentials:
  - name: phones
    project: shop-app
    clientEmail: push@shop.example
    privateKey: ${JSON.stringify(PEM)}
    tokenUrl: http://127.0.0.1:9/token
    sendUrl: http://127.0.0.1:9
`;

let product: ServedProduct;
let api: ApiDocument;
const logLines: string[] = [];
/** Every secret there is by now, by what it is. */
const known = new Map<string, string>(Object.entries(secrets));

beforeAll(async () => {
  product = await serveProduct({
    document,
    environment: {
      TURNKEEPER_OIDC_ISSUER: 'http://127.0.0.1:9',
      TURNKEEPER_OIDC_CLIENT_ID: 'desk',
      TURNKEEPER_OIDC_CLIENT_SECRET: secrets.oidcSecret,
      TURNKEEPER_OIDC_PUBLIC_URL: 'http://127.0.0.1:9',
      TURNKEEPER_OIDC_ROLE_MAP: 'admins=Administrator',
    },
  });
  product.onLogLine = (line) => logLines.push(line);
  known.set('operatorKey', product.token);
  known.set('firstPassword', product.administrator.password);
  api = await product.json('GET', '/api/openapi.json');
});
afterAll(() => product.close());

it('no answer, log line, audit entry or error record tells a secret that was stored', async () => {
  await storeSecrets();
  await failWithSecrets();
  const answers = await everyGet();
  expect(answers.length).toBeGreaterThan(45);
  const told = answers.flatMap(({ path, text }) => leaks(path, text));
  expect(told).toEqual([]);
  expect(logLines.length).toBeGreaterThan(20);
  expect(logLines.flatMap((line) => leaks('log', line))).toEqual([]);
  const paths = answers.filter(({ text }) => text.length > 2).map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['/api/v1/audit', '/api/v1/errors', '/api/v1/config']));
  const exported = answers.find(({ path }) => path === '/api/v1/config')?.text ?? '';
  // A secret is there, sealed: none of the five is simply missing.
  expect(exported.match(/sealed:v2:/g)?.length).toBe(5);
}, 60_000);

it('a key is shown by the answer that makes it and by no other', async () => {
  const made = await product.json<{ id: string; key: string }>('POST', '/api/v1/api-keys', {
    name: 'once',
    role: 'Developer',
  });
  expect(made.key).toMatch(/^tk_/);
  const shown = await (await product.ask('GET', `/api/v1/api-keys/${made.id}`)).text();
  expect(shown).toContain(made.id);
  expect(shown).not.toContain(made.key.slice(3));
});

/** API keys, sessions and passwords, and the document anew, changed a little. */
async function storeSecrets(): Promise<void> {
  const applied = await fetch(`${product.url}/api/v1/config`, {
    method: 'POST',
    headers: { 'x-api-key': product.token, 'content-type': 'application/yaml' },
    body: document.replace('name: Alice', 'name: Alice B').replace('triesMax: 1', 'triesMax: 2'),
  });
  expect(await applied.json()).toMatchObject({ dryRun: false });
  const key = await product.json<{ id: string; key: string }>('POST', '/api/v1/api-keys', {
    name: 'shop',
    role: 'Developer',
    scopes: ['native', 'ges', 'gms'],
  });
  known.set('apiKey', key.key);
  const rotated = await product.json<{ key: string }>('POST', `/api/v1/api-keys/${key.id}/rotate`, {});
  known.set('rotatedKey', rotated.key);
  const name = 'maria';
  await product.json('POST', '/api/v1/users', {
    name,
    role: 'Administrator',
    password: secrets.userPassword,
  });
  const session = await product.json<{ token: string }>('POST', '/api/v1/login', {
    name,
    password: secrets.userPassword,
  });
  known.set('session', session.token);
  await product.json('PATCH', `/api/v1/users/${name}`, { password: secrets.newPassword });
  await product.json('POST', '/api/v1/callbacks', {
    virtualQueue: 'billing',
    customerNumber: '+12025550123',
  });
}

/** Requests that fail with secrets in every place where a slip may put one. */
async function failWithSecrets(): Promise<void> {
  const { url } = product;
  const all = [...known.values()];
  const asYaml = `webhooks: [{ name: crm, url: nonsense, secret: ${secrets.webhookSecret} }]\n`;
  await fetch(`${url}/api/v1/config`, {
    method: 'POST',
    headers: { 'x-api-key': product.token, 'content-type': 'application/yaml' },
    body: asYaml,
  });
  await product.ask('POST', '/api/v1/login', { name: 'maria', password: secrets.userPassword, more: 1 });
  await product.ask('POST', '/api/v1/users', { name: 'x y', role: 'Boss', password: secrets.newPassword });
  await product.ask('POST', '/api/v1/webhooks/crm/test');
  await product.ask('POST', '/api/v1/push-credentials/phones/test', {});
  await product.ask('POST', '/api/v1/captcha/page/test', { token: 'x' });
  await fetch(`${url}/api/v1/oidc/login?returnTo=/`, { redirect: 'manual' });
  for (const key of all.filter((secret) => /^t[ks]_/.test(secret))) {
    await product.ask('POST', '/api/v1/api-keys/validate', { apiKey: key, extra: 1 });
    await product.ask('GET', `/api/v1/queues?key=${key}`);
    await fetch(`${url}/api/v1/nowhere/${key}`, { headers: { authorization: `Bearer ${key}` } });
    await fetch(`${url}/api/v1/me`, { headers: { cookie: `turnkeeper_session=${key}x` } });
  }
}

/** Every documented GET as administrator, and the records of each error, by address. */
async function everyGet(): Promise<{ path: string; text: string }[]> {
  // What is written beside an answer, error records and messages, is written by then.
  for (let left = 20; left > 0; left--) await turn();
  const answers: { path: string; text: string }[] = [];
  for (const { method, path, parameters = [] } of operationsOf(api)) {
    if (method !== 'GET' || path.endsWith('/events')) continue;
    const names: Readonly<Record<string, string>> = { queues: 'billing', agents: 'alice' };
    const address = path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
      const found = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name);
      return names[path.split('/')[3] ?? ''] ?? encodeURIComponent(String(found?.example));
    });
    const answer = await product.ask('GET', address);
    answers.push({ path, text: `${[...answer.headers].join('\n')}\n${await answer.text()}` });
  }
  for (const list of ['errors', 'audit', 'notifications', 'api-keys', 'users']) {
    const answer = await product.ask('GET', `/api/v1/${list}?limit=200`.replace(/(keys|users)\?.*/, '$1'));
    answers.push({ path: `/api/v1/${list}`, text: await answer.text() });
  }
  return answers;
}

function leaks(where: string, text: string): string[] {
  return [...known]
    .filter(([, secret]) => text.includes(secret) || text.includes(secret.replace(/^t[ks]_/, '')))
    .map(([name]) => `${where}: ${name}: ${text.slice(0, 200)}`);
}
