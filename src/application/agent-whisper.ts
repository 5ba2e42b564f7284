import type { FlowFacts } from '../ivr/flow-facts.ts';
import { runFlow } from '../ivr/flow-runner.ts';
import type { FlowOutcome } from '../ivr/flow-host.ts';
import type { FlowMachine } from '../ivr/flow-machine.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Leg } from '../telephony/leg.ts';
import type { Delivery } from './agent-delivery.ts';
import { callHostOf } from './confirmation.ts';

/**
 * What came of telling an agent: `connect` them; `no-key`: the queue wants a key and none came; `hung-up`:
 * the agent did.
 */
export type CaseHeard = 'connect' | 'no-key' | 'hung-up';

/** The flow that queues without one of their own use when they ask for a key. */
const WHISPER_FLOW = 'agent-whisper';

export interface WhisperOptions {
  readonly flow: (name: string) => FlowMachine | undefined;
  readonly audioMs: ReadonlyMap<string, number>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells an agent of the case in words. Where no key is asked for, a dialogue that fails costs nobody the
 * call.
 */
export async function whisperCase(
  options: WhisperOptions,
  leg: Leg,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<CaseHeard> {
  const { clock, audioMs } = options;
  const { settings, facts, agentId, subjectId } = delivery;
  const log = options.log.child({ agentId, subjectId, callId: leg.callId });
  const machine = options.flow(settings.agentWhisper ?? WHISPER_FLOW);
  if (!machine) {
    log.error({ flow: settings.agentWhisper }, 'there is no such flow for agents');
    return settings.agentAcceptKey ? 'no-key' : 'connect';
  }
  const host = callHostOf(flowFactsOf(delivery));
  const dialogue = { leg, host, clock, log, language: facts.language, audioMs, signal };
  return heardOf(await runFlow(machine, dialogue), settings.agentAcceptKey);
}

/** Without a key asked for, whatever the dialogue ended with is an agent who is there. */
function heardOf(outcome: FlowOutcome, needsKey: boolean): CaseHeard {
  if (outcome.kind === 'hung-up') return 'hung-up';
  if (!needsKey) return 'connect';
  return outcome.kind === 'finished' && outcome.result === 'confirmed' ? 'connect' : 'no-key';
}

function flowFactsOf({ settings, facts }: Delivery): FlowFacts {
  return {
    queue: settings.name,
    dialled: facts.customerNumber,
    ...(facts.customerNumber !== '' && { ani: facts.customerNumber }),
    open: true,
    pendingCallback: false,
    offerAllowed: false,
    offerEwtThresholdSec: settings.offerEwtThresholdSec,
    announceIntervalSec: settings.announceIntervalSec,
    confirmTimeoutSec: settings.confirmTimeoutSec,
    attemptCount: facts.attemptNumber,
    isCallback: facts.type !== 'call',
    waitedSec: Math.round(facts.waitedMs / 1000),
    acceptKey: settings.agentAcceptKey,
    acceptKeySec: settings.agentAcceptKeySec,
  };
}
