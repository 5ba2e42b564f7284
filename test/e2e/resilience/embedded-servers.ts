import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type * as mediaTypes from '../../../src/embedded/media-server/start-media-server.ts';
import type * as sipTypes from '../../../src/embedded/sip-server/start-sip-server.ts';

type SipModule = typeof sipTypes;
type MediaModule = typeof mediaTypes;

const SECRET = 'known-to-both-sides';
const pathOf = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

/**
 * The embedded servers in worker threads of this process, for a program that takes them for real ones: here
 * they can be killed without a door in the product. Compiled ones, as they start many times faster.
 */
export interface EmbeddedServers {
  readonly sip: Awaited<ReturnType<SipModule['startSipServer']>>;
  readonly media: Awaited<ReturnType<MediaModule['startMediaServer']>>;
  /** Where they are, for the program. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startEmbeddedServers(): Promise<EmbeddedServers> {
  execFileSync(process.execPath, [pathOf('scripts/setup.mjs')], { stdio: 'pipe' });
  const [sipModule, mediaModule] = [
    (await import(pathOf('dist/embedded/sip-server/start-sip-server.js'))) as SipModule,
    (await import(pathOf('dist/embedded/media-server/start-media-server.js'))) as MediaModule,
  ];
  const sip = await sipModule.startSipServer({ secret: SECRET });
  const options = { password: SECRET, audioDirectories: [pathOf('flows/audio')] };
  const media = await mediaModule.startMediaServer(options);
  return {
    sip,
    media,
    environment: {
      TURNKEEPER_DRACHTIO: `${sip.controlHost}:${sip.controlPort}`,
      TURNKEEPER_DRACHTIO_SECRET: SECRET,
      TURNKEEPER_FREESWITCH: `${media.eventSocketHost}:${media.eventSocketPort}`,
      TURNKEEPER_FREESWITCH_SECRET: SECRET,
    },
    close: async () => {
      await media.close();
      await sip.close();
    },
  };
}
