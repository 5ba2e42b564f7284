import type { Fault } from '../kernel/errors.ts';
import type { SectionName } from './document.ts';
import { dottedPath, faultAt } from './schema-faults.ts';
import type { YamlDocument } from './yaml-document.ts';

/**
 * Entries as written, whether or not their schema took them; only their names and references are read here.
 */
export type RawSections = Readonly<Record<SectionName, readonly Readonly<Record<string, unknown>>[]>>;

/**
 * What one entry's schema cannot see: names used twice, references to what is not there, trunks that fit
 * nobody; queues have checks of their own. Reads raw entries, so that a fault in one entry does not hide
 * another elsewhere.
 */
export function crossCheck(
  document: YamlDocument,
  raw: RawSections,
  knownFlows: ReadonlySet<string> | undefined,
): Fault[] {
  return [
    ...duplicates(document, raw, 'queues', 'name'),
    ...duplicates(document, raw, 'agents', 'id'),
    ...duplicates(document, raw, 'agents', 'sipUser'),
    ...duplicates(document, raw, 'dids', 'number', (number) => number.replace(/^\+/, '')),
    ...duplicates(document, raw, 'trunks', 'name'),
    ...duplicates(document, raw, 'businessHours', 'name'),
    ...duplicates(document, raw, 'capacityRules', 'name'),
    ...duplicates(document, raw, 'numberRules', 'name'),
    ...duplicates(document, raw, 'captcha', 'name'),
    ...duplicates(document, raw, 'captcha', 'siteKey'),
    ...duplicates(document, raw, 'callInGroups', 'name'),
    ...duplicates(document, raw, 'pushCredentials', 'name'),
    ...duplicates(document, raw, 'webhooks', 'name'),
    ...references(document, raw, 'dids', 'queue', 'queues'),
    ...references(document, raw, 'callInGroups', 'queue', 'queues'),
    ...references(document, raw, 'webhooks', 'queues', 'queues'),
    ...flowReferences(document, raw, 'dids', knownFlows),
    ...flowReferences(document, raw, 'callInGroups', knownFlows),
    ...poolFaults(document, raw),
    ...trunkFaults(document, raw),
  ];
}

function duplicates(
  document: YamlDocument,
  raw: RawSections,
  section: SectionName,
  field: string,
  normal: (text: string) => string = (text) => text,
): Fault[] {
  const first = new Map<string, number>();
  return raw[section].flatMap((entry, index) => {
    const value = entry[field];
    if (typeof value !== 'string') return [];
    const before = first.get(normal(value));
    if (before === undefined) {
      first.set(normal(value), index);
      return [];
    }
    const path = dottedPath([section, before, field]);
    return [
      faultAt(document, [section, index, field], `is used already at ${path}; it must be unique`, value),
    ];
  });
}

/** Of a field that holds a name, or a list of names. */
function references(
  document: YamlDocument,
  raw: RawSections,
  section: SectionName,
  field: string,
  target: SectionName,
): Fault[] {
  const names = new Set(raw[target].map((entry) => entry['name']));
  return raw[section].flatMap((entry, index) => {
    const value = entry[field];
    const wanted: readonly unknown[] = Array.isArray(value) ? value : [value];
    return wanted.flatMap((name, at) => {
      if (typeof name !== 'string' || names.has(name)) return [];
      const message = `is not in ${target}; there ${listed([...names])}`;
      const path = [section, index, field, ...(Array.isArray(value) ? [at] : [])];
      return [faultAt(document, path, message, name)];
    });
  });
}

function flowReferences(
  document: YamlDocument,
  raw: RawSections,
  section: 'dids' | 'callInGroups',
  knownFlows: ReadonlySet<string> | undefined,
): Fault[] {
  if (!knownFlows) return [];
  return raw[section].flatMap((entry, index) => {
    const value = entry['flow'];
    if (typeof value !== 'string' || knownFlows.has(value)) return [];
    const message = `is not a flow in flows/; there ${listed([...knownFlows])}`;
    return [faultAt(document, [section, index, 'flow'], message, value)];
  });
}

/** A number dialled leads to one place: one group's pool, or a DID. */
function poolFaults(document: YamlDocument, raw: RawSections): Fault[] {
  const owner = new Map<string, string>();
  raw.dids.forEach(({ number }, index) => {
    if (typeof number === 'string') owner.set(number.replace(/^\+/, ''), `dids[${index}]`);
  });
  return raw.callInGroups.flatMap(({ numbers }, index) =>
    (Array.isArray(numbers) ? (numbers as unknown[]) : []).flatMap((entry, at) => {
      const number = typeof entry === 'string' ? entry : (entry as { number?: unknown } | null)?.number;
      if (typeof number !== 'string') return [];
      const digits = number.replace(/^\+/, '');
      const before = owner.get(digits);
      const place = `callInGroups[${index}].numbers[${at}]`;
      if (before === undefined) {
        owner.set(digits, place);
        return [];
      }
      return [faultAt(document, ['callInGroups', index, 'numbers', at], `is in ${before} already`, number)];
    }),
  );
}

function trunkFaults(document: YamlDocument, raw: RawSections): Fault[] {
  const owner = new Map<string, number>();
  return raw.trunks.flatMap((entry, index) => {
    const faults: Fault[] = [];
    const path = (field: string): readonly (string | number)[] => ['trunks', index, field];
    if (entry['username'] !== undefined && entry['password'] === undefined) {
      faults.push(faultAt(document, path('username'), 'needs a password beside it'));
    }
    if (entry['password'] !== undefined && entry['username'] === undefined) {
      faults.push(faultAt(document, path('password'), 'needs a username beside it'));
    }
    const addresses = Array.isArray(entry['addresses']) ? (entry['addresses'] as unknown[]) : [];
    if (addresses.length === 0 && entry['username'] === undefined && entry['outboundHost'] === undefined) {
      const message = 'has no addresses, no username and no outboundHost: no call can come or go';
      faults.push(faultAt(document, ['trunks', index], message));
    }
    addresses.forEach((address, at) => {
      if (typeof address === 'string') faults.push(...addressFaults(document, owner, address, index, at));
    });
    return faults;
  });
}

function addressFaults(
  document: YamlDocument,
  owner: Map<string, number>,
  address: string,
  index: number,
  at: number,
): Fault[] {
  const path = ['trunks', index, 'addresses', at];
  const [, host = '', port] = /^([^/:]*)(?:\/\d+)?(?::(\d+))?$/.exec(address) ?? [];
  const faults: Fault[] = [];
  if (host.split('.').some((octet) => Number(octet) > 255)) {
    faults.push(faultAt(document, path, `${address}: each part of an IPv4 address is at most 255`));
  }
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    faults.push(faultAt(document, path, `${address}: a port is 1–65535`));
  }
  const before = owner.get(address);
  if (before === undefined) owner.set(address, index);
  else if (before !== index) {
    const message = `${address} belongs to trunks[${before}] already; a call from it would have two trunks`;
    faults.push(faultAt(document, path, message));
  }
  return faults;
}

/** A list of names for a message, cut where it gets long. */
export function listed(names: readonly unknown[]): string {
  const texts = names.filter((name): name is string => typeof name === 'string');
  if (texts.length === 0) return 'is none';
  const shown = texts.slice(0, 10).join(', ');
  return texts.length > 10 ? `are ${shown} and ${texts.length - 10} more` : `are ${shown}`;
}
