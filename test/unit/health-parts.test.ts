import { expect, test } from 'vitest';
import { healthParts } from '../../src/health-parts.ts';

type Examined = Parameters<typeof healthParts>[0];

const well = {
  sip: { connected: true, sipAddresses: [] },
  media: { connected: true, version: '1.10', endpointCount: 0, warmEndpointCount: 0, canTap: true },
  legCount: 2,
  registeredContactCount: 0,
  eventLoopLagMs: 3.4,
};

function examined(telephony: object = {}, more: Partial<Examined> = {}): Examined {
  const health = { ...well, ...telephony } as ReturnType<Examined['telephony']['health']>;
  return {
    telephony: { health: () => health },
    storage: { diskWaitMs: 0 },
    flows: { names: ['inbound'], faults: [] },
    ...more,
  };
}

test('every part is told, and all are well', () => {
  expect(healthParts(examined())).toEqual([
    { name: 'sip-server', ok: true, detail: 'connected' },
    { name: 'media-server', ok: true, detail: 'connected, 1.10' },
    { name: 'storage', ok: true, detail: 'writes' },
    { name: 'flows', ok: true, detail: '1 in force, 0 faults' },
    { name: 'event-loop', ok: true, detail: '3 ms lag, 2 legs' },
  ]);
});

test.each([
  [
    'a SIP server that is gone',
    examined({ sip: { connected: false, lastError: 'refused' } }),
    { name: 'sip-server', detail: 'refused' },
  ],
  [
    'a media server that never answered',
    examined({ media: { connected: false, version: undefined } }),
    { name: 'media-server', detail: 'not connected' },
  ],
  [
    'a disk that is waited for',
    examined({}, { storage: { diskWaitMs: 1000.2 } }),
    { name: 'storage', detail: 'waits for the disk, 1000 ms so far' },
  ],
  [
    'no flow',
    examined({}, { flows: { names: [], faults: [] } }),
    { name: 'flows', detail: '0 in force, 0 faults' },
  ],
])('%s is the one part that is not well', (_, of, part) => {
  expect(healthParts(of).filter(({ ok }) => !ok)).toEqual([{ ...part, ok: false }]);
});

test('a disk that takes its time is well for a second', () => {
  const parts = healthParts(examined({}, { storage: { diskWaitMs: 998 } }));
  expect(parts.find(({ name }) => name === 'storage')).toEqual({
    name: 'storage',
    ok: true,
    detail: 'writes',
  });
});
