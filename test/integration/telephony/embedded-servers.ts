import { startMediaServer } from '../../../src/embedded/media-server/start-media-server.ts';
import { startSipServer } from '../../../src/embedded/sip-server/start-sip-server.ts';

/** Both embedded servers on free ports. */
export async function openEmbeddedServers(): Promise<{
  sip: { host: string; port: number; secret: string };
  media: { host: string; port: number; secret: string };
  close(): Promise<void>;
}> {
  const sip = await startSipServer({ secret: 'sip-secret' });
  const media = await startMediaServer({ secret: 'media-secret' });
  return {
    sip: { host: sip.controlHost, port: sip.controlPort, secret: 'sip-secret' },
    media: { host: media.eventSocketHost, port: media.eventSocketPort, secret: 'media-secret' },
    close: async () => {
      await sip.close();
      await media.close();
    },
  };
}
