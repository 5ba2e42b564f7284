import type { Config } from './config/config.ts';
import type { Turnkeeper } from './turnkeeper.ts';

/**
 * What a newcomer needs to make a first call, printed once the server serves. Shows passwords: for a terminal
 * only.
 */
export function startMessage(turnkeeper: Turnkeeper, config: Config): string {
  const { sipAddress, phones, dids, httpUrl, administrator } = turnkeeper;
  const sip = sipAddress ? `${sipAddress.host}:${sipAddress.port}` : 'the address of your drachtio-server';
  const lines = [
    '',
    'Turnkeeper serves.',
    '',
    `  Callers dial     ${dids.map((did) => `sip:${did}@${sip}`).join('  ')}`,
    `  Agents' phones   register at ${sip} (UDP or TCP), realm ${config.realm}:`,
    ...phones.map(
      ({ sipUser, password, name }) => `                     ${sipUser}  password ${password}  (${name})`,
    ),
    '                   then dial *81 ready, *82 not ready, *83 log out, *84 wrap-up done',
    `  HTTP API         ${httpUrl}/api/v1   documented at ${httpUrl}/api/docs`,
  ];
  if (administrator) {
    const { name, password } = administrator;
    lines.push(`  Administrator    ${name}, password ${password}   (shown only this once)`);
  }
  if (config.telephony.mode === 'embedded') {
    lines.push(
      '  Telephony        embedded, for development and small sites; README tells how to use real servers',
    );
  }
  lines.push('', '  Stop with Ctrl-C.', '');
  return lines.join('\n');
}
