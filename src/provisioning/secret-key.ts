import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '../kernel/errors.ts';
import { SECRET_KEY_BYTES, SecretBox } from './secret-box.ts';

/**
 * The file in the data directory, mode 0600. Without it sealed secrets are lost: back it up apart from the
 * database.
 */
export const SECRET_KEY_FILE = 'secret.key';

/**
 * The installation's key: `configured` (64 hex digits or base64 of 32 bytes) where given, else the file in
 * the data directory, which is made at the first start.
 * @throws AppError SECRET_KEY_INVALID for a wrong key or an unreadable file.
 */
function loadSecretKey(dataDirectory: string, configured?: string): Buffer {
  if (configured !== undefined) return decodeKey(configured, 'TURNKEEPER_SECRET_KEY');
  const path = join(dataDirectory, SECRET_KEY_FILE);
  try {
    const fd = openSync(path, 'wx', 0o600);
    try {
      const key = randomBytes(SECRET_KEY_BYTES);
      writeSync(fd, `${key.toString('hex')}\n`);
      fsyncSync(fd);
      return key;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') {
      throw new AppError('SECRET_KEY_INVALID', `${path} cannot be made: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  return readKeyFile(path);
}

/** What an installation's configuration says of its keys. */
export interface SecretKeySettings {
  readonly dataDirectory: string;
  readonly secretKey: string | undefined;
  /** The key before the last change; undefined: it was never changed, or all is sealed anew. */
  readonly secretKeyPrevious: string | undefined;
}

/** The box of the installation's key. @throws AppError SECRET_KEY_INVALID, as {@link loadSecretKey}. */
export function openSecretBox({ dataDirectory, secretKey, secretKeyPrevious }: SecretKeySettings): SecretBox {
  const previous =
    secretKeyPrevious === undefined
      ? undefined
      : decodeKey(secretKeyPrevious, 'TURNKEEPER_SECRET_KEY_PREVIOUS');
  return new SecretBox(loadSecretKey(dataDirectory, secretKey), previous);
}

function readKeyFile(path: string): Buffer {
  let text: string;
  try {
    // A copy from a backup often comes back readable by all.
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new AppError('SECRET_KEY_INVALID', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return decodeKey(text.trim(), path);
}

function decodeKey(text: string, source: string): Buffer {
  const key = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length === SECRET_KEY_BYTES) return key;
  throw new AppError('SECRET_KEY_INVALID', `${source} must hold ${SECRET_KEY_BYTES} bytes as hex or base64`);
}
