import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FlowFolder } from '../../src/adapters/flows/flow-folder.ts';
import { FlowLibrary } from '../../src/ivr/flow-library.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { SimulatedClock } from '../../src/kernel/simulated-clock.ts';

async function faultsOf(folder: string): Promise<{ names: readonly string[]; faults: readonly unknown[] }> {
  const source = new FlowFolder({ folder, clock: new SimulatedClock(), log: silentLog });
  const library = new FlowLibrary({ source, log: silentLog });
  const faults = await library.reload();
  return { names: library.names, faults };
}

describe('the shipped flows', () => {
  it('parse, with every prompt they speak in every language', async () => {
    const { names, faults } = await faultsOf(fileURLToPath(new URL('../../flows', import.meta.url)));
    expect(faults).toEqual([]);
    expect(names).toEqual([
      'agent-codes',
      'agent-whisper',
      'call-in-match',
      'inbound',
      'machine-message',
      'outbound-confirm',
    ]);
  });

  it('would be refused with a planted fault', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-flows-'));
    const flow = { flow: 'x', version: 1, initial: 'a', states: { a: { do: 'dance', on: {} } } };
    writeFileSync(join(folder, 'x.json'), JSON.stringify(flow));
    const { names, faults } = await faultsOf(folder);
    expect(names).toEqual([]);
    expect(faults).not.toEqual([]);
  });
});
