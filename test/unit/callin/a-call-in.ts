import type { CallIn } from '../../../src/callin/call-in.ts';

export const NOW_MS = Date.UTC(2026, 2, 2, 12);

/** A request that waits. */
export function aCallIn(fields: Partial<CallIn> = {}): CallIn {
  return {
    id: 'callin_0001',
    groupName: 'app',
    state: 'WAITING',
    toNumber: '+493099990001',
    fromNumber: null,
    accessCode: null,
    userData: {},
    callbackId: null,
    createdBy: { kind: 'api-key', id: 'key_1' },
    createdAtMs: NOW_MS - 1000,
    expiresAtMs: NOW_MS + 30_000,
    matchedAtMs: null,
    matchedBy: [],
    callId: null,
    endedAtMs: null,
    ...fields,
  };
}
