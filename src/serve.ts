import { readFileSync } from 'node:fs';
import { createLog } from './adapters/logging/pino-log.ts';
import { processEnvironment, readConfig } from './config/config.ts';
import { startMessage } from './start-message.ts';
import { startTurnkeeper } from './turnkeeper.ts';

/**
 * `npm start` (`turnkeeper start`): reads the configuration, serves until SIGINT or SIGTERM, and ends calls
 * before it ends itself. @throws AppError of the part that did not start.
 */
export async function serve(): Promise<void> {
  const environment = processEnvironment();
  const config = readConfig(environment, process.cwd());
  const log = createLog(config.log);
  for (const variable of config.unknownVariables) log.warn({ variable }, 'unknown variable; is it misspelt?');
  process.on('unhandledRejection', (error) => log.error({ error }, 'unhandled rejection'));
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const turnkeeper = await startTurnkeeper({
    config,
    environment,
    log,
    version,
    onLost: (error) => {
      log.error({ error }, 'ending at once: what was stored is not safe');
      process.exit(1);
    },
  });
  process.stderr.write(startMessage(turnkeeper, config, process.stderr.isTTY));
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // A second signal means: now.
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'stopping');
    turnkeeper.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error }, 'stopped with an error');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
