#!/usr/bin/env node
// S2: "my appointment" on a web site: what was booked by telephone is found, moved and cancelled.
//   node examples/scenarios/s2-choose-a-time.mjs +12025550132
import { ges } from './turnkeeper-api.mjs';

const [phoneNumber] = process.argv.slice(2);
const { items } = await ges('POST', '/callbacks/query', { phoneNumber, states: ['SCHEDULED'] });
if (items.length === 0) throw new Error(`nothing is booked for ${phoneNumber}`);
const [{ id, serviceName, desiredTime }] = items;
console.log(`booked: ${serviceName} at ${desiredTime}`);

const { slots } = await ges(
  'GET',
  `/callbacks/availability/${serviceName}?start=${desiredTime}&numberOfDays=1&maxTimeSlots=5`,
);
const later = slots.find(({ utcTime }) => Date.parse(utcTime) > Date.parse(desiredTime));
const moved = await ges('POST', '/callbacks/reschedule', {
  id,
  desiredTime: later.utcTime,
  alwaysCheckCapacity: true,
});
console.log(`moved to ${moved.desiredTime}`);
console.log('cancelled:', await ges('POST', '/callbacks/cancel', { id }));
