#!/usr/bin/env node
// S3: the "call me" button of a web site: now where the service is open, else the first free time.
import { ges, native } from './turnkeeper-api.mjs';

const service = 'night';
const phoneNumber = '+12025550135';
const { immediate, scheduled } = await native('GET', `/queues/${service}/open-for`);
console.log(
  `now: ${immediate.allowed || immediate.reason}; at a time: ${scheduled.allowed || scheduled.reason}`,
);

const { slots } = await ges('GET', `/callbacks/availability/${service}?numberOfDays=7&maxTimeSlots=3`);
const wish = immediate.allowed ? {} : { desiredTime: slots[0].utcTime, alwaysCheckCapacity: true };
const { id } = await ges('POST', '/callbacks/create', { serviceName: service, phoneNumber, ...wish });
const { callbackState, desiredTime } = await ges('POST', '/callbacks/retrieve', { id });
console.log(`${callbackState} for ${desiredTime}`);
console.log('cancelled:', await ges('POST', '/callbacks/cancel', { id }));
