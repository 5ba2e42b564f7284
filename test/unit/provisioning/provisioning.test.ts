import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Storage } from '../../../src/adapters/storage/storage.ts';
import type { Actor } from '../../../src/callback/callback.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import type { Log, LogFields } from '../../../src/kernel/log.ts';
import { type ConfigurationDocument, emptyDocument } from '../../../src/provisioning/document.ts';
import { type ApplyOutcome, Provisioning } from '../../../src/provisioning/provisioning.ts';
import { SecretBox } from '../../../src/provisioning/secret-box.ts';
import { secretPlaceOf } from '../../../src/provisioning/secret-place.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { aCallback } from '../../contract/storage/implementations.ts';

const actor: Actor = { kind: 'user', id: 'ada' };
const QUEUE = 'queues: [{name: support, skillExpression: "Support >= 2"}]';
const AGENTS = `agents:
  - {id: 1001, name: Ada, sipUser: 1001, password: correct-horse-battery, skills: {Support: 3}}
  - {id: 1002, name: Ben, sipUser: 1002, password: {env: BEN_PASSWORD}, skills: {Support: 1}}
  - {id: 1003, name: Cleo, sipUser: 1003, password: {generate: true}}
`;
const TRUNK = 'trunks: [{name: t, username: u, password: staple-trunk-secret, addresses: [192.0.2.0/24]}]';

describe('provisioning', () => {
  let folder: string;
  let storage: Storage;
  let environment: Record<string, string>;
  let logged: string[];
  const oldKey = randomBytes(32);
  const box = new SecretBox(oldKey);

  const log: Log = {
    debug: note,
    info: note,
    warn: note,
    error: note,
    child: () => log,
  };
  function note(fields: LogFields, message: string): void {
    logged.push(JSON.stringify(fields) + message);
  }

  function provisioning(ownBox = box): Provisioning {
    return new Provisioning({
      transactions: storage,
      box: ownBox,
      clock: new SystemClock(),
      log,
      realm: 'test',
      environment: (name) => environment[name],
    });
  }

  function apply(on: Provisioning, text: string, dryRun = false): Promise<ApplyOutcome> {
    return on.apply(text, 'test.yaml', actor, { dryRun });
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'turnkeeper-provisioning-'));
    storage = await Storage.open({ path: join(folder, 'test.db'), clock: new SystemClock() });
    environment = { BEN_PASSWORD: 'ben-environment-secret' };
    logged = [];
  });
  afterEach(async () => {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('puts a document in force at once and tells listeners', async () => {
    const own = provisioning();
    const versions: number[] = [];
    const stop = own.directory.onChange((version) => versions.push(version));
    expect(await apply(own, `${QUEUE}\n${AGENTS}`)).toMatchObject({
      kind: 'applied',
      version: 1,
      diff: { added: ['queues/support', 'agents/1001', 'agents/1002', 'agents/1003'] },
    });
    expect(own.directory.agentsOf('support')).toEqual(['1001']);
    expect(own.directory.agentsOf('unknown')).toEqual([]);
    const ha1 = createHash('md5').update('1001:test:correct-horse-battery').digest('hex');
    expect(own.directory.agentBySipUser('1001')).toMatchObject({ agentId: '1001', ha1: { md5: ha1 } });
    expect(Object.keys(own.directory.agent('1001') ?? {})).not.toContain('password');
    stop();
    await apply(own, QUEUE);
    expect(versions).toEqual([1]);
    expect(own.directory.agentBySipUser('1001')).toBeUndefined();
  });

  it('is in force again after a restart, and exports what changes nothing', async () => {
    const first = provisioning();
    await apply(
      first,
      `${QUEUE}\n${AGENTS}\n${TRUNK}\ndids: [{number: 5000, flow: inbound, queue: support}]`,
    );
    const text = first.export();
    const second = provisioning();
    expect(await second.load()).toBe(1);
    expect(second.export()).toBe(text);
    expect(await apply(second, text)).toEqual({
      kind: 'applied',
      version: 1,
      diff: { added: [], changed: [], removed: [], reordered: [] },
    });
    expect(second.directory.trunkPassword('t')).toBe('staple-trunk-secret');
    expect(second.directory.did('+5000')).toMatchObject({ number: '5000', queue: 'support' });
    expect(second.phoneCredentials()).toEqual(first.phoneCredentials());
  });

  it('knows reasons for not being ready without a restart: those written, and RONA', async () => {
    const own = provisioning();
    const usual = ['Admin Work', 'Lunch', 'Meeting', 'Pause', 'Training', 'RONA'];
    expect(own.directory.notReadyReasons()).toEqual(usual);
    expect(await apply(own, 'notReadyReasons: [Tea, RONA, "5"]')).toMatchObject({
      kind: 'applied',
      diff: { changed: [{ item: 'notReadyReasons', fields: [{ to: ['Tea', 'RONA', '5'] }] }] },
    });
    expect(own.directory.notReadyReasons()).toEqual(['Tea', 'RONA', '5']);
    const again = provisioning();
    await again.load();
    expect(again.directory.notReadyReasons()).toEqual(['Tea', 'RONA', '5']);
    expect(again.export()).toContain('notReadyReasons:\n  - Tea\n  - RONA\n  - "5"\n');
    expect(await apply(again, again.export())).toMatchObject({ diff: { changed: [] } });
    await apply(again, 'queues: []');
    expect(again.directory.notReadyReasons()).toEqual(usual);
  });

  it('knows the limits of the APIs without a restart, and keeps them with the document', async () => {
    const own = provisioning();
    expect(own.directory.apiLimits()).toEqual({});
    const text = 'limits: { address: { perMinuteMax: 6000 }, number: { perHourMax: 3 } }';
    const limits = { address: { perMinuteMax: 6000 }, number: { perHourMax: 3 } };
    expect(await apply(own, text)).toMatchObject({
      kind: 'applied',
      diff: { changed: [{ item: 'limits' }] },
    });
    expect(own.directory.apiLimits()).toEqual(limits);
    const again = provisioning();
    await again.load();
    expect(again.directory.apiLimits()).toEqual(limits);
    expect(await apply(again, again.export())).toMatchObject({ diff: { changed: [] } });
    await apply(again, 'queues: []');
    expect(again.directory.apiLimits()).toEqual({});
  });

  it('exports queues as they were written, and a change of the default row reaches them all', async () => {
    const own = provisioning();
    const text = [
      'queueDefaults:',
      '  skillExpression: Support > 0',
      '  retryIntervalSec: 300',
      '  trunk: t',
      'queues:',
      '  - name: plain',
      '  - name: own',
      '    targets:',
      '      - expression: Sales > 0',
      '        afterSec: 30',
      '    trunk: null',
      'agents: []',
    ].join('\n');
    await apply(own, `${text}\n${TRUNK}`);
    expect(own.export()).toContain(text);
    expect(own.directory.queue('plain')).toMatchObject({ retryIntervalSec: 300, trunk: 't', maxAttempts: 3 });
    expect(own.directory.queue('own')).not.toHaveProperty('trunk');
    expect(own.directory.queue('own')?.targets).toEqual([
      { expression: 'Sales > 0', afterSec: 30, keepEarlier: true },
    ]);
    const again = provisioning();
    await again.load();
    expect(again.export()).toBe(own.export());
    expect(await apply(again, own.export().replace('300', '90'))).toMatchObject({
      version: 2,
      diff: {
        changed: [{ item: 'queueDefaults', fields: [{ field: 'retryIntervalSec', from: 300, to: 90 }] }],
      },
    });
    expect(again.directory.queues().map(({ retryIntervalSec }) => retryIntervalSec)).toEqual([90, 90]);
  });

  it('does not remove a number rule that a queue uses, and names the queues', async () => {
    const own = provisioning();
    const rule = 'numberRules: [{name: home, countries: [US], blockedPatterns: [12345]}]';
    const queues = (use: string): string =>
      `queues: [{name: a, skillExpression: s${use}}, {name: b, skillExpression: s${use}}]`;
    await apply(own, `${rule}\n${queues(', numberRule: home')}`);
    expect(own.numberRules()).toEqual([
      { name: 'home', countries: ['US'], blockedPatterns: ['12345'], queues: ['a', 'b'] },
    ]);
    expect(await apply(own, queues(', numberRule: home'))).toMatchObject({
      kind: 'refused',
      faults: [
        {
          path: 'queues[0].numberRule',
          message: expect.stringContaining('the queues a, b use it') as string,
        },
      ],
    });
    expect(own.directory.version).toBe(1);
    expect(await apply(own, `${rule}\n${queues('')}`)).toMatchObject({ kind: 'applied', version: 2 });
    expect(await apply(own, queues(''))).toMatchObject({
      version: 3,
      diff: { removed: ['numberRules/home'] },
    });
    expect(own.numberRules()).toEqual([]);
  });

  it('takes a pasted capacity statement and does not remove a rule that queues use', async () => {
    const own = provisioning();
    const statement = '{"days":{"sun":{"02:00":2},"tue":{"07:00":3,"06:00":4}},"duration":60}';
    const exceptions = '[{date: 2026-12-24, cells: {"07:00": 1}}]';
    const rule = `capacityRules: [{name: March, statement: ${statement}, exceptions: ${exceptions}}]`;
    const queues = (use: string): string =>
      `queues: [{name: a, skillExpression: s${use}}, {name: b, skillExpression: s${use}}]`;
    await apply(own, `${rule}\n${queues(', capacityRule: March')}`);
    expect(own.capacityRules()).toEqual([
      {
        name: 'March',
        statement: JSON.parse(statement) as unknown,
        exceptions: [{ date: '2026-12-24', cells: { '07:00': 1 } }],
        queues: ['a', 'b'],
      },
    ]);
    const tuesday = own.directory.slotCalendar('a')?.slotAt(Date.UTC(2026, 2, 3, 7, 50));
    expect(tuesday).toMatchObject({ startMs: Date.UTC(2026, 2, 3, 7, 45), capacity: 3 });
    expect(own.directory.slotCalendar('a')?.slotAt(Date.UTC(2026, 2, 3, 8))).toBe('no-capacity');
    expect(await apply(own, queues(', capacityRule: March'))).toMatchObject({
      kind: 'refused',
      faults: [{ message: expect.stringContaining('the queues a, b use it') as string }],
    });
    // Without the assignment the rule may go, and the queue's own capacity counts again.
    expect(await apply(own, queues(''))).toMatchObject({ diff: { removed: ['capacityRules/March'] } });
    expect(own.directory.slotCalendar('a')?.slotAt(Date.UTC(2026, 2, 3, 8))).toMatchObject({ capacity: 5 });
    const reapplied = own.export();
    expect(await apply(own, reapplied)).toMatchObject({ kind: 'applied', version: 2 });
  });

  it('puts a configuration in force that an earlier version stored, every setting filled in', async () => {
    const stored = { ...emptyDocument, queues: [aQueue({ name: 'old', maxAttempts: 7 })] };
    const { queueDefaults: _, numberRules: __, ...document } = stored;
    await storage.transact((tx) =>
      tx.insertConfiguration({
        version: 1,
        appliedAtMs: 1,
        actor,
        fileName: 'old.yaml',
        document: document as unknown as ConfigurationDocument,
        diff: { added: [], changed: [], removed: [], reordered: [] },
      }),
    );
    const own = provisioning();
    expect(await own.load()).toBe(1);
    expect(own.directory.queue('old')).toEqual(stored.queues[0]);
    expect(own.queueSettings('old')?.find(({ key }) => key === 'maxAttempts')).toEqual({
      key: 'maxAttempts',
      value: 7,
      origin: 'row',
    });
  });

  it('does not start with a stored configuration that does not fit, naming the place', async () => {
    const queues = [{ name: 'q', skillExpression: 's', maxAttempts: 0 }];
    await storage.transact((tx) =>
      tx.insertConfiguration({
        version: 1,
        appliedAtMs: 1,
        actor,
        fileName: 'old.yaml',
        document: { ...emptyDocument, queues },
        diff: { added: [], changed: [], removed: [], reordered: [] },
      }),
    );
    await expect(provisioning().load()).rejects.toMatchObject({
      code: 'CONFIGURATION_UNREADABLE',
      message: expect.stringContaining('queues.0.maxAttempts') as string,
    });
  });

  it('keeps versions with who, what and the difference', async () => {
    const own = provisioning();
    await apply(own, QUEUE);
    const changed = await apply(own, QUEUE.replace('}', ', wrapUpSec: 60}'));
    const diff = {
      changed: [{ item: 'queues/support', fields: [{ field: 'wrapUpSec', to: 60 }] }],
    };
    expect(changed).toMatchObject({ kind: 'applied', version: 2, diff });
    expect(await own.history(10)).toMatchObject([
      { version: 2, actor, fileName: 'test.yaml', diff },
      { version: 1 },
    ]);
  });

  it('keeps unchanged and generated passwords, and tells a changed one without its value', async () => {
    const own = provisioning();
    await apply(own, AGENTS);
    const before = own.phoneCredentials();
    expect(before[2]?.password).toMatch(/^[a-z2-9]{14}$/);
    expect(await apply(own, AGENTS)).toMatchObject({ version: 1 });
    expect(own.phoneCredentials()).toEqual(before);
    environment['BEN_PASSWORD'] = 'another-secret';
    expect(await apply(own, AGENTS)).toMatchObject({
      version: 2,
      diff: { changed: [{ item: 'agents/1002', fields: [{ field: 'password' }] }] },
    });
  });

  it('changes nothing on a dry run or a fault', async () => {
    const own = provisioning();
    expect(await apply(own, QUEUE, true)).toMatchObject({ kind: 'applied', version: 0 });
    expect(await apply(own, `${QUEUE}\nagents: [{}]`)).toMatchObject({ kind: 'refused' });
    expect(own.directory.queues()).toEqual([]);
    expect(await own.history(10)).toEqual([]);
  });

  it('refuses a variable that is not set', async () => {
    environment = {};
    expect(await apply(provisioning(), AGENTS)).toMatchObject({
      kind: 'refused',
      faults: [
        { path: 'agents[1].password', line: 3, message: expect.stringContaining('BEN_PASSWORD') as string },
      ],
    });
  });

  it('refuses a variable of the program itself: its secrets could be sent anywhere', async () => {
    environment = { TURNKEEPER_SECRET_KEY: 'the-key-of-the-installation' };
    const captcha = `captcha: [{name: c, kind: v3, siteKey: k, secret: {env: TURNKEEPER_SECRET_KEY}}]`;
    const outcome = await apply(provisioning(), captcha);
    expect(outcome).toMatchObject({ kind: 'refused', faults: [{ path: 'captcha[0].secret' }] });
    expect(JSON.stringify(outcome)).not.toContain('the-key');
  });

  it('refuses values sealed elsewhere, damaged ones and halves', async () => {
    const own = provisioning();
    const place = secretPlaceOf('agents', {});
    const sealed = box.seal('secret', place);
    const foreign = new SecretBox(randomBytes(32)).seal('secret', place);
    const damaged = sealed.slice(0, -6) + (sealed.endsWith('AAAA=') ? 'BBBBB=' : 'AAAAA=');
    const outcome = await apply(
      own,
      `agents:\n${[foreign, damaged, 'sealed:v2:half']
        .map((value, i) => `  - {id: a${i}, name: A, sipUser: a${i}, password: "${value}"}`)
        .join('\n')}`,
    );
    const messages = outcome.kind === 'refused' ? outcome.faults.map(({ message }) => message) : [];
    expect(messages).toEqual([
      expect.stringContaining('another installation'),
      expect.stringMatching(/damaged|not complete/),
      expect.stringContaining('not complete'),
    ]);
  });

  it('does not start with a key that does not fit, naming the entry', async () => {
    await apply(provisioning(), AGENTS);
    const stranger = provisioning(new SecretBox(randomBytes(32)));
    await expect(stranger.load()).rejects.toMatchObject({
      code: 'SECRET_UNREADABLE',
      message: expect.stringContaining('agents/1001') as string,
    });
  });

  it('tells at such a start which key it needs and which it has, without telling either', async () => {
    await apply(provisioning(), AGENTS);
    const other = new SecretBox(randomBytes(32));
    const refused = provisioning(other).load();
    await expect(refused).rejects.toThrow(
      `the key ${box.keyId}, and the key of this installation is ${other.keyId}`,
    );
    await expect(refused).rejects.toThrow('TURNKEEPER_SECRET_KEY_PREVIOUS');
  });

  it('seals everything anew when the key was changed, after which the old one is not needed', async () => {
    const first = provisioning();
    await apply(first, AGENTS);
    const passwords = first.phoneCredentials();
    const newKey = randomBytes(32);
    const changed = provisioning(new SecretBox(newKey, oldKey));
    expect(await changed.load()).toBe(2);
    expect(changed.phoneCredentials()).toEqual(passwords);
    expect(await provisioning(new SecretBox(newKey, oldKey)).load()).toBe(2);
    const later = provisioning(new SecretBox(newKey));
    expect(await later.load()).toBe(2);
    expect(later.phoneCredentials()).toEqual(passwords);
    const [version] = await later.history(1);
    expect(version).toMatchObject({ version: 2, actor: { kind: 'system', part: 'secret key' } });
  });

  it('takes a document with new passwords where the key is lost, for who works without secrets', async () => {
    await apply(provisioning(), `${QUEUE}\n${AGENTS}`);
    const mended = provisioning(new SecretBox(randomBytes(32)));
    expect(await mended.load({ withoutSecrets: true })).toBe(1);
    expect(mended.directory.queues()).toHaveLength(1);
    expect(mended.directory.agents()).toEqual([]);
    const stillSealed = await apply(mended, mended.export());
    expect(stillSealed.kind).toBe('refused');
    const outcome = await apply(mended, `${QUEUE}\n${AGENTS}`);
    expect(outcome).toMatchObject({ kind: 'applied', version: 2 });
    expect(mended.directory.agents().length).toBeGreaterThan(0);
  });

  it('opens the longest secret that a document may have', () => {
    const longest = 'k'.repeat(8192);
    expect(box.open(box.seal(longest, 'here'), 'here')).toEqual({ kind: 'opened', plain: longest });
  });

  it('refuses to remove a queue with open callbacks or an agent at work, and says which', async () => {
    const own = provisioning();
    await apply(own, `${QUEUE}\n${AGENTS}`);
    const callback = aCallback();
    await storage.transact(async (tx) => {
      await tx.insertCallback(callback);
      await tx.putAgentStatus({
        agentId: '1001',
        state: 'ON_CALL',
        notReadyReason: null,
        sinceMs: 1,
        idleSinceMs: 1,
        subjectId: callback.id,
        dueAtMs: null,
        afterWork: null,
      });
    });
    expect(await apply(own, '')).toMatchObject({
      kind: 'refused',
      faults: [
        { path: 'queues', value: 'support', message: expect.stringContaining('1 open callback') as string },
        { path: 'agents', value: '1001', message: expect.stringContaining('ON_CALL') as string },
      ],
    });
    expect(own.directory.version).toBe(1);
    await storage.transact((tx) => tx.updateCallback({ ...callback, state: 'COMPLETED', version: 2 }));
    expect(await apply(own, AGENTS)).toMatchObject({ kind: 'applied', version: 2 });
  });

  it('carries out applies one after another', async () => {
    const own = provisioning();
    const texts = [1, 2, 3, 4, 5].map((sec) => QUEUE.replace('}', `, wrapUpSec: ${sec}}`));
    const outcomes = await Promise.all(texts.map((text) => apply(own, text)));
    expect(outcomes.map((outcome) => outcome.kind === 'applied' && outcome.version)).toEqual([1, 2, 3, 4, 5]);
    expect(own.directory.queue('support')?.wrapUpSec).toBe(5);
  });

  it('leaves no plain secret in the database files, the log, the outcome or the export', async () => {
    const own = provisioning();
    const outcome = await apply(own, `${QUEUE}\n${AGENTS}\n${TRUNK}`);
    const changed = await apply(
      own,
      `${AGENTS.replace('correct-horse-battery', 'second-horse-secret')}\n${TRUNK}`,
    );
    const generated = own.phoneCredentials()[2]?.password ?? '';
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
    const traces = [...files, ...logged, own.export(), JSON.stringify([outcome, changed, own.directory])];
    expect(files.join('')).toContain('sealed:v2:');
    expect(logged).toHaveLength(2);
    const secrets = ['correct-horse', 'second-horse', 'ben-environment', 'staple-trunk', generated];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(5);
      expect(traces.filter((trace) => trace.includes(secret))).toEqual([]);
    }
  });
});
