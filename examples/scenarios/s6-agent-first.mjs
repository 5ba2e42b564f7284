#!/usr/bin/env node
// S6: beside a phone that rings first: makes the agent ready and tells one case from the ringing to its end.
//   PHONE_PASSWORD=… node examples/scenarios/s6-agent-first.mjs NAME
import { agentScreen } from './agent-screen.mjs';

const screen = await agentScreen(process.argv[2]);
await screen.setState('READY');
const { invitation } = await screen.sees('invitation');
const { subject, customerNumber } = invitation.facts;
console.log(`your phone rings: ${customerNumber}, ${subject}`);
const { outcome } = await screen.sees('invitation-ended');
console.log(`${outcome}: the customer is called`);
const isMine = ({ call }) => call.id === invitation.subjectId;
await screen.sees('call', (message) => isMine(message) && message.call.state === 'connected');
console.log('connected');
await screen.sees('call-ended', isMine);
const { state } = await screen.done(invitation.subjectId);
console.log(state);
screen.close();
