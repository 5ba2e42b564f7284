import type { Fault } from '../../kernel/errors.ts';
import type { Actor } from '../../callback/callback.ts';
import type { CallInGroup } from '../../callin/call-in-group.ts';
import type { CapacityRuleView, SettingInForce } from '../../provisioning/live-directory.ts';
import type { NumberRuleView, NumberTestOutcome, NumberTestRequest } from '../../provisioning/number-test.ts';

/** What became of a configuration document. */
export type ApplyOutcome =
  /** With `dryRun` nothing was stored: `version` is the one in force and `diff` what would change. */
  | { readonly kind: 'applied'; readonly version: number; readonly diff: unknown }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/**
 * The part of provisioning that the HTTP adapter uses: configuration as one YAML document, all or nothing.
 */
export interface Provisioning {
  /** @param fileName shown in faults and in the history. */
  apply(
    text: string,
    fileName: string,
    actor: Actor,
    options: { readonly dryRun: boolean },
  ): Promise<ApplyOutcome> | ApplyOutcome;
  /** The document in force as YAML; secrets sealed. */
  export(): Promise<string> | string;
  /** What is in force for a queue, key by key; undefined: no such queue. */
  queueSettings(name: string): readonly SettingInForce[] | undefined;
  /** One entry of a section; undefined removes it. */
  edit(
    section: 'callInGroups',
    name: string,
    entry: object | undefined,
    actor: Actor,
    options: { readonly dryRun: boolean },
  ): Promise<ApplyOutcome> | ApplyOutcome;
  callInGroups(): readonly CallInGroup[];
  capacityRules(): readonly CapacityRuleView[];
  numberRules(): readonly NumberRuleView[];
  testNumber(rule: string, request: NumberTestRequest): NumberTestOutcome;
}
