import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { AppError } from '../kernel/errors.ts';

/** Length of the key in bytes (AES-256). */
export const SECRET_KEY_BYTES = 32;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** A private key of 8192 characters, sealed. */
const SEALED = /^sealed:(v[12]):([0-9a-f]{8}):([A-Za-z0-9+/=]{1,16384})$/;
/** Of the first form, which nothing but its key is bound to. */
const UNBOUND_PREFIX = 'sealed:v1:';
const PREFIX = 'sealed:';

/** What became of a sealed value. `elsewhere-or-damaged`: sealed for another place, or changed since. */
export type OpenOutcome =
  | { readonly kind: 'opened'; readonly plain: string }
  | {
      readonly kind: 'refused';
      readonly why: 'malformed' | 'unbound' | 'other-installation' | 'elsewhere-or-damaged';
    };

/**
 * Seals secrets with AES-256-GCM under the installation's key, each for one place: what was sealed for one
 * opens nowhere else. A sealed value reads `sealed:v2:<key id>:<base64 of nonce, ciphertext, tag>`; the key
 * id is 8 hex digits of a hash of the key and tells a value of another installation from a damaged one.
 * Values of the first form (`sealed:v1:…`) were bound to no place; they are opened only to be sealed anew.
 */
export class SecretBox {
  readonly #key: Buffer;
  readonly #keyId: string;
  /** By key id: what may open, the key itself included. */
  readonly #keys: ReadonlyMap<string, Buffer>;

  /**
   * @param key 32 bytes. @param previous opens what was sealed before the key was changed, and seals nothing.
   * @throws AppError SECRET_KEY_INVALID for another length.
   */
  constructor(key: Buffer, previous?: Buffer) {
    this.#key = checkedKey(key);
    this.#keyId = keyIdOf(this.#key);
    const before = previous && checkedKey(previous);
    this.#keys = new Map([
      ...(before ? ([[keyIdOf(before), before]] as const) : []),
      [this.#keyId, this.#key],
    ]);
  }

  /** Names the key without telling anything of it: 8 hex digits. */
  get keyId(): string {
    return this.#keyId;
  }

  /** The key id that a sealed value was sealed under; undefined: it is none. */
  static keyIdIn(sealed: string): string | undefined {
    return SEALED.exec(sealed)?.[2];
  }

  /** True for a text that claims to be sealed, whoever sealed it. */
  static isSealed(text: string): boolean {
    return text.startsWith(PREFIX);
  }

  /** True for a value of the first form, which is bound to no place. */
  static isUnbound(text: string): boolean {
    return text.startsWith(UNBOUND_PREFIX);
  }

  /** Seals `plain` for `place`, any text that names it; the same text gives another value each time. */
  seal(plain: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(boundTo(this.#keyId, place));
    const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `sealed:v2:${this.#keyId}:${body.toString('base64')}`;
  }

  /** The plain text of what was sealed for `place`, or why it cannot be had. */
  open(sealed: string, place: string): OpenOutcome {
    if (SecretBox.isUnbound(sealed)) return { kind: 'refused', why: 'unbound' };
    return this.#open(sealed, (keyId) => boundTo(keyId, place));
  }

  /** The plain text of a value of the first form: only where the program itself kept it. */
  openUnbound(sealed: string): OpenOutcome {
    if (!SecretBox.isUnbound(sealed)) return { kind: 'refused', why: 'malformed' };
    return this.#open(sealed, (keyId) => Buffer.from(keyId));
  }

  #open(sealed: string, bound: (keyId: string) => Buffer): OpenOutcome {
    const [, , keyId, encoded] = SEALED.exec(sealed) ?? [];
    if (keyId === undefined || encoded === undefined) return { kind: 'refused', why: 'malformed' };
    const key = this.#keys.get(keyId);
    if (!key) return { kind: 'refused', why: 'other-installation' };
    const body = Buffer.from(encoded, 'base64');
    if (body.length < NONCE_BYTES + TAG_BYTES) return { kind: 'refused', why: 'malformed' };
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE_BYTES));
      decipher.setAAD(bound(keyId));
      decipher.setAuthTag(body.subarray(-TAG_BYTES));
      const text = Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return { kind: 'opened', plain: text.toString('utf8') };
    } catch {
      return { kind: 'refused', why: 'elsewhere-or-damaged' };
    }
  }
}

/** Authenticated beside the secret: the form, the key, the place (NIST SP 800-38D §4, AAD). */
function boundTo(keyId: string, place: string): Buffer {
  return Buffer.from(`v2:${keyId}:${place}`);
}

function checkedKey(key: Buffer): Buffer {
  if (key.length === SECRET_KEY_BYTES) return Buffer.from(key);
  const message = `the secret key has ${key.length} bytes; it must have ${SECRET_KEY_BYTES}`;
  throw new AppError('SECRET_KEY_INVALID', message);
}

function keyIdOf(key: Buffer): string {
  return createHash('sha256').update('turnkeeper-key-id').update(key).digest('hex').slice(0, 8);
}
