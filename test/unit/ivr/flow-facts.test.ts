import { expect, test } from 'vitest';
import { conditionSchema, holds } from '../../../src/ivr/flow-facts.ts';
import type { FlowFacts, Variables } from '../../../src/ivr/flow-facts.ts';

const facts: FlowFacts = {
  queue: 'sales',
  ani: '2125550147',
  open: true,
  pendingCallback: false,
  offerAllowed: true,
  ewtSec: 120,
  offerEwtThresholdSec: 120,
  announceIntervalSec: 30,
  confirmTimeoutSec: 30,
  attemptCount: 0,
};
const variables: Variables = { offerWithdrawn: false, mark: 'vip' };

test.each<[object, boolean]>([
  [{ fact: 'open' }, true],
  [{ fact: 'pendingCallback' }, false],
  [{ fact: 'attemptCount' }, false],
  [{ fact: 'ani' }, true],
  [{ fact: 'position' }, false],
  [{ fact: 'position', known: false }, true],
  [{ fact: 'ewtSec', known: true }, true],
  [{ fact: 'ewtSec', above: 119 }, true],
  [{ fact: 'ewtSec', above: 120 }, false],
  [{ fact: 'ewtSec', above: { fact: 'offerEwtThresholdSec' } }, false],
  [{ fact: 'ewtSec', below: 121 }, true],
  [{ fact: 'ewtSec', above: 10, below: 100 }, false],
  [{ fact: 'position', above: 0 }, false],
  [{ fact: 'position', below: 99 }, false],
  [{ fact: 'ewtSec', above: { fact: 'position' } }, false],
  [{ fact: 'queue', is: 'sales' }, true],
  [{ fact: 'queue', is: 'help' }, false],
  [{ fact: 'open', is: false }, false],
  [{ variable: 'mark' }, true],
  [{ variable: 'mark', is: 'vip' }, true],
  [{ variable: 'offerWithdrawn' }, false],
  [{ variable: 'offerWithdrawn', is: false }, true],
  [{ variable: 'number' }, false],
  [{ not: { fact: 'open' } }, false],
  [{ all: [{ fact: 'open' }, { fact: 'ani' }] }, true],
  [{ all: [{ fact: 'open' }, { fact: 'position' }] }, false],
  [{ any: [{ fact: 'position' }, { fact: 'open' }] }, true],
  [{ any: [{ fact: 'position' }, { variable: 'number' }] }, false],
])('the condition %j is %s', (condition, expected) => {
  expect(holds(conditionSchema.parse(condition), facts, variables)).toBe(expected);
});
