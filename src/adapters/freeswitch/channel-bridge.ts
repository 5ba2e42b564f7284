import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import { withDeadline } from './deadline.ts';
import type { MediaEndpoint } from './media-endpoint.ts';

const BRIDGE_DEADLINE_MS = 3000;
/** How often a channel is asked whether it has entered its bridge. */
const JOIN_CHECKS_MAX = 200;
/** Two round trips on the event socket each; media flow within one interval of the bridge. */
const JOIN_CHECK_INTERVAL_MS = 10;

/** Joins two channels; resolves when both have entered the bridge. Rejects with MEDIA_BRIDGE_FAILED. */
export async function bridgeChannels(a: MediaEndpoint, b: MediaEndpoint, clock: Clock): Promise<void> {
  await Promise.all([
    ...[a, b].map((endpoint) => endpoint.yieldPlaying()),
    // A bridge of before leaves its mark behind.
    ...[a, b].map((endpoint) => endpoint.ask('uuid_setvar', 'bridge_uuid')),
  ]);
  if (a.isGone || b.isGone) {
    throw new AppError('MEDIA_BRIDGE_FAILED', 'a call ended before it was joined');
  }
  let failure = '';
  // The reply to uuid_bridge comes before media flows: each channel must name the other as its partner.
  const joined = a.ask('uuid_bridge', b.uuid).then(async (reply) => {
    if (!reply.startsWith('+OK')) failure = reply.trim();
    return failure === '' && (await isJoinedTo(a, b.uuid, clock)) && (await isJoinedTo(b, a.uuid, clock));
  });
  const ended = Promise.race([a.gone, b.gone]).then(() => false);
  try {
    if ((await withDeadline(clock, BRIDGE_DEADLINE_MS, Promise.race([ended, joined]))) === true) return;
  } catch (thrown) {
    failure = messageOf(thrown);
  }
  throw new AppError('MEDIA_BRIDGE_FAILED', `the media server could not join the calls: ${failure}`, {
    retryable: true,
  });
}

async function isJoinedTo(endpoint: MediaEndpoint, otherUuid: string, clock: Clock): Promise<boolean> {
  for (let i = 0; i < JOIN_CHECKS_MAX && !endpoint.isGone; i++) {
    if ((await endpoint.ask('uuid_getvar', 'bridge_uuid')).trim() === otherUuid) return true;
    await withDeadline(clock, JOIN_CHECK_INTERVAL_MS, endpoint.gone);
  }
  return false;
}
