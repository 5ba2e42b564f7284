#!/usr/bin/env node
// S7: "call us" in an app: number and code first, then the call, which brings the app's data to the agent.
import { ges, native, until } from './turnkeeper-api.mjs';

const { id, toPhoneNumber, accessCode, expirationTime } = await ges('POST', '/call-in/requests/create', {
  groupName: 'support-app',
  userData: { plan: 'gold' },
});
console.log(
  `Dial ${toPhoneNumber} before ${new Date(expirationTime).toISOString()}, then key ${accessCode}#`,
);

const ended = await until(
  () => native('GET', `/call-ins/${id}`),
  ({ state }) => state !== 'WAITING',
  300,
);
console.log(`${ended.state}, known by ${ended.matchedBy.join(' and ') || 'nothing'}`);
if (ended.state === 'EXPIRED') process.exitCode = 1;
