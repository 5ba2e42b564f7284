import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Registrar } from '../../telephony/registrar.ts';
import type { Binding } from '../../telephony/registration.ts';
import { readNameAddress, readSipUri } from '../../telephony/sip-uri-reader.ts';
import { contactTarget } from './dial-targets.ts';
import type { SrfRequest, SrfResponse } from './drachtio-srf.ts';
import { sendResponse } from './send-response.ts';
import { quietly } from './sip-link.ts';
import type { SipLink } from './sip-link.ts';
import { REQUEST_LENGTH_MAX, sourceOf } from './sip-replies.ts';

const TICK_MS = 1000;
/** Keep-alives sent per tick: ten thousand phones take their turns instead of a burst. */
const KEEP_ALIVES_PER_TICK_MAX = 100;
/** Keep-alives waiting for an answer. */
const KEEP_ALIVES_PENDING_MAX = 2000;

/**
 * Carries REGISTER to the registrar, sweeps expired bindings and asks phones whether they are still there.
 */
export class RegistrationService {
  readonly #registrar: Registrar;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #link: () => SipLink;
  readonly #intervalMs: number;
  readonly #askedAtMs = new Map<string, number>();
  #pendingCount = 0;
  #timer: TimerHandle | undefined;

  constructor(parts: {
    registrar: Registrar;
    clock: Clock;
    log: Log;
    link: () => SipLink;
    keepAliveIntervalMs: number;
  }) {
    this.#registrar = parts.registrar;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#link = parts.link;
    this.#intervalMs = parts.keepAliveIntervalMs;
  }

  /** Starts sweeping and keeping alive. */
  start(): void {
    this.#timer = this.#clock.setTimer(TICK_MS, () => {
      this.#tick();
      this.start();
    });
  }

  close(): void {
    if (this.#timer) this.#clock.clearTimer(this.#timer);
  }

  /** Answers a REGISTER. */
  readonly handle = (req: SrfRequest, res: SrfResponse): void => {
    void this.#register(req, res);
  };

  async #register(req: SrfRequest, res: SrfResponse): Promise<void> {
    try {
      const to = readNameAddress(req.get('To') ?? '');
      const aorUser = to && readSipUri(to.uri)?.user;
      const cseq = /^\s*(\d{1,10})\s+REGISTER\s*$/i.exec(req.get('CSeq') ?? '')?.[1];
      const callId = req.get('Call-ID') ?? '';
      const tooLong = (req.raw?.length ?? 0) > REQUEST_LENGTH_MAX || callId.length > 256;
      if (aorUser === undefined || cseq === undefined || callId === '' || tooLong) return res.send(400);
      const [contact, expires, authorization, userAgent] = [
        'Contact',
        'Expires',
        'Authorization',
        'User-Agent',
      ].map((name) => req.get(name));
      const response = await this.#registrar.register({
        aorUser,
        callId,
        cseq: Number(cseq),
        source: sourceOf(req),
        ...(contact !== undefined && { contact }),
        ...(expires !== undefined && { expires }),
        ...(authorization !== undefined && { authorization }),
        ...(userAgent !== undefined && { userAgent }),
      });
      sendResponse(res, response.status, response.headers);
    } catch (thrown) {
      this.#log.error({ error: messageOf(thrown) }, 'a REGISTER could not be handled');
      quietly(() => res.send(500));
    }
  }

  #tick(): void {
    void this.#registrar.sweep();
    if (this.#intervalMs === 0 || !this.#link().connected) return;
    const nowMs = this.#clock.nowMs();
    const bindings = this.#registrar.bindings();
    const live = new Set(bindings.map(keyOf));
    for (const key of this.#askedAtMs.keys()) if (!live.has(key)) this.#askedAtMs.delete(key);
    let sentCount = 0;
    for (const binding of bindings) {
      const lastMs = this.#askedAtMs.get(keyOf(binding)) ?? binding.registeredAtMs;
      if (nowMs - lastMs < this.#intervalMs) continue;
      if (++sentCount > KEEP_ALIVES_PER_TICK_MAX || this.#pendingCount >= KEEP_ALIVES_PENDING_MAX) return;
      this.#askedAtMs.set(keyOf(binding), nowMs);
      this.#ask(binding);
    }
  }

  /**
   * Any answer of the phone itself counts, a refusal too; 408 and 503 are the SIP server's own (RFC 3261
   * §8.1.3.1).
   */
  #ask(binding: Binding): void {
    const target = contactTarget(binding);
    this.#pendingCount++;
    const answered = (isThere: boolean): void => {
      this.#pendingCount--;
      this.#registrar.keepAlive(binding, isThere);
    };
    try {
      this.#link().srf.request(
        target.uri,
        { method: 'OPTIONS', ...(target.proxy !== undefined && { proxy: target.proxy }) },
        (err, req) => {
          if (err || !req) return answered(false);
          req.once('response', (res: SrfResponse) => answered(res.status !== 408 && res.status !== 503));
        },
      );
    } catch {
      this.#pendingCount--;
    }
  }
}

function keyOf(binding: Binding): string {
  return `${binding.agentId} ${binding.contactUri}`;
}
