import { AGENT_MAY, HANG_UPS } from '../../src/bridging/hang-up-table.ts';
import { DIAL_VERDICTS, TERMINATION_ROWS } from '../../src/telephony/termination-table.ts';
import { type HangUpRow, whoEndsWhom } from '../fixtures/who-ends-whom.ts';

/** The tables of docs/hangup.md as the code has them; `npx tsx test/tidy/hangup-tables.ts` prints them. */
export function hangUpTables(): {
  callback: string;
  conversation: string;
  statuses: string;
  verdicts: string;
} {
  const rows = Object.values<HangUpRow>(whoEndsWhom);
  return {
    callback: table(
      ['When', 'Ends', 'Stays', 'Callback afterwards', 'Agent afterwards'],
      rows.map(({ when, ends, stays, callback, agent }) => [when, ends, stays, callback, agent]),
    ),
    conversation: table(
      ['Situation', 'The customer leaves', 'The agent leaves', 'The target leaves', 'Another party leaves'],
      Object.entries(HANG_UPS).flatMap(([situation, { customer, agent, target, other }]) =>
        situation === 'ended'
          ? []
          : [[`\`${situation}\``, ...[customer, agent, target, other].map((verdict) => verdict ?? '–')]],
      ),
    ),
    statuses: table(
      ['SIP status', 'Bucket', 'Reason', 'Why'],
      TERMINATION_ROWS.map(({ statuses, bucket, reason, why }) => [
        statuses.map((status) => (typeof status === 'number' ? status : status.join('–'))).join(', '),
        `\`${bucket}\``,
        `\`${reason}\``,
        why,
      ]),
    ),
    verdicts: table(
      ['Reason', 'Dial result', 'Another attempt'],
      Object.entries(DIAL_VERDICTS).map(([reason, { result, retry }]) => [
        `\`${reason}\``,
        result,
        retry === 'later' ? 'after the retry interval' : 'never',
      ]),
    ),
  };
}

/** The table of docs/call-control.md. */
export function commandTable(): string {
  const rows = Object.entries(AGENT_MAY).filter(([situation]) => situation !== 'ended');
  return table(
    ['Situation', 'The agent who answers for the call may'],
    rows.map(([situation, commands]) => [
      `\`${situation}\``,
      commands.map((command) => `\`${command}\``).join(', ') || '–',
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
