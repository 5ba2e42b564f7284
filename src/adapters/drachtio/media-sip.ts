import { CODEC_HEADER, type MrfSip } from '../freeswitch/drachtio-fsmrf.ts';
import { waitingAnswer, withoutEncryption } from '../freeswitch/session-description.ts';
import type { UnackedCall } from './drachtio-srf.ts';
import type { SipLink } from './sip-link.ts';

/**
 * The SIP side that fsmrf makes its calls to the media server through: always the live connection, and never
 * SRTP. When the media server makes the offer, the library would echo it with its `a=crypto` lines as the
 * answer, and the media server would send SRTP for good; so the ACK is sent from here, without them, and with
 * the codec first that the endpoint is to be set to.
 */
export function mediaSip(link: SipLink): MrfSip {
  return {
    createUAC: async (uri, options) => {
      const { headers: given = {}, localSdp } = options;
      const { [CODEC_HEADER]: codec, ...headers } = given;
      if (localSdp !== undefined && localSdp !== '') {
        return link.srf.createUAC(uri, { headers, localSdp: withoutEncryption(localSdp) });
      }
      const unacked = (await link.srf.createUAC(uri, { headers, noAck: true })) as unknown as UnackedCall;
      return unacked.ack(waitingAnswer(unacked.sdp, codec));
    },
  };
}
