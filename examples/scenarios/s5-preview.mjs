#!/usr/bin/env node
// S5: an agent's screen that looks at each case before anybody is called; ends with the first one it has served.
//   PHONE_PASSWORD=… node examples/scenarios/s5-preview.mjs NAME
import { agentScreen } from './agent-screen.mjs';

const screen = await agentScreen(process.argv[2]);
await screen.setState('READY');
// What was offered before the screen opened is in its snapshot.
const offered = [...screen.state.invitations.values()].map((invitation) => ({ invitation }));
let subjectId;
while (!subjectId) {
  const { invitation } = offered.shift() ?? (await screen.sees('invitation'));
  const { customerNumber, customerData, waitedMs } = invitation.facts;
  const { order } = customerData;
  console.log(`${customerNumber}, order ${order ?? 'unknown'}, has waited ${Math.round(waitedMs / 1000)} s`);
  if (order) {
    await screen.accept(invitation.id);
    subjectId = invitation.subjectId;
  } else await screen.reject(invitation.id, 'no order number');
}
console.log('accepted: the customer is called');
await screen.sees('call', ({ call }) => call.id === subjectId && call.state === 'connected');
console.log('connected');
await screen.sees('call-ended', ({ call }) => call.id === subjectId);
await screen.note(subjectId, 'looked into it together');
const { state } = await screen.done(subjectId);
console.log(state);
screen.close();
