import { z } from 'zod';

/**
 * An address that is called with something secret: encrypted, or on this machine. Without a user name and
 * password in it: `fetch` refuses such addresses, and what is told of a failed call would have them in full.
 */
export const outgoingUrlSchema = z
  .string()
  .max(1024)
  .regex(
    /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost)(?=[:/]))[^\s]+$/,
    'must be an https address, or http on this machine',
  )
  .refine(isPlain, 'must be an address without a user name and a password');

/** What cannot be read is no address; `http://localhost:x@elsewhere/` is one elsewhere. */
function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}
