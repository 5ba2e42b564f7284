#!/usr/bin/env node
// S9: the app is asked before the call; its customer says yes and is called.
import { ges, native, pushed, until } from './turnkeeper-api.mjs';

const device = `phone-${Date.now()}`;
const { id } = await ges('POST', '/callbacks/create', {
  serviceName: 'opt-in',
  phoneNumber: '+12025550123',
  pushTargets: [{ channel: 'FCM', target: device }],
});
console.log(`${id} waits in line`);

const { expiresAt } = await pushed(device, 'CALLBACK_READY');
console.log(`call now? until ${expiresAt}`);
const { state } = await native('POST', `/callbacks/${id}/push/accept`);
console.log(`yes: ${state}`);

for (const wanted of ['PROCESSING', 'COMPLETED']) {
  const { callbackState, callbackReason = '' } = await until(
    () => ges('POST', '/callbacks/retrieve', { id }),
    (shown) => [wanted, 'COMPLETED'].includes(shown.callbackState),
  );
  console.log(callbackState, callbackReason);
  if (callbackState === 'COMPLETED') break;
}
