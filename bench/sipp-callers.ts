import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from './program.ts';

export interface CallersOptions {
  readonly to: Address;
  readonly ratePerSec: number;
  readonly callCount: number;
  /** From the answer to BYE. */
  readonly holdMs: number;
  /** Calls at once at most; default no limit of its own. */
  readonly concurrentMax?: number;
}

/** What became of the calls of one run of sipp. */
export interface CallersResult {
  readonly answeredCount: number;
  readonly refusedCount: number;
  readonly failedCount: number;
  /** From INVITE to 200, of those answered, ms. */
  readonly answerDelaysMs: readonly number[];
  readonly durationSec: number;
  readonly retransmissionCount: number;
}

const SDP = `v=0
o=bench 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000`;

/**
 * Calls 5000 with a caller number of its own each, holds, hangs up. A 503 is counted apart, anything else
 * fails.
 */
function scenario(holdMs: number): string {
  const send = (text: string, more = ''): string => `<send ${more}><![CDATA[
${text}
]]></send>`;
  const head = (
    cseq: number,
    method: string,
    to: string,
  ): string => `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+4930555[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: ${to}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Max-Forwards: 70`;
  const dialled = '<sip:[service]@[remote_ip]:[remote_port]>';
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="callers">
${send(
  `INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${head(1, 'INVITE', dialled)}
Contact: <sip:bench@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

${SDP}`,
  'retrans="500" start_rtd="answer"',
)}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="503" optional="true" next="refused"/>
<recv response="200" rrs="true" rtd="answer"/>
${send(`ACK [next_url] SIP/2.0
${head(1, 'ACK', `${dialled}[peer_tag_param]`)}
[routes]
Content-Length: 0`)}
<pause milliseconds="${holdMs}"/>
${send(
  `BYE [next_url] SIP/2.0
${head(2, 'BYE', `${dialled}[peer_tag_param]`)}
[routes]
Content-Length: 0`,
  'retrans="500"',
)}
<recv response="200" next="end"/>
<label id="refused"/>
${send(`ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${head(1, 'ACK', `${dialled}[peer_tag_param]`)}
Content-Length: 0`)}
<nop><action><log message="refused"/></action></nop>
<label id="end"/>
<nop/>
</scenario>
`;
}

/** Places the calls with sipp; resolves when all have ended. */
export async function placeCalls(options: CallersOptions): Promise<CallersResult> {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-sipp-'));
  writeFileSync(join(folder, 'callers.xml'), scenario(options.holdMs));
  const startedAtMs = performance.now();
  const { host, port } = options.to;
  const local = host.startsWith('127.') ? '127.0.0.1' : host;
  const args = [
    [`${host}:${port}`, '-sf', 'callers.xml', '-s', '5000', '-i', local, '-nostdin'],
    ['-r', String(options.ratePerSec), '-m', String(options.callCount)],
    ['-l', String(options.concurrentMax ?? 100_000), '-buff_size', '8388608'],
    ['-trace_rtt', '-rtt_freq', '1', '-trace_stat', '-fd', '1', '-trace_logs'],
    ['-timeout', '600s', '-recv_timeout', '32000', '-default_behaviors', 'all'],
  ].flat();
  const child = spawn('sipp', args, { cwd: folder, stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`sipp cannot be run (Debian: apt-get install sip-tester): ${error.message}`)),
    );
    child.once('close', () => resolve());
  });
  const files = readdirSync(folder);
  const read = (suffix: string): string => {
    const name = files.find((file) => file.endsWith(suffix));
    return name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
  };
  const statistics = lastStatistics(read('.csv_') || readStatistics(folder, files));
  const answerDelaysMs = read('_rtt.csv')
    .split('\n')
    .map((line) => line.split(';'))
    .filter((fields) => fields.length >= 3 && fields[2]?.includes('answer'))
    .map((fields) => Number(fields[1]));
  const refusedCount = (read('_logs.log').match(/refused/g) ?? []).length;
  rmSync(folder, { recursive: true, force: true });
  return {
    answeredCount: answerDelaysMs.length,
    refusedCount,
    failedCount: statistics.get('FailedCall(C)') ?? options.callCount,
    answerDelaysMs,
    durationSec: (performance.now() - startedAtMs) / 1000,
    retransmissionCount: statistics.get('Retransmissions(C)') ?? 0,
  };
}

function readStatistics(folder: string, files: readonly string[]): string {
  const name = files.find((file) => /_\d+_\.csv$/.test(file));
  return name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
}

function lastStatistics(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '');
  const names = (lines[0] ?? '').split(';');
  const values = (lines.at(-1) ?? '').split(';');
  return new Map(names.map((name, at) => [name, Number(values[at])]));
}
