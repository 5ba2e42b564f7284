import { beforeAll, describe, expect, it } from 'vitest';
import { connectStrategies } from '../../src/callback/queue-settings.ts';
import type { FlowLibrary } from '../../src/ivr/flow-library.ts';
import { repositoryFlows } from '../unit/ivr/conversation.ts';
import { Shift } from './shift.ts';

/** `SHIFT_SEED=7` plays another shift. */
const seed = Number(process.env['SHIFT_SEED'] ?? 1);

/** Everything an agent or supervisor does; each must have been carried out in the shift. */
const ACTIONS = [
  'READY',
  'NOT_READY',
  'hold',
  'resume',
  'mute',
  'unmute',
  'send-digits',
  'start-recording',
  'stop-recording',
  'transfer to agent',
  'transfer to queue',
  'transfer to external',
  'consult to agent',
  'consult to external',
  'complete-transfer',
  'cancel-consult',
  'merge',
  'swap',
  'conference to agent',
  'conference to external',
  'drop',
  'end',
  'phone holds',
  'phone transfers',
  'note',
  'disposition',
  'extend',
  'reschedule',
  'done',
  'listen',
  'whisper',
  'barge',
  'stop-monitoring',
];

let flows: FlowLibrary;
beforeAll(async () => {
  flows = await repositoryFlows();
});

describe('a shift of fifty agents and two hours, with all strategies and all actions', () => {
  it('ends with no leg up, no agent stuck, no token in a line and no promise open', async () => {
    const { faults, done, reasons, conversationCount } = await new Shift(seed, flows).run();
    expect(faults).toEqual([]);
    expect(ACTIONS.filter((action) => !done.has(action))).toEqual([]);
    expect(conversationCount).toBeGreaterThan(1000);
    for (const strategy of connectStrategies) {
      expect(reasons[strategy]).toMatchObject({
        COMPLETED_BY_AGENT: expect.any(Number) as number,
        RESCHEDULED_BY_AGENT: expect.any(Number) as number,
        MAX_ATTEMPTS_REACHED: expect.any(Number) as number,
      });
    }
    expect(reasons['preview']).toHaveProperty('PREVIEW_REJECTED');
  }, 300_000);
});
