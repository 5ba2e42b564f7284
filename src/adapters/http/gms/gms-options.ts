import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { QueueSettings } from '../../../callback/queue-settings.ts';
import type { RouteContext } from '../http-dependencies.ts';

/** Options told of in one answer. */
const TOLD_MAX = 100;
const NAME_CHARACTERS_MAX = 64;

/** Service options of the field that are settings of the virtual queue here, and which. */
const settingByOption: Readonly<Record<string, keyof QueueSettings>> = {
  _call_direction: 'callDirection',
  _wait_for_agent: 'connectStrategy',
  _wait_for_user_confirm: 'requireConfirm',
  _user_confirm_timeout: 'confirmTimeoutSec',
  _on_user_confirm_timeout: 'onConfirmTimeout',
  _ttl: 'purgeTimeMin',
  _business_hours_service: 'businessHours',
  _capacity_service: 'capacityRule',
  _max_time_to_wait_for_agent_on_the_call: 'maxWaitForAgentSec',
  _request_time_bucket: 'slotDurationMin',
  _max_request_by_time_bucket: 'slotCapacity',
  _reject_future_desired_time: 'maxFutureDays',
  _request_execution_time_buffer: 'readyForAsapLeadSec',
  _target: 'skillExpression',
  _urs_ewt_estimation_method: 'connectStrategy',
  _urs_queued_ttl: 'queueTtlSec',
  _agent_reserve_timeout: 'agentRingTimeoutSec',
  _urs_vq_priority_increment: 'priorityIncrement',
  _urs_vq_priority_increment_interval: 'priorityIncrementIntervalSec',
  _userterminated_first_connect_party: 'connectStrategy',
  _agent_preview: 'connectStrategy',
  _agent_preview_timeout: 'previewTimeoutSec',
  _agent_preview_allow_reject: 'previewRejectMax',
  _agent_preview_timeout_set_notready: 'previewTimeoutNotReady',
  _agent_reject_retry_timeout: 'agentSkipSec',
  _enable_disposition_dialog: 'dispositionRequired',
  _cpd_enable: 'cpdEnabled',
  _max_dial_attempts: 'maxAttempts',
  _dial_retry_timeout: 'retryIntervalSec',
  _ixn_createcall_timeout: 'dialTimeoutSec',
  _prefix_dial_out: 'dialPrefix',
  _calling_party_number: 'callerIdNumber',
  _calling_party_display_name: 'callerIdName',
  _max_transfer_to_agent_attempts: 'maxAgentTransferAttempts',
  _treatment_customer_connect: 'callbackApplication',
  _treatment_waiting_for_agent: 'holdAnnouncements',
  _treatment_call_failure_answering_machine: 'onAnsweringMachine',
  _max_number_of_user_availability_confirmation_attempts: 'maxNotifyAttempts',
  _snooze_duration: 'snoozeSec',
  _max_queued_callbacks_per_service: 'maxQueued',
  _throttle_callbacks_per_service_1: 'throttlePerService',
  _throttle_ttl_1: 'throttlePerService',
  _throttle_callbacks_per_service_2: 'throttlePerService',
  _throttle_ttl_2: 'throttlePerService',
  _throttle_request_parameters_limit: 'throttlePerNumberPerDay',
  _throttle_customer_number_limit: 'throttlePerNumberPerDay',
  _enable_in_queue_checking: 'duplicateCheck',
  _enable_reject_out_of_office_hours: 'rejectOutsideHours',
  _default_country: 'defaultCountry',
  _disallow_impossible_phone_numbers: 'blockImpossibleNumbers',
  _disallow_premium_phone_numbers: 'blockPremiumNumbers',
  _exceptions: 'numberRule',
};

/** A part of a request that had no effect, and why. */
export const ignoredOption = z.object({
  option: z.string(),
  reason: z.string(),
});
export type IgnoredOption = z.output<typeof ignoredOption>;

export const ignoredOptions = z
  .array(ignoredOption)
  .optional()
  .describe('Parts of the request that had no effect; absent: there are none');

/**
 * Why each of these options has no effect. A request cannot override settings of a queue: the field, too,
 * lets it only where a service says so.
 */
export function ignoredBecause(names: readonly string[]): readonly IgnoredOption[] {
  return names.map((name) => {
    const setting = Object.hasOwn(settingByOption, name) ? settingByOption[name] : undefined;
    return {
      option: name.slice(0, NAME_CHARACTERS_MAX),
      reason: setting === undefined ? 'is not supported' : `is the setting ${setting} of the virtual queue`,
    };
  });
}

/** Puts what had no effect into the log and into the answer: nothing where everything had. */
export function tellIgnored(
  { log }: Pick<RouteContext, 'log'>,
  request: FastifyRequest,
  ignored: readonly IgnoredOption[],
): { _ignored_options?: IgnoredOption[] } {
  if (ignored.length === 0) return {};
  const told = ignored.slice(0, TOLD_MAX);
  log.info(
    {
      correlationId: request.id,
      by: request.principal?.key,
      options: told.map(({ option }) => option),
      ignoredCount: ignored.length,
    },
    'parts of a request had no effect',
  );
  return { _ignored_options: told };
}
