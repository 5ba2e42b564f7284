import type { startMediaServer as startServer } from '../src/embedded/media-server/start-media-server.ts';

/**
 * The media server as a process of its own: prints where it listens as one line of JSON, serves until it is
 * ended.
 */
interface Module {
  readonly startMediaServer: typeof startServer;
}

const compiled = new URL('../dist/embedded/media-server/start-media-server.js', import.meta.url);
const { startMediaServer } = (await import(compiled.href)) as Module;
const server = await startMediaServer({
  password: process.argv[2] ?? '',
  rtpPortMin: 30_000,
  rtpPortMax: 39_999,
  limits: { sessionsMax: 4000, sessionsPerSecondMax: 1000 },
});
console.log(JSON.stringify({ sipPort: server.sipPort, eventSocketPort: server.eventSocketPort }));
process.once('SIGTERM', () => void server.close().then(() => process.exit()));
