import { mergedRow, optionalKeys, type SettingKey, settingKeys } from '../callback/queue-row.ts';
import { type QueueSettings, queueSettingsSchema } from '../callback/queue-settings.ts';
import type { Fault } from '../kernel/errors.ts';
import { parseSkillExpression } from '../routing/skill-expression.ts';
import { listed, type RawSections } from './cross-checks.ts';
import type { SectionName } from './document.ts';
import { faultAt } from './schema-faults.ts';
import type { YamlDocument, YamlPath } from './yaml-document.ts';

/** Keys that name an entry of another section. */
const REFERENCES: readonly (readonly [SettingKey, SectionName])[] = [
  ['businessHours', 'businessHours'],
  ['immediateOfferHours', 'businessHours'],
  ['trunk', 'trunks'],
  ['capacityRule', 'capacityRules'],
  ['numberRule', 'numberRules'],
  ['overflowQueue', 'queues'],
];

/** Queues named in one fault. */
const QUEUES_LISTED_MAX = 20;

/** A fault of one row, before its place is known: the row or the default row, whichever wrote the key. */
interface RowFault {
  readonly key: SettingKey;
  /** Path below the key. */
  readonly inner?: YamlPath;
  readonly message: string;
  readonly value?: unknown;
}

/** What is in `flows/`; undefined: not checked. */
export interface KnownFiles {
  readonly knownFlows?: ReadonlySet<string> | undefined;
  readonly knownPrompts?: ReadonlySet<string> | undefined;
}

/** What is in force for a queue as far as it can be read: keys that do not fit their schema are left out. */
type Readable = Partial<QueueSettings>;

/**
 * What a queue's row cannot see alone: required keys that neither it nor the default row has, values that
 * contradict one another, references to what is not there, unreadable skill expressions. A fault stands where
 * its value was written: in the row or in `queueDefaults`.
 */
export function queueChecks(
  document: YamlDocument,
  raw: RawSections,
  defaults: Readonly<Record<string, unknown>>,
  known: KnownFiles,
): Fault[] {
  const faults = new Map<string, Fault>();
  const tell = (path: YamlPath, message: string, value?: unknown): void => {
    const fault = faultAt(document, path, message, value);
    // What the default row says is wrong once, not for every queue that inherits it.
    faults.set(`${fault.path} ${message}`, fault);
  };
  const users = new Map<string, { path: YamlPath; queues: string[]; key: SettingKey; name: string }>();
  const rows: readonly Readonly<Record<string, unknown>>[] = raw.queues;
  rows.forEach((row, index) => {
    const effective = readable(row, defaults);
    const placeOf = (key: SettingKey): YamlPath =>
      row[key] === undefined && defaults[key] !== undefined ? ['queueDefaults', key] : ['queues', index, key];
    const own = [...rowFaults(effective, known), ...emptied(row, defaults)];
    if (row['skillExpression'] === undefined && defaults['skillExpression'] === undefined) {
      tell(placeOf('skillExpression'), 'is missing; must be text, here or in queueDefaults');
    }
    for (const { key, inner = [], message, value } of own) tell([...placeOf(key), ...inner], message, value);
    for (const [key] of REFERENCES) {
      const name = effective[key];
      if (typeof name !== 'string') continue;
      const user = users.get(`${key} ${name}`) ?? { path: placeOf(key), queues: [], key, name };
      user.queues.push(String(row['name']));
      users.set(`${key} ${name}`, user);
    }
  });
  for (const [key] of REFERENCES) {
    const name = defaults[key];
    if (typeof name !== 'string' || users.has(`${key} ${name}`)) continue;
    users.set(`${key} ${name}`, { path: ['queueDefaults', key], queues: [], key, name });
  }
  for (const user of users.values()) missingReference(raw, user, tell);
  return [...faults.values()];
}

function readable(
  row: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): Readable {
  const merged = mergedRow(row, defaults);
  return Object.fromEntries(
    settingKeys.flatMap((key) => {
      const outcome = queueSettingsSchema.shape[key].safeParse(merged[key]);
      return outcome.success && outcome.data !== undefined ? [[key, outcome.data]] : [];
    }),
  );
}

/** Null takes back what the default row says; where that says nothing it is a forgotten value. */
function emptied(
  row: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): RowFault[] {
  return [...optionalKeys]
    .filter((key) => row[key] === null && defaults[key] === undefined)
    .map((key) => ({ key, message: 'is empty; write a value, or leave the key out' }));
}

function rowFaults(row: Readable, { knownFlows, knownPrompts }: KnownFiles): RowFault[] {
  return [
    ...skillFaults(row),
    ...priorityFaults(row),
    ...targetFaults(row),
    ...throttleFaults(row),
    ...windowFaults(row),
    ...retryFaults(row),
    ...dispositionFaults(row),
    ...flowFaults(row, knownFlows),
    ...promptFaults(row, knownPrompts),
  ];
}

function skillFaults({ skillExpression, targets = [] }: Readable): RowFault[] {
  const wrong = (text: string | undefined): string | undefined => {
    const outcome = text === undefined ? undefined : parseSkillExpression(text);
    return outcome?.kind === 'refused' ? `column ${outcome.column}: ${outcome.message}` : undefined;
  };
  const own = wrong(skillExpression);
  const faults: RowFault[] = own ? [{ key: 'skillExpression', message: own, value: skillExpression }] : [];
  targets.forEach(({ expression }, index) => {
    const message = wrong(expression);
    if (message) faults.push({ key: 'targets', inner: [index, 'expression'], message, value: expression });
  });
  return faults;
}

function priorityFaults({ priorityInitial: value, priorityLimit: limit }: Readable): RowFault[] {
  if (value === undefined || limit === undefined || value <= limit) return [];
  return [{ key: 'priorityInitial', message: `must be at most priorityLimit, which is ${limit}`, value }];
}

function targetFaults({ targets = [] }: Readable): RowFault[] {
  return targets.flatMap(({ afterSec }, index): RowFault[] => {
    const before = targets[index - 1]?.afterSec;
    if (before === undefined || afterSec > before) return [];
    const message = `must be more than that of the target before, which is ${before}: targets widen in order`;
    return [{ key: 'targets', inner: [index, 'afterSec'], message, value: afterSec }];
  });
}

function throttleFaults({ throttlePerService = [] }: Readable): RowFault[] {
  return throttlePerService.flatMap(({ windowSec }, index): RowFault[] => {
    const first = throttlePerService.findIndex((other) => other.windowSec === windowSec);
    if (first === index) return [];
    const message = `is the window of throttlePerService[${first}] already; each must have its own`;
    return [{ key: 'throttlePerService', inner: [index, 'windowSec'], message, value: windowSec }];
  });
}

function windowFaults({ callingWindow }: Readable): RowFault[] {
  if (!callingWindow || callingWindow.from < callingWindow.to) return [];
  const message = `must be later than from, which is ${callingWindow.from}`;
  return [{ key: 'callingWindow', inner: ['to'], message, value: callingWindow.to }];
}

/** Product §3 rule 3: a fax is never called again. */
function retryFaults({ retryByResult }: Readable): RowFault[] {
  const rule = retryByResult?.['FAX'];
  if (rule === undefined || rule === 'never') return [];
  const message = 'must be "never": a fax machine is not called again';
  return [{ key: 'retryByResult', inner: ['FAX'], message }];
}

/** A case that must have a disposition needs one to choose. */
function dispositionFaults({ dispositions = [], dispositionRequired = false }: Readable): RowFault[] {
  const twice = dispositions.flatMap((code, index): RowFault[] => {
    if (dispositions.indexOf(code) === index) return [];
    return [{ key: 'dispositions', inner: [index], message: 'is in the list already', value: code }];
  });
  if (!dispositionRequired || dispositions.length > 0) return twice;
  const message = 'must be false while dispositions is empty: nothing could be chosen';
  return [...twice, { key: 'dispositionRequired', message, value: true }];
}

function flowFaults(effective: Readable, known: ReadonlySet<string> | undefined): RowFault[] {
  return (['callbackApplication', 'agentWhisper'] as const).flatMap((key): RowFault[] => {
    const value = effective[key];
    if (!known || value === undefined || known.has(value)) return [];
    return [{ key, message: `is not a flow in flows/; there ${listed([...known])}`, value }];
  });
}

/** A prompt that nobody can say would be left out of every announcement, and nobody would hear of it. */
function promptFaults(
  { holdAnnouncements = [] }: Readable,
  known: ReadonlySet<string> | undefined,
): RowFault[] {
  return holdAnnouncements.flatMap((prompt, index): RowFault[] => {
    if (!known || known.has(prompt)) return [];
    const message = `is not a prompt with text and audio in flows/; there ${listed([...known])}`;
    return [{ key: 'holdAnnouncements', inner: [index], message, value: prompt }];
  });
}

function missingReference(
  raw: RawSections,
  { path, queues, key, name }: { path: YamlPath; queues: readonly string[]; key: SettingKey; name: string },
  tell: (path: YamlPath, message: string, value?: unknown) => void,
): void {
  const section = REFERENCES.find(([candidate]) => candidate === key)?.[1];
  if (section === undefined) return;
  const names = raw[section].map((entry) => entry['name']);
  if (names.includes(name)) return;
  const shown = queues.slice(0, QUEUES_LISTED_MAX).join(', ');
  const more = queues.length > QUEUES_LISTED_MAX ? ` and ${queues.length - QUEUES_LISTED_MAX} more` : '';
  const noun = queues.length === 1 ? 'queue' : 'queues';
  const use = queues.length === 0 ? 'queueDefaults name it' : `the ${noun} ${shown}${more} use it`;
  tell(path, `is not in ${section}; there ${listed(names)}; ${use}`, name);
}
