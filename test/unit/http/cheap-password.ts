import { scryptSync } from 'node:crypto';
import type { User } from '../../../src/adapters/http/access-store.ts';

/** A password's hash as the product stores it, but cheap to verify: tests log in often. */
function cheapHash(password: string): string {
  const salt = Buffer.from('a salt of tests!');
  const hash = scryptSync(password, salt, 32, { N: 2, r: 8, p: 1 });
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=1,r=8,p=1$${text(salt)}$${text(hash)}`;
}

/** A user whose password can be tried at no cost. */
export function aUser(password: string, fields: Partial<User> = {}): User {
  return {
    name: 'admin',
    role: 'Administrator',
    passwordHash: cheapHash(password),
    agentId: null,
    enabled: true,
    accessGroups: [],
    createdAtMs: 1,
    updatedAtMs: 1,
    ...fields,
  };
}
