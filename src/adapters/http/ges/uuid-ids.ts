import { ID_ALPHABET } from '../../../kernel/ids.ts';
import type { Server } from '../http-dependencies.ts';

/** Under this the same API is found with ids that are UUIDs: `/uuid/engagement/v3`. */
const PREFIX = /^\/uuid(?=\/engagement\/v3(?:[/?]|$))/;
/** Kinds that this API tells, by the digit that stands for each. */
const KINDS = ['callback', 'corr', 'callin'] as const;
const OWN_ID = new RegExp(`^(${KINDS.join('|')})_([${ID_ALPHABET}]{20})$`);
/** 100 bits of an id, twenty characters of base 32, are 25 hexadecimal digits. */
const DIGIT_COUNT = 25;
/** Ends every UUID that is an id of ours. */
const MARK = '7e11';
const OWN_UUID = new RegExp(
  `^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{7})([0-${KINDS.length - 1}])${MARK}$`,
);

/**
 * An id of this API as a UUID of version 8 (RFC 9562 §5.8), for clients that take no other text; it sorts as
 * the id does. Anything else stays as it is.
 */
export function uuidOf(id: string): string {
  const [, kind, characters] = OWN_ID.exec(id) ?? [];
  if (kind === undefined || characters === undefined) return id;
  let bits = 0n;
  for (const character of characters) bits = bits * 32n + BigInt(ID_ALPHABET.indexOf(character));
  const digits = bits.toString(16).padStart(DIGIT_COUNT, '0');
  const [high, middle, low] = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 15)];
  const kindDigit = KINDS.findIndex((one) => one === kind);
  return `${high}-${middle}-8${low}-8${digits.slice(15, 18)}-${digits.slice(18)}${kindDigit}${MARK}`;
}

/** The id that such a UUID is; anything else stays as it is. */
export function idOf(text: string): string {
  const [, ...parts] = OWN_UUID.exec(text.toLowerCase()) ?? [];
  const kind = KINDS[Number(parts.at(-1))];
  if (kind === undefined) return text;
  let bits = BigInt(`0x${parts.slice(0, -1).join('')}`);
  let characters = '';
  for (let count = 0; count < 20; count++, bits /= 32n)
    characters = ID_ALPHABET[Number(bits % 32n)] + characters;
  return `${kind}_${characters}`;
}

/** The address without the prefix. */
export function withoutUuidPrefix(url: string): string {
  return url.replace(PREFIX, '');
}

/**
 * Ids of requests may be UUIDs, those of answers are where the address begins with `/uuid`; to be called
 * before routes are added.
 */
export function speakUuids(server: Server): void {
  server.addHook('preValidation', (request, _reply, done) => {
    for (const part of [request.params, request.query, request.body]) takeIds(part);
    done();
  });
  server.addHook('onSend', (request, _reply, payload, done) => {
    const isWanted =
      PREFIX.test(request.originalUrl) && typeof payload === 'string' && payload.startsWith('{');
    done(null, isWanted ? JSON.stringify(told(JSON.parse(payload))) : payload);
  });
}

/** Changes the fields in place: ids, and lists of them. Not what lies deeper: customers' own data. */
function takeIds(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  const fields = part as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') fields[name] = idOf(value);
    else if (Array.isArray(value))
      fields[name] = value.map((one) => (typeof one === 'string' ? idOf(one) : one));
  }
}

function told(value: unknown): unknown {
  if (typeof value === 'string') return uuidOf(value);
  if (Array.isArray(value)) return value.map(told);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, told(one)]));
}
