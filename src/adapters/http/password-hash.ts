import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Cost of one guess (OWASP's figures for scrypt): N = 2^15, r = 8, p = 3 need 32 MiB and about a tenth of a
 * second.
 */
const LOG2_N = 15;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 3;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** scrypt refuses to take more; 128 · N · r and a little. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
/** Bounds for parameters read from a stored hash, so that a damaged row cannot stall the process. */
const LOG2_N_MAX = 17;
const PHC =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,88})\$([A-Za-z0-9+/]{16,128})$/;

/** Hashes a password as `$scrypt$ln=15,r=8,p=3$salt$hash` (PHC string format, base64 without padding). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, LOG2_N, BLOCK_SIZE, PARALLELIZATION, HASH_BYTES);
  return `$scrypt$ln=${LOG2_N},r=${BLOCK_SIZE},p=${PARALLELIZATION}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * True when `password` is the one that was hashed; false for another and for anything that is not such a
 * hash.
 */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const match = PHC.exec(phc);
  if (!match) return false;
  const [, log2N = '', r = '', p = '', salt = '', expected = ''] = match;
  const wanted = Buffer.from(expected, 'base64');
  if (Number(log2N) < 1 || Number(log2N) > LOG2_N_MAX || Number(r) !== BLOCK_SIZE) return false;
  if (Number(p) < 1 || Number(p) > PARALLELIZATION) return false;
  const actual = await derive(
    password,
    Buffer.from(salt, 'base64'),
    Number(log2N),
    Number(r),
    Number(p),
    wanted.length,
  );
  return timingSafeEqual(actual, wanted);
}

function derive(
  password: string,
  salt: Buffer,
  log2N: number,
  r: number,
  p: number,
  length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const cost = { N: 2 ** log2N, r, p, maxmem: Math.max(MEMORY_BYTES_MAX, 2 ** log2N * r * 256) };
    scrypt(password.normalize('NFKC'), salt, length, cost, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
