import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import { withDeadline } from './deadline.ts';
import type { MediaEndpoint } from './media-endpoint.ts';

const BRIDGE_DEADLINE_MS = 3000;
/** How often a channel is asked whether it has entered its bridge. */
const JOIN_CHECKS_MAX = 150;
/** A channel's own step: it looks up once in 20 ms. */
const JOIN_CHECK_INTERVAL_MS = 20;
/** Set by FreeSWITCH as a channel enters its bridge, and kept afterwards; `bridge_uuid` comes too early. */
const ENTERED = 'last_bridge_to';
/** An event that was sent before a goodbye is here by then. */
const LATE_EVENT_MS = 50;

/** Two channels on their way into a bridge. */
export interface ChannelBridge {
  /**
   * Media are about to flow: the media server has told so, or both have entered. Rejects with
   * MEDIA_BRIDGE_FAILED.
   */
  readonly joined: Promise<void>;
  /** Both have entered, or will not. Before it, what is asked of them is lost. Never rejects. */
  readonly settled: Promise<unknown>;
}

/** Joins two channels; `b` is the one that answered last. */
export function bridgeChannels(a: MediaEndpoint, b: MediaEndpoint, clock: Clock): ChannelBridge {
  const entered = enter(a, b, clock);
  let isTold = false;
  const told = new Promise<void>((resolve) => {
    // Told by the channel that runs the bridge as it begins, before the first audio.
    const forget = b.onEvent('CHANNEL_BRIDGE', (event) => {
      if (event.getHeader('Bridge-B-Unique-ID') !== a.uuid) return;
      isTold = true;
      resolve();
    });
    entered.then(forget, () => withDeadline(clock, LATE_EVENT_MS, told).then(forget));
  });
  // One of them has gone: had they been joined? The event and the goodbye came by different ways.
  const known = entered.catch(async (failure: unknown) => {
    await withDeadline(clock, LATE_EVENT_MS, told);
    if (!isTold) throw failure;
  });
  return { joined: Promise.race([told, known]), settled: known.catch(() => undefined) };
}

/** Resolves when both have entered the bridge. */
async function enter(a: MediaEndpoint, b: MediaEndpoint, clock: Clock): Promise<void> {
  await Promise.all([a, b].map((endpoint) => endpoint.yieldPlaying()));
  if (a.isGone || b.isGone) {
    throw new AppError('MEDIA_BRIDGE_FAILED', 'a call ended before it was joined');
  }
  let failure = '';
  // A bridge of before leaves its mark behind. On one connection things happen in order: nobody waits for it.
  for (const { uuid } of [a, b]) void b.api('uuid_setvar', `${uuid} ${ENTERED}`);
  // Asked of the one that answered last: the channel that runs the bridge looks for the other every 20 ms.
  // The reply comes before media flow: each channel must name the other as its partner.
  const joined = b.ask('uuid_bridge', a.uuid).then(async (reply) => {
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
    if ((await endpoint.ask('uuid_getvar', ENTERED)).trim() === otherUuid) return true;
    await withDeadline(clock, JOIN_CHECK_INTERVAL_MS, endpoint.gone);
  }
  return false;
}
