import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';
import { serveProduct, type ServedProduct } from './served-product.ts';

const SALES = 'Sales EU/West: billing & returns';
const ZURICH = "Zürich (客服) O'Brien + 1@home";
const PHONE_PASSWORD = 'wonder-1';
const NUMBER = '+12025550123';
const LATER = new Date(Math.ceil(Date.now() / 86_400_000 + 1) * 86_400_000).toISOString();

const documentFor = (customerPort: number, queues: readonly string[] = [SALES, ZURICH]): string => `
queueDefaults:
  skillExpression: Sales > 0
  requireConfirm: false
  cpdEnabled: false
  connectStrategy: customer-first
  offerEwtThresholdSec: 7200
  maxAttempts: 1
  wrapUpSec: 0
queues:
${queues.map((name) => `  - name: ${JSON.stringify(name)}`).join('\n')}
agents:
  - { id: '1001', name: Ada, sipUser: '1001', password: ${PHONE_PASSWORD}, skills: { Sales: 5 } }
dids:
  - { number: '5000', flow: inbound, queue: ${JSON.stringify(ZURICH)} }
callInGroups:
  - { name: app, queue: ${JSON.stringify(SALES)}, numbers: ['+12025550199'] }
webhooks:
  - { name: crm, url: 'https://crm.invalid/hook', secret: { generate: true }, enabled: false, queues: [${JSON.stringify(SALES)}] }
trunks:
  - { name: out, addresses: [127.0.0.0/8], outboundHost: '127.0.0.1:${customerPort}' }
flows: [inbound, outbound-confirm, agent-codes]
`;

let product: ServedProduct;
let customer: SoftPhone;
beforeAll(async () => {
  const sip = { host: '127.0.0.1', port: 0 };
  customer = await new SoftPhone(sip).open();
  product = await serveProduct({ document: documentFor(customer.port), logLevel: 'error' });
  sip.port = product.sip.port;
});
afterAll(async () => {
  await product.close();
  customer.close();
});

const V3 = '/engagement/v3';
const encoded = encodeURIComponent(SALES);
const data = async (method: string, path: string, body?: unknown): Promise<unknown> =>
  (await product.json<{ data: unknown }>(method, V3 + path, body)).data;
const book = async (fields: object = {}): Promise<string> => {
  const body = { serviceName: SALES, phoneNumber: NUMBER, desiredTime: LATER, ...fields };
  return ((await data('POST', '/callbacks/create', body)) as { id: string }).id;
};

describe('a queue named as queues are elsewhere', () => {
  it('is known to the v3 API in bodies, paths and lists, at addresses with a slash too many', async () => {
    const id = await book();
    const base = '//callbacks';
    expect(await data('GET', `${base}/availability/${encoded}/`)).toHaveProperty('slots');
    expect(await data('GET', `${base}/open-for/${encoded}?_=1`)).toHaveProperty('openFor');
    expect(await data('GET', `/callbacks/queue-status/${encodeURIComponent(ZURICH)}`)).toHaveProperty('ewt');
    expect(await data('GET', `/callbacks/queues/${encoded}`)).toMatchObject({
      items: [{ id, serviceName: SALES }],
    });
    expect(await data('POST', '/callbacks/query/', { serviceName: SALES })).toMatchObject({
      items: [{ id }],
    });
    const names = `${SALES},${ZURICH.normalize('NFD')}, ${SALES}_VQ_CB,nowhere`;
    const waits = await data('GET', `/estimated-wait-time?virtual-queues=${encodeURIComponent(names)}`);
    expect(waits).toMatchObject([
      { virtualQueue: SALES, resultCode: -2 },
      { virtualQueue: ZURICH, resultCode: -2 },
      { virtualQueue: `${SALES}_VQ_CB`, resultCode: -2 },
      { virtualQueue: 'nowhere', estimatedWaitTime: -1, resultCode: -1 },
    ]);
    const statistics = [{ objectId: SALES, objectType: 'VirtualQueue', name: 'CurrNumberOpenCallbacks' }];
    expect(
      await data('POST', '/statistics/operations/get-statistic-ex', { data: { statistics } }),
    ).toMatchObject({ statistics: [{ objectId: SALES, value: 1 }] });
    const range = { from: LATER, to: LATER, queues: [SALES] };
    expect(await data('POST', '/callbacks/bulk-cancel', range)).toMatchObject({
      results: [{ id, ok: true }],
    });
  });

  it('is known to the GMS API', async () => {
    const service = `/genesys/1/service/callback/${encoded}`;
    const started = { _customer_number: NUMBER, _desired_time: LATER };
    const { _id: id } = await product.json<{ _id: string }>('POST', service, started);
    const [record] = await product.json<{ _url: string }[]>(
      'GET',
      `${service}?_vq=${encoded}&_customer_number=${encodeURIComponent(NUMBER)}&_callback_state=SCHEDULED`,
    );
    expect(record).toMatchObject({ _id: id, _service_name: SALES, _url: `${service}/${id}` });
    expect(await product.json('GET', `${service}/availability`)).toBeTypeOf('object');
    expect(await product.json('GET', `/genesys/1/service/${encoded}`)).toMatchObject({ error: null });
    for (const path of ['1/service/ewt-for-vq', '1/service/urs-stat', '2/ewt']) {
      expect(await product.json('GET', `/genesys/${path}?name=${encoded}`)).toMatchObject({ name: SALES });
    }
    const admin = '/genesys/1/admin/callback';
    expect(
      await product.json('GET', `${admin}/queues?target=${encoded}&states=SCHEDULED&end_time=${LATER}`),
    ).toMatchObject({
      [SALES]: [{ _id: id, url: record?._url }],
    });
    expect(await product.json('GET', `${admin}/watermarks?service_name=${encoded}`)).toHaveProperty([SALES]);
    await product.ask('DELETE', record?._url ?? '');
    expect(await product.json('GET', `${service}?_id=${id}`)).toMatchObject([
      { _callback_reason: 'CANCELLED' },
    ]);
  });

  it('is known to our own API, to call-ins and to lists by queue', async () => {
    const wish = { virtualQueue: ZURICH.normalize('NFD'), customerNumber: NUMBER, desiredAt: LATER };
    const { id } = await product.json<{ id: string }>('POST', '/api/v1/callbacks', wish);
    for (const name of [ZURICH, ZURICH.normalize('NFD')].map(encodeURIComponent)) {
      expect(await product.json('GET', `/api/v1/callbacks?queue=${name}`)).toMatchObject({ items: [{ id }] });
      expect(await product.json('GET', `/api/v1/queues/${name}`)).toMatchObject({ name: ZURICH });
      for (const part of ['settings', 'estimators', 'availability', 'open-for']) {
        expect((await product.ask('GET', `/api/v1/queues/${name}/${part}`)).status).toBe(200);
      }
      expect(await product.json('GET', `/api/v1/recordings?queue=${name}`)).toMatchObject({ items: [] });
    }
    const wanted = { groupName: 'app', fromPhoneNumber: NUMBER };
    expect(await data('POST', '/call-in/requests/create', wanted)).toHaveProperty('toPhoneNumber');
    const text = await (await product.ask('GET', '/metrics')).text();
    expect(text).toContain(`queue="${ZURICH}"`);
  });

  it('is kept with the errors of requests that named it', async () => {
    const answer = await product.ask('GET', `/api/v1/queues/${encoded}/availability?max=0`);
    expect(answer.status).toBe(400);
    const kept = await product.json('GET', `/api/v1/errors/${answer.headers.get('x-correlation-id') ?? ''}`);
    expect(kept).toMatchObject({ virtualQueue: SALES });
  });

  it('is read by those whose access group lists it, or its beginning', async () => {
    const keyFor = async (name: string, queues: readonly string[]): Promise<string> => {
      await product.json('POST', '/api/v1/access-groups', { name, queues });
      const wanted = { name, role: 'Developer', scopes: ['ges', 'native'], accessGroups: [name] };
      return (await product.json<{ key: string }>('POST', '/api/v1/api-keys', wanted)).key;
    };
    const seen = async (key: string): Promise<[string[], number]> => {
      const get = (path: string): Promise<Response> =>
        fetch(product.url + path, { headers: { 'x-api-key': key } });
      const { items } = (await (await get('/api/v1/queues')).json()) as { items: { name: string }[] };
      return [items.map(({ name }) => name), (await get(`${V3}/callbacks/queue-status/${encoded}`)).status];
    };
    expect(await seen(await keyFor('by-name', [SALES]))).toEqual([[SALES], 200]);
    expect(await seen(await keyFor('by-beginning', ['Sales EU/*']))).toEqual([[SALES], 200]);
    expect(await seen(await keyFor('others', ['Sales EU', 'Zu\u0308rich *']))).toEqual([[ZURICH], 400]);
    for (const queues of [['a,b'], ['*a'], ['<b>'], [' a'], ['../*']]) {
      const answer = await product.ask('POST', '/api/v1/access-groups', { name: 'bad', queues });
      expect(await answer.json()).toMatchObject({
        error: { faults: [{ path: 'queues[0]', message: expect.stringContaining('must') }] },
      });
    }
  });

  it('stays as it is when the configuration is written out and applied again', async () => {
    const text = await (await product.ask('GET', '/api/v1/config')).text();
    const answer = await fetch(`${product.url}/api/v1/config?dryRun=true`, {
      method: 'POST',
      headers: { 'x-api-key': product.token, 'content-type': 'application/yaml' },
      body: text,
    });
    expect(await answer.json()).toMatchObject({ diff: { added: [], changed: [], removed: [] } });
  });

  it.each([
    ['a,b', 'letters, digits', 400],
    ['=1+1', 'letters, digits', 400],
    ['a\r\nb', 'letters, digits', 400],
    ['a{b}', 'letters, digits', 400],
    ['a/../b', 'slashes', 400],
    ['a\u3164', 'invisible', 400],
    // A request may write it so, and means the name in the usual form.
    ['Zu\u0308rich', 'NFC', 404],
  ])('cannot be %j, in configuration or in a request', async (name, rule, status) => {
    const answer = await fetch(`${product.url}/api/v1/config?dryRun=true`, {
      method: 'POST',
      headers: { 'x-api-key': product.token, 'content-type': 'application/yaml' },
      body: documentFor(customer.port, [SALES, ZURICH, name]),
    });
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'CONFIG_REFUSED',
        faults: [{ path: 'queues[2].name', message: expect.stringContaining(rule) }],
      },
    });
    const wish = { virtualQueue: name, customerNumber: NUMBER };
    const asked = await product.ask('POST', '/api/v1/callbacks', wish);
    expect([asked.status, await asked.json()]).toMatchObject([
      status,
      { error: { faults: [{ path: 'virtualQueue', message: expect.any(String) }] } },
    ]);
    const v3 = await product.ask('POST', `${V3}/callbacks/create`, {
      serviceName: name,
      phoneNumber: NUMBER,
    });
    expect([v3.status, await v3.json()]).toMatchObject([400, { status: { code: 40_002 } }]);
  });

  it('is told to phones in ASCII: of callbacks made through v3 and of calls that come in', async () => {
    const agent = await new SoftPhone(product.sip).open();
    await agent.register({ user: '1001', password: PHONE_PASSWORD });
    await product.json('PUT', '/api/v1/agents/1001/state', { state: 'READY' });
    await book({ desiredTime: null });
    const answered = await customer.incoming();
    const rung = await agent.incoming();
    expect(rung.invite?.headers.get('x-turnkeeper-queue')).toEqual([SALES]);
    expect(rung.invite?.headers.get('from')?.[0]).toContain(`"${SALES}" <sip:`);
    await rung.acked;
    await answered.bye();
    await rung.ended;
    const caller = await new SoftPhone(product.sip).open();
    const call = await caller.call('5000');
    const second = await agent.incoming();
    const header = second.invite?.headers.get('x-turnkeeper-queue')?.[0] ?? '';
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    expect(decodeURIComponent(header)).toBe(ZURICH);
    await second.acked;
    await call.bye();
    await second.ended;
    for (const phone of [agent, caller]) phone.close();
  });
});
