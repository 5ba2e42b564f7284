import type { ConfigurationDocument } from './document.ts';
import { sectionNames, sections } from './document.ts';
import { SECRET_FIELDS } from './schema-faults.ts';

/** One field that differs; a secret's values are left out. */
export interface FieldChange {
  readonly field: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** What an apply changes. Items read `queues/support`, `agents/1001`; the default row `queueDefaults`. */
export interface ConfigurationDiff {
  readonly added: readonly string[];
  readonly changed: readonly { readonly item: string; readonly fields: readonly FieldChange[] }[];
  readonly removed: readonly string[];
  /**
   * Sections whose entries are the same in another order; `flows` when the list of required flows differs.
   */
  readonly reordered: readonly string[];
}

/** The difference between two configurations in normal form. */
export function diffDocuments(
  before: ConfigurationDocument,
  after: ConfigurationDocument,
): ConfigurationDiff {
  const added: string[] = [];
  const removed: string[] = [];
  const reordered: string[] = [];
  const changed: { item: string; fields: FieldChange[] }[] = [];
  const defaults = fieldChanges({ ...before.queueDefaults }, { ...after.queueDefaults });
  if (defaults.length > 0) changed.push({ item: 'queueDefaults', fields: defaults });
  for (const section of sectionNames) {
    const { key } = sections[section];
    const old = byKey(before[section], key);
    const now = byKey(after[section], key);
    for (const [name, entry] of now) {
      const previous = old.get(name);
      if (!previous) added.push(`${section}/${name}`);
      else {
        const fields = fieldChanges(previous, entry);
        if (fields.length > 0) changed.push({ item: `${section}/${name}`, fields });
      }
    }
    for (const name of old.keys()) if (!now.has(name)) removed.push(`${section}/${name}`);
    const sameNames = old.size === now.size && [...old.keys()].every((name) => now.has(name));
    if (sameNames && [...old.keys()].join('\n') !== [...now.keys()].join('\n')) reordered.push(section);
  }
  if (JSON.stringify(before.flows) !== JSON.stringify(after.flows)) reordered.push('flows');
  const [from, to] = [before.notReadyReasons, after.notReadyReasons];
  if (stableJson(from) !== stableJson(to)) {
    changed.push({ item: 'notReadyReasons', fields: [{ field: 'notReadyReasons', from, to }] });
  }
  const limits = fieldChanges({ ...before.limits }, { ...after.limits });
  if (limits.length > 0) changed.push({ item: 'limits', fields: limits });
  return { added, changed, removed, reordered };
}

/** True when applying would change nothing. */
export function isEmptyDiff(diff: ConfigurationDiff): boolean {
  return diff.added.length + diff.changed.length + diff.removed.length + diff.reordered.length === 0;
}

/** `3 added, 1 changed` for people. */
export function summarizeDiff(diff: ConfigurationDiff): string {
  const parts = (['added', 'changed', 'removed', 'reordered'] as const)
    .filter((part) => diff[part].length > 0)
    .map((part) => `${diff[part].length} ${part}`);
  return parts.length === 0 ? 'nothing changed' : parts.join(', ');
}

function byKey(entries: readonly object[], key: string): Map<string, Record<string, unknown>> {
  const records = entries as readonly Record<string, unknown>[];
  return new Map(records.map((entry) => [String(entry[key]), entry]));
}

function fieldChanges(before: Record<string, unknown>, after: Record<string, unknown>): FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((field) => stableJson(before[field]) !== stableJson(after[field]))
    .map((field) =>
      SECRET_FIELDS.has(field)
        ? { field }
        : {
            field,
            ...(before[field] === undefined ? {} : { from: before[field] }),
            ...(after[field] === undefined ? {} : { to: after[field] }),
          },
    );
}

function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
