import type { Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { FlowFacts } from '../ivr/flow-facts.ts';
import type { FlowHost, FlowOutcome } from '../ivr/flow-host.ts';
import type { FlowMachine } from '../ivr/flow-machine.ts';
import { runFlow } from '../ivr/flow-runner.ts';
import type { Clock } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Leg } from '../telephony/leg.ts';
import type { Confirmation } from './callback-calls-options.ts';

/** The flow that a machine hears after its beep. */
const MESSAGE_FLOW = 'machine-message';

export interface ConfirmationOptions {
  readonly flow: (name: string) => FlowMachine | undefined;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  readonly audioMs: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks a called customer to press 1. Whatever goes wrong with the dialogue counts as not confirmed. */
export async function askConfirmation(
  options: ConfirmationOptions,
  leg: Leg,
  callback: Callback,
  signal: AbortSignal,
): Promise<Confirmation> {
  const settings = options.settingsOf(callback.virtualQueue);
  const machine = settings && options.flow(settings.callbackApplication);
  if (!machine) return 'not-confirmed';
  const log = options.log.child({ callbackId: callback.id, callId: leg.callId });
  const { clock, audioMs } = options;
  const host = callHostOf(factsOf(callback, settings));
  const outcome = await runFlow(machine, {
    leg,
    host,
    clock,
    log,
    language: callback.language,
    audioMs,
    signal,
  });
  return confirmationOf(outcome);
}

/** Speaks the message that is left on a machine; resolves when it has been spoken or the signal aborts. */
export async function leaveMessage(
  options: ConfirmationOptions,
  leg: Leg,
  callback: Callback,
  signal: AbortSignal,
): Promise<void> {
  const machine = options.flow(MESSAGE_FLOW);
  const settings = options.settingsOf(callback.virtualQueue);
  if (!machine || !settings) return;
  const { clock, audioMs } = options;
  const log = options.log.child({ callbackId: callback.id, callId: leg.callId });
  const host = callHostOf(factsOf(callback, settings));
  const { language } = callback;
  const outcome = await runFlow(machine, { leg, host, clock, log, language, audioMs, signal });
  log.info({ outcome }, 'message for a machine');
}

/** What a dialogue's end means for the callback. */
export function confirmationOf(outcome: FlowOutcome): Confirmation {
  if (outcome.kind === 'hung-up') return 'hung-up';
  if (outcome.kind !== 'finished') return 'not-confirmed';
  const { result } = outcome;
  return result === 'confirmed' || result === 'snoozed' || result === 'cancelled' ? result : 'not-confirmed';
}

function factsOf(callback: Callback, settings: QueueSettings): FlowFacts {
  return {
    queue: callback.virtualQueue,
    dialled: callback.customerNumber,
    ani: callback.customerNumber,
    open: true,
    pendingCallback: false,
    offerAllowed: false,
    offerEwtThresholdSec: settings.offerEwtThresholdSec,
    announceIntervalSec: settings.announceIntervalSec,
    confirmTimeoutSec: settings.confirmTimeoutSec,
    attemptCount: callback.attemptCount,
  };
}

/** Who was called is in no line and books nothing: a flow that tries is a flow in the wrong place. */
export function callHostOf(facts: FlowFacts): FlowHost {
  const refuse = (verb: string) => async (): Promise<never> => {
    throw new AppError('FLOW_VERB_MISPLACED', `"${verb}" has no meaning on a call of ours`);
  };
  return {
    facts: () => facts,
    onFactsChanged: () => () => undefined,
    agentTaken: new AbortController().signal,
    enterQueue: refuse('queue'),
    screenNumber: refuse('screen'),
    proposeSlot: refuse('propose'),
    book: refuse('book'),
    overflow: refuse('overflow'),
    nextHoldAnnouncement: () => undefined,
    takeMessage: refuse('message'),
    offerMade: () => undefined,
    matchCallIn: refuse('match'),
    pendingCallback: refuse('pending'),
    changeAgent: refuse('agent'),
    transfer: refuse('transfer'),
  };
}
