import type { TransferTarget } from './leg.ts';
import { numberOfUser, readNameAddress, readSipUri } from './sip-uri-reader.ts';

/** A dialog as a Replaces header names it, seen from the side that receives the header (RFC 3891 §3). */
export interface ReplacedDialog {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
}

/** What a REFER asks for, or the status it is refused with. */
export type ReferRequest =
  | {
      readonly kind: 'refer';
      readonly target: TransferTarget;
      readonly replaces?: ReplacedDialog;
      /** False: the phone wants no NOTIFY (RFC 4488 §4). */
      readonly subscribes: boolean;
    }
  | { readonly kind: 'refused'; readonly sipStatus: 400 | 416 };

/** Longest Call-ID and tag that are looked at. */
const DIALOG_NAME_LENGTH_MAX = 256;

/** Reads the headers of a REFER; `get` gives a header's value (RFC 3515 §2.1, RFC 3891 §3). Pure. */
export function readRefer(get: (header: string) => string | undefined): ReferRequest {
  // RFC 3515 §2.4.1: exactly one Refer-To.
  const entry = readNameAddress(get('Refer-To') ?? '');
  if (!entry) return { kind: 'refused', sipStatus: 400 };
  const question = entry.uri.indexOf('?');
  const uri = question < 0 ? entry.uri : entry.uri.slice(0, question);
  if (/,/.test(get('Refer-To')?.replace(/"[^"]*"|<[^>]*>/g, '') ?? '')) {
    return { kind: 'refused', sipStatus: 400 };
  }
  const parts = readSipUri(uri);
  // RFC 3261 §21.4.14: a scheme that we cannot call.
  if (!parts) return { kind: 'refused', sipStatus: 416 };
  const replaces = question < 0 ? undefined : headerOfUri(entry.uri.slice(question + 1), 'replaces');
  const replaced = replaces === undefined ? undefined : readReplaces(replaces);
  if (replaces !== undefined && !replaced) return { kind: 'refused', sipStatus: 400 };
  const number = numberOfUser(parts.user);
  return {
    kind: 'refer',
    target: { uri: uri.split(';', 1)[0] ?? uri, ...(number !== undefined && { number }) },
    ...(replaced && { replaces: replaced }),
    subscribes: !/^\s*false\b/i.test(get('Refer-Sub') ?? ''),
  };
}

/** The value of one header in a URI's `?name=value&…` (RFC 3261 §19.1.1), unescaped. */
function headerOfUri(text: string, name: string): string | undefined {
  for (const part of text.split('&')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).toLowerCase() !== name) continue;
    try {
      return decodeURIComponent(part.slice(equals + 1));
    } catch {
      return '';
    }
  }
  return undefined;
}

function readReplaces(text: string): ReplacedDialog | undefined {
  const [callId = '', ...params] = text.split(';').map((part) => part.trim());
  const tag = (name: string): string =>
    params.find((param) => param.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  const dialog = { callId, toTag: tag('to-tag'), fromTag: tag('from-tag') };
  const isReadable = Object.values(dialog).every(
    (value) => value !== '' && value.length <= DIALOG_NAME_LENGTH_MAX,
  );
  return isReadable ? dialog : undefined;
}
