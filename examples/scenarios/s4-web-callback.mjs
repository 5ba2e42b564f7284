#!/usr/bin/env node
// S4: a web site offers the free times of tomorrow, books one and follows the callback.
import { ges } from './turnkeeper-api.mjs';

const service = 'support';
const start = new Date(Date.now() + 86_400_000).toISOString();
const { slots } = await ges(
  'GET',
  `/callbacks/availability/${service}?start=${start}&numberOfDays=1&maxTimeSlots=3`,
);
console.log('free:', slots.map(({ utcTime, capacity }) => `${utcTime} (${capacity})`).join(', '));

const { id } = await ges('POST', '/callbacks/create', {
  serviceName: service,
  phoneNumber: '+12025550123',
  desiredTime: slots[0].utcTime,
  alwaysCheckCapacity: true,
  userData: { order: 'A-1047' },
});
console.log('booked:', await ges('POST', '/callbacks/retrieve', { id }));
console.log('moved:', await ges('POST', '/callbacks/reschedule', { id, desiredTime: slots[1].utcTime }));
console.log('cancelled:', await ges('POST', '/callbacks/cancel', { id }));
