#!/usr/bin/env node
// S8: the app keeps a place in line; told that it is time, it asks for a number, and the customer dials in.
import { ges, pushed, until } from './turnkeeper-api.mjs';

const device = `phone-${Date.now()}`;
const { id } = await ges('POST', '/callbacks/create', {
  serviceName: 'app',
  phoneNumber: '+12025550123',
  pushTargets: [{ channel: 'FCM', target: device }],
});
console.log(`${id} waits in line`);

const ready = await pushed(device, 'CALLBACK_READY');
console.log(`it is time, until ${ready.expiresAt}`);
// What the app does when its customer says yes. The answer has number and code; so has the next message.
await ges('POST', '/call-in/requests/create', { groupName: 'callers', callbackServiceId: id });
const { toPhoneNumber, accessCode } = await pushed(device, 'CALLIN_INSTRUCTIONS');
console.log(`Dial ${toPhoneNumber}, then key ${accessCode}#`);

const ended = await until(
  () => ges('POST', '/callbacks/retrieve', { id }),
  ({ callbackState }) => callbackState === 'COMPLETED',
  300,
);
console.log(ended.callbackReason);
