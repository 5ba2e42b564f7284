import { describe, expect, it } from 'vitest';
import { policyOf } from '../../src/callback/callback-policy.ts';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import { aQueue } from '../fakes/queue-settings.ts';
import { explore } from './callback-exploration.ts';

const DAY_MS = 86_400_000;
/** Counts that bound the graph without hiding a way through it: the last one of each kind and the one before. */
const small = {
  maxAttempts: 1,
  maxAgentTransferAttempts: 1,
  maxNotifyAttempts: 1,
  previewRejectMax: 1,
} as const;

const variants: [string, Partial<QueueSettings>][] = [
  ['with the settings as delivered', {}],
  ['with two attempts and a limit of age', { maxAttempts: 2, purgeTimeMin: 60 }],
  ['with two agents to try and no confirmation', { maxAgentTransferAttempts: 2, requireConfirm: false }],
  ['with a rejection let pass', { previewRejectMax: 2 }],
  ['with an agent who stays on the line for the next attempt', { agentFirstRedialSec: 5, maxAttempts: 2 }],
  ['with two pushes, machines connected', { maxNotifyAttempts: 2, onAnsweringMachine: 'CONNECT' }],
  [
    'with customers connected who press nothing',
    { onConfirmTimeout: 'CONNECT_ANYWAY', onAnsweringMachine: 'FAIL' },
  ],
  [
    'with results that are never tried again',
    { maxAttempts: 2, retryByResult: { BUSY: 'never', ANSWERING_MACHINE: { intervalSec: 5 } } },
  ],
];

describe('every sequence of events, of any length', () => {
  it.each(variants)(
    '%s, leads to an end and breaks no rule',
    (_name, changes) => {
      const policy = policyOf(
        aQueue({ ...small, ...changes }),
        (atMs) => Math.ceil((atMs + 1) / DAY_MS) * DAY_MS,
      );
      const explored = explore(policy, { depthMax: 100, statesMax: 100_000 });
      expect(explored.complete).toBe(true);
      expect(explored.stateCount).toBeGreaterThan(300);
      expect(explored.reasons).toContain('ERROR');
      const live = [...explored.places].filter((place) => place.startsWith('ROUTING'));
      expect(live).toHaveLength((policy.requireConfirm ? 7 : 6) + (policy.redialPauseMs === null ? 0 : 1));
    },
    60_000,
  );
});
