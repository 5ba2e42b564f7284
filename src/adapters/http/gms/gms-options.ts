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
  _desired_connect_time_threshold: 'readyForAsapLeadSec',
  _eta_pos_threshold: 'connectStrategy',
  _max_time_to_reach_eta_pos_threshold: 'queueTtlSec',
  _enable_notification_reminder: 'pushThresholdMin',
  _notification_reminder_buffer: 'pushThresholdMin',
  _max_notify_delivery_attempts: 'maxNotifyAttempts',
  _agent_availability_notification_delay: 'pushConfirm',
  _agent_disposition_timeout: 'wrapUpSec',
  _agent_transfer_confirm_timeout: 'agentRingTimeoutSec',
  _trunk_group: 'trunk',
  _call_timeguard_timeout: 'cpdProfile',
  _plugin_on_dial_url: 'callbackApplication',
  _treatment_find_agent_fail: 'callbackApplication',
  _paused_services_id: 'immediateEnabled',
  _paused_services_list: 'immediateEnabled',
};

const OTHER_SERVER = 'belongs to a server that does not exist here';
const CALL_IN_GROUP = 'is a setting of the call-in group';
const WEBHOOKS = 'is done by webhooks';
const WHOLE = 'is not needed: all data travel with the callback';

/** Why other options of the field have no effect; those of neither table are answered as not supported. */
const reasonByOption: Readonly<Record<string, string>> = {
  _type: OTHER_SERVER,
  _service: OTHER_SERVER,
  _service_type: OTHER_SERVER,
  _ors: OTHER_SERVER,
  _ors_lb_strategy: OTHER_SERVER,
  _max_ors_submit_attempts: OTHER_SERVER,
  _retain_session_until_ixn_deleted: OTHER_SERVER,
  _max_time_to_wait_for_ixn_delete: OTHER_SERVER,
  _ixn_redirect_hints: OTHER_SERVER,
  _ixn_redirect_confirm: OTHER_SERVER,
  _ixn_createcall_hints: OTHER_SERVER,
  _ixn_update_data_time_to_wait: OTHER_SERVER,
  _queue_poll_period: OTHER_SERVER,
  _queue_poll_period_recovery: OTHER_SERVER,
  _queue_ping_ors_period: OTHER_SERVER,
  _fetch_retry_attempt: OTHER_SERVER,
  _fetch_retry_delay: OTHER_SERVER,
  _delay_connid_attempt_loop: OTHER_SERVER,
  _request_queue_time_stat: OTHER_SERVER,
  _request_ewt_service: OTHER_SERVER,
  _urs_ewt_virtual_queue: OTHER_SERVER,
  _urs_ewt_vq: OTHER_SERVER,
  _urs_prioritization_strategy: OTHER_SERVER,
  _urs_strategy_update_sub_routine: OTHER_SERVER,
  _urs_extension_data: OTHER_SERVER,
  _urs_request_timeout: OTHER_SERVER,
  _min_urs_ewt_pos_polling_interval: OTHER_SERVER,
  _max_urs_ewt_pos_polling_interval: OTHER_SERVER,
  _vq_for_outbound_calls: OTHER_SERVER,
  _provide_code: CALL_IN_GROUP,
  _resource_group: CALL_IN_GROUP,
  _booking_expiration_timeout: CALL_IN_GROUP,
  _access_code_length: CALL_IN_GROUP,
  _enable_status_notification: WEBHOOKS,
  _status_notification_type: WEBHOOKS,
  _status_notification_target: WEBHOOKS,
  _status_notification_provider: WEBHOOKS,
  _status_notification_language: WEBHOOKS,
  _status_notification_debug: WEBHOOKS,
  _callback_events_list: WEBHOOKS,
  _attach_udata: WHOLE,
  _agent_preview_data: WHOLE,
  _urs_udata_xfer_keys: WHOLE,
  _customer_lookup_keys: 'is not needed: callbacks are found by any key',
  _mandatory_customer_lookup_keys: 'is always _customer_number',
  _throttle_request_parameters: 'is always _customer_number',
  _urs_call_interaction_age: 'is not needed: the age of a place is kept by itself',
};

/** Every option that the answer says more of than that it is not supported. */
export const explainedOptions: readonly string[] = [
  ...Object.keys(settingByOption),
  ...Object.keys(reasonByOption),
];

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
    const other = Object.hasOwn(reasonByOption, name) ? reasonByOption[name] : undefined;
    return {
      option: name.slice(0, NAME_CHARACTERS_MAX),
      reason:
        setting === undefined
          ? (other ?? 'is not supported')
          : `is the setting ${setting} of the virtual queue`,
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
