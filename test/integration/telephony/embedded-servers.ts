import { rm } from 'node:fs/promises';
import { startMediaServer } from '../../../src/embedded/media-server/start-media-server.ts';
import { startSipServer } from '../../../src/embedded/sip-server/start-sip-server.ts';
import type { Servers } from './telephony-stage.ts';

/** Both embedded servers on free ports; `recordings` is removed with them. */
export async function openEmbeddedServers(recordings: string): Promise<Servers> {
  const secret = 'a secret of both';
  const sip = await startSipServer({ secret });
  const media = await startMediaServer({ password: secret, recordingsDirectory: recordings });
  return {
    recordings,
    sip: { host: sip.controlHost, port: sip.controlPort, secret },
    media: { host: media.eventSocketHost, port: media.eventSocketPort, secret },
    close: async () => {
      await sip.close();
      await media.close();
      await rm(recordings, { recursive: true, force: true });
    },
  };
}
