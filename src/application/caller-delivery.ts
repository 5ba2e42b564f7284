import type { QueueSettings } from '../callback/queue-settings.ts';
import type { OriginateRequest, OutboundCall, Telephony } from '../telephony/telephony.ts';
import type { AgentDelivery } from './agent-delivery.ts';
import { type CallerOnHold, callFacts, type CaseFactsParts } from './case-facts.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface CallerDeliveryParts extends Omit<CaseFactsParts, 'settingsOf'> {
  readonly telephony: Telephony;
  readonly delivery: AgentDelivery;
  readonly directory: ServiceDirectory;
}

/** Calls somebody for a caller on hold: agents get the case with the call. */
export function callForCaller(
  parts: CallerDeliveryParts,
  caller: CallerOnHold,
  settings: QueueSettings,
  request: OriginateRequest,
): OutboundCall {
  const { telephony, delivery, directory } = parts;
  const { callId, target, callerId } = request;
  if (target.kind !== 'agent') return telephony.originate(request);
  const facts = callFacts({ ...parts, settingsOf: (queue) => directory.queue(queue) }, caller);
  return delivery.deliver({
    callId,
    agentId: target.agentId,
    subjectId: caller.callId,
    kind: 'call',
    facts,
    settings,
    callerId: { name: settings.name, ...callerId },
  });
}
