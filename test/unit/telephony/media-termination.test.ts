import { describe, expect, it } from 'vitest';
import { terminationOfMedia } from '../../../src/adapters/drachtio/media-termination.ts';
import { AppError } from '../../../src/kernel/errors.ts';
import { dialVerdictOf } from '../../../src/telephony/termination-table.ts';

describe('an answered customer without media', () => {
  it('is tried again when the media server did not answer: the fault is ours', () => {
    const lost = new AppError('MEDIA_SERVER_UNREACHABLE', 'not reachable', { retryable: true });
    const termination = terminationOfMedia(lost);
    expect(termination).toMatchObject({ bucket: 'server_error', reason: 'media-server-failure' });
    expect(dialVerdictOf(termination).retry).toBe('later');
  });

  it.each([new AppError('MEDIA_NOT_ACCEPTED', 'answered 488'), new Error('no codec in common')])(
    'is not tried again when there is nothing in common: %s',
    (thrown) => {
      const termination = terminationOfMedia(thrown);
      expect(termination).toMatchObject({ bucket: 'client_error', reason: 'incompatible-media' });
      expect(dialVerdictOf(termination).retry).toBe('never');
    },
  );
});
