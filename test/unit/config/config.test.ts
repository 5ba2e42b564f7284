import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Environment, readConfig } from '../../../src/config/config.ts';
import { settingsTable } from '../../../src/config/settings.ts';
import { AppError, type Fault } from '../../../src/kernel/errors.ts';

function faultsOf(environment: Environment, base = '/base'): readonly Fault[] {
  try {
    readConfig(environment, base);
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.faults;
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'turnkeeper-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is embedded, on the loopback address and frozen by default', () => {
    const config = readConfig({}, '/base');
    expect(config).toMatchObject({
      dataDirectory: '/base/.turnkeeper',
      http: { host: '127.0.0.1', port: 8080 },
      telephony: { mode: 'embedded' },
      sip: { host: '127.0.0.1', port: 5060 },
      admission: { dialoguesPerSecMax: 120 },
      unknownVariables: [],
    });
    expect(Object.isFrozen(config) && Object.isFrozen(config.admission)).toBe(true);
  });

  it('uses real servers, with their own limits, when both addresses are given', () => {
    const environment = { TURNKEEPER_DRACHTIO: 'drachtio:9022', TURNKEEPER_FREESWITCH: '10.0.0.2:8021' };
    const config = readConfig({ ...environment, TURNKEEPER_CALLS_MAX: '200' }, '/base');
    expect(config.telephony).toEqual({
      mode: 'real',
      drachtio: { host: 'drachtio', port: 9022 },
      freeswitch: { host: '10.0.0.2', port: 8021 },
    });
    expect(config.admission).toMatchObject({ callsMax: 200, dialoguesPerSecMax: 45 });
  });

  it.each<[string, string, string]>([
    ['TURNKEEPER_HTTP_PORT', '70000', 'a whole number 0–65535'],
    ['TURNKEEPER_HTTP_PORT', '80 80', 'a whole number 0–65535'],
    ['TURNKEEPER_SIP_HOST', '300.0.0.1', 'an IPv4 address'],
    ['TURNKEEPER_LOG_LEVEL', 'loud', 'one of debug, info, warn, error, silent'],
    ['TURNKEEPER_LOG_MASK_NUMBERS', 'yes', 'true or false'],
    ['TURNKEEPER_ESL_LISTEN', '127.0.0.1', 'host:port'],
    ['TURNKEEPER_RTP_PORT_MIN', '20001', 'must be even'],
    ['TURNKEEPER_RTP_PORT_MAX', '20001', 'at least 3 above'],
    ['TURNKEEPER_OUTBOUND_RESERVE', '900', 'below the calls at the same time (900)'],
  ])('refuses %s=%s, saying what is allowed', (variable, value, allowed) => {
    const [fault, ...others] = faultsOf({ [variable]: value });
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ path: variable, message: expect.stringContaining(allowed) as string });
    expect(String(fault?.value)).toBe(value);
  });

  it('tells all faults together', () => {
    const environment = { TURNKEEPER_HTTP_PORT: 'x', TURNKEEPER_SIP_PORT: 'y', TURNKEEPER_DRACHTIO: 'a:1' };
    expect(faultsOf(environment).map(({ path }) => path)).toEqual([
      'TURNKEEPER_HTTP_PORT',
      'TURNKEEPER_SIP_PORT',
      'TURNKEEPER_FREESWITCH',
    ]);
  });

  it('asks for the advertised address when SIP listens everywhere', () => {
    const environment = { TURNKEEPER_SIP_HOST: '0.0.0.0' };
    expect(faultsOf(environment)).toMatchObject([{ path: 'TURNKEEPER_SIP_ADVERTISED_HOST' }]);
    expect(faultsOf({ ...environment, TURNKEEPER_SIP_ADVERTISED_HOST: '192.0.2.1' })).toEqual([]);
  });

  it('reads secrets from files and never tells a wrong one', () => {
    writeFileSync(join(folder, 'secret'), 'from-a-file\n');
    const environment = { TURNKEEPER_DRACHTIO_SECRET_FILE: 'secret' };
    expect(readConfig(environment, folder).drachtioSecret).toBe('from-a-file');
    const wrong = `hunter2-${'x'.repeat(600)}`;
    const faults = faultsOf({ TURNKEEPER_DRACHTIO_SECRET: wrong }, folder);
    expect(faults).toMatchObject([{ path: 'TURNKEEPER_DRACHTIO_SECRET' }]);
    expect(JSON.stringify(faults)).not.toContain('hunter2');
    expect(() => readConfig({ TURNKEEPER_DRACHTIO_SECRET: wrong }, folder)).toThrow(/^((?!hunter2).)*$/s);
    const missing = { TURNKEEPER_DRACHTIO_SECRET_FILE: 'nowhere' };
    expect(faultsOf(missing, folder)).toMatchObject([{ path: 'TURNKEEPER_DRACHTIO_SECRET_FILE' }]);
  });

  it('reads the settings file, which the environment overrides, and notes unknown names', () => {
    const lines = [
      '# a comment',
      'TURNKEEPER_REALM="from.file"',
      'TURNKEEPER_HTTP_PORT=1',
      'TURNKEEPER_REALMS=x',
    ];
    writeFileSync(join(folder, 'settings'), lines.join('\n'));
    const environment = { TURNKEEPER_SETTINGS_FILE: 'settings', TURNKEEPER_HTTP_PORT: '2' };
    expect(readConfig(environment, folder)).toMatchObject({
      realm: 'from.file',
      http: { port: 2 },
      unknownVariables: ['TURNKEEPER_REALMS'],
    });
    writeFileSync(join(folder, 'settings'), '\nhunter2');
    const [fault] = faultsOf({ TURNKEEPER_SETTINGS_FILE: 'settings' }, folder);
    expect(fault).toMatchObject({ line: 2 });
    expect(JSON.stringify(fault)).not.toContain('hunter2');
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ TURNKEEPER_DRACHTIO: '', TURNKEEPER_HTTP_PORT: '' }, '/base').http.port).toBe(8080);
  });

  it('reads which variables documents may name, and beside which hosts', () => {
    const read = (text?: string) =>
      readConfig(text === undefined ? {} : { TURNKEEPER_CONFIGURATION_VARIABLES: text }, '/').secretVariables;
    expect(read()).toBeUndefined();
    expect(read('CRM_SECRET@Crm.example@crm.example:8443, PHONE')).toEqual(
      new Map([
        ['CRM_SECRET', ['crm.example', 'crm.example:8443']],
        ['PHONE', []],
      ]),
    );
    for (const wrong of ['crm', 'CRM@', 'CRM,,PHONE', 'CRM@https://crm.example', ',CRM', 'CRM;PHONE']) {
      expect(() => read(wrong)).toThrow('TURNKEEPER_CONFIGURATION_VARIABLES');
    }
  });

  it('is documented: docs/configuration.md holds exactly the table of the settings', () => {
    const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(text).toContain(`\n${settingsTable()}\n`);
  });
});
