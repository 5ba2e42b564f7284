import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Callback } from '../../../callback/callback.ts';
import type { Principal } from '../access.ts';
import type { RouteContext } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { FormFile } from './gms-bodies.ts';
import type { IgnoredOption } from './gms-options.ts';
import { RECORDS_KEPT_MS } from './gms-records.ts';
import { invalidBody } from './gms-start.ts';
import { areaLimits, type PutOutcome, type StorageArea, type StoredValue } from './storage-area-store.ts';

const GMS_USER_CHARACTERS_MAX = 255;
const FULL_RETRY_SEC = 60;

/** Who the header `gms_user` says is asking; null: it says nothing. Throws VALIDATION_FAILED. */
export function gmsUserOf({ headers }: FastifyRequest): string | null {
  const { gms_user: told } = headers;
  if (told === undefined || told === '') return null;
  if (typeof told === 'string' && told.length <= GMS_USER_CHARACTERS_MAX) return told;
  throw new HttpError('VALIDATION_FAILED', "the request's headers are not valid", {
    faults: [{ path: 'gms_user', message: `must have at most ${GMS_USER_CHARACTERS_MAX} characters` }],
  });
}

/** The area that a client names itself: its name counts for one API key and one `gms_user`. */
export function customAreaId(owner: string, gmsUser: string, customId: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([owner, gmsUser, customId]))
    .digest('base64url');
  return `custom:${digest}`;
}

/** The area of a callback: it ends with the record. */
export function callbackArea({ id, desiredAtMs }: Callback, principal: Principal): StorageArea {
  const expiresAtMs = desiredAtMs + RECORDS_KEPT_MS;
  return { id: `callback:${id}`, owner: principal.key, gmsUser: null, expiresAtMs };
}

/** How long an area is to live: what is no whole number above zero counts as 30 s, as in the field. */
export function readTtl(text: string): { ttlSec: number; ignored: readonly IgnoredOption[] } {
  if (/^[1-9]\d{0,9}$/.test(text)) {
    const ttlSec = Number(text);
    if (ttlSec <= areaLimits.ttlSecMax) return { ttlSec, ignored: [] };
    throw new HttpError('VALIDATION_FAILED', "the request's path is not valid", {
      faults: [{ path: 'ttl', message: `must be at most ${areaLimits.ttlSecMax} seconds` }],
    });
  }
  const reason = `is no whole number from 1; ${areaLimits.ttlSecDefault} seconds are taken`;
  return { ttlSec: areaLimits.ttlSecDefault, ignored: [{ option: 'ttl', reason }] };
}

/** The values of a body. Throws VALIDATION_FAILED or PAYLOAD_TOO_LARGE. */
export function valuesOf(body: Readonly<Record<string, unknown>>): StoredValue[] {
  const names = Object.keys(body);
  if (names.length === 0) throw invalidBody('body', 'must have a key');
  if (names.length > areaLimits.keysMax) {
    throw invalidBody('body', `must have at most ${areaLimits.keysMax} keys`);
  }
  return names.map((key) => {
    if (key === '' || key.length > areaLimits.keyCharactersMax) {
      throw invalidBody('body', `must have keys of 1–${areaLimits.keyCharactersMax} characters`);
    }
    return valueOf(key, body[key]);
  });
}

function valueOf(key: string, given: unknown): StoredValue {
  const value =
    given instanceof FormFile
      ? { key, contentType: given.contentType, fileName: given.fileName, bytes: given.bytes }
      : { key, contentType: null, fileName: null, bytes: Buffer.from(textOf(given), 'utf8') };
  const { length } = value.bytes;
  if (length > areaLimits.valueBytesMax) {
    const message = `${key} has ${length} bytes; a value may have ${areaLimits.valueBytesMax}`;
    throw new HttpError('PAYLOAD_TOO_LARGE', message);
  }
  return value;
}

/** JSON bodies may have numbers and more: kept as JSON. */
function textOf(given: unknown): string {
  return typeof given === 'string' ? given : JSON.stringify(given);
}

/** Stores values, or throws LIMIT_REACHED or TEMPORARILY_UNAVAILABLE with the limit in its message. */
export async function putValues(
  { areas, clock }: Pick<RouteContext, 'areas' | 'clock'>,
  area: StorageArea,
  values: readonly StoredValue[],
): Promise<void> {
  const outcome = await areas.put(area, values, clock.nowMs());
  if (!outcome.ok) throw limitReached(outcome.limit);
}

type Limit = Extract<PutOutcome, { ok: false }>['limit'];

const limitWords: Readonly<Record<Limit, string>> = {
  keysMax: `an area may have ${areaLimits.keysMax} keys`,
  areaBytesMax: `an area may have ${areaLimits.areaBytesMax} bytes`,
  areasPerOwnerMax: `an API key may have ${areaLimits.areasPerOwnerMax} areas at a time`,
  bytesPerOwnerMax: `an API key may have ${areaLimits.bytesPerOwnerMax} bytes at a time`,
  bytesMax: `the storage is full: ${areaLimits.bytesMax} bytes of all API keys together`,
};

function limitReached(limit: Limit): HttpError {
  return limit === 'bytesMax'
    ? new HttpError('TEMPORARILY_UNAVAILABLE', limitWords[limit], { retryAfterSec: FULL_RETRY_SEC })
    : new HttpError('LIMIT_REACHED', limitWords[limit]);
}
