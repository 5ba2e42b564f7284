import { type Clock, delay } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import type { MrfDialog } from './drachtio-fsmrf.ts';
import { withoutEncryption } from './session-description.ts';

/** Refusals of a media server that has not finished with the offer before: soon it takes the same one. */
const BUSY_STATUSES: ReadonlySet<number> = new Set([488, 491]);
/** Two of the frames by which a channel goes through its states. */
const BUSY_PAUSE_MS = 60;

/**
 * Tells a channel the remote side's media by re-INVITE (RFC 3261 §14); resolves to its answer. An offer that
 * follows the one before at once, as when a phone's key for hold is pressed twice, may be refused by
 * FreeSWITCH as if no codec were in common: so a refusal counts when it is repeated.
 * @throws AppError MEDIA_NOT_ACCEPTED, MEDIA_SERVER_UNREACHABLE (retryable).
 */
export async function negotiated(dialog: MrfDialog, remoteSdp: string, clock: Clock): Promise<string> {
  const first = await reinvite(dialog, remoteSdp);
  if (!BUSY_STATUSES.has(first.status)) return answerOf(first);
  await delay(clock, BUSY_PAUSE_MS);
  return answerOf(await reinvite(dialog, remoteSdp));
}

interface Answer {
  readonly status: number;
  readonly body?: string;
}

function answerOf({ status, body = '' }: Answer): string {
  if (status >= 300) throw new AppError('MEDIA_NOT_ACCEPTED', `the media server answered ${status}`);
  return withoutEncryption(body);
}

/**
 * Not fsmrf's modify: it asks for all channel variables afterwards, and after one refusal never comes back.
 */
function reinvite(dialog: MrfDialog, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    dialog.request(
      { method: 'INVITE', headers: { Contact: dialog.local.contact ?? '' }, body },
      (err, res) => {
        if (err) {
          const message = 'the media server is not reachable';
          reject(new AppError('MEDIA_SERVER_UNREACHABLE', message, { cause: err, retryable: true }));
        } else if (res && res.status >= 200) resolve(res);
      },
    );
  });
}
