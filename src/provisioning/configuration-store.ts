import type { Actor } from '../callback/callback.ts';
import type { ConfigurationDiff } from './document-diff.ts';
import type { ConfigurationDocument } from './document.ts';

/** One applied configuration. Secrets in it are sealed. */
export interface ConfigurationVersion {
  /** 1 for the first; raised by one with every apply. */
  readonly version: number;
  readonly appliedAtMs: number;
  readonly actor: Actor;
  readonly fileName: string;
  readonly document: ConfigurationDocument;
  readonly diff: ConfigurationDiff;
}

/** The part of a transaction that keeps configuration. */
export interface ConfigurationTx {
  latestConfiguration(): Promise<ConfigurationVersion | undefined>;
  /** @throws AppError CONFIGURATION_CHANGED (retryable) when `version` is taken. */
  insertConfiguration(version: ConfigurationVersion): Promise<void>;
  /** One version with its document. */
  configurationByVersion(version: number): Promise<ConfigurationVersion | undefined>;
  /** Newest first, without the documents; `limit` 1–1000. */
  configurationHistory(limit: number): Promise<Omit<ConfigurationVersion, 'document'>[]>;
  /** Open callbacks by queue; queues with none are left out. */
  openCallbackCounts(): Promise<ReadonlyMap<string, number>>;
}
