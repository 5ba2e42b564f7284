#!/usr/bin/env node
// S12: an agent's screen for one case: ready, connected, a note, hangs up, says what came of it, done.
//   PHONE_PASSWORD=… node examples/scenarios/s12-another-time.mjs NAME DISPOSITION
import { agentScreen } from './agent-screen.mjs';

const [name, disposition] = process.argv.slice(2);
const screen = await agentScreen(name);
await screen.setState('READY');
// Who was connected before the screen opened is in its snapshot.
const isConnected = ({ state }) => state === 'connected';
const call =
  [...screen.state.calls.values()].find(isConnected) ??
  (await screen.sees('call', (message) => isConnected(message.call))).call;
console.log(`${call.id}: connected, ${call.parties.map(({ name: party }) => party).join(' and ')}`);
await screen.note(call.id, 'repaired by telephone');
await screen.call(call.id, { type: 'end' });
const { case: found } = await screen.sees('case', (message) => message.case.state === 'WRAP_UP');
console.log(`to choose from: ${found.dispositions.join(', ')}`);
await screen.disposition(call.id, disposition);
console.log((await screen.done(call.id)).state);
screen.close();
