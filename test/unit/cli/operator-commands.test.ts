import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addUserCommand,
  createApiKeyCommand,
  revokeApiKeyCommand,
} from '../../../src/cli/access-commands.ts';
import { applyCommand, numberTestCommand } from '../../../src/cli/configuration-commands.ts';
import { openOperator } from '../../../src/cli/open-operator.ts';
import type { Operator } from '../../../src/cli/operator.ts';
import { publishRunningServer, withdrawRunningServer } from '../../../src/cli/running-server.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { testIds } from '../../contract/storage/implementations.ts';

describe('operator commands', () => {
  let folder: string;
  let operator: Operator;
  let lines: string[];
  const output = {
    line: (text: string): number => lines.push(text),
    error: (text: string): number => lines.push(`! ${text}`),
  };
  const open = (): Promise<Operator> =>
    openOperator({
      config: { dataDirectory: folder, secretKey: undefined, secretKeyPrevious: undefined, realm: 'test' },
      clock: new SystemClock(),
      ids: testIds,
      log: silentLog,
      environment: {},
    });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'turnkeeper-cli-'));
    lines = [];
    operator = await open();
  });
  afterEach(async () => {
    await operator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('apply prints what changed, or each fault with its place', async () => {
    const apply = (text: string): Promise<number> =>
      applyCommand(operator, output, { path: 'a/b.yaml', text }, { dryRun: false });
    expect(await apply('queues: [{name: q, skillExpression: s}]')).toBe(0);
    expect(await apply('queues:\n  - {name: q, skillExpression: s, wrapUpSec: 9999}')).toBe(1);
    expect(lines).toEqual([
      '+ queues/q',
      'version 1 in force: 1 added',
      '! a/b.yaml:2: queues[0].wrapUpSec: must be at most 3600 (found 9999)',
      '! 1 fault; nothing was changed',
    ]);
  });

  it('number-test says which step refuses a number', async () => {
    const rules = 'numberRules: [{name: us, countries: [US], blockedPatterns: [^1212]}]';
    await applyCommand(operator, output, { path: 'a.yaml', text: rules }, { dryRun: false });
    lines.length = 0;
    const test = (number: string, country?: string): Promise<number> =>
      numberTestCommand(operator, output, 'us', { number, ...(country !== undefined && { country }) });
    expect(await test('(415) 555-2671')).toBe(0);
    expect(await test('2125550123')).toBe(1);
    expect(await test('030 1234567', 'DE')).toBe(1);
    expect(lines).toEqual([
      '+14155552671 (US) may be called',
      '+12125550123 (US) is refused at step pattern: is blocked by pattern 1 of rule us: ^1212',
      '+49301234567 (DE) is refused at step country: belongs to DE; rule us permits US',
    ]);
    await expect(numberTestCommand(operator, output, 'none', { number: '1' })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    });
  });

  it('keep the secret key to its owner', () => {
    expect(statSync(join(folder, 'secret.key')).mode & 0o777).toBe(0o600);
  });

  it('refuse a short password, an unknown role and a name that is taken', async () => {
    const add = (role: string, password: string): Promise<number> =>
      addUserCommand(operator, output, { name: 'ada', role, password });
    await expect(add('Agent', 'short')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    await expect(add('King', 'long enough for it')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    expect(await add('agent', 'long enough for it')).toBe(0);
    await expect(add('Agent', 'long enough for it')).rejects.toMatchObject({ code: 'USER_EXISTS' });
  });

  it('show an API key once and revoke it by its id', async () => {
    expect(await createApiKeyCommand(operator, output, { name: 'site', role: 'Developer' })).toBe(0);
    expect(lines[0]).toMatch(/^tk_/);
    const [key] = await operator.listApiKeys();
    expect(await revokeApiKeyCommand(operator, output, key?.id ?? '')).toBe(0);
    expect(await revokeApiKeyCommand(operator, output, key?.id ?? '')).toBe(1);
  });

  it('make a key for a web page: scopes and origins, checked before anything is stored', async () => {
    const make = (scope: string[], origin: string[]): Promise<number> =>
      createApiKeyCommand(operator, output, { name: 'shop', role: 'Developer', scope, origin });
    for (const [scope, origin] of [
      [['everything'], []],
      [['ges'], ['shop.example']],
    ] as const) {
      await expect(make([...scope], [...origin])).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    }
    expect(await operator.listApiKeys()).toEqual([]);
    expect(await make(['ges'], ['https://shop.example'])).toBe(0);
    expect(await operator.listApiKeys()).toHaveLength(1);
  });

  it('go through the server that owns the database, when it left word', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    publishRunningServer(folder, { baseUrl: 'http://127.0.0.1:1', token: 'tk_x' });
    expect(statSync(join(folder, 'admin.token')).mode & 0o777).toBe(0o600);
    expect((await open()).kind).toBe('server');
    withdrawRunningServer(folder);
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
  });
});
