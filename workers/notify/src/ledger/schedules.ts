import { nextRuns } from "../schedule/cron.ts";
import type { CronTime } from "../schedule/cron.ts";
import { execForEach } from "./sql.ts";

/** What a schedule makes, and when. */
export interface ScheduleDefinition extends CronTime {
  readonly name: string | undefined;
  readonly paused: boolean;
  /** JSON of a `ScheduledRequest`. */
  readonly request: string;
}

/** A run that is to be made. */
export interface Run {
  readonly uuid: string;
  /** The moment that it stands for: with the schedule's id its name, so that made twice it is one. */
  readonly runAt: number;
  /** JSON of a `ScheduledRequest`. */
  readonly request: string;
}

/** What became of a run. */
export interface RunOutcome {
  /** Id of the notification. */
  readonly notification?: string | undefined;
  /** Why there is none. */
  readonly refused?: string | undefined;
}

export interface StoredSchedule extends ScheduleDefinition {
  readonly uuid: string;
  readonly nextRunAt: number | undefined;
  readonly lastRun: (RunOutcome & { readonly runAt: number; readonly firedAt: number }) | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface Row extends Record<string, SqlStorageValue> {
  uuid: string;
  name: string | null;
  cron: string;
  zone: string;
  request: string;
  paused: number;
  run_at: number | null;
  due_at: number | null;
  tries: number;
  last_run: string | null;
  created_at: number;
  updated_at: number;
}

/** How long a run that was handed out may stay without an answer. */
const runLeaseMs = 30_000;

const runsPerTurn = 50;

/** Of the requests that one turn hands out: a call may pass 32 MB, and a character is up to two bytes of it. */
const maxTurnChars = 8_000_000;

/** Undefined when another schedule has this uuid. */
export function createSchedule(
  sql: SqlStorage,
  uuid: string,
  definition: ScheduleDefinition,
  now: number,
): { readonly schedule: StoredSchedule; readonly repeated: boolean } | undefined {
  const known = readSchedule(sql, uuid);
  if (known !== undefined) return isSame(known, definition) ? { schedule: known, repeated: true } : undefined;
  const { name, cron, zone, request, paused } = definition;
  const runAt = paused ? null : next(definition, now);
  const schedule = sql
    .exec<Row>(
      `INSERT INTO schedule (uuid, name, cron, zone, request, paused, run_at, due_at, created_at, updated_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?8) RETURNING *`,
      uuid,
      name ?? null,
      cron,
      zone,
      request,
      paused ? 1 : 0,
      runAt,
      now,
    )
    .one();
  return { schedule: scheduleOf(schedule), repeated: false };
}

function isSame(a: ScheduleDefinition, b: ScheduleDefinition): boolean {
  return a.name === b.name && a.cron === b.cron && a.zone === b.zone && a.request === b.request;
}

/** Changes what is given; the next run is planned anew from now. Undefined when there is none. */
export function changeSchedule(
  sql: SqlStorage,
  uuid: string,
  to: Partial<ScheduleDefinition>,
  now: number,
): StoredSchedule | undefined {
  const known = readSchedule(sql, uuid);
  if (known === undefined) return undefined;
  const definition = { ...known, ...to };
  const { name, cron, zone, request, paused } = definition;
  const runAt = paused ? null : next(definition, now);
  const row = sql
    .exec<Row>(
      `UPDATE schedule SET name = ?2, cron = ?3, zone = ?4, request = ?5, paused = ?6, run_at = ?7, due_at = ?7,
         tries = 0, updated_at = ?8 WHERE uuid = ?1 RETURNING *`,
      uuid,
      name ?? null,
      cron,
      zone,
      request,
      paused ? 1 : 0,
      runAt,
      now,
    )
    .one();
  return scheduleOf(row);
}

export function removeSchedule(sql: SqlStorage, uuid: string): boolean {
  return sql.exec("DELETE FROM schedule WHERE uuid = ? RETURNING uuid", uuid).toArray().length > 0;
}

export function readSchedule(sql: SqlStorage, uuid: string): StoredSchedule | undefined {
  const row = sql.exec<Row>("SELECT * FROM schedule WHERE uuid = ?", uuid).toArray()[0];
  return row && scheduleOf(row);
}

/** A list shows no content but the subject, and a page of whole requests would be more than a call can carry. */
const shortRequest = `json_patch(json_remove(request, '$.request.content', '$.request.to', '$.request.route'),
  json_object('request', json_object('content', json_object('subject', request ->> '$.request.content.subject'))))`;

/** By uuid, without recipients and content; `after` is the one that the last page ended with. */
export function listSchedules(sql: SqlStorage, after: string, limit: number): readonly StoredSchedule[] {
  return sql
    .exec<Row>(
      `SELECT uuid, name, cron, zone, ${shortRequest} AS request, paused, run_at, due_at, tries, last_run, created_at,
         updated_at
       FROM schedule WHERE uuid > ? ORDER BY uuid LIMIT ?`,
      after,
      limit,
    )
    .toArray()
    .map(scheduleOf);
}

/**
 * Runs that are due, as many as one call can carry; each is handed out again, later and later, until {@link settleRun}.
 * The others stay due, and have the next turn. `handed-out` leaves those that are due for the first time.
 */
export function takeRuns(sql: SqlStorage, now: number, which: "due" | "handed-out" = "due"): readonly Run[] {
  const due = sql.exec<Row>(
    `SELECT * FROM schedule INDEXED BY schedule_due WHERE due_at <= ?1 AND tries >= ?2 ORDER BY due_at LIMIT ?3`,
    now,
    which === "due" ? 0 : 1,
    runsPerTurn,
  );
  const rows: Row[] = [];
  let chars = 0;
  for (const row of due) {
    chars += row.request.length;
    if (rows.length > 0 && chars > maxTurnChars) break;
    rows.push(row);
  }
  execForEach(
    sql,
    `UPDATE schedule SET tries = tries + 1, due_at = ?2 + ?3 * min(tries + 1, 20)
     FROM json_each(?1) AS one WHERE schedule.uuid = one.value`,
    rows.map(({ uuid }) => uuid),
    now,
    runLeaseMs,
  );
  return rows.map(({ uuid, run_at, request }) => ({ uuid, runAt: run_at ?? now, request }));
}

/**
 * Notes what became of a run and plans the next: the first after now, so that runs which were missed meanwhile are made
 * up for by this one. A run that is not the planned one any more only leaves its note.
 */
export function settleRun(sql: SqlStorage, uuid: string, runAt: number, outcome: RunOutcome, now: number): void {
  const known = readSchedule(sql, uuid);
  if (known === undefined) return;
  sql.exec(
    "UPDATE schedule SET last_run = ? WHERE uuid = ?",
    JSON.stringify({ ...outcome, runAt, firedAt: now }),
    uuid,
  );
  if (known.nextRunAt !== runAt) return;
  sql.exec(
    "UPDATE schedule SET run_at = ?2, due_at = ?2, tries = 0 WHERE uuid = ?1",
    uuid,
    next(known, Math.max(now, runAt)),
  );
}

function next(time: CronTime, after: number): number | null {
  return nextRuns(time, after, 1)[0] ?? null;
}

function scheduleOf(row: Row): StoredSchedule {
  return {
    uuid: row.uuid,
    name: row.name ?? undefined,
    cron: row.cron,
    zone: row.zone,
    request: row.request,
    paused: row.paused === 1,
    nextRunAt: row.run_at ?? undefined,
    lastRun: row.last_run === null ? undefined : (JSON.parse(row.last_run) as NonNullable<StoredSchedule["lastRun"]>),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
