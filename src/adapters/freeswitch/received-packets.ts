import type { MediaEndpoint } from './media-endpoint.ts';

/**
 * RTP packets that the channel has received of its far end; undefined when the media server does not say.
 * Never rejects.
 *
 * Asked for and not told of: FreeSWITCH's own `media_timeout` hangs the channel up whatever
 * `execute_on_media_timeout` does (1.11, switch_rtp.c), also of one that has never sent anything; RTCP and
 * session heartbeats are events of a kilobyte and more for every leg every few seconds, most of which nobody
 * needs.
 */
export async function receivedPacketCount(
  endpoint: Pick<MediaEndpoint, 'uuid' | 'ask' | 'api'>,
): Promise<number | undefined> {
  // Both are written at once and answered in order.
  const [, text] = await Promise.all([
    endpoint.api('uuid_set_media_stats', endpoint.uuid),
    endpoint.ask('uuid_getvar', 'rtp_audio_in_packet_count'),
  ]);
  return /^\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}
