import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError, type Fault, messageOf } from '../kernel/errors.ts';
import {
  type AdmissionLimits,
  EMBEDDED_ADMISSION,
  REAL_SERVER_ADMISSION,
} from '../telephony/call-admission.ts';
import { type OidcConfig, oidcConfig } from './oidc-settings.ts';
import { allowedFor, type Setting, type SettingName, settings } from './settings.ts';

/** A host and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Everything an installation sets, read once at the start. Paths are absolute. */
export interface Config {
  readonly dataDirectory: string;
  /** Applied at a start with an empty database. */
  readonly documentPath: string;
  readonly flowsDirectory: string;
  readonly secretKey: string | undefined;
  readonly secretKeyPrevious: string | undefined;
  /** By variable: hosts, with a port where it is said; undefined: documents may name any variable. */
  readonly secretVariables: ReadonlyMap<string, readonly string[]> | undefined;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly trustedProxies: readonly string[];
    readonly secureCookies: boolean;
    readonly publicMetrics: boolean;
    readonly requestsPerMinuteMax: number;
    readonly callbacksPerNumberPerHourMax: number;
    /** Undefined: people log in with a password. */
    readonly oidc: OidcConfig | undefined;
  };
  /** `real`: both servers are given; `embedded`: neither. */
  readonly telephony:
    | { readonly mode: 'real'; readonly drachtio: Address; readonly freeswitch: Address }
    | { readonly mode: 'embedded' };
  readonly drachtioSecret: string;
  readonly freeswitchSecret: string;
  readonly freeswitchProfile: string;
  readonly eventSocketListen: Address;
  readonly eventSocketAdvertise: Address | undefined;
  readonly audioTapPort: number;
  readonly warmEndpointCount: number;
  readonly sip: {
    readonly host: string;
    readonly port: number;
    readonly advertisedHost: string | undefined;
    readonly rtpPortMin: number;
    readonly rtpPortMax: number;
  };
  readonly audioRoot: string;
  readonly mediaAudioRoot: string;
  readonly recordingsRoot: string;
  /** The same folder as the media server sees it. */
  readonly mediaRecordingsRoot: string;
  readonly recordingsMaxBytes: number;
  readonly realm: string;
  readonly digestAlgorithms: readonly ('MD5' | 'SHA-256')[];
  readonly admission: AdmissionLimits;
  /** 0: never. */
  readonly callCheckIntervalMs: number;
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    readonly maskNumbers: boolean;
  };
  readonly shutdownMaxMs: number;
  /** Variables that begin with TURNKEEPER_ and mean nothing; worth a warning, since one may be misspelt. */
  readonly unknownVariables: readonly string[];
}

/** Variables and their values, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the settings file: lines of `VARIABLE=value`; the environment wins. Default: no file. */
export const SETTINGS_FILE_VARIABLE = 'TURNKEEPER_SETTINGS_FILE';

const PREFIX = 'TURNKEEPER_';
const FILE_BYTES_MAX = 65_536;
const LEGS_MIN = 2;

/** The environment of the process. Nothing else reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Reads the settings file and the environment.
 * @param baseDirectory relative paths start here.
 * @throws AppError CONFIG_INVALID with one fault per wrong variable: its name, the value (never a secret),
 * what is allowed.
 */
export function readConfig(environment: Environment, baseDirectory: string): Config {
  const faults: Fault[] = [];
  const given = { ...settingsFile(environment, baseDirectory, faults), ...defined(environment) };
  const read = new SettingReader(given, baseDirectory, faults);
  const config = assemble(read, baseDirectory);
  checkTogether(config, read, faults);
  if (faults.length > 0) {
    const words = faults.map(({ path, message, value }) =>
      value === undefined ? `${path} ${message}` : `${path}=${JSON.stringify(value)} ${message}`,
    );
    throw new AppError('CONFIG_INVALID', words.join('; '), { faults });
  }
  return deepFreeze(config);
}

/** `CRM_SECRET@crm.example,PHONE_PASSWORD` as a map from names to hosts. */
function secretVariables(text: string | undefined): Config['secretVariables'] {
  if (text === undefined) return undefined;
  const entries = text.split(',').map((entry) => {
    const [name = '', ...hosts] = entry.trim().split('@');
    return [name, hosts.map((host) => host.toLowerCase())] as const;
  });
  return new Map(entries);
}

function assemble(read: SettingReader, baseDirectory: string): Config {
  const drachtio = read.address('drachtio');
  const freeswitch = read.address('freeswitch');
  const real = drachtio !== undefined && freeswitch !== undefined;
  const base = real ? REAL_SERVER_ADMISSION : EMBEDDED_ADMISSION;
  const path = (name: SettingName): string => resolve(baseDirectory, read.required(name));
  const audioRoot = path('audioRoot');
  const dataDirectory = path('dataDirectory');
  const recordings = read.text('recordingsRoot');
  const recordingsRoot = recordings ? resolve(baseDirectory, recordings) : `${dataDirectory}/recordings`;
  return {
    dataDirectory,
    documentPath: path('document'),
    flowsDirectory: path('flows'),
    secretKey: read.text('secretKey'),
    secretKeyPrevious: read.text('secretKeyPrevious'),
    secretVariables: secretVariables(read.text('secretVariables')),
    http: {
      host: read.required('httpHost'),
      port: read.integer('httpPort', 0),
      trustedProxies: read.text('httpTrustedProxies')?.split(',') ?? [],
      secureCookies: read.flag('httpSecureCookies'),
      publicMetrics: read.flag('httpPublicMetrics'),
      requestsPerMinuteMax: read.integer('httpRequestsPerMinuteMax', 0),
      callbacksPerNumberPerHourMax: read.integer('callbacksPerNumberPerHourMax', 0),
      oidc: oidcConfig(read),
    },
    telephony: real ? { mode: 'real', drachtio, freeswitch } : { mode: 'embedded' },
    drachtioSecret: read.required('drachtioSecret'),
    freeswitchSecret: read.required('freeswitchSecret'),
    freeswitchProfile: read.required('freeswitchProfile'),
    eventSocketListen: read.address('eventSocketListen') ?? { host: '127.0.0.1', port: 0 },
    eventSocketAdvertise: read.address('eventSocketAdvertise'),
    audioTapPort: read.integer('audioTapPort', 0),
    warmEndpointCount: read.integer('warmEndpointCount', 0),
    sip: {
      host: read.required('sipHost'),
      port: read.integer('sipPort', 0),
      advertisedHost: read.text('sipAdvertisedHost'),
      rtpPortMin: read.integer('rtpPortMin', 0),
      rtpPortMax: read.integer('rtpPortMax', 0),
    },
    audioRoot,
    mediaAudioRoot: read.text('mediaAudioRoot') ?? audioRoot,
    recordingsRoot,
    mediaRecordingsRoot: read.text('mediaRecordingsRoot') ?? recordingsRoot,
    recordingsMaxBytes: read.integer('recordingsMaxMib', 0) * 1024 * 1024,
    realm: read.required('realm'),
    digestAlgorithms: read.flag('digestSha256') ? ['MD5', 'SHA-256'] : ['MD5'],
    admission: {
      callsMax: read.integer('callsMax', base.callsMax),
      outboundReserve: read.integer('outboundReserve', base.outboundReserve),
      dialoguesPerSecMax: read.integer('dialoguesPerSecMax', base.dialoguesPerSecMax),
      dialogueBurstMax: read.integer('dialogueBurstMax', base.dialogueBurstMax),
      outboundAttemptsMax: read.integer('outboundAttemptsMax', base.outboundAttemptsMax),
      lagMaxMs: read.integer('lagMaxMs', base.lagMaxMs),
    },
    callCheckIntervalMs: read.integer('callCheckSec', 0) * 1000,
    log: {
      level: read.required('logLevel') as Config['log']['level'],
      maskNumbers: read.flag('logMaskNumbers'),
    },
    shutdownMaxMs: read.integer('shutdownMaxMs', 0),
    unknownVariables: read.unknownVariables(),
  };
}

/** What no single variable can show. */
function checkTogether(config: Config, read: SettingReader, faults: Fault[]): void {
  const { sip, admission } = config;
  const refuse = (name: SettingName, message: string, value?: unknown): void => {
    faults.push({ path: settings[name].variable, message, ...(value === undefined ? {} : { value }) });
  };
  const hasDrachtio = read.text('drachtio') !== undefined;
  if (hasDrachtio !== (read.text('freeswitch') !== undefined)) {
    const missing = hasDrachtio ? 'freeswitch' : 'drachtio';
    refuse(
      missing,
      'is not set: give the addresses of both real servers, or of neither for the embedded ones',
    );
  }
  for (const name of ['oidcClientId', 'oidcPublicUrl', 'oidcRoleMap'] as const) {
    if (config.http.oidc && read.text(name) === undefined) {
      refuse(name, 'must be set where TURNKEEPER_OIDC_ISSUER is');
    }
  }
  if (sip.rtpPortMin % 2 !== 0) refuse('rtpPortMin', 'must be even', sip.rtpPortMin);
  if (sip.rtpPortMax < sip.rtpPortMin + LEGS_MIN * 2 - 1) {
    refuse(
      'rtpPortMax',
      `must be at least ${LEGS_MIN * 2 - 1} above RTP_PORT_MIN (${sip.rtpPortMin})`,
      sip.rtpPortMax,
    );
  }
  if (config.telephony.mode === 'embedded' && sip.host === '0.0.0.0' && sip.advertisedHost === undefined) {
    const message = 'must be set when TURNKEEPER_SIP_HOST is 0.0.0.0: phones are told this address';
    refuse('sipAdvertisedHost', message);
  }
  if (admission.outboundReserve >= admission.callsMax) {
    const message = `must be below the calls at the same time (${admission.callsMax})`;
    refuse('outboundReserve', message, admission.outboundReserve);
  }
}

/** Reads one setting after the other; a wrong one is noted and reads as its default. */
class SettingReader {
  readonly #given: Environment;
  readonly #baseDirectory: string;
  readonly #faults: Fault[];
  readonly #texts = new Map<SettingName, string | undefined>();

  constructor(given: Environment, baseDirectory: string, faults: Fault[]) {
    this.#given = given;
    this.#baseDirectory = baseDirectory;
    this.#faults = faults;
  }

  /** The checked text, the default, or undefined where there is none. */
  text(name: SettingName): string | undefined {
    if (!this.#texts.has(name)) this.#texts.set(name, this.#read(settings[name]));
    return this.#texts.get(name);
  }

  required(name: SettingName): string {
    return this.text(name) ?? '';
  }

  integer(name: SettingName, fallback: number): number {
    const text = this.text(name);
    return text === undefined ? fallback : Number(text);
  }

  flag(name: SettingName): boolean {
    return this.text(name) === 'true';
  }

  address(name: SettingName): Address | undefined {
    return parseAddress(this.text(name) ?? '');
  }

  unknownVariables(): string[] {
    const known = new Set<string>([SETTINGS_FILE_VARIABLE]);
    for (const setting of Object.values<Setting>(settings)) {
      known.add(setting.variable);
      if (setting.secret) known.add(`${setting.variable}_FILE`);
    }
    return Object.keys(this.#given).filter((name) => name.startsWith(PREFIX) && !known.has(name));
  }

  #read(setting: Setting): string | undefined {
    const text = this.#given[setting.variable] ?? this.#secretFile(setting);
    // An empty variable is what `${X:-}` in a compose file gives: not set.
    if (text === undefined || text === '') return setting.fallback;
    if (fits(setting, text)) return text;
    const message = `must be ${allowedFor(setting.value)}`;
    const value = setting.secret ? {} : { value: text.slice(0, 100) };
    this.#faults.push({ path: setting.variable, message, ...value });
    return setting.fallback;
  }

  #secretFile(setting: Setting): string | undefined {
    if (!setting.secret) return undefined;
    const variable = `${setting.variable}_FILE`;
    const path = this.#given[variable];
    if (path === undefined || path === '') return undefined;
    try {
      return readFileSync(resolve(this.#baseDirectory, path), 'utf8').slice(0, FILE_BYTES_MAX).trim();
    } catch (error) {
      this.#faults.push({ path: variable, message: `cannot be read: ${messageOf(error)}`, value: path });
      return undefined;
    }
  }
}

function fits(setting: Setting, text: string): boolean {
  const { value } = setting;
  switch (value.kind) {
    case 'text':
      return value.pattern?.test(text) ?? true;
    case 'integer':
      return /^\d{1,9}$/.test(text) && Number(text) >= value.min && Number(text) <= value.max;
    case 'flag':
      return text === 'true' || text === 'false';
    case 'choice':
      return value.choices.includes(text);
    case 'address':
      return parseAddress(text) !== undefined;
    default:
      return value satisfies never;
  }
}

function parseAddress(text: string): Address | undefined {
  const [, host, port] = /^([A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

function settingsFile(
  environment: Environment,
  baseDirectory: string,
  faults: Fault[],
): Record<string, string> {
  const path = environment[SETTINGS_FILE_VARIABLE];
  if (path === undefined || path === '') return {};
  const found: Record<string, string> = {};
  try {
    const full = resolve(baseDirectory, path);
    const lines = readFileSync(full, 'utf8').slice(0, FILE_BYTES_MAX).split(/\r?\n/);
    lines.forEach((line, index) => {
      const text = line.trim();
      if (text === '' || text.startsWith('#')) return;
      const [, name, value = ''] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(text) ?? [];
      if (name === undefined) {
        // The line may hold a secret with a slip in its name: it is not shown.
        const message = `line ${index + 1} must read VARIABLE=value`;
        faults.push({ path: SETTINGS_FILE_VARIABLE, message, value: path, line: index + 1 });
      } else found[name] = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
    });
  } catch (error) {
    faults.push({
      path: SETTINGS_FILE_VARIABLE,
      message: `cannot be read: ${messageOf(error)}`,
      value: path,
    });
  }
  return found;
}

function defined(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0].startsWith(PREFIX),
  );
  return Object.fromEntries(entries);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
