import { stringify } from 'yaml';
import { settingKeys } from '../callback/queue-row.ts';
import { type ConfigurationDocument, sectionNames, sections } from './document.ts';

/**
 * Writes a configuration as YAML: sections and fields in the order of the schema, entries in the order in
 * which they were applied, queues as written and everything else with every field, secrets sealed. Applying
 * the text changes nothing.
 */
export function exportDocument(document: ConfigurationDocument): string {
  const ordered: Record<string, unknown> = {};
  if (Object.keys(document.queueDefaults).length > 0) {
    ordered['queueDefaults'] = inOrder(document.queueDefaults, settingKeys);
  }
  for (const section of sectionNames) {
    const { schema } = sections[section];
    const fields = Object.keys(schema.shape);
    ordered[section] = document[section].map((entry) => inOrder(entry, fields));
  }
  if (document.flows.length > 0) ordered['flows'] = document.flows;
  ordered['notReadyReasons'] = document.notReadyReasons;
  if (Object.keys(document.limits).length > 0) ordered['limits'] = document.limits;
  // 0: long expressions and sealed values stay on one line.
  return stringify(ordered, { lineWidth: 0, aliasDuplicateObjects: false });
}

function inOrder(entry: object, fields: readonly string[]): Record<string, unknown> {
  const given = new Map<string, unknown>(Object.entries(entry));
  return Object.fromEntries(
    fields.filter((field) => given.get(field) !== undefined).map((field) => [field, given.get(field)]),
  );
}
