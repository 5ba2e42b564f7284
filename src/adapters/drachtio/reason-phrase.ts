const PHRASES: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  410: 'Gone',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  600: 'Busy Everywhere',
  603: 'Decline',
};
const CLASSES = ['', 'Trying', 'OK', 'Redirected', 'Request Failure', 'Server Failure', 'Global Failure'];

/** The words after a SIP status (RFC 3261 §21), for a status line that we write ourselves. */
export function reasonPhrase(sipStatus: number): string {
  return PHRASES[sipStatus] ?? CLASSES[Math.floor(sipStatus / 100)] ?? 'Unknown';
}
