import { type Kysely, sql } from 'kysely';
import type { SlotHold, SlotTx, TakenPlaces } from '../../calendar/slot-store.ts';
import type { CallbackSearch, FoundCallbacks } from '../../callback/callback-search.ts';
import type { CallbackFilter, CallbackTx, OpenPlace } from '../../callback/callback-store.ts';
import type { Attempt, Callback, CallbackEvent } from '../../callback/callback.ts';
import type { Notification } from '../../callback/notification.ts';
import type { TransferredCustomer } from '../../callback/transferred-customer.ts';
import { AppError } from '../../kernel/errors.ts';
import type { AttemptId, CallbackId, CallId, RecordingId } from '../../kernel/ids.ts';
import type { Turn } from '../../kernel/turns.ts';
import type { ConfigurationTx, ConfigurationVersion } from '../../provisioning/configuration-store.ts';
import type { AgentStatus, AgentTx } from '../../routing/agent.ts';
import type { RecordingFilter, RecordingRecord, RecordingTx } from '../../recording/recording-store.ts';
import type { ScreeningTx } from '../../screening/screening-store.ts';
import type { CallRecord, CallRecordTx } from '../../telephony/call-record.ts';
import * as agents from './agent-queries.ts';
import { CaseQueries } from './case-queries.ts';
import { CallInQueries } from './call-in-queries.ts';
import { NotificationQueries } from './notification-queries.ts';
import * as callbacks from './callback-queries.ts';
import * as calls from './call-record-queries.ts';
import * as configurations from './configuration-queries.ts';
import * as recordings from './recording-queries.ts';
import { deleteEndedCallbacks } from './retention-queries.ts';
import * as screening from './screening-queries.ts';
import * as slots from './slot-queries.ts';
import * as transfers from './transferred-customer-queries.ts';
import type { EndableTx } from './group-committer.ts';
import type { Schema } from './schema.ts';

/** Events deleted by one call at most, so that retention never holds the database for long. */
const RETENTION_EVENTS_MAX = 5000;

/**
 * What every room may do inside one transaction. Queries take the executor from here and never from outside,
 * so a transaction cannot wait for itself. Using it after its transaction ended throws AppError
 * TRANSACTION_ENDED.
 */
export class StorageTx implements CallbackTx, AgentTx, CallRecordTx, RecordingTx, ConfigurationTx, EndableTx {
  readonly cases = new CaseQueries(() => this.executor);
  readonly callIns = new CallInQueries(() => this.executor);
  readonly notifications = new NotificationQueries(() => this.executor);
  readonly #db: Kysely<Schema>;
  #ended = false;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  end(): void {
    this.#ended = true;
  }

  /** The executor, for the stores of this folder. */
  get executor(): Kysely<Schema> {
    if (this.#ended) throw new AppError('TRANSACTION_ENDED', 'a transaction was used after its end');
    return this.#db;
  }

  async insertCallback(callback: Callback): Promise<void> {
    return callbacks.insertCallback(this.executor, callback);
  }

  async updateCallback(...change: Parameters<CallbackTx['updateCallback']>): Promise<void> {
    return callbacks.updateCallback(this.executor, ...change);
  }

  async findCallback(id: CallbackId): Promise<Callback | undefined> {
    return callbacks.findCallback(this.executor, id);
  }

  async openCallbacks(): Promise<Callback[]> {
    return callbacks.openCallbacks(this.executor);
  }

  async openPlaces(): Promise<OpenPlace[]> {
    return callbacks.openPlaces(this.executor);
  }

  async openCallbackCounts(): Promise<ReadonlyMap<string, number>> {
    return callbacks.openCallbackCounts(this.executor);
  }

  async listCallbacks(filter: CallbackFilter): Promise<Callback[]> {
    return callbacks.listCallbacks(this.executor, filter);
  }

  async searchCallbacks(search: CallbackSearch): Promise<FoundCallbacks> {
    return callbacks.searchCallbacks(this.executor, search);
  }

  async dueCallbacks(nowMs: number, limit: number): Promise<Callback[]> {
    return callbacks.dueCallbacks(this.executor, nowMs, limit);
  }

  async nextDueAtMs(): Promise<number | undefined> {
    return callbacks.nextDueAtMs(this.executor);
  }

  async purgeableCallbacks(nowMs: number, limit: number): Promise<Callback[]> {
    return callbacks.purgeableCallbacks(this.executor, nowMs, limit);
  }

  async nextPurgeAtMs(): Promise<number | undefined> {
    return callbacks.nextPurgeAtMs(this.executor);
  }

  async deleteEndedCallbacks(desiredBeforeMs: number, limit: number): Promise<number> {
    return deleteEndedCallbacks(this.executor, desiredBeforeMs, limit);
  }

  async insertAttempt(attempt: Attempt): Promise<void> {
    return callbacks.insertAttempt(this.executor, attempt);
  }

  async updateAttempt(attempt: Attempt): Promise<void> {
    return callbacks.updateAttempt(this.executor, attempt);
  }

  async findAttempt(id: AttemptId): Promise<Attempt | undefined> {
    return callbacks.findAttempt(this.executor, id);
  }

  async attemptsOf(id: CallbackId): Promise<Attempt[]> {
    return callbacks.attemptsOf(this.executor, id);
  }

  async appendEvent(event: CallbackEvent): Promise<void> {
    return callbacks.appendEvent(this.executor, event);
  }

  async eventsOf(id: CallbackId, limit: number): Promise<CallbackEvent[]> {
    return callbacks.eventsOf(this.executor, id, limit);
  }

  async putNotifications(notifications: readonly Notification[]): Promise<void> {
    return this.notifications.put(notifications);
  }

  async openCountOfNumber(virtualQueue: string, customerNumber: string): Promise<number> {
    return screening.openCountOfNumber(this.executor, virtualQueue, customerNumber);
  }

  async createdAtMsOfRank(
    ...question: Parameters<ScreeningTx['createdAtMsOfRank']>
  ): Promise<number | undefined> {
    return screening.createdAtMsOfRank(this.executor, ...question);
  }

  async takenPlaces(...question: Parameters<SlotTx['takenPlaces']>): Promise<TakenPlaces[]> {
    return slots.takenPlaces(this.executor, ...question);
  }

  async putSlotHold(hold: SlotHold, nowMs: number): Promise<void> {
    return slots.putSlotHold(this.executor, hold, nowMs);
  }

  async removeSlotHold(holderId: string): Promise<void> {
    return slots.removeSlotHold(this.executor, holderId);
  }

  async agentStatuses(): Promise<AgentStatus[]> {
    return agents.agentStatuses(this.executor);
  }

  async putAgentStatus(status: AgentStatus): Promise<void> {
    return agents.putAgentStatus(this.executor, status);
  }

  async appendAgentEvent(event: Parameters<AgentTx['appendAgentEvent']>[0]): Promise<void> {
    return agents.appendAgentEvent(this.executor, event);
  }

  async putCallRecord(record: CallRecord): Promise<void> {
    return calls.putCallRecord(this.executor, record);
  }

  async findCallRecord(callId: CallId): Promise<CallRecord | undefined> {
    return calls.findCallRecord(this.executor, callId);
  }

  async listCallRecords(filter: Parameters<CallRecordTx['listCallRecords']>[0]): Promise<CallRecord[]> {
    return calls.listCallRecords(this.executor, filter);
  }

  async endUnfinishedCalls(nowMs: number): Promise<number> {
    return calls.endUnfinishedCalls(this.executor, nowMs);
  }

  async putTransferredCustomer(customer: TransferredCustomer): Promise<void> {
    return transfers.putTransferredCustomer(this.executor, customer);
  }

  async removeTransferredCustomer(callId: CallId): Promise<void> {
    return transfers.removeTransferredCustomer(this.executor, callId);
  }

  async transferredCustomers(): Promise<TransferredCustomer[]> {
    return transfers.transferredCustomers(this.executor);
  }

  async putRecording(record: RecordingRecord): Promise<void> {
    return recordings.putRecording(this.executor, record);
  }

  async findRecording(id: RecordingId): Promise<RecordingRecord | undefined> {
    return recordings.findRecording(this.executor, id);
  }

  async listRecordings(filter: RecordingFilter): Promise<Turn<RecordingRecord>> {
    return recordings.listRecordings(this.executor, filter);
  }

  async unfinishedRecordings(limit: number): Promise<RecordingRecord[]> {
    return recordings.unfinishedRecordings(this.executor, limit);
  }

  async expiredRecordings(nowMs: number, limit: number): Promise<RecordingRecord[]> {
    return recordings.expiredRecordings(this.executor, nowMs, limit);
  }

  async deleteRecording(id: RecordingId): Promise<void> {
    return recordings.deleteRecording(this.executor, id);
  }

  async recordedBytes(): Promise<number> {
    return recordings.recordedBytes(this.executor);
  }

  async latestConfiguration(): Promise<ConfigurationVersion | undefined> {
    return configurations.latestConfiguration(this.executor);
  }

  async insertConfiguration(version: ConfigurationVersion): Promise<void> {
    return configurations.insertConfiguration(this.executor, version);
  }

  async configurationByVersion(version: number): Promise<ConfigurationVersion | undefined> {
    return configurations.configurationByVersion(this.executor, version);
  }

  async configurationHistory(limit: number): Promise<Omit<ConfigurationVersion, 'document'>[]> {
    return configurations.configurationHistory(this.executor, limit);
  }

  /**
   * Deletes events older than `beforeMs`, oldest first, at most 5000 a call. Younger ones are refused by the
   * schema.
   * @returns how many were deleted; call again while it is 5000.
   */
  async deleteEventsBefore(beforeMs: number): Promise<number> {
    const db = this.executor;
    await db.updateTable('eventRetention').set({ beforeMs }).where('id', '=', 1).execute();
    const result = await db
      .deleteFrom('event')
      .where('sequence', 'in', (eb) =>
        eb
          .selectFrom('event')
          .select('sequence')
          .where('atMs', '<', beforeMs)
          .orderBy('atMs')
          .limit(RETENTION_EVENTS_MAX),
      )
      .executeTakeFirst();
    await db.updateTable('eventRetention').set({ beforeMs: 0 }).where('id', '=', 1).execute();
    return Number(result.numDeletedRows);
  }

  /** A query that fails when the database does; for health checks. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.executor);
  }
}
