/** Names of fields whose values are never shown, stored in the error book or logged; customers' data too. */
export const secretFieldPattern =
  /pass(?:word|wd|phrase)?$|secret|token|authorization|cookie|^(?:x-)?api-?key$|credential|^ha1$|private-?key|^user-?data$/i;
