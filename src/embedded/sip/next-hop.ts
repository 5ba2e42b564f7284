import { Resolver } from 'node:dns/promises';
import type { SrvRecord } from 'node:dns';
import { isIPv4 } from 'node:net';
import { AppError } from '../../kernel/errors.ts';
import type { SipProtocol, SipTarget } from './sip-flow.ts';
import { parseSipUri } from './sip-uri.ts';

/** Name lookups; the system's resolver unless a test gives another. */
export interface NameLookup {
  resolve4(name: string): Promise<string[]>;
  resolveSrv(name: string): Promise<SrvRecord[]>;
}

/** Tries of one name server question, and how long each waits. */
const LOOKUP_TRIES = 2;
const LOOKUP_TIMEOUT_MS = 2_000;

/** The port of SIP over UDP and TCP (RFC 3261 §19.1.2). */
export const DEFAULT_SIP_PORT = 5060;

/**
 * Where a SIP URI leads when its host is a numeric IPv4 address (RFC 3263 §4.1, §4.2): `transport=` decides
 * UDP or TCP, UDP without it. `maddr` is honoured (RFC 3261 §19.1.1). Undefined for a name, and for what we
 * do not speak.
 */
export function numericTargetOf(uri: string): SipTarget | undefined {
  const parsed = parseSipUri(uri);
  if (parsed === undefined || parsed.scheme !== 'sip') return undefined;
  const protocol = protocolOf(parsed.params.get('transport'));
  const host = parsed.params.get('maddr') ?? parsed.host;
  if (protocol === undefined || !isIPv4(host) || parsed.port === 0) return undefined;
  return { protocol, address: host, port: parsed.port ?? DEFAULT_SIP_PORT };
}

/**
 * Where a SIP URI leads (RFC 3263 §4): SRV names when neither port nor address is given, A records otherwise.
 * The first answer counts; trying the others after a failure is the caller's affair.
 * @throws AppError SIP_TARGET_UNREACHABLE when the URI is none we speak, or the name leads nowhere.
 */
export async function resolveTarget(uri: string, lookup: NameLookup = systemLookup()): Promise<SipTarget> {
  const numeric = numericTargetOf(uri);
  if (numeric !== undefined) return numeric;
  const parsed = parseSipUri(uri);
  const given = parsed?.params.get('transport');
  const protocol = protocolOf(given);
  if (
    parsed === undefined ||
    parsed.scheme !== 'sip' ||
    protocol === undefined ||
    parsed.host.startsWith('[')
  ) {
    throw new AppError('SIP_TARGET_UNREACHABLE', `no way to send to ${uri}`);
  }
  const host = parsed.params.get('maddr') ?? parsed.host;
  if (isIPv4(host)) throw new AppError('SIP_TARGET_UNREACHABLE', `no port to send to in ${uri}`);
  if (parsed.port === undefined) {
    const protocols: SipProtocol[] = given === undefined ? ['udp', 'tcp'] : [protocol];
    for (const candidate of protocols) {
      const target = await targetBySrv(host, candidate, lookup);
      if (target !== undefined) return target;
    }
  }
  const address = await addressOf(host, lookup);
  if (address === undefined) {
    throw new AppError('SIP_TARGET_UNREACHABLE', `${host} has no address`, { retryable: true });
  }
  return { protocol, address, port: parsed.port ?? DEFAULT_SIP_PORT };
}

async function targetBySrv(
  host: string,
  protocol: SipProtocol,
  lookup: NameLookup,
): Promise<SipTarget | undefined> {
  const records = await lookup.resolveSrv(`_sip._${protocol}.${host}`).catch(() => []);
  // RFC 2782: lowest priority first; among equals the heavier ones.
  const ordered = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  for (const record of ordered) {
    const address = await addressOf(record.name, lookup);
    if (address !== undefined) return { protocol, address, port: record.port };
  }
  return undefined;
}

async function addressOf(host: string, lookup: NameLookup): Promise<string | undefined> {
  if (host.toLowerCase() === 'localhost') return '127.0.0.1';
  const addresses = await lookup.resolve4(host).catch(() => []);
  return addresses[0];
}

function protocolOf(transport: string | undefined): SipProtocol | undefined {
  const wanted = (transport ?? 'udp').toLowerCase();
  return wanted === 'udp' || wanted === 'tcp' ? wanted : undefined;
}

function systemLookup(): NameLookup {
  return new Resolver({ timeout: LOOKUP_TIMEOUT_MS, tries: LOOKUP_TRIES });
}
