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

/** A document without the entries that have secrets. */
export const noSecrets = {
  agents: [],
  trunks: [],
  captcha: [],
  pushCredentials: [],
  webhooks: [],
} as const satisfies Record<SecretSection, readonly never[]>;

/** Where in a document a secret stands. */
export interface SecretSpot {
  readonly section: SecretSection;
  readonly index: number;
  /** What the entry is named by. */
  readonly name: string;
  /** What a sealed value is bound to, see {@link secretPlaceOf}. */
  readonly place: string;
}

/**
 * What a secret of this entry is bound to while it is sealed: its kind, and the origin (RFC 6454) or host and
 * port of each address that it is used at. Neither the entry's name nor the path of an address: renaming an
 * entry and another path at the same host keep the secret.
 */
export function secretPlaceOf(section: SecretSection, entry: object): string {
  const { kind, addresses } = secretPlaces[section];
  const given = new Map<string, unknown>(Object.entries(entry));
  return JSON.stringify([kind, ...addresses.map((field) => destinationOf(given.get(field)))]);
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
      const spot = { section, index, name: String(given.get(key)), place: secretPlaceOf(section, entry) };
      return { ...entry, [field]: change(secret, spot) };
    });
    return [section, entries] as const;
  });
  return { ...document, ...(Object.fromEntries(changed) as Partial<ConfigurationDocument>) };
}

/** `https://example.com`, `sip.example.com:5060`; empty: the entry names no address. */
function destinationOf(address: unknown): string {
  if (typeof address !== 'string') return '';
  if (address.includes('://')) return new URL(address).origin;
  const [host = '', port = String(SIP_PORT)] = address.toLowerCase().split(':');
  return `${host}:${Number(port)}`;
}
