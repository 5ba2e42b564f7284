import type { Trunk } from '../../telephony/directory.ts';
import type { Binding } from '../../telephony/registration.ts';
import { readSipUri } from '../../telephony/sip-uri-reader.ts';
import type { DialTarget } from './outbound-call.ts';

/**
 * Where to ring a registered contact. The request names the contact; it is sent to the socket that the
 * REGISTER came from when the contact's address is another one (a NAT lies between) or the phone uses TCP
 * (its connection is the only way back; RFC 5626 §1).
 */
export function contactTarget(binding: Binding): DialTarget {
  const { source, contactUri } = binding;
  const host = readSipUri(contactUri)?.host;
  if (source.transport === 'udp' && host === source.address) return { uri: contactUri };
  const transport = source.transport === 'tcp' ? ';transport=tcp' : '';
  return { uri: contactUri, proxy: `sip:${source.address}:${source.port}${transport}` };
}

/** Where to dial a number through a trunk; undefined when the trunk takes no outbound calls. */
export function trunkTarget(
  trunk: Trunk,
  number: string,
  password: string | undefined,
): DialTarget | undefined {
  if (trunk.outboundHost === undefined) return undefined;
  const transport = trunk.transport === 'tcp' ? ';transport=tcp' : '';
  const uri = `sip:${encodeURIComponent(trunk.dialPrefix + number)
    .replace(/%2B/g, '+')
    .replace(/%2A/g, '*')}@${trunk.outboundHost}${transport}`;
  return {
    uri,
    ...(trunk.username !== undefined &&
      password !== undefined && { auth: { username: trunk.username, password } }),
  };
}
