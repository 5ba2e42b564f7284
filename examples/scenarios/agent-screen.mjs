// An agent's screen for the programs of this folder, on the client of examples/workspace-client. The user's password is
// in PHONE_PASSWORD.
import { EventEmitter, once } from 'node:events';
import { WorkspaceClient } from '../workspace-client/workspace-client.mjs';

/** Logs in as NAME and follows the feed; what happens is kept until it is asked for. */
export async function agentScreen(name) {
  const client = await WorkspaceClient.login(
    process.env.TK ?? 'http://127.0.0.1:8080',
    name,
    process.env.PHONE_PASSWORD,
  );
  const messages = [];
  const arrivals = new EventEmitter();
  client.on('change', (message) => {
    messages.push(message);
    arrivals.emit('message');
  });
  client.connect();
  await once(client, 'snapshot');
  return Object.assign(client, {
    /** The next message of this type that fits, come or to come. */
    async sees(type, fits = () => true) {
      for (;;) {
        const at = messages.findIndex((message) => message.type === type && fits(message));
        if (at >= 0) return messages.splice(0, at + 1).at(-1);
        await once(arrivals, 'message');
      }
    },
  });
}
