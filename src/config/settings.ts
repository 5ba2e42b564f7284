import { httpSettings } from './http-settings.ts';
import { oidcSettings } from './oidc-settings.ts';

/** How the text of a setting is read. */
export type SettingKind =
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly allowed: string }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'flag' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** `host:port`. */
  | { readonly kind: 'address' };

/**
 * One setting: its variable, how it is read, its default and what it is for. The table of
 * docs/configuration.md.
 */
export interface Setting {
  readonly variable: string;
  readonly value: SettingKind;
  /** As it would be written in the environment; undefined: not set. */
  readonly fallback?: string;
  /** Never shown; may also be given as `<variable>_FILE`, the path of a file that holds it. */
  readonly secret?: boolean;
  readonly meaning: string;
}

const PATH: SettingKind = { kind: 'text', pattern: /^[^\0]{1,1024}$/, allowed: 'a path' };
const IPV4: SettingKind = {
  kind: 'text',
  pattern: /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/,
  allowed: 'an IPv4 address',
};
const SECRET: SettingKind = { kind: 'text', pattern: /^[^\0\r\n]{1,512}$/, allowed: '1–512 characters' };
/** A variable and the hosts that its value is for. */
const VARIABLE = '[A-Z_][A-Z0-9_]{0,127}(?:@[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)*';
const port = (min: number): SettingKind => ({ kind: 'integer', min, max: 65_535 });
const count = (min: number, max: number): SettingKind => ({ kind: 'integer', min, max });

/** Every setting there is. */
export const settings = {
  dataDirectory: {
    variable: 'TURNKEEPER_DATA',
    value: PATH,
    fallback: '.turnkeeper',
    meaning: 'Data directory: database, secret key, tokens. Made with mode 0700 when it is not there.',
  },
  document: {
    variable: 'TURNKEEPER_DOCUMENT',
    value: PATH,
    fallback: 'demo/demo.yaml',
    meaning: 'Configuration document applied at a start with an empty database.',
  },
  flows: {
    variable: 'TURNKEEPER_FLOWS',
    value: PATH,
    fallback: 'flows',
    meaning: 'Folder of the dialogue flows and prompt catalogues.',
  },
  secretKey: {
    variable: 'TURNKEEPER_SECRET_KEY',
    value: SECRET,
    secret: true,
    meaning:
      'Key that seals secrets: 32 bytes as hex or base64. Not set: `secret.key` in the data directory.',
  },
  secretKeyPrevious: {
    variable: 'TURNKEEPER_SECRET_KEY_PREVIOUS',
    value: SECRET,
    secret: true,
    meaning:
      'The key before it was changed, for one start: what it sealed is sealed under the new key, and it is needed no more.',
  },
  secretVariables: {
    variable: 'TURNKEEPER_CONFIGURATION_VARIABLES',
    value: {
      kind: 'text',
      pattern: new RegExp(`^${VARIABLE}(?:, *${VARIABLE}){0,199}$`),
      allowed: 'names separated by commas, each with the hosts that it is for: `CRM_SECRET@crm.example`',
    },
    meaning:
      'Variables that a configuration document may name as `{ env: NAME }`, each beside addresses of these hosts only, or, without a host, beside any. Not set: every variable but `TURNKEEPER_…`, beside any address.',
  },
  ...httpSettings,
  ...oidcSettings,
  drachtio: {
    variable: 'TURNKEEPER_DRACHTIO',
    value: { kind: 'address' },
    meaning: 'Control address of a real drachtio-server. Not set: the embedded SIP server is started.',
  },
  drachtioSecret: {
    variable: 'TURNKEEPER_DRACHTIO_SECRET',
    value: SECRET,
    fallback: 'cymru',
    secret: true,
    meaning: 'Secret of the control connection to a real drachtio-server.',
  },
  freeswitch: {
    variable: 'TURNKEEPER_FREESWITCH',
    value: { kind: 'address' },
    meaning: 'Event socket address of a real FreeSWITCH. Not set: the embedded media server is started.',
  },
  freeswitchSecret: {
    variable: 'TURNKEEPER_FREESWITCH_SECRET',
    value: SECRET,
    fallback: 'ClueCon',
    secret: true,
    meaning: 'Password of the event socket of a real FreeSWITCH.',
  },
  freeswitchProfile: {
    variable: 'TURNKEEPER_FREESWITCH_PROFILE',
    value: { kind: 'text', pattern: /^[A-Za-z0-9_.-]{1,64}$/, allowed: 'a profile name' },
    fallback: 'drachtio_mrf',
    meaning: 'SIP profile of FreeSWITCH that gives media endpoints.',
  },
  eventSocketListen: {
    variable: 'TURNKEEPER_ESL_LISTEN',
    value: { kind: 'address' },
    fallback: '127.0.0.1:0',
    meaning: 'Where the media server connects back to; port 0 takes a free one.',
  },
  eventSocketAdvertise: {
    variable: 'TURNKEEPER_ESL_ADVERTISE',
    value: { kind: 'address' },
    meaning: 'What the media server is told instead, behind a port mapping.',
  },
  audioTapPort: {
    variable: 'TURNKEEPER_AUDIO_TAP_PORT',
    value: count(0, 65_535),
    fallback: '0',
    meaning:
      'Where the media server streams tapped audio to, on the address of TURNKEEPER_ESL_LISTEN; 0 takes a free port.',
  },
  warmEndpointCount: {
    variable: 'TURNKEEPER_WARM_ENDPOINTS',
    value: count(0, 100),
    fallback: '4',
    meaning: 'Media endpoints kept ready for outbound calls.',
  },
  sipHost: {
    variable: 'TURNKEEPER_SIP_HOST',
    value: IPV4,
    fallback: '127.0.0.1',
    meaning:
      'Address of the embedded SIP server and of its media. The default is reached from this machine only; for phones on the network set the address of this machine there.',
  },
  sipPort: {
    variable: 'TURNKEEPER_SIP_PORT',
    value: port(0),
    fallback: '5060',
    meaning: 'Port of the embedded SIP server, UDP and TCP; 0 takes a free one.',
  },
  sipAdvertisedHost: {
    variable: 'TURNKEEPER_SIP_ADVERTISED_HOST',
    value: IPV4,
    meaning: 'Address told to phones and trunks where the SIP address is `0.0.0.0` or behind a NAT.',
  },
  rtpPortMin: {
    variable: 'TURNKEEPER_RTP_PORT_MIN',
    value: port(1024),
    fallback: '20000',
    meaning: 'First UDP port for media of the embedded media server; even.',
  },
  rtpPortMax: {
    variable: 'TURNKEEPER_RTP_PORT_MAX',
    value: port(1024),
    fallback: '24999',
    meaning: 'Last UDP port for media; two are used per leg.',
  },
  audioRoot: {
    variable: 'TURNKEEPER_AUDIO_ROOT',
    value: PATH,
    fallback: 'flows/audio',
    meaning: 'Folder of prompts and music as this program sees it.',
  },
  mediaAudioRoot: {
    variable: 'TURNKEEPER_MEDIA_AUDIO_ROOT',
    value: PATH,
    meaning: 'The same folder as the media server sees it. Not set: the same path.',
  },
  recordingsRoot: {
    variable: 'TURNKEEPER_RECORDINGS',
    value: PATH,
    meaning: 'Folder of recordings as this program sees it. Not set: `recordings` in the data directory.',
  },
  mediaRecordingsRoot: {
    variable: 'TURNKEEPER_MEDIA_RECORDINGS',
    value: PATH,
    meaning:
      'The same folder as the media server sees it, which writes there. Not set: the same path. Both programs must be allowed to read, write and delete in it.',
  },
  recordingsMaxMib: {
    variable: 'TURNKEEPER_RECORDINGS_MAX_MIB',
    value: count(1, 100_000_000),
    fallback: '10240',
    meaning: 'Space for recordings in MiB; once it is used up nothing more is recorded.',
  },
  realm: {
    variable: 'TURNKEEPER_REALM',
    value: {
      kind: 'text',
      pattern: /^[A-Za-z0-9._-]{1,64}$/,
      allowed: 'a name of 1–64 letters, digits, ".", "_", "-"',
    },
    fallback: 'turnkeeper',
    meaning: 'Realm of digest authentication; phones show it when they ask for a password.',
  },
  digestSha256: {
    variable: 'TURNKEEPER_DIGEST_SHA256',
    value: { kind: 'flag' },
    fallback: 'false',
    meaning: 'Offer SHA-256 beside MD5 in digest challenges. Some phones cannot register then.',
  },
  callsMax: {
    variable: 'TURNKEEPER_CALLS_MAX',
    value: count(1, 100_000),
    meaning: 'Calls in progress, both directions. Default 900.',
  },
  outboundReserve: {
    variable: 'TURNKEEPER_OUTBOUND_RESERVE',
    value: count(0, 100_000),
    meaning: 'Of these, what inbound calls may not take. Default 100.',
  },
  dialoguesPerSecMax: {
    variable: 'TURNKEEPER_DIALOGUES_PER_SEC_MAX',
    value: count(1, 10_000),
    meaning:
      'Inbound calls started per second; beyond it 503 with Retry-After. Default 120 embedded, 45 real.',
  },
  dialogueBurstMax: {
    variable: 'TURNKEEPER_DIALOGUE_BURST_MAX',
    value: count(1, 10_000),
    meaning: 'Inbound calls started at once after a quiet time. Default 60 embedded, 20 real.',
  },
  outboundAttemptsMax: {
    variable: 'TURNKEEPER_OUTBOUND_ATTEMPTS_MAX',
    value: count(1, 10_000),
    meaning: 'Outbound calls not answered yet. Default 200 embedded, 100 real.',
  },
  callCheckSec: {
    variable: 'TURNKEEPER_CALL_CHECK_SEC',
    value: count(0, 3600),
    fallback: '30',
    meaning:
      'Time between two looks whether the far end of a call is still there (by OPTIONS, and by what it sends): a phone that vanishes is missed within two and a half times that. 0: never.',
  },
  lagMaxMs: {
    variable: 'TURNKEEPER_LAG_MAX_MS',
    value: count(10, 10_000),
    meaning:
      'Event-loop lag, or a wait for the disk of a second and more, from which inbound calls are refused. ' +
      'Default 150.',
  },
  logLevel: {
    variable: 'TURNKEEPER_LOG_LEVEL',
    value: { kind: 'choice', choices: ['debug', 'info', 'warn', 'error', 'silent'] },
    fallback: 'info',
    meaning: 'What is logged.',
  },
  logMaskNumbers: {
    variable: 'TURNKEEPER_LOG_MASK_NUMBERS',
    value: { kind: 'flag' },
    fallback: 'true',
    meaning: 'Keep only the last three digits of telephone numbers in logs.',
  },
  shutdownMaxMs: {
    variable: 'TURNKEEPER_SHUTDOWN_MAX_MS',
    value: count(0, 600_000),
    fallback: '10000',
    meaning: 'How long a stop waits for calls in progress before they are ended.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
export type SettingName = keyof typeof settings;

/** What is allowed for a setting, in words. */
export function allowedFor(value: SettingKind): string {
  switch (value.kind) {
    case 'text':
      return value.allowed;
    case 'integer':
      return `a whole number ${value.min}–${value.max}`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return `one of ${value.choices.join(', ')}`;
    case 'address':
      return 'host:port';
    default:
      return value satisfies never;
  }
}

/** The table of docs/configuration.md; the document must contain exactly this (tested). */
export function settingsTable(): string {
  const rows = Object.values<Setting>(settings).map(({ variable, value, fallback, secret, meaning }) => {
    const shownDefault = fallback === undefined ? '–' : `\`${fallback}\``;
    const file = secret ? ` Also as \`${variable}_FILE\`.` : '';
    return `| \`${variable}\` | ${allowedFor(value)} | ${shownDefault} | ${meaning}${file} |`;
  });
  return ['| Variable | Allowed | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}
