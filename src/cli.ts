import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { Output } from './cli/configuration-commands.ts';
import type { CpdOptions } from './cli/cpd-command.ts';
import type { Operator } from './cli/operator.ts';
import { type Config, processEnvironment, readConfig } from './config/config.ts';
import type { PhoneOptions } from './demo/phone-command.ts';
import type { FlowLibrary } from './ivr/flow-library.ts';
import { SystemClock } from './kernel/clock.ts';
import { IdSource } from './kernel/ids.ts';
import { silentLog } from './kernel/log.ts';
import { SystemRandom } from './kernel/random.ts';
import { tellFailure } from './tell-failure.ts';

// Loaded when they are used: a phone or a `--help` need not wait for the database and all rooms.
const access = () => import('./cli/access-commands.ts');
const configurationCommands = () => import('./cli/configuration-commands.ts');

const clock = new SystemClock();
const output: Output = { line: (text) => console.log(text), error: (text) => console.error(text) };
const program = new Command('turnkeeper').description("Keeps a caller's place in line and calls them back.");

function configuration(): Config {
  return readConfig(processEnvironment(), process.cwd());
}

async function flowsOf({ flowsDirectory }: Config): Promise<FlowLibrary> {
  const { FlowFolder } = await import('./adapters/flows/flow-folder.ts');
  const { FlowLibrary } = await import('./ivr/flow-library.ts');
  const source = new FlowFolder({ folder: flowsDirectory, clock, log: silentLog });
  const flows = new FlowLibrary({ source, log: silentLog });
  await flows.reload();
  return flows;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number');
  return value;
}

/** Runs `work` on the installation: through the running server where there is one, else on its database. */
async function operate(work: (operator: Operator) => Promise<number>): Promise<void> {
  const { createLog } = await import('./adapters/logging/pino-log.ts');
  const { openOperator } = await import('./cli/open-operator.ts');
  const config = configuration();
  const flows = await flowsOf(config);
  const operator = await openOperator({
    config,
    clock,
    ids: new IdSource(clock, new SystemRandom()),
    log: createLog({ level: 'silent' }),
    environment: processEnvironment(),
    knownFlows: () => new Set(flows.names),
    knownPrompts: () => flows.prompts,
  });
  try {
    process.exitCode = await work(operator);
  } finally {
    await operator.close();
  }
}

/** A password given by an option, by the environment, or made and shown. */
function passwordFor(name: string, given: string | undefined): string {
  if (given !== undefined) return given;
  const password = randomBytes(15).toString('base64url');
  output.line(`password of ${name}: ${password}`);
  return password;
}

program
  .command('start')
  .description('serve until stopped; the same as npm start')
  .action(async () => {
    const { serve } = await import('./serve.ts');
    await serve();
  });
program
  .command('demo')
  .description('play one callback with three SIP phones over the loopback and judge it by ear')
  .action(async () => {
    const { runDemo } = await import('./demo/demo.ts');
    process.exitCode = await runDemo();
    process.exit();
  });
program
  .command('phone')
  .description(
    'a SIP phone in the terminal, on this machine: type keys and Enter to press them, h to hang up',
  )
  .argument('[number]', 'dial it; without a number the phone takes calls')
  .option('--server <address>', 'SIP address of the server', '127.0.0.1:5060')
  .option('--as <number>', "the caller's number", '+12025550123')
  .option('--user <user>', "register as this agent's phone")
  .option('--password <password>', 'of the user; default: the variable PHONE_PASSWORD')
  .option('--port <port>', 'its own SIP port; default any', wholeNumber, 0)
  .option('--press <keys>', 'SECONDS:KEYS after the answer, then after the keys before: "9:1 3:1"', '')
  .option('--hang-up-after <seconds>', 'hang up so long after the last keys, or the answer', wholeNumber)
  .option('--calls <count>', 'end after so many calls', wholeNumber)
  .option('--decline', 'decline what rings', false)
  .action(async (number: string | undefined, options: PhoneOptions) => {
    const { phoneCommand } = await import('./demo/phone-command.ts');
    process.exitCode = await phoneCommand(output, number, options, processEnvironment());
    process.exit();
  });
program
  .command('doctor')
  .description('check every connection and say what is wrong and how to mend it')
  .action(async () => {
    const { examine } = await import('./doctor.ts');
    const findings = await examine(configuration(), clock);
    for (const { what, verdict, detail, mend } of findings) {
      output.line(`${verdict.padEnd(6)} ${what}: ${detail}`);
      if (mend !== undefined) output.line(`       → ${mend}`);
    }
    process.exitCode = findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
  });
program
  .command('apply')
  .description('put a configuration document in force, all or nothing')
  .argument('<file>', 'YAML document; docs/configuration.md explains it')
  .option('--dry-run', 'say what would change and change nothing', false)
  .action((path: string, options: { dryRun: boolean }) =>
    operate(async (operator) => {
      const { applyCommand } = await configurationCommands();
      return applyCommand(operator, output, { path, text: readFileSync(path, 'utf8') }, options);
    }),
  );
program
  .command('export')
  .description('write the configuration in force, secrets sealed')
  .argument('[file]', 'default: standard output')
  .action((path: string | undefined) =>
    operate(async (operator) => {
      const { exportCommand } = await configurationCommands();
      const text = await exportCommand(operator);
      if (path === undefined) process.stdout.write(text);
      else writeFileSync(path, text, { mode: 0o600 });
      return 0;
    }),
  );
program
  .command('number-test')
  .description('try a telephone number on a number rule and say which step refuses it')
  .argument('<rule>')
  .argument('<number>', 'national or international, as typed')
  .option('--queue <queue>', "by this queue's country and what it blocks")
  .option('--country <country>', "ISO 3166, for national numbers; default the queue's, else the rule's first")
  .action((rule: string, number: string, options: { queue?: string; country?: string }) =>
    operate(async (operator) => {
      const { numberTestCommand } = await configurationCommands();
      return numberTestCommand(operator, output, rule, { number, ...options });
    }),
  );
program
  .command('migrate')
  .description("bring the database's schema up to date")
  .action(async () => {
    const { migrateCommand } = await import('./cli/migrate-command.ts');
    process.exitCode = await migrateCommand(configuration().dataDirectory, clock, output);
  });
program
  .command('why')
  .description('tell what happened to a callback and why the router decided as it did')
  .argument('<callback>', 'id of the callback')
  .action((id: string) =>
    operate(async (operator) => {
      const { whyCommand } = await import('./cli/why-command.ts');
      return whyCommand(operator, output, id);
    }),
  );
program
  .command('replay')
  .description('run recorded histories through the machine again; they must end in the recorded state')
  .argument('<callbacks...>', 'ids of callbacks')
  .action((ids: string[]) =>
    operate(async (operator) => {
      const { replayCommand } = await import('./cli/replay-command.ts');
      return replayCommand(operator, output, ids);
    }),
  );
program
  .command('simulate')
  .description('play a scenario of callers, customers and agents in virtual time and print its figures')
  .argument('<scenario>', 'YAML file; docs/simulation.md explains it')
  .option('--seed <number>', 'another day of the same scenario; default: the seed in the file', wholeNumber)
  .option('--days <count>', 'play as many days, with seeds one after another', wholeNumber, 1)
  .option('--json <file>', 'write the figures as JSON, too')
  .action(async (path: string, options: { seed?: number; days: number; json?: string }) => {
    const { simulateCommand } = await import('./cli/simulate-command.ts');
    const flows = await flowsOf(configuration());
    process.exitCode = await simulateCommand(
      output,
      flows,
      { path, text: readFileSync(path, 'utf8') },
      options,
    );
  });
program
  .command('cpd')
  .description('say who answered: call-progress detection on WAV files, one JSON line each')
  .argument('<file...>', 'WAV files: PCM, float, A-law or µ-law of any usual rate')
  .option('--early', 'the audio comes from before the answer', false)
  .option('--country <code>', 'expect the tones of this country (ISO 3166-1); default: of all that are known')
  .option('--profile <profile>', 'favour-person, neutral or favour-machine', 'favour-person')
  .action(async (files: string[], options: CpdOptions) => {
    const { cpdCommand } = await import('./cli/cpd-command.ts');
    process.exitCode = cpdCommand(output, files, options);
  });

const user = program.command('user').description('people who log in');
user
  .command('add')
  .argument('<name>')
  .requiredOption('--role <role>', 'Administrator, Supervisor, Monitor, Developer or Agent')
  .option('--password <password>', 'default: one is made and shown')
  .action((name: string, { role, password }: { role: string; password?: string }) =>
    operate(async (operator) =>
      (await access()).addUserCommand(operator, output, {
        name,
        role,
        password: passwordFor(name, password),
      }),
    ),
  );
user
  .command('list')
  .action(() => operate(async (operator) => (await access()).listUsersCommand(operator, output)));
user
  .command('remove')
  .argument('<name>')
  .action((name: string) =>
    operate(async (operator) => (await access()).removeUserCommand(operator, output, name)),
  );
user
  .command('password')
  .argument('<name>')
  .option('--password <password>', 'default: one is made and shown')
  .action((name: string, { password }: { password?: string }) =>
    operate(async (operator) =>
      (await access()).passwordCommand(operator, output, { name, password: passwordFor(name, password) }),
    ),
  );

const apiKey = program.command('api-key').description('credentials of programs');
apiKey
  .command('create')
  .argument('<name>', 'what the key is for')
  .requiredOption('--role <role>', 'Administrator, Supervisor, Monitor, Developer or Agent')
  .option('--scope <scope...>', 'what it is for: native, native:<permission>, ges, gms (default: native)')
  .option('--origin <origin...>', 'pages that may use it, such as https://shop.example, or *')
  .action((name: string, wanted: { role: string; scope?: string[]; origin?: string[] }) =>
    operate(async (operator) => (await access()).createApiKeyCommand(operator, output, { name, ...wanted })),
  );
apiKey
  .command('list')
  .action(() => operate(async (operator) => (await access()).listApiKeysCommand(operator, output)));
apiKey
  .command('revoke')
  .argument('<id>')
  .action((id: string) =>
    operate(async (operator) => (await access()).revokeApiKeyCommand(operator, output, id)),
  );

program.parseAsync().catch((error: unknown) => {
  tellFailure(error);
  process.exitCode = 1;
});
