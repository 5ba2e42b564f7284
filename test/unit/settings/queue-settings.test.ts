import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  effectiveSettings,
  optionalKeys,
  type SettingKey,
  settingKeys,
} from '../../../src/callback/queue-row.ts';
import type { Fault } from '../../../src/kernel/errors.ts';
import { validateDocument } from '../../../src/provisioning/validate-document.ts';
import { settingFacts } from './setting-facts.ts';
import { settingTable } from './setting-table.ts';

const surroundings = {
  businessHours: [{ name: 'day', timeZone: 'Etc/UTC', weekly: {} }],
  trunks: [{ name: 'out', outboundHost: '192.0.2.1' }],
  numberRules: [{ name: 'home', countries: ['US'] }],
  capacityRules: [{ name: 'gold', statement: { days: {}, duration: 60 } }],
};

/** JSON is YAML. */
function faultsOf(parts: object): readonly Fault[] {
  const text = JSON.stringify({ ...surroundings, ...parts }, null, 1);
  const outcome = validateDocument(text, { knownFlows: new Set(['inbound', 'outbound-confirm']) });
  return outcome.kind === 'refused' ? outcome.faults : [];
}

const rows = Object.entries(settingTable) as [SettingKey, (typeof settingTable)[SettingKey]][];
const allowed = rows.flatMap(([key, { allowed: values, beside }]) =>
  values.map((value) => [key, value, beside ?? {}] as const),
);
const refused = rows.flatMap(([key, row]) =>
  row.refused.map(([value, words]) => [key, value, words] as const),
);

describe('the table of settings', () => {
  it('has a row for every key of the schema', () => {
    expect(Object.keys(settingTable)).toEqual(settingKeys);
  });

  it.each(rows)('%s has a default, both edges and refused values', (key, { default: byDefault, ...row }) => {
    const minimal = { name: 'q', skillExpression: 'a' };
    const expected = key === 'skillExpression' ? 'a' : byDefault;
    expect(effectiveSettings(minimal, {})[key]).toEqual(expected);
    expect(row.allowed.length).toBeGreaterThan(0);
    expect(row.refused.length).toBeGreaterThan(0);
  });

  it.each(allowed)('%s may be %j, in a row and as a default', (key, value, beside) => {
    const row = { name: 'q', skillExpression: 'a', ...beside, [key]: value };
    expect(faultsOf({ queues: [row] })).toEqual([]);
    expect(effectiveSettings(row, {})[key]).toEqual(value);
    const queueDefaults = { skillExpression: 'a', ...beside, [key]: value };
    expect(faultsOf({ queueDefaults, queues: [{ name: 'q' }] })).toEqual([]);
    expect(effectiveSettings({ name: 'q' }, queueDefaults)[key]).toEqual(value);
  });

  it.each(refused)('%s may not be %j: %s', (key, value, words) => {
    const place = (fault: Fault, at: string): boolean =>
      fault.path.startsWith(`${at}.${key}`) && fault.line !== undefined && fault.message.includes(words);
    const row = { name: 'q', skillExpression: 'a', [key]: value };
    expect(faultsOf({ queues: [row] })).toSatisfy((faults: Fault[]) =>
      faults.some((fault) => place(fault, 'queues[0]')),
    );
    const queueDefaults = { skillExpression: 'a', [key]: value };
    const queues = [{ name: 'p' }, { name: 'q' }];
    const inherited = faultsOf({ queueDefaults, queues });
    expect(inherited.filter((fault) => place(fault, 'queueDefaults')).length).toBeGreaterThan(0);
    // A fault of the default row is one fault, however many queues inherit it.
    expect(inherited.filter(({ path }) => path.startsWith('queues['))).toEqual([]);
    // A plain value is told, cut where it is long; one inside a list or mapping at its own place.
    const isPlain = typeof value === 'string' || typeof value === 'number';
    const told = typeof value === 'string' ? value.slice(0, 100) : value;
    expect(inherited.some((fault) => !isPlain || fault.value === told)).toBe(true);
  });
});

describe('docs/settings.md', () => {
  const text = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
  const written = [...text.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, key, range, byDefault, meaning]) => ({ key, range, byDefault, meaning }),
  );

  it('explains every key once', () => {
    expect(written.map(({ key }) => key)).toEqual(settingKeys);
    for (const { meaning } of written) expect(meaning?.length).toBeGreaterThan(10);
  });

  it.each(settingFacts)('says what is allowed for $key and its default', ({ key, ...facts }) => {
    const row = written.find((candidate) => candidate.key === key);
    expect(row?.byDefault).toBe(facts.default);
    expect(row?.range).toBe(facts.allowed ?? row?.range);
  });
});

describe('inheritance', () => {
  const queueDefaults = { skillExpression: 'Support > 0', maxAttempts: 5, businessHours: 'day' };

  it('takes a row of nothing but a name where the defaults have what is required', () => {
    expect(faultsOf({ queueDefaults, queues: [{ name: 'q' }] })).toEqual([]);
    const effective = effectiveSettings({ name: 'q', maxAttempts: 1 }, queueDefaults);
    expect(effective).toMatchObject({ maxAttempts: 1, businessHours: 'day', retryIntervalSec: 600 });
  });

  it('refuses a queue that nobody gives a skill expression', () => {
    expect(faultsOf({ queues: [{ name: 'q' }] })).toMatchObject([
      { path: 'queues[0].skillExpression', message: 'is missing; must be text, here or in queueDefaults' },
    ]);
  });

  it('lets a row have none of what the defaults have, for every key that may be absent', () => {
    for (const key of optionalKeys) {
      const given = { ...queueDefaults, [key]: settingTable[key].allowed[0] };
      expect(faultsOf({ queueDefaults: given, queues: [{ name: 'q', [key]: null }] })).toEqual([]);
      expect(effectiveSettings({ name: 'q', [key]: null }, given)[key]).toBeUndefined();
      expect(faultsOf({ queues: [{ name: 'q', skillExpression: 'a', [key]: null }] })).toMatchObject([
        { path: `queues[0].${key}`, message: 'is empty; write a value, or leave the key out' },
      ]);
    }
  });

  it('names the row whose value contradicts the defaults', () => {
    const defaults = { skillExpression: 'a', priorityLimit: 50 };
    expect(faultsOf({ queueDefaults: defaults, queues: [{ name: 'q', priorityInitial: 60 }] })).toMatchObject(
      [{ path: 'queues[0].priorityInitial', value: 60, message: expect.stringContaining('is 50') as string }],
    );
  });

  it('lists the queues that use a rule which is not there', () => {
    const queues = ['a', 'b'].map((name) => ({ name, skillExpression: 's', numberRule: 'gone' }));
    expect(faultsOf({ queues })).toMatchObject([
      {
        path: 'queues[0].numberRule',
        value: 'gone',
        message: expect.stringMatching(/queues a, b use it$/) as string,
      },
    ]);
    expect(faultsOf({ queueDefaults: { numberRule: 'gone' } })).toMatchObject([
      {
        path: 'queueDefaults.numberRule',
        message: expect.stringMatching(/queueDefaults name it$/) as string,
      },
    ]);
  });

  it.each([
    [[], 'must be a mapping'],
    ['all', 'must be a mapping'],
    [{ name: 'q' }, 'unknown key'],
    [{ colour: 'blue' }, 'unknown key'],
    [{ maxAttempts: 0 }, 'must be at least 1'],
    [{ businessHours: null }, 'must be text'],
  ])('refuses the default row %j', (given, words) => {
    expect(faultsOf({ queueDefaults: given }).map(({ message }) => message)).toContainEqual(
      expect.stringContaining(words),
    );
  });
});
