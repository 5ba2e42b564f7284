import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectTelephony } from '../../../src/adapters/drachtio/connect-telephony.ts';
import type { TelephonyAdapter } from '../../../src/adapters/drachtio/connect-telephony.ts';
import type { MediaServerConfig } from '../../../src/adapters/freeswitch/media-server.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import type { Log } from '../../../src/kernel/log.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SystemRandom } from '../../../src/kernel/random.ts';
import { EMBEDDED_ADMISSION } from '../../../src/telephony/call-admission.ts';
import type { AdmissionLimits } from '../../../src/telephony/call-admission.ts';
import { digestSecret } from '../../../src/telephony/digest.ts';
import { trunkSchema } from '../../../src/telephony/directory.ts';
import type { Trunk } from '../../../src/telephony/directory.ts';
import { MemoryRegistrationStore } from '../../../src/telephony/registration.ts';
import type { InboundCall } from '../../../src/telephony/telephony.ts';
import { MemoryOpenLegs } from '../../fakes/memory-open-legs.ts';
import { SoftPhone } from '../../../src/demo/soft-phone/soft-phone.ts';

export const REALM = 'turnkeeper.test';
export const AGENTS = new Map([
  ['alice', 'wonder-1'],
  ['bob', 'builder-2'],
]);

/** Addresses of servers that are there already; undefined: embedded ones are started. */
export const REAL = process.env['TURNKEEPER_DRACHTIO'] !== undefined;

export interface Servers {
  readonly sip: { host: string; port: number; secret: string };
  readonly media: { host: string; port: number; secret: string };
  /** Directory that recordings are written to. */
  readonly recordings: string;
  close(): Promise<void>;
}

export interface Stage {
  readonly telephony: TelephonyAdapter;
  /** Directory that recordings are written to. */
  readonly recordings: string;
  /** Where phones send their requests. */
  readonly sipAddress: { host: string; port: number };
  readonly registrations: MemoryRegistrationStore;
  readonly counts: Map<string, number>;
  readonly trunks: Trunk[];
  phone(): Promise<SoftPhone>;
  /** A phone whose socket is the address of a new trunk with this name. */
  trunkPhone(name: string, options?: Partial<Trunk>): Promise<SoftPhone>;
  /** The next inbound call. */
  inbound(): Promise<InboundCall>;
  close(): Promise<void>;
}

const testLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => console.log('warn', message, JSON.stringify(fields)),
  error: (fields, message) => console.log('error', message, JSON.stringify(fields)),
  child: () => testLog,
};

/** Telephony over embedded or real servers, a directory with two agents, and phones. */
export async function openStage(
  options: {
    admission?: Partial<AdmissionLimits>;
    keepAliveIntervalMs?: number;
    dialogCheckIntervalMs?: number;
    warm?: number;
    servers?: Servers;
    media?: Partial<MediaServerConfig>;
    openLegs?: MemoryOpenLegs;
    digestAlgorithms?: readonly ('MD5' | 'SHA-256')[];
    diskWaitMs?: () => number;
  } = {},
): Promise<Stage> {
  const servers = options.servers ?? (await openServers());
  const clock = new SystemClock();
  const trunks: Trunk[] = [];
  const counts = new Map<string, number>();
  const registrations = new MemoryRegistrationStore();
  const telephony = await connectTelephony({
    config: {
      sipServer: servers.sip,
      mediaServer: {
        ...servers.media,
        listenAddress: '127.0.0.1',
        listenPort: 0,
        profile: 'drachtio_mrf',
        recordingsRoot: servers.recordings,
        audioRoot: fileURLToPath(new URL('../../fixtures/audio', import.meta.url)),
        tapPort: 0,
        warmEndpointCount: options.warm ?? 0,
        ...options.media,
      },
      admission: { ...EMBEDDED_ADMISSION, ...options.admission },
      digestAlgorithms: options.digestAlgorithms ?? ['MD5', 'SHA-256'],
      keepAliveIntervalMs: options.keepAliveIntervalMs ?? 0,
      dialogCheckIntervalMs: options.dialogCheckIntervalMs ?? 0,
    },
    directory: {
      realm: REALM,
      trunks: () => trunks,
      agentBySipUser: (user) => {
        const password = AGENTS.get(user);
        return password === undefined
          ? undefined
          : { agentId: `agent-${user}`, ha1: digestSecret(user, REALM, password) };
      },
      trunkPassword: (name) => {
        const password = trunks.find((trunk) => trunk.name === name)?.password;
        return typeof password === 'string' ? password : undefined;
      },
    },
    registrations,
    openLegs: options.openLegs ?? new MemoryOpenLegs(),
    ...(options.diskWaitMs && { diskWaitMs: options.diskWaitMs }),
    clock,
    ids: new IdSource(clock, new SystemRandom()),
    log: process.env['TEST_LOG'] === undefined ? silentLog : testLog,
    counters: {
      increment: (name, label = '') => {
        const key = label === '' ? name : `${name}:${label}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      },
    },
  });
  const calls: InboundCall[] = [];
  const waiters: ((call: InboundCall) => void)[] = [];
  telephony.onInboundCall((call) => {
    const waiter = waiters.shift();
    if (waiter) waiter(call);
    else calls.push(call);
  });
  const sipAddress = udpAddress(telephony.health().sip.sipAddresses);
  const phones: SoftPhone[] = [];
  const phone = async (): Promise<SoftPhone> => {
    const made = await new SoftPhone(sipAddress).open();
    phones.push(made);
    return made;
  };
  return {
    telephony,
    recordings: servers.recordings,
    sipAddress,
    registrations,
    counts,
    trunks,
    phone,
    trunkPhone: async (name, trunkOptions = {}) => {
      const made = await phone();
      const address = `127.0.0.1:${made.port}`;
      trunks.push({
        ...trunkSchema.parse({ name, addresses: [address], outboundHost: address }),
        ...trunkOptions,
      });
      return made;
    },
    inbound: () => {
      const waiting = calls.shift();
      if (waiting) return Promise.resolve(waiting);
      return new Promise((resolve) => waiters.push(resolve));
    },
    close: async () => {
      await telephony.close();
      for (const made of phones) made.close();
      if (!options.servers) await servers.close();
    },
  };
}

function udpAddress(addresses: readonly string[]): { host: string; port: number } {
  const match = /udp\/([0-9.]+):(\d+)/.exec(addresses.join(','));
  if (!match) throw new Error(`no UDP address among ${addresses.join(', ')}`);
  return { host: match[1] ?? '', port: Number(match[2]) };
}

function hostPort(name: string): { host: string; port: number } {
  const [host = '', port = ''] = (process.env[name] ?? '').split(':');
  return { host, port: Number(port) };
}

/** The servers of the environment, or embedded ones. */
export async function openServers(): Promise<Servers> {
  const recordings = await mkdtemp(join(tmpdir(), 'recordings-'));
  if (REAL) {
    return {
      recordings,
      sip: {
        ...hostPort('TURNKEEPER_DRACHTIO'),
        secret: process.env['TURNKEEPER_DRACHTIO_SECRET'] ?? 'cymru',
      },
      media: {
        ...hostPort('TURNKEEPER_FREESWITCH'),
        secret: process.env['TURNKEEPER_FREESWITCH_SECRET'] ?? 'ClueCon',
      },
      close: () => rm(recordings, { recursive: true, force: true }),
    };
  }
  const { openEmbeddedServers } = await import('./embedded-servers.ts');
  return openEmbeddedServers(recordings);
}
