#!/usr/bin/env node
// Stands in for Firebase Cloud Messaging and for the customers' devices at once, to try things on one machine:
// whatever is pushed is printed and kept.
//   node examples/scenarios/push-receiver.mjs [PORT]
//   GET /messages/DEVICE/EVENT   the newest message of this kind to this device; waits for it, 30 s at most
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

const KEPT_MAX = 1000;
const WAIT_MS = 30_000;
const messages = [];
const arrivals = new EventEmitter().setMaxListeners(0);

/** Resolves with the data of a message, come or to come; undefined: none came. */
async function pushed(device, event) {
  const signal = AbortSignal.timeout(WAIT_MS);
  for (;;) {
    const found = messages.findLast(({ token, data }) => token === device && data.event === event);
    if (found || signal.aborted) return found?.data;
    await once(arrivals, 'message', { signal }).catch(() => undefined);
  }
}

function take({ message, validate_only: dryRun }) {
  if (dryRun) return;
  if (messages.push(message) > KEPT_MAX) messages.shift();
  console.log(`${message.token}: ${message.notification.title} ${JSON.stringify(message.data)}`);
  arrivals.emit('message');
}

async function answerRequest(request, response) {
  const answer = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  let text = '';
  for await (const part of request) text += part;
  const [, what, device, event] = request.url.split('/');
  if (what === 'token') return answer(200, { access_token: 'try-out', expires_in: 3600 });
  if (what === 'messages') {
    const data = await pushed(device, event);
    return data ? answer(200, data) : answer(504, { error: 'nothing came' });
  }
  take(JSON.parse(text));
  return answer(200, { name: `projects/try-out/messages/${messages.length}` });
}

const server = createServer((request, response) => {
  answerRequest(request, response).catch((error) => response.writeHead(400).end(String(error)));
});
server.listen(Number(process.argv[2] ?? 8099), '127.0.0.1');
await once(server, 'listening');
console.log(`listening on http://127.0.0.1:${server.address().port}`);
