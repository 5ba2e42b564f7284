import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { SipRequest } from './sip-message.ts';
import { BRANCH_COOKIE } from './via.ts';

/** Random bytes of a tag or branch: RFC 3261 §19.3 asks for 32 bits at least. */
const ID_BYTES = 9;
/** Bytes drawn at a time: one call for many ids. */
const POOL_BYTES = 9 * 512;

let pool = Buffer.alloc(0);
let drawn = 0;

function randomText(): string {
  if (drawn + ID_BYTES > pool.length) {
    pool = randomBytes(POOL_BYTES);
    drawn = 0;
  }
  const text = pool.toString('hex', drawn, drawn + ID_BYTES);
  drawn += ID_BYTES;
  return text;
}

/** A new From or To tag (RFC 3261 §19.3). */
export function newTag(): string {
  return randomText();
}

/** A new Via branch (RFC 3261 §8.1.1.7). */
export function newBranch(): string {
  return BRANCH_COOKIE + randomText();
}

/** A new Call-ID (RFC 3261 §8.1.1.4). */
export function newCallId(): string {
  return randomUUID();
}

/**
 * The To tag of a stateless answer: made of the request, so that its repetition gets the same (RFC 3261
 * §8.2.7).
 */
export function statelessTagOf(request: SipRequest): string {
  const { headers } = request;
  return createHash('sha256')
    .update(`${headers.get('Call-ID')}|${headers.get('From')}|${headers.get('CSeq')}`)
    .digest('hex')
    .slice(0, 16);
}
