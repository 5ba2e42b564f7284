import { AppError, messageOf } from '../../kernel/errors.ts';
import { type Termination, TerminationBucket } from '../../telephony/termination.ts';

/**
 * Why an answered call cannot have media. A fault of the media server's is ours: the customer may be tried
 * again.
 */
export function terminationOfMedia(thrown: unknown): Termination {
  const detail = messageOf(thrown);
  return thrown instanceof AppError && thrown.retryable
    ? { bucket: TerminationBucket.serverError, reason: 'media-server-failure', detail }
    : { bucket: TerminationBucket.clientError, reason: 'incompatible-media', detail };
}
