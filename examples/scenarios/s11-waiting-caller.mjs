#!/usr/bin/env node
// S11: a wallboard in a terminal: tells each change of a line, from the first who waits until nobody does.
//   node examples/scenarios/s11-waiting-caller.mjs QUEUE
import { native, until } from './turnkeeper-api.mjs';

const [queue = 'reception'] = process.argv.slice(2);
let told = '';
let hasBegun = false;
await until(
  () => native('GET', `/queues/${queue}`),
  ({ waitingCallCount, waitingCallbackCount, readyAgentCount, ewtSec }) => {
    const waiting = waitingCallCount + waitingCallbackCount;
    hasBegun ||= waiting > 0;
    const wait = ewtSec < 0 ? 'unknown' : `${Math.round(ewtSec)} s`;
    const line = `${waitingCallCount} on hold, ${waitingCallbackCount} callbacks, ${readyAgentCount} agents ready, wait ${wait}`;
    if (line !== told) console.log(line);
    told = line;
    return hasBegun && waiting === 0;
  },
  3600,
);
