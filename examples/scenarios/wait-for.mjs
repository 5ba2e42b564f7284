#!/usr/bin/env node
// Asks the native API again until its answer has a text, then shows the answer.
//   node examples/scenarios/wait-for.mjs /agents/1011 '"reachable":true'
import { native, until } from './turnkeeper-api.mjs';

const [path, text] = process.argv.slice(2);
const answer = await until(
  () => native('GET', path),
  (found) => JSON.stringify(found).includes(text),
  60,
);
console.dir(answer, { depth: 0 });
