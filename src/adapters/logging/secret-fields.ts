/**
 * Names of fields whose values are never shown, stored in the error book or logged; customers' data, their
 * access codes and what their devices are reached by, too.
 */
export const secretFieldPattern =
  /pass(?:word|wd|phrase)?$|secret|token|authorization|cookie|^(?:x-)?api-?key$|credential|^ha1$|private-?key|^user-?data$|access_?code$|device_notification_id$|^push-?targets$/i;
