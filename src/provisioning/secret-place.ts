import type { SecretInput } from '../telephony/directory.ts';
import type { ConfigurationDocument } from './document.ts';

/**
 * The sections whose entries have a secret: the field that holds it, what it is, and the fields that say
 * which addresses it is used at. An agent's password is only ever compared with what a phone sends.
 */
export const secretPlaces = {
  agents: { field: 'password', kind: 'agent password', key: 'id', addresses: [] },
  trunks: { field: 'password', kind: 'trunk password', key: 'name', addresses: ['outboundHost'] },
  captcha: { field: 'secret', kind: 'CAPTCHA secret', key: 'name', addresses: ['verifyUrl'] },
  pushCredentials: {
    field: 'privateKey',
    kind: 'push private key',
    key: 'name',
    addresses: ['tokenUrl', 'sendUrl'],
  },
  webhooks: { field: 'secret', kind: 'webhook secret', key: 'name', addresses: ['url'] },
} as const;
export type SecretSection = keyof typeof secretPlaces;

const sectionsWithSecrets = Object.keys(secretPlaces) as readonly SecretSection[];
/** RFC 3261 §19.1.2: where a SIP address names no port. */
const SIP_PORT = 5060;
/** RFC 9110 §4.2. */
const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/** A document without the entries that have secrets. */
export const noSecrets = {
  agents: [],
  trunks: [],
  captcha: [],
  pushCredentials: [],
  webhooks: [],
} as const satisfies Record<SecretSection, readonly never[]>;

/** Where a secret is sent, or what is made with it. */
export interface SecretHost {
  readonly scheme: string;
  /** In lower case. */
  readonly host: string;
  readonly port: number;
}

/** Where in a document a secret stands. */
export interface SecretSpot {
  readonly section: SecretSection;
  readonly index: number;
  /** What the entry is named by. */
  readonly name: string;
  /** What a sealed value is bound to, see {@link secretPlaceOf}. */
  readonly place: string;
  /** Of the addresses that the entry names. */
  readonly hosts: readonly SecretHost[];
}

/**
 * What a secret of this entry is bound to while it is sealed: its kind, and the origin (RFC 6454) or host and
 * port of each address that it is used at. Neither the entry's name nor the path of an address: renaming an
 * entry and another path at the same host keep the secret.
 */
export function secretPlaceOf(section: SecretSection, entry: object): string {
  const { kind } = secretPlaces[section];
  const texts = hostsOf(section, entry).map((at) => at && `${at.scheme}://${at.host}:${at.port}`);
  return JSON.stringify([kind, ...texts]);
}

/** The hosts of the addresses, in their order; undefined where the entry names none. */
function hostsOf(section: SecretSection, entry: object): (SecretHost | undefined)[] {
  const given = new Map<string, unknown>(Object.entries(entry));
  return secretPlaces[section].addresses.map((field) => hostOf(given.get(field)));
}

/** The document with every secret replaced by what `change` makes of it. */
export function withSecrets(
  document: ConfigurationDocument,
  change: (secret: SecretInput, spot: SecretSpot) => SecretInput,
): ConfigurationDocument {
  const changed = sectionsWithSecrets.map((section) => {
    const { field, key } = secretPlaces[section];
    const entries = document[section].map((entry, index): object => {
      const given = new Map<string, unknown>(Object.entries(entry));
      const secret = given.get(field) as SecretInput | undefined;
      // A trunk may do without.
      if (secret === undefined) return entry;
      const spot = {
        section,
        index,
        name: String(given.get(key)),
        place: secretPlaceOf(section, entry),
        hosts: hostsOf(section, entry).filter((host) => host !== undefined),
      };
      return { ...entry, [field]: change(secret, spot) };
    });
    return [section, entries] as const;
  });
  return { ...document, ...(Object.fromEntries(changed) as Partial<ConfigurationDocument>) };
}

function hostOf(address: unknown): SecretHost | undefined {
  if (typeof address !== 'string') return undefined;
  if (address.includes('://')) {
    const { protocol, hostname, port } = new URL(address);
    const usual = protocol === 'https:' ? HTTPS_PORT : HTTP_PORT;
    return { scheme: protocol.slice(0, -1), host: hostname, port: port === '' ? usual : Number(port) };
  }
  const [host = '', port = String(SIP_PORT)] = address.toLowerCase().split(':');
  return { scheme: 'sip', host, port: Number(port) };
}
