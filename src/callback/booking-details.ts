/** A device that is told about a callback. */
export interface PushTarget {
  /** Firebase Cloud Messaging; there is no other. */
  readonly channel: 'FCM';
  /** The device's registration token. */
  readonly target: string;
}

/** What was offered when the callback was accepted; for reports. */
export const offerTypes = ['ASAP', 'SCHEDULED', 'COMBINED_SCHEDULED_AND_ASAP'] as const;
export type OfferType = (typeof offerTypes)[number];

/** Through what the customer came; for reports. */
export const bookingChannels = ['IVR', 'WEB', 'MOBILE', 'UNKNOWN'] as const;
export type BookingChannel = (typeof bookingChannels)[number];

/**
 * What whoever books a callback tells about the offer, and what it overrides of the queue's settings. Every
 * part may be absent.
 */
export interface BookingDetails {
  readonly channel?: BookingChannel;
  readonly offerType?: OfferType;
  /** Whether the offer was made inside business hours. */
  readonly offerTiming?: 'ON-HOURS' | 'OFF-HOURS';
  /** The queue that the customer would have waited in. */
  readonly inboundQueue?: string;
  /** The estimated wait above which the callback was offered. */
  readonly offerThresholdSec?: number;
  /** The call or chat in which it was offered. */
  readonly originInteractionId?: string;
  /** Where the customer is sent for a survey afterwards. */
  readonly surveyRoutingPoint?: string;
  /** The trunk for the attempts, instead of the queue's; the field's word: routing point. */
  readonly routingPoint?: string;
  /** For whom the client asks, in its own words. */
  readonly endUser?: string;
  /** Devices to be told, 10 at most. */
  readonly pushTargets?: readonly PushTarget[];
}

/** The details without what identifies a device or a person: for the history, which outlives the record. */
export function reportedDetails({
  pushTargets,
  endUser: _identifies,
  ...rest
}: BookingDetails): Readonly<Record<string, unknown>> {
  return pushTargets === undefined ? rest : { ...rest, pushTargetCount: pushTargets.length };
}
