import type { TelephonyAdapter } from './adapters/drachtio/connect-telephony.ts';
import type { Storage } from './adapters/storage/storage.ts';
import type { HealthPart } from './application/application.ts';
import type { FlowLibrary } from './ivr/flow-library.ts';

/** A commit that has waited so long for the disk makes requests and callers wait, too. */
const DISK_WAIT_MAX_MS = 1000;

/** What the parts of the server are looked at for. */
export interface Examined {
  readonly telephony: Pick<TelephonyAdapter, 'health'>;
  readonly storage: Pick<Storage, 'diskWaitMs'>;
  readonly flows: Pick<FlowLibrary, 'names' | 'faults'>;
}

/** How the parts are that calls and requests need; the server is ready while all of them are well. */
export function healthParts({ telephony, storage, flows }: Examined): HealthPart[] {
  const { sip, media, legCount, eventLoopLagMs } = telephony.health();
  const diskWaitMs = Math.round(storage.diskWaitMs);
  return [
    {
      name: 'sip-server',
      ok: sip.connected,
      detail: sip.connected ? 'connected' : (sip.lastError ?? 'not connected'),
    },
    {
      name: 'media-server',
      ok: media.connected,
      detail: media.connected
        ? `connected, ${media.version ?? 'version unknown'}`
        : (media.lastError ?? 'not connected'),
    },
    {
      name: 'storage',
      ok: diskWaitMs < DISK_WAIT_MAX_MS,
      detail: diskWaitMs < DISK_WAIT_MAX_MS ? 'writes' : `waits for the disk, ${diskWaitMs} ms so far`,
    },
    {
      name: 'flows',
      ok: flows.names.length > 0,
      detail: `${flows.names.length} in force, ${flows.faults.length} faults`,
    },
    { name: 'event-loop', ok: true, detail: `${Math.round(eventLoopLagMs)} ms lag, ${legCount} legs` },
  ];
}
