import { DateTime } from 'luxon';
import { z } from 'zod';
import { nameSchema } from '../telephony/directory.ts';

/** Days as capacity statements name them, Sunday first; the index is JavaScript's day of the week. */
const statementDays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** Length of a cell of the capacity calendar in minutes. */
export type CellMinutes = 60 | 30;

/** Scheduled callbacks in one slot at most, the same limit as `slotCapacity`. */
const CAPACITY_MAX = 10_000;
const EXCEPTIONS_MAX = 1000;

const cellTime = z.string().regex(/^(?:[01]\d|2[0-3]):(?:00|30)$/, {
  error: 'a cell is named by its beginning, a full or half hour like "09:00" or "09:30"',
});
/** Cell → callbacks in each slot that begins in it; a cell left out has the value 0. */
const cellsSchema = z.record(cellTime, z.int().min(0).max(CAPACITY_MAX));
type Cells = z.infer<typeof cellsSchema>;

const durationSchema = z.union([z.literal(60), z.literal(30)], { error: 'must be 60 or 30' });

/**
 * A capacity statement: the JSON form in which capacity rules are copied and pasted,
 * `{"days":{"mon":{"09:00":5}},"duration":60}`. It replaces whatever the rule said before.
 */
const capacityStatementSchema = z
  .strictObject({
    days: z.partialRecord(z.enum(statementDays), cellsSchema),
    /** Minutes of one cell: 60 or 30. */
    duration: durationSchema,
  })
  .superRefine(({ days, duration }, context) => {
    for (const [day, cells] of Object.entries(days)) {
      for (const time of halfHours(cells, duration)) {
        context.addIssue({ code: 'custom', path: ['days', day, time], message: HALF_IN_HOURS });
      }
    }
  });
export type CapacityStatement = z.infer<typeof capacityStatementSchema>;

const exceptionSchema = z.strictObject({
  /** Local date whose cells are replaced. */
  date: z.string().refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && DateTime.fromISO(text).isValid, {
    error: 'must be a date like "2026-12-24"',
  }),
  /** All cells of that date; an empty mapping: no capacity on that day. */
  cells: cellsSchema,
});

/**
 * A named capacity rule (product §4): a weekly calendar, and dates on which other values apply. It has no
 * time zone of its own: each queue that it is assigned to reads it in the zone of its business hours.
 */
export const capacityRuleSchema = z
  .strictObject({
    name: nameSchema,
    /** As copied from elsewhere, unchanged. */
    statement: capacityStatementSchema,
    exceptions: z.array(exceptionSchema).max(EXCEPTIONS_MAX).default([]),
  })
  .superRefine(({ statement, exceptions }, context) => {
    const seen = new Set<string>();
    exceptions.forEach(({ date, cells }, index) => {
      if (seen.has(date)) {
        context.addIssue({ code: 'custom', path: ['exceptions', index, 'date'], message: 'stands twice' });
      }
      seen.add(date);
      for (const time of halfHours(cells, statement.duration)) {
        const path = ['exceptions', index, 'cells', time];
        context.addIssue({ code: 'custom', path, message: HALF_IN_HOURS });
      }
    });
  });
export type CapacityRuleSettings = z.infer<typeof capacityRuleSchema>;

const HALF_IN_HOURS = 'begins at a half hour, but the cells of this rule are hours (duration 60)';

function halfHours(cells: Cells, duration: CellMinutes): string[] {
  return duration === 60 ? Object.keys(cells).filter((time) => time.endsWith(':30')) : [];
}

/** Answers which capacity a slot has by the local time at which it begins. */
export class CapacityRule {
  readonly name: string;
  readonly #days: CapacityStatement['days'];
  readonly #duration: CellMinutes;
  readonly #exceptions: ReadonlyMap<string, Cells>;
  /** Slots are walked through in order: their date is seldom another one. */
  #latest: { readonly date: string; readonly cells: Cells } = { date: '', cells: {} };

  constructor(settings: CapacityRuleSettings) {
    this.name = settings.name;
    this.#days = settings.statement.days;
    this.#duration = settings.statement.duration;
    this.#exceptions = new Map(settings.exceptions.map(({ date, cells }) => [date, cells]));
  }

  /**
   * Callbacks that a slot may have which begins at this local time.
   * @param date local date, `2026-03-02`.
   * @param minuteOfDay minutes on the wall clock since local midnight, 0–1439.
   */
  capacityAt(date: string, minuteOfDay: number): number {
    if (date !== this.#latest.date) {
      this.#latest = { date, cells: this.#exceptions.get(date) ?? this.#days[dayOf(date)] ?? {} };
    }
    return this.#latest.cells[cellName(minuteOfDay - (minuteOfDay % this.#duration))] ?? 0;
  }
}

/**
 * The statement in cells of another length. Half hours to hours: the value at the full hour stays, the one at
 * the half hour is dropped. Hours to half hours: the value stands in both halves. (002, "Switching the
 * timeslot length".)
 */
export function convertCapacity(statement: CapacityStatement, duration: CellMinutes): CapacityStatement {
  if (statement.duration === duration) return statement;
  const days = Object.fromEntries(
    Object.entries(statement.days).map(([day, cells]) => [day, convertCells(cells, duration)]),
  );
  return { days, duration };
}

function convertCells(cells: Cells, duration: CellMinutes): Cells {
  const full = Object.entries(cells).filter(([time]) => time.endsWith(':00'));
  if (duration === 60) return Object.fromEntries(full);
  return Object.fromEntries(
    full.flatMap(([time, value]) => [
      [time, value],
      [time.replace(':00', ':30'), value],
    ]),
  );
}

function dayOf(date: string): (typeof statementDays)[number] {
  const day = statementDays[DateTime.fromISO(date, { zone: 'utc' }).weekday % 7];
  return day ?? 'sun';
}

function cellName(minuteOfDay: number): string {
  const hour = String(Math.floor(minuteOfDay / 60)).padStart(2, '0');
  return `${hour}:${minuteOfDay % 60 === 0 ? '00' : '30'}`;
}
