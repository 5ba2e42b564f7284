import { queueDefaultsSchema, settingKeys } from '../callback/queue-row.ts';
import type { Fault } from '../kernel/errors.ts';
import { defaultNotReadyReasons } from '../routing/agent.ts';
import { crossCheck, listed, type RawSections } from './cross-checks.ts';
import {
  type ConfigurationDocument,
  requiredFlowsSchema,
  type SectionName,
  sectionNames,
  sections,
} from './document.ts';
import { apiLimitsSchema } from './api-limits.ts';
import { notReadyReasonsSchema } from './not-ready-reasons.ts';
import { queueChecks } from './queue-checks.ts';
import { faultAt, schemaFaults } from './schema-faults.ts';
import { type DocumentLines, YamlDocument } from './yaml-document.ts';

/** Faults told at most; a file of another kind would otherwise give thousands. */
const FAULTS_MAX = 200;

/** Unknown sections told at most; each costs a look through the document for its line. */
const UNKNOWN_SECTIONS_MAX = 50;

/** What a document is checked against. */
export interface ValidationContext {
  /** Names of the flows that exist; undefined: not checked. */
  readonly knownFlows?: ReadonlySet<string>;
  /** Ids of prompts that can be said; undefined: not checked. */
  readonly knownPrompts?: ReadonlySet<string>;
}

/** The document with defaults filled in and secrets as written, or every fault of it. */
export type ValidationOutcome =
  | { readonly kind: 'valid'; readonly document: ConfigurationDocument; readonly source: DocumentLines }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/**
 * Checks a YAML document completely and tells every fault with line, path, value (never a secret) and what is
 * allowed.
 */
export function validateDocument(text: string, context: ValidationContext): ValidationOutcome {
  const parsed = YamlDocument.parse(text);
  if (parsed.kind === 'refused') return { kind: 'refused', faults: limited(parsed.faults) };
  const source = parsed.document;
  const root = source.value ?? {};
  if (typeof root !== 'object' || Array.isArray(root)) {
    const message = `must be a mapping with ${sectionWords.join(', ')}`;
    return { kind: 'refused', faults: [{ path: '', message, line: 1 }] };
  }
  const given = root as Record<string, unknown>;
  const faults: Fault[] = unknownSections(source, given);
  const raw: Record<string, Record<string, unknown>[]> = {};
  const valid: Record<string, unknown> = {};
  const defaults = checkDefaults(source, given['queueDefaults']);
  faults.push(...defaults.faults);
  valid['queueDefaults'] = defaults.written;
  for (const name of sectionNames) {
    const section = checkSection(source, name, given[name]);
    faults.push(...section.faults);
    raw[name] = section.raw;
    valid[name] = section.valid;
  }
  faults.push(...requiredFlows(source, given['flows'], context, valid));
  faults.push(...reasons(source, given['notReadyReasons'], valid));
  faults.push(...limitsOfApis(source, given['limits'], valid));
  const sectionsRead = raw as unknown as RawSections;
  faults.push(...crossCheck(source, sectionsRead, context.knownFlows));
  faults.push(...queueChecks(source, sectionsRead, defaults.written, context));
  if (faults.length > 0) return { kind: 'refused', faults: limited(faults) };
  return { kind: 'valid', document: valid as unknown as ConfigurationDocument, source };
}

/** Everything a document may have at its top. */
const sectionWords: readonly string[] = [
  ...sectionNames,
  'queueDefaults',
  'flows',
  'notReadyReasons',
  'limits',
];

function unknownSections(source: YamlDocument, given: Record<string, unknown>): Fault[] {
  return Object.keys(given)
    .filter((key) => !sectionWords.includes(key))
    .slice(0, UNKNOWN_SECTIONS_MAX)
    .map((key) => faultAt(source, [key], `unknown section; allowed are ${sectionWords.join(', ')}`));
}

/** The default row of the queues, kept as written. */
function checkDefaults(
  source: YamlDocument,
  given: unknown,
): { faults: Fault[]; written: Readonly<Record<string, unknown>> } {
  const written = given ?? {};
  if (typeof written !== 'object' || Array.isArray(written)) {
    return { faults: [faultAt(source, ['queueDefaults'], 'must be a mapping')], written: {} };
  }
  const outcome = queueDefaultsSchema.safeParse(written);
  const faults = outcome.success
    ? []
    : schemaFaults(source, ['queueDefaults'], written, outcome.error.issues, settingKeys);
  return { faults, written: written as Readonly<Record<string, unknown>> };
}

function checkSection(
  source: YamlDocument,
  name: SectionName,
  given: unknown,
): { faults: Fault[]; raw: Record<string, unknown>[]; valid: unknown[] } {
  const { schema, max } = sections[name];
  const entries = given ?? [];
  if (!Array.isArray(entries)) {
    return { faults: [faultAt(source, [name], 'must be a list')], raw: [], valid: [] };
  }
  if (entries.length > max) {
    return { faults: [faultAt(source, [name], `must have at most ${max} entries`)], raw: [], valid: [] };
  }
  const faults: Fault[] = [];
  const valid: unknown[] = [];
  const raw = entries.map((entry: unknown, index) => {
    const outcome = schema.safeParse(entry);
    // A queue's row is kept as written: it inherits whatever it does not say.
    if (outcome.success) valid.push(name === 'queues' ? entry : outcome.data);
    else faults.push(...schemaFaults(source, [name, index], entry, outcome.error.issues, fieldsOf(name)));
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {};
  });
  return { faults, raw, valid };
}

function fieldsOf(name: SectionName): readonly string[] {
  return Object.keys(sections[name].schema.shape);
}

function requiredFlows(
  source: YamlDocument,
  given: unknown,
  context: ValidationContext,
  valid: Record<string, unknown>,
): Fault[] {
  const outcome = requiredFlowsSchema.safeParse(given ?? []);
  if (!outcome.success) return schemaFaults(source, ['flows'], given, outcome.error.issues, []);
  valid['flows'] = outcome.data;
  const { knownFlows } = context;
  if (!knownFlows) return [];
  return outcome.data.flatMap((flow, index) =>
    knownFlows.has(flow)
      ? []
      : [faultAt(source, ['flows', index], `${flow} is not in flows/; there ${listed([...knownFlows])}`)],
  );
}

/** Left out: those of the product. */
function reasons(source: YamlDocument, given: unknown, valid: Record<string, unknown>): Fault[] {
  const outcome = notReadyReasonsSchema.safeParse(given ?? defaultNotReadyReasons);
  if (!outcome.success) return schemaFaults(source, ['notReadyReasons'], given, outcome.error.issues, []);
  valid['notReadyReasons'] = outcome.data;
  return [];
}

function limitsOfApis(source: YamlDocument, given: unknown, valid: Record<string, unknown>): Fault[] {
  const outcome = apiLimitsSchema.safeParse(given ?? {});
  if (!outcome.success) {
    const fields = Object.keys(apiLimitsSchema.shape);
    return schemaFaults(source, ['limits'], given, outcome.error.issues, fields);
  }
  valid['limits'] = outcome.data;
  return [];
}

function limited(faults: readonly Fault[]): readonly Fault[] {
  if (faults.length <= FAULTS_MAX) return faults;
  const rest = { path: '', message: `and ${faults.length - FAULTS_MAX} more faults` };
  return [...faults.slice(0, FAULTS_MAX), rest];
}
