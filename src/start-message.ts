import type { Config } from './config/config.ts';
import type { Turnkeeper } from './turnkeeper.ts';

/**
 * What a newcomer needs to make a first call, printed once the server serves. The phones' passwords are in it
 * at the first start, as the administrator's is, and for a terminal: what later starts write is kept in logs.
 */
export function startMessage(turnkeeper: Turnkeeper, config: Config, isTerminal: boolean): string {
  const { sipAddress, phones, dids, httpUrl, administrator } = turnkeeper;
  const areShown = isTerminal || administrator !== undefined;
  const sip = sipAddress ? `${sipAddress.host}:${sipAddress.port}` : 'the address of your drachtio-server';
  const lines = [
    '',
    'Turnkeeper serves.',
    '',
    `  Callers dial     ${dids.map((did) => `sip:${did}@${sip}`).join('  ')}`,
    `  Agents' phones   register at ${sip} (UDP or TCP), realm ${config.realm}:`,
    ...phones.map(({ sipUser, password, name }) => {
      const secret = areShown ? password : 'as at the first start, or as the document says';
      return `                     ${sipUser}  password ${secret}  (${name})`;
    }),
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
