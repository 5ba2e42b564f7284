import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { CaptchaKeys } from '../../screening/captcha-keys.ts';
import { type SiteVerdict, siteVerify } from './site-verify.ts';

/** Tokens being checked at the same time; beyond it a request is told to try again. */
const CHECKS_MAX = 200;

/** What may need a token. `call-in`: of those key sets alone that say so. */
export type GuardedOperation = 'callback' | 'call-in';

/** What became of a token. */
export type CaptchaVerdict =
  /** No key set guards the operation, or one of them takes the token. */
  | { readonly kind: 'passed' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unavailable' };

/** One key set as people may see it. */
export interface CaptchaKeysView extends Omit<CaptchaKeys, 'secret'> {
  /** Tells a truncated secret from a whole one. */
  readonly secretLength: number;
}

export interface CaptchaGateOptions {
  /** The key sets in force, in their order. */
  readonly keySets: () => readonly CaptchaKeys[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Lets requests in whose token a key set takes that guards the operation; open while none does. */
export class CaptchaGate {
  readonly #options: CaptchaGateOptions;
  #checkCount = 0;

  constructor(options: CaptchaGateOptions) {
    this.#options = options;
  }

  /** Every key set, without its secret. */
  keySets(): readonly CaptchaKeysView[] {
    return this.#options.keySets().map(viewOf);
  }

  /** Checks a request's token. @param address whom the token was given to, for the checking service. */
  async check(
    operation: GuardedOperation,
    token: string | undefined,
    address: string,
  ): Promise<CaptchaVerdict> {
    const isGuard = (keys: CaptchaKeys): boolean => keys.enabled && (operation === 'callback' || keys.callIn);
    const enabled = this.#options.keySets().filter(isGuard);
    if (enabled.length === 0) return { kind: 'passed' };
    if (token === undefined) return { kind: 'missing' };
    if (this.#checkCount >= CHECKS_MAX) return { kind: 'unavailable' };
    this.#checkCount++;
    try {
      return await this.#ask(enabled, token, address);
    } finally {
      this.#checkCount--;
    }
  }

  /**
   * Asks the checking service about a key set; undefined: there is no such set. Without a token of its widget
   * only the secret is tried.
   */
  async test(name: string, token: string | undefined): Promise<SiteVerdict | undefined> {
    const { keySets, clock } = this.#options;
    const keys = keySets().find((known) => known.name === name);
    if (!keys) return undefined;
    if (this.#checkCount >= CHECKS_MAX) return { kind: 'unavailable', reason: 'too many checks at once' };
    this.#checkCount++;
    const asked = token ?? 'turnkeeper-credential-test';
    const verdict = await siteVerify(keys, asked, { clock }).finally(() => this.#checkCount--);
    // The service looks at the secret first: a refused token is a known secret.
    const secretKnown = verdict.kind === 'refused' && token === undefined;
    return secretKnown ? { kind: 'accepted', score: null, hostName: null } : verdict;
  }

  /**
   * One set after the other: a token belongs to one of them, and the others refuse it without using it up.
   */
  async #ask(enabled: readonly CaptchaKeys[], token: string, address: string): Promise<CaptchaVerdict> {
    const { clock, log } = this.#options;
    let refusal: string | undefined;
    let silent = false;
    for (const keys of enabled) {
      const verdict = await siteVerify(keys, token, { clock, address });
      if (verdict.kind === 'accepted') return { kind: 'passed' };
      if (verdict.kind === 'refused') {
        refusal = verdict.why;
        continue;
      }
      const fields = {
        keySet: keys.name,
        ...(verdict.kind === 'unavailable' ? { reason: verdict.reason } : verdict),
      };
      log.warn(fields, 'CAPTCHA could not be checked');
      if (verdict.kind === 'unavailable' && keys.whenUnavailable === 'accept') return { kind: 'passed' };
      silent = true;
    }
    // A service that is down may be the one that would have taken the token.
    if (silent) return { kind: 'unavailable' };
    return { kind: 'refused', why: refusal ?? 'token' };
  }
}

function viewOf({ secret, ...view }: CaptchaKeys): CaptchaKeysView {
  return { ...view, secretLength: secret.length };
}
