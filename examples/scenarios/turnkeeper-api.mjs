// Requests to Turnkeeper for the programs of this folder: the server in TK, the API key in KEY. What is pushed to a device
// comes from push-receiver.mjs, in PUSH.
const BASE = process.env.TK ?? 'http://127.0.0.1:8080';
const KEY = process.env.KEY ?? '';
const PUSH = process.env.PUSH ?? 'http://127.0.0.1:8099';

async function ask(method, path, body) {
  const response = await fetch(`${BASE}${path}`, {
    method,
    headers: { 'x-api-key': KEY, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => undefined);
  // Every answer has a correlation id: the server keeps the error under it.
  const id = response.headers.get('x-correlation-id');
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)} (${id})`);
  return answer;
}

/** The engagement API (GES v3); resolves with `data`. */
export const ges = async (method, path, body) => (await ask(method, `/engagement/v3${path}`, body)).data;
/** The GMS API. */
export const gms = (method, path, body) => ask(method, `/genesys/1${path}`, body);
/** The native API. */
export const native = (method, path, body) => ask(method, `/api/v1${path}`, body);

/** What a device is told: waits for a message of this kind. */
export async function pushed(device, event) {
  const response = await fetch(`${PUSH}/messages/${device}/${event}`);
  if (!response.ok) throw new Error(`no ${event} for ${device}`);
  return response.json();
}

/** Asks again until the answer fits; an app on a device would wait for a push instead. */
export async function until(read, fits, withinSec = 120) {
  for (const giveUpAt = Date.now() + withinSec * 1000; ;) {
    const answer = await read();
    if (fits(answer)) return answer;
    if (Date.now() > giveUpAt) throw new Error(`not within ${withinSec} s: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
