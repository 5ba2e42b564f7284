import type { Log } from '../../kernel/log.ts';
import type { CallAdmission } from '../../telephony/call-admission.ts';
import type { Counters } from '../../telephony/counters.ts';
import { readDigestCredentials } from '../../telephony/digest.ts';
import type { Registrar } from '../../telephony/registrar.ts';
import type { SipSource } from '../../telephony/sip-source.ts';
import { readNameAddress, readSipUri } from '../../telephony/sip-uri-reader.ts';
import type { TelephonyDirectory } from '../../telephony/telephony-directory.ts';
import type { CallSource } from '../../telephony/telephony.ts';
import { digestSecret } from '../../telephony/digest.ts';
import { trunkBySource, trunkByUsername } from '../../telephony/trunk-matching.ts';
import type { SrfRequest } from './drachtio-srf.ts';
import { ALLOWED_METHODS, REQUEST_LENGTH_MAX, sourceOf, unsupportedExtensions } from './sip-replies.ts';
import type { TrunkUse } from './trunk-use.ts';

/** What becomes of a new INVITE. `headers` values may be lists, one header line each. */
export type GateDecision =
  | {
      readonly kind: 'admitted';
      readonly source: CallSource;
      readonly dialled: string;
      readonly release: () => void;
    }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    };

type Identity =
  | { readonly kind: 'known'; readonly source: CallSource }
  | { readonly kind: 'challenge'; readonly stale: boolean }
  | { readonly kind: 'forbidden'; readonly why: string };

/** Longest dialled number or user part that is looked at. */
const DIALLED_LENGTH_MAX = 64;

/**
 * The gate for new calls: who is it from, and is there room for it? Only known trunks and registered phones
 * come in.
 *
 * A call that claims to be from an agent's phone must come from the socket that the phone registered from, or
 * carry the agent's password (phones that reuse the registrar's challenge do); there is no invitation to try
 * passwords.
 */
export class CallGate {
  readonly #directory: TelephonyDirectory;
  readonly #registrar: Registrar;
  readonly #admission: CallAdmission;
  readonly #trunkUse: TrunkUse;
  readonly #counters: Counters;
  readonly #log: Log;

  constructor(parts: {
    directory: TelephonyDirectory;
    registrar: Registrar;
    admission: CallAdmission;
    trunkUse: TrunkUse;
    counters: Counters;
    log: Log;
  }) {
    this.#directory = parts.directory;
    this.#registrar = parts.registrar;
    this.#admission = parts.admission;
    this.#trunkUse = parts.trunkUse;
    this.#counters = parts.counters;
    this.#log = parts.log;
  }

  /** Decides on a new INVITE. Never throws on anything a stranger can send. */
  decide(req: SrfRequest): GateDecision {
    // RFC 3261 §12.2.2: a To tag that no dialog of ours has.
    if (!isNew(req)) return { kind: 'refused', status: 481 };
    if ((req.raw?.length ?? 0) > REQUEST_LENGTH_MAX) return this.#refuse(513, 'too-large');
    const unsupported = unsupportedExtensions(req.get('Require'));
    if (unsupported.length > 0) {
      return this.#refuse(420, 'extension', { Unsupported: unsupported.join(', ').slice(0, 200) });
    }
    const dialled = readSipUri(req.uri)?.user ?? '';
    if (!req.has('Contact') || dialled === '' || dialled.length > DIALLED_LENGTH_MAX) {
      return this.#refuse(dialled === '' ? 404 : 400, 'malformed');
    }
    // RFC 3261 §8.2.3: the only content type we understand.
    const contentType = req.get('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
    if ((req.body ?? '') !== '' && contentType !== undefined && contentType !== 'application/sdp') {
      return this.#refuse(415, 'content-type', { Accept: 'application/sdp' });
    }
    const identity = this.#identify(req);
    switch (identity.kind) {
      case 'forbidden':
        this.#log.warn({ source: sourceOf(req), why: identity.why }, 'call refused: source not known');
        return this.#refuse(403, identity.why);
      case 'challenge':
        return this.#refuse(407, 'challenge', {
          'Proxy-Authenticate': this.#registrar.digest.challenges(
            this.#directory.realm,
            req.source_address,
            identity.stale,
          ),
        });
      case 'known':
        return this.#admit(identity.source, dialled);
      default:
        return identity satisfies never;
    }
  }

  #admit(source: CallSource, dialled: string): GateDecision {
    const trunkPlace = source.kind === 'trunk' ? this.#trunkUse.take(source.trunk) : () => undefined;
    if (!trunkPlace) return this.#refuse(503, 'trunk-full', { 'Retry-After': '5' });
    const admission = this.#admission.admitInbound();
    if (admission.kind === 'refused') {
      trunkPlace();
      return this.#refuse(503, admission.reason, { 'Retry-After': String(admission.retryAfterSec) });
    }
    const release = (): void => {
      trunkPlace();
      admission.release();
    };
    return { kind: 'admitted', source, dialled, release };
  }

  #identify(req: SrfRequest): Identity {
    const source = sourceOf(req);
    const from = readNameAddress(req.get('From') ?? '');
    const user = from && readSipUri(from.uri)?.user;
    const authorization = req.get('Proxy-Authorization') ?? req.get('Authorization');
    if (user !== undefined && this.#directory.agentBySipUser(user)) {
      return this.#identifyAgent(user, source, authorization);
    }
    const trunk = trunkBySource(this.#directory.trunks(), source);
    if (trunk) return { kind: 'known', source: { kind: 'trunk', trunk: trunk.name } };
    return this.#identifyTrunk(source, authorization);
  }

  #identifyAgent(user: string, source: SipSource, authorization: string | undefined): Identity {
    const registered = this.#registrar.agentBySource(user, source);
    if (registered !== undefined) return { kind: 'known', source: { kind: 'agent', agentId: registered } };
    if (authorization === undefined) return { kind: 'forbidden', why: 'spoofed-agent' };
    const identity = this.#registrar.authenticate('INVITE', authorization, source);
    if (identity.kind === 'challenge')
      return identity.stale ? identity : { kind: 'forbidden', why: 'spoofed-agent' };
    if (identity.kind === 'refused' || identity.sipUser !== user)
      return { kind: 'forbidden', why: 'credentials' };
    return { kind: 'known', source: { kind: 'agent', agentId: identity.agentId } };
  }

  #identifyTrunk(source: SipSource, authorization: string | undefined): Identity {
    const trunks = this.#directory.trunks();
    const mayAuthenticate = trunks.some(
      (trunk) => trunk.enabled && trunk.username !== undefined && trunk.password !== undefined,
    );
    if (!mayAuthenticate) return { kind: 'forbidden', why: 'unknown-source' };
    const credentials = readDigestCredentials(authorization);
    if (!credentials) return { kind: 'challenge', stale: false };
    if (this.#registrar.isThrottled(source)) return { kind: 'forbidden', why: 'throttled' };
    const trunk = trunkByUsername(trunks, credentials.username);
    const password = trunk && this.#directory.trunkPassword(trunk.name);
    const { realm } = this.#directory;
    const verdict = this.#registrar.digest.check(
      credentials,
      { method: 'INVITE', realm, sourceAddress: source.address },
      password === undefined ? undefined : digestSecret(credentials.username, realm, password),
    );
    if (verdict === 'stale') return { kind: 'challenge', stale: true };
    if (verdict === 'wrong' || !trunk) {
      this.#registrar.authenticationFailed(source);
      return { kind: 'forbidden', why: 'credentials' };
    }
    return { kind: 'known', source: { kind: 'trunk', trunk: trunk.name } };
  }

  #refuse(
    status: number,
    why: string,
    headers: Readonly<Record<string, string | readonly string[]>> = {},
  ): GateDecision {
    this.#counters.increment('calls_refused', why);
    return {
      kind: 'refused',
      status,
      headers: status === 405 ? { Allow: ALLOWED_METHODS, ...headers } : headers,
    };
  }
}

function isNew(req: SrfRequest): boolean {
  const to = readNameAddress(req.get('To') ?? '');
  return to !== undefined && !to.params.has('tag');
}
