#!/usr/bin/env node
// An agent's workspace in a terminal: one JSON line an event, one word a command.
//   node examples/workspace-client/agent.mjs http://localhost:8080 NAME   (the password in AGENT_PASSWORD)
// Commands act on the only call or the latest case:
//   ready | not-ready [REASON] | log-out | accept | reject [REASON] | hold | resume | mute | unmute | end
//   digits 12# | transfer agent:ID | transfer queue:NAME | transfer NUMBER | consult … | conference …
//   complete | cancel | merge | swap | record | stop-record
//   note TEXT | data KEY=VALUE | disposition CODE | reschedule 2026-01-05T10:00:00Z | done | show | drop | quit
import { createInterface } from 'node:readline';
import { WorkspaceClient } from './workspace-client.mjs';

const [url, name] = process.argv.slice(2);
const password = process.env.AGENT_PASSWORD;
if (!url || !name || !password) {
  console.error('usage: AGENT_PASSWORD=… node agent.mjs http://localhost:8080 NAME');
  process.exit(2);
}

const client = await WorkspaceClient.login(url, name, password);
const tell = (event, rest = {}) => console.log(JSON.stringify({ event, ...rest }));
client.on('snapshot', ({ agent, invitations, calls, cases }) =>
  tell('snapshot', {
    agent,
    invitations: [...invitations.values()],
    calls: [...calls.values()],
    cases: [...cases.values()],
  }),
);
client.on('change', (message) => tell(message.type, message));
client.on('connected', (resumed) => tell('connected', { resumed }));
client.on('disconnected', (code) => tell('disconnected', { code }));
client.on('signedOut', () => tell('signed-out'));
client.connect();

const callCommands = {
  hold: 'hold',
  resume: 'resume',
  mute: 'mute',
  unmute: 'unmute',
  end: 'end',
  complete: 'complete-transfer',
  cancel: 'cancel-consult',
  merge: 'merge',
  swap: 'swap',
  record: 'start-recording',
  'stop-record': 'stop-recording',
};

async function carryOut(word, rest) {
  const { invitations, calls, cases } = client.state;
  const invitation = [...invitations.values()].at(-1)?.id;
  const call = [...calls.values()].at(-1)?.id;
  // The case of the live call, else the latest.
  const open = call ?? [...cases.values()].sort((a, b) => a.openedAt.localeCompare(b.openedAt)).at(-1)?.id;
  switch (word) {
    case 'ready':
      return client.setState('READY');
    case 'not-ready':
      return client.setState('NOT_READY', rest);
    case 'log-out':
      return client.setState('LOGGED_OUT');
    case 'accept':
      return client.accept(invitation);
    case 'reject':
      return client.reject(invitation, rest);
    case 'digits':
      return client.call(call, { type: 'send-digits', digits: rest });
    case 'transfer':
    case 'consult':
    case 'conference':
      return client.call(call, { type: word, target: targetOf(rest) });
    case 'note':
      return client.note(open, rest);
    case 'data': {
      const [key, value] = rest.split('=');
      return client.data(open, { [key]: value ?? null });
    }
    case 'disposition':
      return client.disposition(open, rest);
    case 'reschedule':
      return client.reschedule(open, rest);
    case 'done':
      return client.done(open);
    case 'show':
      return client.state.agent;
    case 'drop':
      return client.drop();
    default:
      if (!callCommands[word]) throw new Error(`no such command: ${word}`);
      return client.call(call, { type: callCommands[word] });
  }
}

function targetOf(text) {
  const [kind, id] = text.split(':');
  if (kind === 'agent') return { kind, agentId: id };
  return kind === 'queue' ? { kind, queue: id } : { kind: 'external', number: text };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...words] = line.trim().split(' ');
  if (word === 'quit') break;
  if (!word) continue;
  const command = line.trim();
  // Commands do not wait for one another: the server decides what the call's state allows.
  carryOut(word, words.join(' ')).then(
    (answer) => tell('done', { command, answer }),
    (error) => tell('refused', { command, code: error.code ?? 'FAILED', message: error.message }),
  );
}
client.close();
