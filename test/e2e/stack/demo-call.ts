import { readFileSync } from 'node:fs';
import { PHONE_PASSWORD, testDocument } from '../harness/document.ts';
import type { Address } from '../harness/rtp-endpoint.ts';
import { sippAgent, sippCaller, sippCustomer } from '../harness/sipp-phone.ts';

/*
 * One callback against a running stack (docker-compose.yml, profile `test`): a caller on hold presses 1
 * twice, is
 * called back, confirms and talks with the agent. Applies a test configuration. Ends with 0, or tells what
 * was missing.
 */
function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const [sipHost = '', sipPort = '5060'] = variable('STACK_SIP').split(':');
const sip: Address = { host: sipHost, port: Number(sipPort) };
const host = variable('STACK_CLIENT_ADDRESS');
const http = variable('STACK_HTTP');
const token = readFileSync(variable('STACK_TOKEN_FILE'), 'utf8').trim();
const begunAtMs = Date.now();

function tell(what: string): void {
  console.log(`${((Date.now() - begunAtMs) / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

async function api(method: string, path: string, type: string, body: string): Promise<void> {
  const headers = { 'x-api-key': token, 'content-type': type };
  const response = await fetch(`${http}/api/v1${path}`, { method, headers, body });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

const customer = await sippCustomer({ host, toneHz: 440 });
const document = testDocument({ customer: customer.address, trusted: `${host}/32` });
await api('POST', '/config', 'application/yaml', document);
const agent = await sippAgent({ host, user: '1001', password: PHONE_PASSWORD, registrar: sip, toneHz: 700 });
tell('agent registered');

const caller = await sippCaller({ host, to: sip, dial: '5000', ani: '+493012345678', sippKeys: ['1', '1'] });
await caller.answered();
await caller.media.soundHeard();
tell('caller hears the greeting');
// From outside the offer and its menu cannot be told apart by ear: each key waits as long as the prompts
// before it last.
await new Promise((resolve) => setTimeout(resolve, 16_000));
await caller.sendSippKeys();
tell('caller presses 1 for a callback');
await new Promise((resolve) => setTimeout(resolve, 6000));
await caller.sendSippKeys();
tell('caller presses 1 to keep the number');
await caller.hungUp({ withinMs: 20_000 });
tell('caller was told that the callback is booked');

await api('PUT', '/agents/1001/state', 'application/json', '{"state":"READY"}');
await customer.answered();
await customer.media.soundHeard();
tell('customer is called back');
await new Promise((resolve) => setTimeout(resolve, 5000));
customer.press('1');
await agent.answered({ withinMs: 15_000 });
await Promise.all([agent.toneHeard(440), customer.toneHeard(700)]);
tell('customer and agent hear each other');
await customer.hangUp();
await agent.hungUp();
if (customer.invitesReceived.length !== 1) throw new Error('the customer was rung more than once');
tell('done');
await Promise.all([caller.stop(), customer.stop(), agent.stop()]);
// Waits of the harness that nobody needs any more would keep the process alive.
process.exit(0);
