import type { FlowFacts } from '../ivr/flow-facts.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Router } from '../routing/router.ts';
import type { CallerPlace } from './caller-place.ts';
import type { CallerSlot } from './caller-slot.ts';
import type { OpenCallbacks } from './open-callbacks.ts';
import type { QueueWaits } from './queue-waits.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface CallerFactsOptions {
  readonly directory: ServiceDirectory;
  readonly openCallbacks: OpenCallbacks;
  readonly router: Router;
  readonly waits: QueueWaits;
  readonly clock: Clock;
}

/** Whose facts. */
export interface FactsOfCaller {
  readonly callId: CallId;
  readonly dialled: string;
  /** E.164; undefined when withheld. */
  readonly ani: string | undefined;
  readonly place: CallerPlace;
  readonly slot: CallerSlot;
}

/** What a flow may know of a caller in the house, the line and the settings, now. */
export function callerFacts(options: CallerFactsOptions, caller: FactsOfCaller): FlowFacts {
  const { directory, openCallbacks, router, waits, clock } = options;
  const { callId, dialled, ani, place, slot } = caller;
  const { settings } = place;
  const line = router.queue(settings.name);
  const position = line.positionOf(callId);
  const ewtSec = waits.ewtSec(settings, position ?? line.length + 1);
  const belowWatermark = openCallbacks.count(settings.name) < settings.offerWatermark;
  return {
    queue: settings.name,
    dialled,
    ...(ani !== undefined && { ani }),
    open: directory.isOpen(settings.name, clock.nowMs()),
    pendingCallback: ani !== undefined && openCallbacks.pendingOf(settings.name, ani) !== undefined,
    ...slot.facts(settings, ewtSec, belowWatermark),
    ...(ewtSec >= 0 && { ewtSec }),
    offerEwtThresholdSec: settings.offerEwtThresholdSec,
    ...(position !== undefined && { position }),
    waitingCount: line.length,
    announceIntervalSec: settings.announceIntervalSec,
    announcePosition: settings.announcePosition,
    announceWait: settings.announceWait,
    overflowDue: place.isOverflowDue,
    messageAllowed: settings.voicemailEnabled,
    confirmTimeoutSec: settings.confirmTimeoutSec,
    attemptCount: 0,
  };
}
