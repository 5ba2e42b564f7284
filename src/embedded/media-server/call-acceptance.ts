import { randomUUID } from 'node:crypto';
import { messageOf } from '../../kernel/errors.ts';
import type { NegotiatedAudio } from '../rtp/session-description.ts';
import { negotiateAudio, parseSessionDescription } from '../rtp/session-description.ts';
import { parseNameAddr } from '../sip/name-addr.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { SipDialog } from '../sip/sip-dialog.ts';
import type { SipStack } from '../sip/sip-stack.ts';
import { parseHostPort, parseSipUri } from '../sip/sip-uri.ts';
import { Channel } from './channel.ts';
import type { ChannelHost } from './channel.ts';
import type { HangupCause } from './hangup-cause.ts';
import type { MediaLink } from './media-link.ts';
import { SipLeg } from './sip-leg.ts';

/** What taking calls needs. */
export interface CallAcceptanceHost {
  readonly stack: SipStack;
  readonly media: MediaLink;
  readonly channels: Map<string, Channel>;
  readonly mediaAddress: string;
  readonly channelHost: ChannelHost;
  readonly sessionsMax: number;
  readonly sessionsPerSecondMax: number;
  isApplicationHost(host: string): boolean;
  connectApplication(uuid: string, host: string, port: number): void;
  tell(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Told to who is refused for a limit, seconds. */
const RETRY_AFTER_SEC = '5';

interface ApplicationAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * The SIP user agent of the media server: takes INVITEs, keeps the legs, routes requests inside dialogs to
 * them.
 */
export class CallAcceptance {
  readonly #host: CallAcceptanceHost;
  readonly #legs = new Map<Channel, SipLeg>();
  readonly #byDialog = new Map<string, SipLeg>();
  #openingCount = 0;
  #tokens: number;
  #tokensAtMs = performance.now();
  acceptedCount = 0;
  refusedCount = 0;

  constructor(host: CallAcceptanceHost) {
    this.#host = host;
    this.#tokens = host.sessionsPerSecondMax;
  }

  receive(tx: ServerTransaction): void {
    const { request } = tx;
    const leg = this.#byDialog.get(SipDialog.idOf(request));
    if (leg !== undefined) leg.receive(tx);
    else if (/;\s*tag=/i.test(request.headers.get('To') ?? '')) tx.reply(481);
    else if (request.method === 'INVITE') this.#invite(tx);
    else if (request.method === 'OPTIONS') tx.reply(200);
    else tx.reply(request.method === 'BYE' || request.method === 'UPDATE' ? 481 : 405);
  }

  /** The channel is over: BYE unless the peer said it. */
  release(channel: Channel, cause: HangupCause, isRemote: boolean): void {
    const leg = this.#legs.get(channel);
    if (leg === undefined) return;
    if (!isRemote) leg.bye(cause);
    this.#legs.delete(channel);
    const id = leg.dialogId;
    if (id !== undefined) this.#byDialog.delete(id);
  }

  #invite(tx: ServerTransaction): void {
    const { request } = tx;
    if (!this.#admits()) {
      this.refusedCount++;
      tx.reply(503, { headers: { 'Retry-After': RETRY_AFTER_SEC } });
      return;
    }
    const application = this.#applicationOf(tx);
    if (application === undefined) {
      this.refusedCount++;
      tx.reply(404);
      return;
    }
    const hasBody = request.body.length > 0;
    const offer = hasBody ? parseSessionDescription(request.body.toString('utf8')) : undefined;
    if (hasBody && negotiateAudio(offer?.audio) === undefined) {
      this.refusedCount++;
      // RFC 3261 §21.4.26, §20.43
      tx.reply(488, { headers: { Warning: '304 turnkeeper "Media type not available"' } });
      return;
    }
    void this.#open(tx, application);
  }

  async #open(tx: ServerTransaction, application: ApplicationAddress): Promise<void> {
    const uuid = randomUUID();
    let isCancelled = false;
    tx.listen({
      cancel: () => {
        isCancelled = true;
        tx.reply(487);
      },
    });
    this.#openingCount++;
    try {
      const port = await this.#host.media.open(uuid);
      if (isCancelled) this.#host.media.order({ type: 'close', leg: uuid });
      else this.#accept(tx, uuid, port, application);
    } catch (error) {
      this.refusedCount++;
      this.#host.tell('no media for a call', { reason: messageOf(error) });
      if (!isCancelled) tx.reply(503, { headers: { 'Retry-After': RETRY_AFTER_SEC } });
    } finally {
      this.#openingCount--;
    }
  }

  #accept(tx: ServerTransaction, uuid: string, port: number, application: ApplicationAddress): void {
    const { mediaAddress } = this.#host;
    const channel = this.#createChannel(tx, uuid);
    channel.setVariable('local_media_ip', mediaAddress);
    channel.setVariable('local_media_port', String(port));
    const leg = new SipLeg(
      this.#host.stack,
      tx,
      { address: mediaAddress, port },
      {
        media: (settled, localSdp, remoteSdp) => this.#setMedia(channel, settled, localSdp, remoteSdp),
        established: () => {
          channel.fireBrief('CHANNEL_ANSWER', {});
          this.#host.connectApplication(uuid, application.host, application.port);
        },
        ended: (cause) => channel.hangup(cause, true),
        digit: (digit, durationMs) =>
          channel.receiveDigit({ digit, durationSamples: durationMs * 8 }, 'INBAND_INFO'),
      },
    );
    this.acceptedCount++;
    this.#host.channels.set(uuid, channel);
    this.#legs.set(channel, leg);
    channel.fireBrief('CHANNEL_CREATE', {});
    leg.answer();
    const id = leg.dialogId;
    if (id !== undefined && !channel.isHungUp) this.#byDialog.set(id, leg);
  }

  #createChannel(tx: ServerTransaction, uuid: string): Channel {
    const { request, flow } = tx;
    const { headers } = request;
    const from = parseSipUri(parseNameAddr(headers.get('From') ?? '')?.uri ?? '');
    const to = parseSipUri(request.uri);
    const user = from?.user ?? 'nobody';
    const channel = new Channel(
      {
        uuid,
        name: `sofia/drachtio_mrf/${user}@${flow.address}:${flow.port}`,
        callerNumber: user,
        destination: to?.user ?? 'drachtio',
        networkAddress: flow.address,
      },
      this.#host.channelHost,
    );
    const facts: Record<string, string | undefined> = {
      direction: 'inbound',
      uuid,
      sip_from_user: user,
      sip_call_id: headers.get('Call-ID'),
      sip_network_ip: flow.address,
      sip_network_port: String(flow.port),
      sip_user_agent: headers.get('User-Agent'),
      sofia_profile_name: 'drachtio_mrf',
    };
    for (const [name, value] of Object.entries(facts))
      if (value !== undefined) channel.setVariable(name, value);
    // FreeSWITCH makes a variable of every X- header.
    for (const { name, value } of headers) {
      if (/^X-/i.test(name)) channel.setVariable(`sip_h_${name}`, value);
    }
    return channel;
  }

  #setMedia(channel: Channel, settled: NegotiatedAudio, localSdp: string, remoteSdp: string): void {
    const { law, payloadType, eventPayloadType, remoteAddress, remotePort, direction } = settled;
    const isHeld = remoteAddress === '0.0.0.0';
    this.#host.media.order({
      type: 'media',
      leg: channel.uuid,
      media: {
        law,
        payloadType,
        eventPayloadType,
        remoteAddress,
        remotePort,
        maySend: !isHeld && (direction === 'sendrecv' || direction === 'sendonly'),
        mayReceive: direction === 'sendrecv' || direction === 'recvonly',
      },
    });
    const facts: Record<string, string> = {
      switch_r_sdp: remoteSdp,
      rtp_local_sdp_str: localSdp,
      rtp_use_codec_name: law,
      rtp_use_codec_rate: '8000',
      rtp_use_codec_ptime: '20',
      rtp_use_pt: String(payloadType),
      read_codec: law,
      write_codec: law,
      dtmf_type: eventPayloadType === undefined ? 'none' : 'rfc2833',
      remote_media_ip: remoteAddress,
      remote_media_port: String(remotePort),
      audio_media_flow: direction,
    };
    for (const [name, value] of Object.entries(facts)) channel.setVariable(name, value);
  }

  /**
   * Where X-esl-outbound says the application waits; undefined when it says nothing or somewhere not allowed.
   */
  #applicationOf(tx: ServerTransaction): ApplicationAddress | undefined {
    const parsed = parseHostPort(tx.request.headers.get('X-esl-outbound')?.trim() ?? '');
    if (parsed?.port === undefined) return undefined;
    // An application that listens on every address is reached on this machine.
    const host = parsed.host === '0.0.0.0' ? '127.0.0.1' : parsed.host;
    if (this.#host.isApplicationHost(host)) return { host, port: parsed.port };
    this.#host.tell('application host not allowed', { host });
    return undefined;
  }

  /** A bucket of a second's worth of calls, and the number of channels. */
  #admits(): boolean {
    const { sessionsMax, sessionsPerSecondMax, channels } = this.#host;
    const nowMs = performance.now();
    const earned = ((nowMs - this.#tokensAtMs) * sessionsPerSecondMax) / 1000;
    this.#tokens = Math.min(sessionsPerSecondMax, this.#tokens + earned);
    this.#tokensAtMs = nowMs;
    if (channels.size + this.#openingCount >= sessionsMax || this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
