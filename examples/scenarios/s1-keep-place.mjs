#!/usr/bin/env node
// S1: what a supervisor's list does: waits for the queue's next callback and tells each change until its end.
import { native, until } from './turnkeeper-api.mjs';

const queue = 'sales';
const newest = async () => (await native('GET', `/callbacks?queue=${queue}&limit=1`)).items[0];
const before = await newest();
const { id, customerNumber } = await until(newest, (found) => found && found.id !== before?.id, 300);
console.log(`${id} for ${customerNumber}`);

let told = '';
await until(
  () => native('GET', `/callbacks/${id}`),
  ({ state, subState, position, attempts, agentId, reason }) => {
    const facts = [
      position && `place ${position}`,
      attempts.length > 0 && `attempt ${attempts.length}`,
      agentId && `agent ${agentId}`,
    ].filter(Boolean);
    const line = [state, subState ?? reason ?? '', ...facts].join(' ');
    if (line !== told) console.log(line);
    told = line;
    return state === 'COMPLETED';
  },
  3600,
);
