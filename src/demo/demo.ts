import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, processEnvironment, readConfig } from '../config/config.ts';
import { messageOf } from '../kernel/errors.ts';
import { startTurnkeeper, type Turnkeeper } from '../turnkeeper.ts';
import { DemoLog } from './demo-log.ts';
import { demoDocument } from './demo-document.ts';
import { playScenario } from './scenario.ts';
import { SoftPhone } from './soft-phone/soft-phone.ts';
import { Timeline } from './timeline.ts';

/**
 * `npm run demo` (`turnkeeper demo`): the program on free ports with a database of its own, and three SIP
 * phones over the loopback that play scenario S1: a caller takes a callback and gets it. @returns the exit
 * code: 0 only when every step was seen and heard.
 */
export async function runDemo(): Promise<number> {
  const timeline = new Timeline((line) => process.stdout.write(`${line}\n`));
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-demo-'));
  const log = new DemoLog();
  const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  let failure: unknown;
  try {
    // The customer's phone has its port before the program starts: the trunk leads there.
    const customer = await new SoftPhone({ host: '127.0.0.1', port: 0 }).open();
    stops.push(() => customer.close());
    const document = join(folder, 'demo.yaml');
    writeFileSync(document, demoDocument(customer.port));
    const config = demoConfig(folder, document);
    const turnkeeper = await startTurnkeeper({ config, environment: {}, log, version: 'demo' });
    stops.push(() => turnkeeper.close());
    const server = sipAddressOf(turnkeeper, log);
    customer.server.host = server.host;
    customer.server.port = server.port;
    const [caller, agent] = [await new SoftPhone(server).open(), await new SoftPhone(server).open()];
    stops.push(
      () => caller.close(),
      () => agent.close(),
    );
    timeline.note('Turnkeeper', `serves SIP at ${server.host}:${server.port}, HTTP at ${turnkeeper.httpUrl}`);
    await playScenario({ timeline, log, caller, agent, customer, phone: turnkeeper.phones[0] });
  } catch (error) {
    failure = error;
  }
  for (const stop of stops.reverse()) await stop();
  if (failure !== undefined) {
    timeline.note('demo', `FAILED: ${messageOf(failure)}`);
    for (const { message, fields } of log.lines.slice(-15)) {
      process.stderr.write(`  ${message} ${JSON.stringify(fields)}\n`);
    }
    return 1;
  }
  timeline.note('demo', 'every step was seen and heard');
  return 0;
}

/** Free ports and an own data directory; the servers as the environment says. */
function demoConfig(folder: string, document: string): Config {
  const {
    TURNKEEPER_DRACHTIO,
    TURNKEEPER_FREESWITCH,
    TURNKEEPER_DRACHTIO_SECRET,
    TURNKEEPER_FREESWITCH_SECRET,
  } = processEnvironment();
  return readConfig(
    {
      TURNKEEPER_DATA: join(folder, 'data'),
      TURNKEEPER_DOCUMENT: document,
      TURNKEEPER_HTTP_PORT: '0',
      TURNKEEPER_SIP_PORT: '0',
      TURNKEEPER_DRACHTIO,
      TURNKEEPER_FREESWITCH,
      TURNKEEPER_DRACHTIO_SECRET,
      TURNKEEPER_FREESWITCH_SECRET,
    },
    process.cwd(),
  );
}

/** Real servers say where they listen when they are connected. */
function sipAddressOf(turnkeeper: Turnkeeper, log: DemoLog): { host: string; port: number } {
  if (turnkeeper.sipAddress) return { ...turnkeeper.sipAddress };
  const line = log.lines.find(({ message }) => message === 'SIP server connected');
  const text = (line?.fields['sipAddresses'] as string[] | undefined)?.find((address) =>
    address.startsWith('udp/'),
  );
  const [, host = '', port = ''] = /^udp\/([^:]+):(\d+)$/.exec(text ?? '') ?? [];
  if (host === '') throw new Error('the SIP server did not say where it listens');
  return { host, port: Number(port) };
}
