import { z } from 'zod';
import { messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { CaptchaKeys } from '../../screening/captcha-keys.ts';

/** The checking service's answer is a few hundred bytes; more is somebody else's page. */
const ANSWER_BYTES_MAX = 16 * 1024;
/** Codes that accuse the keys and not the token (reCAPTCHA, "Verifying the user's response"). */
const KEY_FAULTS = new Set(['missing-input-secret', 'invalid-input-secret', 'invalid-keys', 'bad-request']);

/** What the checking service says (its own documentation); whatever else it says is not read. */
const answerSchema = z.object({
  success: z.boolean(),
  score: z.number().optional(),
  action: z.string().optional(),
  hostname: z.string().optional(),
  'error-codes': z.array(z.string()).max(20).optional(),
});

/** What one key set says of a token. */
export type SiteVerdict =
  | { readonly kind: 'accepted'; readonly score: number | null; readonly hostName: string | null }
  /** The token: used, too old, of another page, made up, or scored too low. */
  | {
      readonly kind: 'refused';
      readonly why: 'token' | 'score' | 'action' | 'host-name';
      readonly codes: readonly string[];
      readonly score: number | null;
    }
  /** The service knows no such secret. */
  | { readonly kind: 'keys-wrong'; readonly codes: readonly string[] }
  /** No answer in time, or none that can be read. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Asks the checking service about one token; never throws, and answers within the key set's `timeoutMs`. */
export async function siteVerify(
  keys: CaptchaKeys,
  token: string,
  { clock, address }: { readonly clock: Clock; readonly address?: string },
): Promise<SiteVerdict> {
  const form = new URLSearchParams({ secret: keys.secret, response: token });
  if (address !== undefined) form.set('remoteip', address);
  const late = new AbortController();
  const timer = clock.setTimer(keys.timeoutMs, () => late.abort(new Error('no answer in time')));
  try {
    const answer = await fetch(keys.verifyUrl, {
      method: 'POST',
      body: form,
      signal: late.signal,
      redirect: 'error',
    });
    const text = await limitedText(answer);
    if (!answer.ok) return { kind: 'unavailable', reason: `answered ${answer.status}` };
    const read = answerSchema.safeParse(JSON.parse(text));
    if (!read.success) return { kind: 'unavailable', reason: 'the answer is none of this service' };
    return verdictOf(keys, read.data);
  } catch (error) {
    return { kind: 'unavailable', reason: whyNot(late.signal.aborted ? late.signal.reason : error) };
  } finally {
    clock.clearTimer(timer);
  }
}

function verdictOf(keys: CaptchaKeys, answer: z.infer<typeof answerSchema>): SiteVerdict {
  const codes = answer['error-codes'] ?? [];
  const score = answer.score ?? null;
  const refused = (why: 'token' | 'score' | 'action' | 'host-name'): SiteVerdict => ({
    kind: 'refused',
    why,
    codes,
    score,
  });
  if (!answer.success) {
    return codes.some((code) => KEY_FAULTS.has(code)) ? { kind: 'keys-wrong', codes } : refused('token');
  }
  const hostName = answer.hostname ?? null;
  if (keys.hostNames.length > 0 && !keys.hostNames.some((known) => known === hostName))
    return refused('host-name');
  if (keys.kind === 'v3') {
    // A score is what a v3 token is for: an answer without one is of a token of another kind.
    if (score === null || score < keys.scoreMin) return refused('score');
    if (keys.action !== undefined && answer.action !== keys.action) return refused('action');
  }
  return { kind: 'accepted', score, hostName };
}

async function limitedText(answer: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part as Uint8Array, { stream: true });
    if (text.length > ANSWER_BYTES_MAX) throw new Error('the answer is too long');
  }
  return text + decoder.decode();
}

/** `fetch` says only that it failed; what failed is its cause. */
function whyNot(error: unknown): string {
  const inner = error instanceof Error ? error.cause : undefined;
  return inner === undefined ? messageOf(error) : messageOf(inner);
}
