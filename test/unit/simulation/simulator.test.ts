import { beforeAll, describe, expect, it } from 'vitest';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { parseScenario, type Scenario } from '../../../src/simulation/scenario.ts';
import { Simulator } from '../../../src/simulation/simulator.ts';
import { summarize, type Summary } from '../../../src/simulation/summary.ts';
import { repositoryFlows } from '../ivr/conversation.ts';

const file = `
scenario:
  name: small
  startsAt: 2026-03-02T08:00
  hours: 1
  traffic:
    - queue: support
      callsPerHour: 60
      acceptsOffer: 0.7
      patienceSec: { mean: 600 }
      callbacksPerHour: 10
  staff:
    - name: team
      count: 3
      skills: { Support: 5 }
      shifts: [{ from: '08:00', to: '20:00' }]
      talkSec: 120
queues:
  - name: support
    skillExpression: Skill("Support") >= 1
    offerEwtThresholdSec: 0
    throttlePerService: []
`;

function scenarioOf(text: string): Scenario {
  const outcome = parseScenario(text);
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.faults));
  return outcome.scenario;
}

let flows: FlowLibrary;
beforeAll(async () => {
  flows = await repositoryFlows();
});

async function play(text: string, seed: number): Promise<Summary> {
  const scenario = scenarioOf(text);
  return summarize(scenario.settings, seed, await new Simulator({ scenario, flows, seed }).run());
}

describe('a simulated day', () => {
  it('lets agents look at cases first, take them on the screen and press a key', async () => {
    const previewed = `${file}    connectStrategy: preview\n    agentAcceptKey: true\n`;
    const { queues, errorCount } = await play(previewed, 3);
    expect(errorCount).toBe(0);
    expect(queues[0]).toMatchObject({ stillOpenCount: 0 });
    const { COMPLETED_BY_AGENT: served = 0 } = queues[0]?.reasons ?? {};
    expect(served).toBeGreaterThan(10);
  });

  it('adds up: every caller is answered, books or gives up, every callback ends', async () => {
    const { queues, occupancy, agentCount, errorCount } = await play(file, 7);
    const [support] = queues;
    expect(errorCount).toBe(0);
    expect(agentCount).toBe(3);
    expect(support).toMatchObject({ queue: 'support', stillOpenCount: 0 });
    const { callCount, answeredCount, abandonedCount, bookedCount, callbackCount, reasons } = support!;
    expect(callCount).toBeGreaterThan(30);
    expect(answeredCount + abandonedCount + bookedCount).toBe(callCount);
    expect(bookedCount).toBeGreaterThan(0);
    expect(callbackCount).toBeGreaterThanOrEqual(bookedCount);
    expect(Object.values(reasons).reduce((sum, count) => sum + count, 0)).toBe(callbackCount);
    expect(occupancy).toBeGreaterThan(0.3);
    expect(occupancy).toBeLessThanOrEqual(1);
  }, 30_000);

  it('is the same with the same seed and another with another', async () => {
    const [first, again, other] = [await play(file, 1), await play(file, 1), await play(file, 2)];
    expect(again).toEqual(first);
    expect(other.queues).not.toEqual(first.queues);
  }, 30_000);

  it('shows what more agents are worth', async () => {
    const few = await play(file, 3);
    const many = await play(file.replace('count: 3', 'count: 9'), 3);
    expect(many.queues[0]!.callWaits.meanSec!).toBeLessThan(few.queues[0]!.callWaits.meanSec!);
    expect(many.occupancy!).toBeLessThan(few.occupancy!);
  }, 30_000);
});

describe('a scenario file', () => {
  it.each([
    ['hours: 1', 'hours: 0', 'scenario.hours', 'must be'],
    ['hours: 1', 'hourz: 1', 'scenario.hourz', 'unknown key'],
    ['queue: support', 'queue: sales', 'scenario.traffic[0].queue', 'is not in queues; there are support'],
    ['count: 3', 'count: 0', 'scenario.staff[0].count', 'must be at least 1'],
    ["from: '08:00'", "from: '8:00'", 'scenario.staff[0].shifts[0].from', 'must be a time like "08:30"'],
    ['acceptsOffer: 0.7', 'acceptsOffer: 7', 'scenario.traffic[0].acceptsOffer', 'must be at most 1'],
    ['offerEwtThresholdSec: 0', 'offerEwtThresholdSec: -1', 'queues[0].offerEwtThresholdSec', 'at least 0'],
    [
      'queues:',
      'dids: [{ number: "5000", flow: inbound, queue: support }]\nqueues:',
      'dids',
      'must be empty',
    ],
  ])('with %s as %s is refused at %s', (good, bad, path, words) => {
    const outcome = parseScenario(file.replace(good, bad));
    expect(outcome).toMatchObject({ kind: 'refused' });
    const faults = outcome.kind === 'refused' ? outcome.faults : [];
    expect(faults.map((fault) => fault.path)).toContain(path);
    expect(faults.find((fault) => fault.path === path)?.message).toContain(words);
  });
});
