import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { askSipServer } from './adapters/drachtio/control-probe.ts';
import { FlowFolder } from './adapters/flows/flow-folder.ts';
import { askEventSocket } from './adapters/freeswitch/event-socket-probe.ts';
import { Storage } from './adapters/storage/storage.ts';
import type { Config } from './config/config.ts';
import { FlowLibrary } from './ivr/flow-library.ts';
import type { Clock } from './kernel/clock.ts';
import { AppError, messageOf } from './kernel/errors.ts';
import { silentLog } from './kernel/log.ts';

/** One thing looked at. `mend` says what to do when it is not `ok`. */
export interface Finding {
  readonly what: string;
  /** `note`: works, with a limit worth knowing. */
  readonly verdict: 'ok' | 'note' | 'wrong';
  readonly detail: string;
  readonly mend?: string;
}

const PROBE_TIMEOUT_MS = 3000;

/**
 * Looks at everything a start needs, without starting; each check stands alone, so that all faults are told
 * at once.
 */
export async function examine(config: Config, clock: Clock): Promise<Finding[]> {
  const checks: (() => Promise<Finding[]>)[] = [
    () => dataDirectory(config),
    () => database(config, clock),
    () => flows(config, clock),
    () => sipServer(config, clock),
    () => mediaServer(config, clock),
  ];
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await check()));
  return findings;
}

async function dataDirectory({ dataDirectory: path }: Config): Promise<Finding[]> {
  const what = 'data directory';
  if (!existsSync(path)) return [{ what, verdict: 'ok', detail: `${path} will be made at the first start` }];
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return [{ what, verdict: 'ok', detail: path }];
  } catch (error) {
    return [{ what, verdict: 'wrong', detail: messageOf(error), mend: `let this user write to ${path}` }];
  }
}

async function database(config: Config, clock: Clock): Promise<Finding[]> {
  const what = 'database';
  const path = join(config.dataDirectory, 'turnkeeper.db');
  if (!existsSync(path)) return [{ what, verdict: 'ok', detail: 'none yet' }];
  try {
    const storage = await Storage.open({ path, clock, migrate: false });
    const open = await storage.transact((tx) => tx.openCallbacks());
    await storage.close();
    return [{ what, verdict: 'ok', detail: `${path}, ${open.length} open callbacks` }];
  } catch (error) {
    if (error instanceof AppError && error.code === 'DATABASE_IN_USE') {
      return [{ what, verdict: 'ok', detail: 'a running server owns it' }];
    }
    return [{ what, verdict: 'wrong', detail: messageOf(error), mend: 'see the code in docs/errors.md' }];
  }
}

async function flows(config: Config, clock: Clock): Promise<Finding[]> {
  const source = new FlowFolder({ folder: config.flowsDirectory, clock, log: silentLog });
  const library = new FlowLibrary({ source, log: silentLog });
  const faults = await library.reload();
  if (faults.length === 0) return [{ what: 'flows', verdict: 'ok', detail: library.names.join(', ') }];
  return faults.map(({ file, path, message }) => ({
    what: 'flows',
    verdict: 'wrong' as const,
    detail: `${file}: ${path} ${message}`,
    mend: 'correct the file; docs/flows.md explains the vocabulary',
  }));
}

async function sipServer(config: Config, clock: Clock): Promise<Finding[]> {
  const what = 'drachtio-server';
  if (config.telephony.mode === 'embedded') {
    const { host, port } = config.sip;
    return [
      {
        what,
        verdict: 'note',
        detail: `embedded SIP server, ${host}:${port}; TURNKEEPER_DRACHTIO is not set`,
      },
    ];
  }
  try {
    const server = { ...config.telephony.drachtio, secret: config.drachtioSecret };
    const { sipAddresses, version } = await askSipServer(server, clock, PROBE_TIMEOUT_MS);
    return [{ what, verdict: 'ok', detail: `${version}, SIP at ${sipAddresses.join(', ')}` }];
  } catch (error) {
    const refused = error instanceof AppError && error.code === 'SIP_SERVER_REFUSED';
    const mend = refused
      ? 'TURNKEEPER_DRACHTIO_SECRET must equal the secret in drachtio.conf.xml'
      : 'check that drachtio-server runs and TURNKEEPER_DRACHTIO names its control port (9022)';
    return [{ what, verdict: 'wrong', detail: messageOf(error), mend }];
  }
}

async function mediaServer(config: Config, clock: Clock): Promise<Finding[]> {
  const what = 'FreeSWITCH';
  if (config.telephony.mode === 'embedded') {
    return [{ what, verdict: 'note', detail: 'embedded media server; TURNKEEPER_FREESWITCH is not set' }];
  }
  const server = { ...config.telephony.freeswitch, secret: config.freeswitchSecret };
  const ask = (command: string): Promise<string> => askEventSocket(server, command, clock, PROBE_TIMEOUT_MS);
  try {
    const version = (await ask('version')).trim();
    return [
      { what, verdict: 'ok', detail: version },
      profileFinding(config, await ask('sofia status')),
      await soundFinding(config, ask),
      forkFinding(await ask('module_exists mod_audio_fork')),
    ];
  } catch (error) {
    const refused = error instanceof AppError && error.code === 'MEDIA_SERVER_REFUSED';
    const mend = refused
      ? 'TURNKEEPER_FREESWITCH_SECRET must equal the password in event_socket.conf.xml, whose access list must allow us'
      : 'check that FreeSWITCH runs and TURNKEEPER_FREESWITCH names its event socket (8021)';
    return [{ what, verdict: 'wrong', detail: messageOf(error), mend }];
  }
}

function profileFinding({ freeswitchProfile: profile }: Config, status: string): Finding {
  const what = 'FreeSWITCH SIP profile';
  const line = status.split('\n').find((row) => row.trim().split(/\s/, 1)[0] === profile);
  if (line !== undefined && /RUNNING/.test(line))
    return { what, verdict: 'ok', detail: line.trim().replaceAll(/\s+/g, ' ') };
  const mend = 'load freeswitch/ of this repository, or set TURNKEEPER_FREESWITCH_PROFILE';
  return { what, verdict: 'wrong', detail: `no running profile "${profile}"`, mend };
}

/** The media server reads the same prompts: a wrong mount is heard as silence by every caller. */
async function soundFinding(config: Config, ask: (command: string) => Promise<string>): Promise<Finding> {
  const what = 'prompts as FreeSWITCH sees them';
  const path = `${config.mediaAudioRoot}/en/greeting.wav`;
  const answer = (await ask(`file_exists ${path}`)).trim();
  if (answer === 'true') return { what, verdict: 'ok', detail: config.mediaAudioRoot };
  if (answer.startsWith('-ERR'))
    return { what, verdict: 'note', detail: 'this FreeSWITCH cannot say whether a file exists' };
  const mend = 'mount flows/audio there and set TURNKEEPER_MEDIA_AUDIO_ROOT to the path in its container';
  return { what, verdict: 'wrong', detail: `${path} is not there`, mend };
}

function forkFinding(answer: string): Finding {
  const what = 'audio tap (mod_audio_fork)';
  if (answer.trim() === 'true') return { what, verdict: 'ok', detail: 'loaded' };
  return {
    what,
    verdict: 'note',
    detail:
      'not loaded: calls work, but nobody listens to them; of who answers only a fax is told (by tone_detect), everybody else is asked like a person',
    mend: 'use a FreeSWITCH with mod_audio_fork, such as drachtio/drachtio-freeswitch-mrf; see docs/call-progress.md',
  };
}
