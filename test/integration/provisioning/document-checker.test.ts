import { describe, expect, it } from 'vitest';
import { documentChecker } from '../../../src/adapters/provisioning/document-checker.ts';
import { spawnWorker } from '../../../src/embedded/worker-supervisor.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';

const clock = new SystemClock();
const check = documentChecker({ spawn: spawnWorker, clock });
const flows = { knownFlows: new Set(['inbound']) };

/** Every KiB of this takes long to read. */
const escapes = (bytes: number): string => `queues: "${'\\x'.repeat(bytes / 2)}"`;

function agents(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => [
    `  - id: '${i}'`,
    `    name: Agent ${i}`,
    `    sipUser: 'u${i}'`,
    `    password: secret-${i}-secret`,
  ]);
  return ['flows: [inbound]', 'agents:', ...lines.flat(), ''].join('\n');
}

/** How often the event loop turned while `work` went on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turnCount = 0;
  const timer = setInterval(() => turnCount++, 1);
  await work;
  clearInterval(timer);
  return turnCount;
}

describe('a configuration document', () => {
  it('that is large is checked while the event loop turns, with the same result as a small one', async () => {
    const text = agents(2000);
    const checked = check(text, flows);
    expect(await turnsDuring(checked)).toBeGreaterThan(0);
    const outcome = await checked;
    if (outcome.kind !== 'valid') throw new Error(JSON.stringify(outcome.faults[0]));
    expect(outcome.document.agents).toHaveLength(2000);
    expect(outcome.document.agents[7]).toMatchObject({ id: '7', password: 'secret-7-secret' });
    expect(outcome.source.lineOf(['agents', 7, 'password'])).toBe(3 + 7 * 4 + 3);
    const small = await check(agents(8), flows);
    if (small.kind !== 'valid') throw new Error(JSON.stringify(small.faults[0]));
    expect(small.document.agents[7]).toEqual(outcome.document.agents[7]);
    expect(small.source.lineOf(['agents', 7, 'password'])).toBe(3 + 7 * 4 + 3);
  });

  it('that is large and wrong is refused with its lines and the flows that exist', async () => {
    const text = `${agents(200).replace('[inbound]', '[outbound]')}\nqueue: []\n`;
    const outcome = await check(text, flows);
    if (outcome.kind !== 'refused') throw new Error('it was taken');
    expect(outcome.faults).toEqual([
      expect.objectContaining({ path: 'queue', line: 804 }),
      expect.objectContaining({ path: 'flows[0]', line: 1, message: expect.stringContaining('outbound') }),
    ]);
  });

  it('that is large is told of prompts that there are none of', async () => {
    const queue =
      'queues: [{name: q, skillExpression: a, callbackApplication: inbound, holdAnnouncements: [neews]}]';
    const context = { ...flows, knownPrompts: new Set(['news']) };
    const outcome = await check(`${queue}\n${agents(200)}`, context);
    expect(outcome).toMatchObject({
      kind: 'refused',
      faults: [{ path: 'queues[0].holdAnnouncements[0]', value: 'neews', line: 1 }],
    });
  });

  it('that is made to be slow is given up, and holds nothing up meanwhile', async () => {
    const impatient = documentChecker({ spawn: spawnWorker, clock, timeMaxMs: 300 });
    const checked = impatient(escapes(1_000_000), flows);
    expect(await turnsDuring(checked)).toBeGreaterThan(0);
    expect(await checked).toEqual({
      kind: 'refused',
      faults: [{ path: '', message: expect.stringContaining('takes longer than 0.3 s') }],
    });
  });

  it('whose thread fails is not applied, and the failure may be tried again', async () => {
    const broken = documentChecker({
      spawn: () => spawnWorker(new URL('file:///nowhere/at-all.js'), 'broken', undefined),
      clock,
    });
    await expect(broken(agents(500), flows)).rejects.toMatchObject({
      code: 'CONFIGURATION_CHECK_FAILED',
      retryable: true,
    });
  });

  it('that takes too much memory is refused', async () => {
    const poor = documentChecker({
      spawn: (entry, name, data) =>
        spawnWorker(entry, name, data, { resourceLimits: { maxOldGenerationSizeMb: 40 } }),
      clock,
    });
    const outcome = await poor(`queues: [${'{},'.repeat(300_000)}{}]`, flows);
    expect(outcome).toMatchObject({
      kind: 'refused',
      faults: [{ message: expect.stringContaining('of memory') }],
    });
  });
});
